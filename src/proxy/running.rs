//! How does the proxy start, and how does it end?
//!
//! One thread a core, each with an event loop and a pool of its own, so that a request never crosses a core. All accept
//! from the same sockets.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    runtime::{Builder, Runtime},
    sync::{Barrier, watch},
    time::{Instant, interval, timeout_at},
};

use super::{
    admission::Admission,
    attempts::Attempts,
    connection,
    names::Names,
    pulse::Pulse,
    refusals::Refusals,
    session::{Judges, Limits, Shared, Worker},
    splice::Pipes,
    upgraded::Upgrades,
    upstream::{self, Upstream},
};
use crate::{
    listen::{Listener, Neighbours},
    policy::trust::TrustTable,
    sink::EventLog,
    tls::{LeafCache, Trust},
};

/// How often idle connections to origins are looked through.
const SWEEP: Duration = Duration::from_secs(5);

/// Passwords that may be wrong within ten minutes, of one address and in all: each costs a hash.
const WRONG_PASSWORDS: (u32, u32) = (20, 2000);
/// Likewise links. Nobody can guess one; who tries is to be told from who has mistyped.
const WRONG_LINKS: (u32, u32) = (10, 600);

/// Everything that the proxy is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where clients connect.
    pub listeners: Vec<Arc<Listener>>,
    /// What judges.
    pub judges: Judges,
    /// Where events go.
    pub log: EventLog,
    /// What we show to clients.
    pub leaves: LeafCache,
    /// Whom we trust.
    pub trust: Arc<Trust>,
    /// Limits of every connection.
    pub limits: Limits,
    /// Connections in all.
    pub connections: usize,
    /// Connections of one client.
    pub connections_per_client: usize,
    /// Connections to origins.
    pub upstream: upstream::Settings,
    /// For what is under way when the end comes.
    pub shutdown: Duration,
    /// What is known of sites in TLS.
    pub upgrades: Upgrades,
    /// Which clients trust our authority.
    pub trusting: Arc<TrustTable>,
    /// How many threads.
    pub workers: usize,
    /// How often each of them shows that it works, if anybody asks.
    pub pulse: Option<Duration>,
}

impl Parts {
    /// With a port on this machine that no request is ever led to.
    #[must_use]
    pub fn closing(mut self, port: Option<u16>) -> Self {
        self.upstream.closed_port = port;
        self
    }
}

/// The proxy at work.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    trust: Arc<ArcSwap<Trust>>,
    ending: watch::Sender<bool>,
    pulse: Pulse,
    admission: Admission,
    workers: Vec<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Starts the workers.
    ///
    /// # Errors
    /// No thread or event loop can be had.
    pub fn start(parts: Parts) -> io::Result<Self> {
        let Parts { judges, log, leaves, limits, .. } = parts;
        let shared = Arc::new(Shared {
            judges: ArcSwap::from_pointee(judges),
            log,
            leaves: ArcSwap::from_pointee(leaves),
            limits,
            names: Names::new(),
            neighbours: Neighbours::default(),
            upgrades: Arc::new(parts.upgrades),
            trusting: parts.trusting,
            refusals: Refusals::default(),
            passwords: Attempts::new(WRONG_PASSWORDS.0, WRONG_PASSWORDS.1),
            links: Attempts::new(WRONG_LINKS.0, WRONG_LINKS.1),
        });
        let trust = Arc::new(ArcSwap::new(parts.trust));
        let (ending, ends) = watch::channel(false);
        let admission = Admission::new(parts.connections, parts.connections_per_client);
        let mut workers = Vec::with_capacity(parts.workers);
        let upstreams = Upstream::for_workers(parts.workers.max(1), &parts.upstream, &trust, &admission);
        let together = Arc::new(Barrier::new(upstreams.len()));
        let pulse = Pulse::new(upstreams.len());
        for (number, upstream) in upstreams.into_iter().enumerate() {
            let start = Start {
                runtime: Builder::new_current_thread().enable_all().build()?,
                shared: Arc::clone(&shared),
                upstream,
                listeners: parts.listeners.clone(),
                admission: admission.clone(),
                ending: ends.clone(),
                shutdown: parts.shutdown,
                together: Arc::clone(&together),
                beat: parts.pulse.map(|period| (pulse.clone(), number, period)),
            };
            workers.push(thread::Builder::new().name(format!("worker-{number}")).spawn(move || start.run())?);
        }
        Ok(Self { shared, trust, ending, pulse, admission, workers })
    }

    /// The judges in force.
    pub fn judges(&self) -> Arc<Judges> {
        self.shared.judges.load_full()
    }

    /// The judges that are in force whenever this is called.
    pub fn in_force(&self) -> impl Fn() -> Arc<Judges> + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move || shared.judges.load_full()
    }

    /// Counts the connections that clients have.
    pub fn connections(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let admission = self.admission.clone();
        move || admission.count()
    }

    /// What is known of sites in TLS.
    pub fn upgrades(&self) -> Arc<Upgrades> {
        Arc::clone(&self.shared.upgrades)
    }

    /// Which clients trust our authority, and what passes unread for them.
    pub fn trusting(&self) -> &Arc<TrustTable> {
        &self.shared.trusting
    }

    /// Whether every worker has shown that it works since this was last asked. They do so as often as [`Parts::pulse`] says.
    pub fn is_alive(&self) -> bool {
        self.pulse.felt()
    }

    /// Puts other judges in force, for every request from now on. Those under way keep the ones they began with.
    pub fn replace(&self, judges: Judges) {
        self.shared.judges.store(Arc::new(judges));
    }

    /// Puts another authority's certificates in force, and whom we trust beside it, for every handshake from now on. What
    /// was agreed before goes on; sessions and tickets of before do not.
    pub fn replace_authority(&self, leaves: LeafCache, trust: Arc<Trust>) {
        self.shared.leaves.store(Arc::new(leaves));
        self.trust.store(trust);
    }

    /// Ends: no connection is accepted any more, requests under way are finished within the limit, then all is closed.
    ///
    /// # Errors
    /// A worker could not accept connections at all.
    pub fn end(self) -> io::Result<()> {
        // Workers that are gone need no word.
        let _ = self.ending.send(true);
        for worker in self.workers {
            worker.join().map_err(|_| io::Error::other("a worker panicked"))??;
        }
        Ok(())
    }
}

struct Start {
    runtime: Runtime,
    shared: Arc<Shared>,
    upstream: Upstream,
    listeners: Vec<Arc<Listener>>,
    admission: Admission,
    ending: watch::Receiver<bool>,
    shutdown: Duration,
    /// Where the workers wait for each other at the end: what one has under way may use a connection of another.
    together: Arc<Barrier>,
    beat: Option<(Pulse, usize, Duration)>,
}

impl Start {
    fn run(self) -> io::Result<()> {
        let Self { runtime, shared, upstream, listeners, admission, ending, shutdown, together, beat } = self;
        // Every session holds a share of the worker; when the last is gone, so is all work.
        let (alive, mut all_gone) = tokio::sync::mpsc::channel::<()>(1);
        let mut ends = ending.clone();
        let worker = Arc::new(Worker { shared, upstream, pipes: Pipes::default(), ending, _alive: alive });
        let ended = runtime.block_on(async move {
            let sweeping = tokio::spawn(sweep(Arc::downgrade(&worker)));
            if let Some((pulse, number, period)) = beat {
                tokio::spawn(pulse.beat(number, period));
            }
            let mut accepting = tokio::task::JoinSet::new();
            for listener in listeners {
                accepting.spawn(connection::accept(Arc::clone(&worker), listener, admission.clone()));
            }
            drop(worker);
            let mut ended = Ok(());
            while let Some(accepted) = accepting.join_next().await {
                ended = ended.and(accepted.unwrap_or_else(|panic| Err(io::Error::other(panic))));
            }
            // Nothing to say is as good as the word to end.
            let _ = ends.wait_for(|ending| *ending).await;
            let deadline = Instant::now() + shutdown;
            if timeout_at(deadline, all_gone.recv()).await.is_err() {
                tracing::info!("closing what did not end in time");
            }
            // Whoever is late is not waited for.
            let _ = timeout_at(deadline, together.wait()).await;
            sweeping.abort();
            ended
        });
        runtime.shutdown_timeout(Duration::from_millis(100));
        ended
    }
}

async fn sweep(worker: std::sync::Weak<Worker>) {
    let mut ticks = interval(SWEEP);
    loop {
        ticks.tick().await;
        let Some(worker) = worker.upgrade() else { return };
        worker.upstream.sweep();
        worker.pipes.clear();
        if let Some(hop) = &worker.shared.judges.load().hop {
            hop.keep();
        }
    }
}
