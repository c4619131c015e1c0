//! What does every request of a connection need to know?

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use jiff::civil::Date;
use tokio::sync::{mpsc, watch};

use super::{
    account::Account,
    authentication::Authenticator,
    door::Door,
    fault::Fault,
    hop::{Hop, Hopped},
    recorder::{Patience, Tape},
    upstream::{Sender, Target, Upstream},
};
use crate::{
    exchange::{Context, Host, Origin, RequestHead, Scheme, Vantage, grammar::HeadLimits},
    intercept::Interceptor,
    policy::{Access, Carries, Via},
    sink::EventLog,
    tls::LeafCache,
};

/// Everything that judges, replaced as a whole when the configuration is read anew.
#[derive(Debug)]
pub struct Judges {
    /// Detection and policy.
    pub interceptor: Interceptor,
    /// Who may connect, and where to.
    pub access: Arc<Access>,
    /// Who must say a password.
    pub authenticator: Authenticator,
    /// What goes by an exit, if there is one.
    pub hop: Option<Arc<Hop>>,
    /// The listeners that speak TLS, by their labels.
    pub doors: HashMap<Arc<str>, Door>,
}

impl Judges {
    /// The way to a host, as things are.
    ///
    /// # Errors
    /// A [`Fault`] when the way is by an exit that is down, and to be waited for.
    pub fn way(&self, host: &Host, port: u16, carries: Carries) -> Result<Via, Fault> {
        self.hop.as_ref().map_or(Ok(Via::Direct), |hop| hop.way(host, port, carries))
    }
}

/// Limits of size and time that hold for every connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of a request's head.
    pub head: HeadLimits,
    /// Of silence.
    pub patience: Patience,
    /// For the TLS handshake of a client, and for the first bytes in a tunnel to become clear.
    pub handshake: Duration,
    /// For the head of an answer, counted from the last byte that moved.
    pub response: Duration,
    /// For a tunnel in which nothing moves.
    pub tunnel: Duration,
    /// Requests at the same time on one HTTP/2 connection.
    pub streams: u32,
}

/// What all workers share.
#[derive(Debug)]
pub struct Shared {
    /// The judges in force.
    pub judges: ArcSwap<Judges>,
    /// Where events go.
    pub log: EventLog,
    /// The certificates that we show.
    pub leaves: LeafCache,
    /// The limits.
    pub limits: Limits,
}

/// What the connections of one worker share.
#[derive(Debug)]
pub struct Worker {
    /// What all workers share.
    pub shared: Arc<Shared>,
    /// Connections to origins.
    pub upstream: Upstream,
    /// Turns true when clir is to end.
    pub ending: watch::Receiver<bool>,
    /// Dropped with the last session: whoever waits for the end sees it.
    pub(super) _alive: mpsc::Sender<()>,
}

/// The client at the other end.
#[derive(Clone, Debug)]
pub struct Client {
    /// Label of the listener it came through.
    pub listener: Arc<str>,
    /// Vantage of that listener.
    pub vantage: Vantage,
    /// Its address.
    pub address: SocketAddr,
}

/// What requests on a connection are for.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Each names its origin.
    Proxy,
    /// The same, and many at a time.
    Streams(Arc<Streams>),
    /// All are for the origin that a tunnel leads to.
    Tunnel(Arc<Inside>),
}

/// A client's connection of HTTP/2 to the proxy itself.
#[derive(Debug, Default)]
pub struct Streams {
    /// Held once by every tunnel, and once here.
    pub switched: Arc<()>,
}

/// A tunnel that was opened.
#[derive(Debug)]
pub struct Inside {
    /// The origin.
    pub target: Target,
    /// The connection that was made before the client was answered; the first request takes it.
    pub first: Mutex<Option<Sender>>,
    /// Why there is no origin: every request is answered with it.
    pub fault: Option<Arc<Fault>>,
    /// Held once by every stream that has left HTTP, and once here.
    pub switched: Arc<()>,
    /// The clir that opened the tunnel, if one did.
    pub before: Option<Hopped>,
}

impl Inside {
    /// A tunnel with a connection that is ready.
    pub fn new(target: Target, first: Option<Sender>) -> Self {
        Self { target, first: Mutex::new(first), fault: None, switched: Arc::default(), before: None }
    }

    /// A tunnel whose origin failed; the client is told so.
    pub fn broken(target: Target, fault: Fault) -> Self {
        Self { fault: Some(Arc::new(fault)), ..Self::new(target, None) }
    }

    /// Notes the clir that opened the tunnel.
    #[must_use]
    pub fn behind(self, before: Option<Hopped>) -> Self {
        Self { before, ..self }
    }

    /// The origin as requests inside name it.
    pub fn origin(&self) -> Origin {
        Origin { scheme: self.target.scheme, host: self.target.name.clone(), port: self.target.port }
    }

    /// Takes the connection that was made first, if it is still there.
    pub fn take_first(&self) -> Option<Sender> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One connection, or the inside of one tunnel.
#[derive(Clone, Debug)]
pub struct Session {
    /// The worker that serves it.
    pub worker: Arc<Worker>,
    /// Who is there.
    pub client: Client,
    /// What its requests are for.
    pub scope: Scope,
    /// What the recorder of an HTTP/1 connection keeps.
    pub tape: Option<Tape>,
}

impl Session {
    /// What all workers share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.worker.shared
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.worker.shared.limits
    }

    /// The same client, inside a tunnel.
    #[must_use]
    pub fn inside(&self, inside: Inside) -> Self {
        Self { scope: Scope::Tunnel(Arc::new(inside)), tape: None, ..self.clone() }
    }

    /// The same connection, recorded.
    #[must_use]
    pub fn recorded(&self, tape: Tape) -> Self {
        Self { tape: Some(tape), ..self.clone() }
    }

    /// How many hold this tunnel's inside: the connection itself, and every exchange under way in it.
    pub fn holders(&self) -> usize {
        match &self.scope {
            Scope::Tunnel(inside) => Arc::strong_count(inside),
            Scope::Streams(streams) => Arc::strong_count(streams),
            Scope::Proxy => usize::MAX,
        }
    }

    /// Marks a stream of this tunnel as one that has left HTTP, for as long as the mark lives.
    pub fn switched(&self) -> Option<Arc<()>> {
        match &self.scope {
            Scope::Tunnel(inside) => Some(Arc::clone(&inside.switched)),
            Scope::Streams(streams) => Some(Arc::clone(&streams.switched)),
            Scope::Proxy => None,
        }
    }

    /// Whether a stream of this tunnel has left HTTP: it may be silent for longer.
    pub fn has_switched(&self) -> bool {
        let switched = match &self.scope {
            Scope::Tunnel(inside) => &inside.switched,
            Scope::Streams(streams) => &streams.switched,
            Scope::Proxy => return false,
        };
        Arc::strong_count(switched) > 1
    }

    /// The clir that opened this tunnel, if one did.
    pub fn before(&self) -> Option<Hopped> {
        match &self.scope {
            Scope::Tunnel(inside) => inside.before,
            Scope::Proxy | Scope::Streams(_) => None,
        }
    }

    /// Opens the account of a request for `origin`.
    pub fn open(&self, origin: Origin, head: Arc<RequestHead>) -> (Context, Arc<Account>) {
        let context = Context {
            listener: Arc::clone(&self.client.listener),
            vantage: self.client.vantage,
            client: self.client.address,
            origin,
        };
        let account = Account::open(self.shared().log.clone(), context.clone(), head);
        account.comes_by(self.before().map(|before| before.id));
        (context, account)
    }

    /// The origin of a request that names none, for its event.
    pub fn nowhere(&self) -> Origin {
        match &self.scope {
            Scope::Tunnel(inside) => inside.origin(),
            Scope::Proxy | Scope::Streams(_) => Origin { scheme: Scheme::Http, host: Host::Name("".into()), port: 0 },
        }
    }

    /// Completes when clir is to end.
    pub async fn ending(&self) {
        let mut ending = self.worker.ending.clone();
        // A sender that is gone means the same.
        let _ = ending.wait_for(|ending| *ending).await;
    }
}

/// Today, where clir runs: partners expire by it.
pub fn today() -> Date {
    jiff::Zoned::now().date()
}

/// Now, for certificates.
pub fn now() -> SystemTime {
    SystemTime::now()
}
