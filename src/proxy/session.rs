//! What does every request of a connection need to know?

use std::{
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
    claims::Claims,
    fault::Fault,
    recorder::{Patience, Tape},
    upgraded::Upgrades,
    upstream::{Sender, Target, Upstream},
};
use crate::{
    exchange::{Context, Host, Known, Mac, Origin, RequestHead, Scheme, Vantage, grammar::HeadLimits},
    intercept::Interceptor,
    listen::Neighbours,
    policy::{Access, Upgrading},
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
    /// What becomes of cleartext requests.
    pub upgrading: Upgrading,
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
    /// Which client has which network card.
    pub neighbours: Neighbours,
    /// Which names lead to which addresses.
    pub claims: Claims,
    /// Which origins offer inside TLS what they offer in cleartext.
    pub upgrades: Arc<Upgrades>,
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
    /// Its network card, where one was asked for and could be seen.
    pub card: Option<Mac>,
}

/// What requests on a connection are for.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Each names its origin.
    Proxy,
    /// All are for the origin that a tunnel leads to.
    Tunnel(Arc<Inside>),
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
}

impl Inside {
    /// A tunnel with a connection that is ready.
    pub fn new(target: Target, first: Option<Sender>) -> Self {
        Self { target, first: Mutex::new(first), fault: None, switched: Arc::default() }
    }

    /// A tunnel whose origin failed; the client is told so.
    pub fn broken(target: Target, fault: Fault) -> Self {
        Self { target, first: Mutex::new(None), fault: Some(Arc::new(fault)), switched: Arc::default() }
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
            Scope::Proxy => usize::MAX,
        }
    }

    /// Marks a stream of this tunnel as one that has left HTTP, for as long as the mark lives.
    pub fn switched(&self) -> Option<Arc<()>> {
        match &self.scope {
            Scope::Tunnel(inside) => Some(Arc::clone(&inside.switched)),
            Scope::Proxy => None,
        }
    }

    /// Whether a stream of this tunnel has left HTTP: it may be silent for longer.
    pub fn has_switched(&self) -> bool {
        matches!(&self.scope, Scope::Tunnel(inside) if Arc::strong_count(&inside.switched) > 1)
    }

    /// The circumstances of a request for `origin`; `site` is the name that the client has for an address, if that is
    /// its name indeed.
    pub fn context(&self, origin: Origin, site: Option<Host>) -> Context {
        let Client { listener, vantage, address, card } = &self.client;
        let judges = self.shared().judges.load();
        let named = judges.interceptor.clients().find(address.ip(), *card);
        Context {
            listener: Arc::clone(listener),
            vantage: *vantage,
            client: *address,
            origin,
            known: Known {
                client: named.map(|client| Arc::clone(&client.name)),
                is_private: named.is_some_and(|client| client.is_private),
                site,
            },
        }
    }

    /// Opens the account of a request for `origin`.
    pub fn open(&self, origin: Origin, head: Arc<RequestHead>) -> (Context, Arc<Account>) {
        self.open_in(self.context(origin, None), head)
    }

    /// Opens the account of a request under these circumstances.
    pub fn open_in(&self, context: Context, head: Arc<RequestHead>) -> (Context, Arc<Account>) {
        let account = Account::open(self.shared().log.clone(), context.clone(), head);
        (context, account)
    }

    /// The origin of a request that names none, for its event.
    pub fn nowhere(&self) -> Origin {
        match &self.scope {
            Scope::Tunnel(inside) => inside.origin(),
            Scope::Proxy => Origin { scheme: Scheme::Http, host: Host::Name("".into()), port: 0 },
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
