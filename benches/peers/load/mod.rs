//! How much does a proxy do, how fast, and what does it cost?
//!
//! Closed loop: each client asks again when it has been answered. All are in before the window opens; CPU time is read at
//! both of its ends, so it belongs to the requests that are counted.

pub mod client;
mod reply;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::task::{JoinSet, spawn_local};

use self::{
    client::{Connection, DOMAIN, Plan},
    reply::CLOSED,
};
use crate::process::Process;

/// How long the clients may take to get in.
const BEGINNING: Duration = Duration::from_secs(45);

/// How long they then ask at least before anything is counted, how often each, and how long at most: what handshakes
/// leave behind is done by then, on a busy machine as well.
const WARMING: (Duration, usize, Duration) = (Duration::from_millis(400), 8, Duration::from_secs(5));

/// How the clients behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// One connection each, as long as the proxy keeps it.
    Keeping,
    /// A connection for each request.
    Fresh,
    /// Likewise, each to a host that nobody has asked for before.
    FreshNames,
}

/// What was seen in the window.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub requests: u64,
    pub bytes: u64,
    pub seconds: f64,
    /// Seconds of the proxy's processes.
    pub cpu: f64,
    /// Microseconds.
    pub p50: f64,
    pub p99: f64,
}

#[derive(Default)]
struct Seen {
    counting: Cell<bool>,
    begun: Cell<usize>,
    answered: Cell<usize>,
    number: Cell<u64>,
    bytes: Cell<u64>,
    errors: Cell<u64>,
    first_error: RefCell<Option<String>>,
    took: RefCell<Vec<Duration>>,
}

/// Drives the proxy for a while. `nonce` is of this call alone.
pub async fn drive(
    plan: &Plan,
    (clients, manner): (usize, Manner),
    window: Duration,
    nonce: u64,
    process: &Process,
) -> Result<Figures, String> {
    let seen = Rc::new(Seen::default());
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        tasks.spawn_local(go_on(plan.clone(), manner, nonce, Rc::clone(&seen)));
    }
    all_in(&seen, clients).await?;
    warm(&seen, clients).await;
    seen.bytes.set(0);
    seen.counting.set(true);
    let (begun, before) = (Instant::now(), process.cpu());
    tokio::time::sleep(window).await;
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), process.cpu() - before);
    seen.counting.set(false);
    let bytes = seen.bytes.get();
    tasks.shutdown().await;
    figures(&seen, bytes, seconds, cpu)
}

fn figures(seen: &Seen, bytes: u64, seconds: f64, cpu: f64) -> Result<Figures, String> {
    let mut took = seen.took.take();
    took.sort_unstable();
    let requests = took.len() as u64;
    if seen.errors.get() * 100 > requests {
        let first = seen.first_error.take().unwrap_or_default();
        return Err(format!("{} of {} requests failed: {first}", seen.errors.get(), requests + seen.errors.get()));
    }
    if cpu == 0.0 {
        return Err("did too little for its CPU time to be seen".into());
    }
    let part = |share: usize| took.get(took.len() * share / 100).map_or(0.0, |took| took.as_secs_f64() * 1e6);
    Ok(Figures { requests, bytes, seconds, cpu, p50: part(50), p99: part(99) })
}

/// Opens connections, asks once over each, and holds them.
pub async fn hold(plan: &Plan, count: usize) -> Result<Vec<Connection>, String> {
    let left = Rc::new(Cell::new(count));
    let openers: Vec<_> = (0..32).map(|_| spawn_local(open_some(plan.clone(), Rc::clone(&left)))).collect();
    let mut held = Vec::new();
    for opener in openers {
        held.extend(opener.await.map_err(|error| error.to_string())??);
    }
    Ok(held)
}

async fn open_some(plan: Plan, left: Rc<Cell<usize>>) -> Result<Vec<Connection>, String> {
    let (mut held, received) = (Vec::new(), Cell::new(0));
    while left.get() > 0 {
        left.set(left.get() - 1);
        let mut connection = plan.open(&usual_name(), 0).await?;
        if connection.ask(&received).await?.closes {
            return Err("does not keep connections".into());
        }
        held.push(connection);
    }
    Ok(held)
}

/// Asks each of so many hosts for something, over a connection of its own.
pub async fn visit(plan: &Plan, hosts: u64) -> Result<(), String> {
    let left = Rc::new(Cell::new(hosts));
    let visitors: Vec<_> = (0..32).map(|_| spawn_local(visit_some(plan.clone(), Rc::clone(&left)))).collect();
    for visitor in visitors {
        visitor.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}

async fn visit_some(plan: Plan, left: Rc<Cell<u64>>) -> Result<(), String> {
    while left.get() > 0 {
        left.set(left.get() - 1);
        plan.open(&usual_name(), left.get()).await?.ask(&Cell::new(0)).await?;
    }
    Ok(())
}

async fn all_in(seen: &Seen, clients: usize) -> Result<(), String> {
    let deadline = Instant::now() + BEGINNING;
    while seen.begun.get() < clients {
        if Instant::now() > deadline {
            let first = seen.first_error.take().unwrap_or_else(|| "no answer".into());
            return Err(format!("{} of {clients} clients got in: {first}", seen.begun.get()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

async fn warm(seen: &Seen, clients: usize) {
    let (least, times, most) = WARMING;
    let begun = Instant::now();
    while begun.elapsed() < least || (seen.answered.get() < clients * times && begun.elapsed() < most) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// One client, until it is aborted.
async fn go_on(plan: Plan, manner: Manner, nonce: u64, seen: Rc<Seen>) {
    let mut is_in = false;
    loop {
        let number = seen.number.get();
        seen.number.set(number + 1);
        let name = match manner {
            Manner::FreshNames => format!("x{number}-{nonce}.{DOMAIN}"),
            _ => usual_name(),
        };
        let once = connect_and_ask(&plan, manner, &name, nonce * 1_000_000 + number, &seen, &mut is_in).await;
        if let Err(error) = once {
            seen.errors.set(seen.errors.get() + u64::from(seen.counting.get()));
            seen.first_error.borrow_mut().get_or_insert(error);
            // Not to spin while the proxy comes up or goes down.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn connect_and_ask(
    plan: &Plan,
    manner: Manner,
    name: &str,
    number: u64,
    seen: &Seen,
    is_in: &mut bool,
) -> Result<(), String> {
    let begun = Instant::now();
    let mut connection = plan.open(name, number).await?;
    let opening = begun.elapsed();
    let mut is_used = false;
    loop {
        let (reply, took) = match connection.timed(&seen.bytes).await {
            // It may be ended between two requests without a word; whoever asks connects anew then.
            Err(error) if is_used && (error == CLOSED || error.starts_with("write")) => return Ok(()),
            asked => asked?,
        };
        is_used = true;
        seen.answered.set(seen.answered.get() + 1);
        if !std::mem::replace(is_in, true) {
            seen.begun.set(seen.begun.get() + 1);
        }
        if seen.counting.get() {
            seen.took.borrow_mut().push(if manner == Manner::Keeping { took } else { opening + took });
        }
        if manner != Manner::Keeping || reply.closes {
            return Ok(());
        }
    }
}

/// The host that is asked for, where it is always the same.
pub fn usual_name() -> String {
    format!("origin.{DOMAIN}")
}
