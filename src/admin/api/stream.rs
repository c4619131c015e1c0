//! What happens now?
//!
//! Server-sent events (HTML Living Standard §9.2). Each watcher has a task that reads the ring and hands on; one whose
//! reader is slow waits, loses what is overwritten meanwhile, and says how much that was.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    mpsc::{self, Sender},
    watch,
};
use tokio_stream::wrappers::ReceiverStream;

use super::{Desk, WATCHERS};
use crate::{
    admin::{live::Tick, reply, reply::Fault},
    sink::index::{Row, Wanted},
};

/// How often something is sent while nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// So many are told again to who comes back.
const REPLAY: usize = 500;
/// So many are on their way to one reader; the rest waits in the ring.
const AHEAD: usize = 32;

/// One who watches; when it is dropped, there is room for another.
struct Watching(Arc<AtomicUsize>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `GET /api/v1/stream`
pub async fn stream(State(desk): State<Desk>, fields: HeaderMap) -> Result<Response, Fault> {
    let watching = watching(&desk)?;
    // Before what was missed is looked up: what happens meanwhile comes twice rather than not at all.
    let ticks = desk.sources.live.follow();
    let missed = match fields.get("last-event-id").and_then(|id| id.to_str().ok()) {
        Some(id) => since(&desk, id.to_owned()).await?,
        None => Vec::new(),
    };
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(hand_on(sender, ticks, missed, desk.ends.clone(), watching));
    let stream = Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let mut response = stream.into_response();
    // Whatever stands in between is to hand on at once.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn watching(desk: &Desk) -> Result<Watching, Fault> {
    let count = Arc::clone(&desk.watchers);
    let before = count.fetch_add(1, Ordering::Relaxed);
    let watching = Watching(count);
    if before >= WATCHERS {
        return Err(Fault(StatusCode::SERVICE_UNAVAILABLE, format!("{WATCHERS} watch already; close a page")));
    }
    Ok(watching)
}

/// What came after this exchange, the oldest first.
async fn since(desk: &Desk, id: String) -> Result<Vec<Row>, Fault> {
    let Some(after) = crate::sink::index::cursor(&id) else { return Ok(Vec::new()) };
    let wanted = Wanted { after: Some(after), limit: REPLAY, ..Wanted::default() };
    let mut rows = desk.ask(move |reader, deadline: Instant| reader.page(&wanted, deadline)).await?.rows;
    rows.retain(|row| row.id != id);
    rows.reverse();
    Ok(rows)
}

async fn hand_on(
    sender: Sender<Result<Event, Infallible>>,
    mut ticks: Receiver<Tick>,
    missed: Vec<Row>,
    mut ends: watch::Receiver<bool>,
    _watching: Watching,
) {
    let reader = sender.clone();
    let handing = async {
        // So that whoever listens knows at once that somebody answers.
        let first = std::iter::once(Event::default().comment("here"));
        let missed = missed.iter().map(|row| exchange(&row.id, &String::from_utf8_lossy(&reply::bytes(row))));
        for event in first.chain(missed) {
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
        }
        while let Some(event) = next(&mut ticks).await {
            // Nobody reads any more.
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        // It was read to its end, or nobody reads.
        () = handing => {}
        // Nobody reads any more, and nothing happens that would show it: there is room for another at once.
        () = reader.closed() => {}
        // Told to end: the reader sees the end of the stream.
        _ = ends.wait_for(|ending| *ending) => {}
    }
}

async fn next(ticks: &mut Receiver<Tick>) -> Option<Event> {
    match ticks.recv().await {
        Ok(Tick::Exchange(id, row)) => Some(exchange(&id, &row)),
        Ok(Tick::Alert(alert)) => Some(Event::default().event("alert").data(&*alert)),
        Ok(Tick::Changed(what)) => Some(Event::default().event("changed").data(format!("{{\"what\":\"{what}\"}}"))),
        Err(RecvError::Lagged(count)) => Some(Event::default().event("missed").data(format!("{{\"count\":{count}}}"))),
        Err(RecvError::Closed) => None,
    }
}

/// An id is 26 letters and digits, so it breaks no line.
fn exchange(id: &str, row: &str) -> Event {
    Event::default().event("exchange").id(id).data(row)
}
