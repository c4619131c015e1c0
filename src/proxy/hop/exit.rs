//! How is a tunnel opened by way of the exit?
//!
//! On a connection that is there, if it speaks HTTP/2, else on a new one. A connection that has ended in the meantime is
//! replaced; a new one that fails shows that the exit is down, and is not tried again here.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::time::{Instant, timeout};

use super::{
    health::Health,
    http1,
    http2::{Granted, Shared},
    keeper,
    request::{Asked, Words},
};
use crate::{
    exchange::{Host, Origin, Scheme},
    proxy::{
        fault::{Fault, Stage},
        line::Line,
        upstream::{Agreement, Dialer, Protocol, Resolver, Secured, Target},
    },
    tls::Trust,
};

/// Connections that turn out to have ended, before a new one is made.
const STALE_TRIES: usize = 2;
/// How often whoever waits for a late answer looks whether the exit is still up.
const GLANCE: Duration = Duration::from_millis(500);

/// Where the exit is, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its name or address, which its certificate must carry.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// What it is told to let us in.
    pub words: Words,
    /// Whether HTTP/1.1 only is offered.
    pub http1_only: bool,
    /// For a connection to stand, TLS included.
    pub connect: Duration,
    /// For the answer to a CONNECT: the exit connects to the origin meanwhile.
    pub answer: Duration,
    /// How long it may refuse to take what is sent.
    pub body: Duration,
    /// How often it is looked at.
    pub check: Duration,
}

/// The clir, or another proxy, beyond the carrier.
#[derive(Debug)]
pub struct Exit {
    /// Where it is.
    pub settings: Settings,
    /// Whether it is up.
    pub health: Health,
    pub(super) is_kept: AtomicBool,
    authority: String,
    dialer: Dialer,
    agreement: Agreement,
    shared: Mutex<Vec<Arc<Shared>>>,
    /// Held while a connection is made that others may share.
    opening: tokio::sync::Mutex<()>,
    speaks_http1: AtomicBool,
    address: Mutex<Option<SocketAddr>>,
}

/// Why there is no tunnel.
#[derive(Debug)]
pub enum Failed {
    /// The exit is down, or does not let us in.
    Down(Fault),
    /// It answered that there will be none.
    Refused(Fault),
}

impl Exit {
    /// An exit that nothing is known of yet, and whose certificate must lead to these roots.
    pub fn new(settings: Settings, own_ports: Arc<[u16]>, trust: Arc<Trust>) -> Arc<Self> {
        let origin = Origin { scheme: Scheme::Https, host: settings.host.clone(), port: settings.port };
        let authority = origin.authority();
        Arc::new(Self {
            health: Health::new(authority.clone()),
            is_kept: AtomicBool::new(false),
            authority,
            dialer: Dialer {
                own_ports,
                closed_port: None,
                limit: settings.connect,
                outgoing: None,
                resolver: Resolver::default(),
                whose: "the exit",
            },
            agreement: Agreement { trust: Arc::new(ArcSwap::new(trust)), limit: settings.connect, whose: "the exit" },
            shared: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            speaks_http1: AtomicBool::new(settings.http1_only),
            address: Mutex::default(),
            settings,
        })
    }

    /// Whether this is where the exit itself is.
    pub fn is_at(&self, host: &Host, port: u16) -> bool {
        let address = *lock(&self.address);
        let is_address = |ip| address.is_some_and(|address: SocketAddr| address.ip().to_canonical() == ip);
        port == self.settings.port
            && (*host == self.settings.host || matches!(host, Host::Ip(ip) if is_address(ip.to_canonical())))
    }

    /// Opens a tunnel.
    ///
    /// # Errors
    /// [`Failed`], with what the client is to be told.
    pub async fn open(self: &Arc<Self>, asked: &Asked<'_>) -> Result<Line, Failed> {
        keeper::keep(self);
        let opened = self.try_open(asked).await;
        if matches!(opened, Err(Failed::Down(_))) {
            self.health.wants_check();
        }
        opened
    }

    async fn try_open(&self, asked: &Asked<'_>) -> Result<Line, Failed> {
        for _ in 0..STALE_TRIES {
            let Some(shared) = self.with_room() else { break };
            if let Some(answered) = self.ask(&shared, asked).await {
                return answered;
            }
        }
        self.open_anew(asked).await
    }

    async fn open_anew(&self, asked: &Asked<'_>) -> Result<Line, Failed> {
        let is_alone = self.speaks_http1.load(Ordering::Relaxed);
        // Nobody waits for a look at an exit that is down.
        self.is_up()?;
        // Many come at once; the first makes the connection for all.
        let turn = if is_alone { None } else { Some(self.opening.lock().await) };
        self.is_up()?;
        if let Some(shared) = self.with_room()
            && let Some(answered) = self.ask(&shared, asked).await
        {
            return answered;
        }
        let secured = self.connect().await?;
        if secured.protocol == Protocol::Http1 {
            self.speaks_http1.store(true, Ordering::Relaxed);
            drop(turn);
            return self.ask_http1(secured, asked).await;
        }
        let shared = self.share(secured).await?;
        drop(turn);
        match self.ask(&shared, asked).await {
            Some(answered) => answered,
            None => Err(self.fails("it closed the connection without an answer")),
        }
    }

    /// A connection to the exit whose certificate is good.
    pub(super) async fn connect(&self) -> Result<Secured, Failed> {
        let made = timeout(self.settings.connect, self.make()).await;
        let made = made.unwrap_or_else(|_elapsed| Err(Fault::timeout(Stage::Hop, "it does not answer in time")));
        made.map_err(|fault| self.fails(&fault.to_string()))
    }

    async fn make(&self) -> Result<Secured, Fault> {
        let Settings { host, port, .. } = &self.settings;
        let stream = self.dialer.dial_exit(host, *port).await?;
        *lock(&self.address) = stream.peer_addr().ok();
        let origin = Origin { scheme: Scheme::Https, host: host.clone(), port: *port };
        let all = std::net::Ipv6Addr::UNSPECIFIED.into();
        let offered = [Protocol::Http2, Protocol::Http1];
        let offered = offered.get(usize::from(self.settings.http1_only)..).unwrap_or_default();
        self.agreement.secure(stream.into(), &Target::of(&origin), all, offered).await
    }

    /// HTTP/2 on a new connection, for everybody.
    pub(super) async fn share(&self, secured: Secured) -> Result<Arc<Shared>, Failed> {
        let line = Line::tls(*secured.stream, <_>::default());
        let opened = Shared::open(line, self.settings.body).await;
        let shared = Arc::new(opened.map_err(|error| self.fails(&format!("it does not speak HTTP/2: {error}")))?);
        lock(&self.shared).push(Arc::clone(&shared));
        Ok(shared)
    }

    /// Asks on a shared connection. Nothing is answered where that has ended: it is forgotten, and another may be tried.
    async fn ask(&self, shared: &Arc<Shared>, asked: &Asked<'_>) -> Option<Result<Line, Failed>> {
        let answered = self.patiently(shared.ask(asked, &self.settings.words)).await;
        let granted = match answered {
            Some(Ok(granted)) => granted,
            Some(Err(error)) if error.is_reset() && error.reason() != Some(h2::Reason::REFUSED_STREAM) => {
                return Some(Err(Failed::Refused(broken().because(error))));
            }
            Some(Err(error)) => {
                tracing::debug!("a connection to the exit has ended: {error}");
                self.forget(shared);
                return None;
            }
            None => return Some(Err(self.is_late())),
        };
        Some(match granted {
            Granted::Tunnel(stream) => {
                self.health.works();
                Ok(Line::opened(stream))
            }
            Granted::Status(status) => Err(self.judge(status)),
        })
    }

    async fn ask_http1(&self, secured: Secured, asked: &Asked<'_>) -> Result<Line, Failed> {
        let mut stream = secured.stream;
        let head = self.settings.words.http1(asked);
        let (status, rest) = match self.patiently(http1::ask(&mut stream, &head)).await {
            Some(Ok(answered)) => answered,
            Some(Err(error)) => return Err(self.fails(&format!("it gave no answer: {error}"))),
            None => return Err(self.is_late()),
        };
        if !(200..300).contains(&status) {
            return Err(self.judge(status));
        }
        self.health.works();
        Ok(Line::tls(*stream, rest))
    }

    /// Waits for an answer. The exit may have to wait for the origin; whether it is there at all is found out meanwhile.
    async fn patiently<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        let started = Instant::now();
        let mut answer = Box::pin(answer);
        let mut patience = self.settings.connect;
        loop {
            // Cancelled, the answer is still waited for.
            if let Ok(answered) = timeout(patience, &mut answer).await {
                return Some(answered);
            }
            if patience == self.settings.connect {
                self.health.wants_check();
            }
            patience = GLANCE;
            if self.health.why_down().is_some() || started.elapsed() >= self.settings.answer {
                return None;
            }
        }
    }

    /// Looks whether the exit lets us in, on a new connection; unless it is up and somebody has just made one.
    pub(super) async fn probe(&self) -> Result<(), Failed> {
        let turn = self.opening.lock().await;
        if self.is_up().is_ok() && self.with_room().is_some() {
            return Ok(());
        }
        let mut secured = self.connect().await?;
        let words = &self.settings.words;
        let status = if secured.protocol == Protocol::Http1 {
            self.speaks_http1.store(true, Ordering::Relaxed);
            drop(turn);
            let head = words.check_http1(&self.authority);
            let asked = timeout(self.settings.connect, http1::ask(&mut secured.stream, &head)).await;
            asked.ok().and_then(Result::ok).map(|(status, _)| status)
        } else {
            self.speaks_http1.store(false, Ordering::Relaxed);
            let shared = self.share(secured).await?;
            drop(turn);
            let Ok(request) = words.check_http2(&self.authority) else { return Ok(()) };
            timeout(self.settings.connect, shared.check(request)).await.ok().and_then(Result::ok)
        };
        match status {
            None => Err(self.fails("it gave no answer")),
            Some(407) => Err(self.judge(407)),
            Some(_) => {
                self.health.works();
                Ok(())
            }
        }
    }

    /// What the exit means by a status that is no tunnel. It is up, whatever it says, unless it does not let us in.
    fn judge(&self, status: u16) -> Failed {
        if status == 407 {
            return self.fails("it does not accept the user name and the password of `upstream.exit`");
        }
        self.health.works();
        let (refuses, fails) =
            (Fault::origin(Stage::Hop, refusal(status)), Fault::timeout(Stage::Hop, refusal(status)));
        Failed::Refused(if status == 504 { fails } else { refuses })
    }

    fn is_up(&self) -> Result<(), Failed> {
        self.health.why_down().map_or(Ok(()), |reason| Err(Failed::Down(down(&reason))))
    }

    fn fails(&self, reason: &str) -> Failed {
        self.health.fails(reason);
        Failed::Down(down(reason))
    }

    fn is_late(&self) -> Failed {
        if let Some(reason) = self.health.why_down() {
            return Failed::Down(down(&reason));
        }
        self.health.wants_check();
        Failed::Refused(Fault::timeout(Stage::Hop, "the exit did not answer in time"))
    }

    /// The connections that there are.
    pub(super) fn all_shared(&self) -> Vec<Arc<Shared>> {
        let mut shared = lock(&self.shared);
        shared.retain(|shared| !shared.has_ended());
        shared.clone()
    }

    fn with_room(&self) -> Option<Arc<Shared>> {
        lock(&self.shared).iter().rev().find(|shared| shared.has_room()).cloned()
    }

    /// Opens no more tunnels on this connection.
    pub(super) fn forget(&self, ended: &Arc<Shared>) {
        lock(&self.shared).retain(|shared| !Arc::ptr_eq(shared, ended));
    }
}

/// What a client is told while the exit is down.
pub fn down(reason: &str) -> Fault {
    Fault::origin(Stage::Hop, format!("the exit is down: {reason}"))
}

fn broken() -> Fault {
    Fault::origin(Stage::Hop, "the exit broke off before it answered")
}

fn refusal(status: u16) -> String {
    match status {
        403 => "the exit forbids a tunnel there (its `access.deny_targets` or `access.deny_connect_ports`)".into(),
        502 | 504 => "the exit cannot reach the origin".into(),
        429 | 503 => "the exit has no room for another tunnel".into(),
        _ => format!("the exit answered a CONNECT with {status}"),
    }
}

/// What is held here is sound after any partial change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
