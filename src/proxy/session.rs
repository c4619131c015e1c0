//! What does every request of a connection need to know?

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};

pub use super::judges::Judges;
use super::{
    account::Account,
    admission::Permit,
    attempts::Attempts,
    fault::Fault,
    hop::Hopped,
    moment::today,
    names::{Claim, Doubt, Names},
    recorder::{Patience, Tape},
    refusals::Refusals,
    splice::Pipes,
    trusting::Proof,
    upgraded::Upgrades,
    upstream::{Protocol, Sender, Target, Upstream},
};
use crate::{
    exchange::{Context, Host, Known, Led, Mac, Origin, RequestHead, Scheme, Vantage, grammar::HeadLimits},
    listen::{Kind, Neighbours},
    policy::trust::TrustTable,
    sink::EventLog,
    tls::LeafCache,
};

/// Limits of size and time that hold for every connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of a request's head.
    pub head: HeadLimits,
    /// Of silence.
    pub patience: Patience,
    /// For the TLS handshake of a client, and for a login over SOCKS.
    pub handshake: Duration,
    /// For the head of an answer, counted from the last byte that moved.
    pub response: Duration,
    /// For first bytes to say what is spoken, once they have begun.
    pub sniff: Duration,
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
    pub leaves: ArcSwap<LeafCache>,
    /// The limits.
    pub limits: Limits,
    /// Which names have which addresses.
    pub names: Names,
    /// Which client has which network card.
    pub neighbours: Neighbours,
    /// Which origins offer inside TLS what they offer in cleartext.
    pub upgrades: Arc<Upgrades>,
    /// Which clients trust our authority.
    pub trusting: Arc<TrustTable>,
    /// Who was refused.
    pub refusals: Refusals,
    /// Passwords that were wrong.
    pub passwords: Attempts,
    /// Links that were wrong.
    pub links: Attempts,
}

/// What the connections of one worker share.
#[derive(Debug)]
pub struct Worker {
    /// What all workers share.
    pub shared: Arc<Shared>,
    /// Connections to origins.
    pub upstream: Upstream,
    /// What tunnels pass their bytes by.
    pub pipes: Pipes,
    /// Turns true when clir is to end.
    pub ending: watch::Receiver<bool>,
    /// Dropped with the last session: whoever waits for the end sees it.
    pub(super) _alive: mpsc::Sender<()>,
}

/// The client at the other end.
#[derive(Clone, Debug)]
pub struct Client {
    /// How it came.
    pub kind: Kind,
    /// Label of the listener it came through.
    pub listener: Arc<str>,
    /// Vantage of that listener.
    pub vantage: Vantage,
    /// Its address.
    pub address: SocketAddr,
    /// The address of ours that it has reached.
    pub local: SocketAddr,
    /// Its network card, where one was asked for and could be seen.
    pub card: Option<Mac>,
    /// Whether it speaks TLS to us.
    pub is_secure: bool,
    /// Who it is, where it has said so for all that comes on this connection.
    pub user: Option<Arc<str>>,
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
    /// Where the connection goes that the client made to an address: then cleartext requests only name a host.
    pub led: Option<SocketAddr>,
    /// What is spoken with the origin in cleartext: what the client speaks, if it is known that the origin does so too.
    pub cleartext: Protocol,
    /// The connection that was made before the client was answered; the first request takes it.
    pub first: Mutex<Option<Sender>>,
    /// Why there is no origin: every request is answered with it.
    pub fault: Option<Arc<Fault>>,
    /// Held once by every stream that has left HTTP, and once here.
    pub switched: Arc<()>,
    /// The clir that opened the tunnel, if one did.
    pub before: Option<Hopped>,
    /// What a request in it proves, where that is asked.
    pub proof: Option<Proof>,
}

impl Inside {
    /// A tunnel with a connection that is ready.
    pub fn new(target: Target, first: Option<Sender>) -> Self {
        Self {
            target,
            led: None,
            cleartext: Protocol::Http1,
            first: Mutex::new(first),
            fault: None,
            switched: Arc::default(),
            before: None,
            proof: None,
        }
    }

    /// A tunnel whose origin failed; the client is told so.
    pub fn broken(target: Target, fault: Fault) -> Self {
        Self { fault: Some(Arc::new(fault)), ..Self::new(target, None) }
    }

    /// The same, of a connection that was made to this address.
    #[must_use]
    pub fn led_to(self, led: Option<SocketAddr>) -> Self {
        Self { led, ..self }
    }

    /// The same, where this is spoken in cleartext.
    #[must_use]
    pub fn speaking(self, cleartext: Protocol) -> Self {
        Self { cleartext, ..self }
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
    /// The place that it has among all connections, given back when nothing of it is left: a tunnel outlives the connection
    /// that asked for it.
    pub(super) _permit: Arc<Permit>,
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

    /// The same, of a client that has said who it is.
    #[must_use]
    pub fn known_as(&self, user: Option<Arc<str>>) -> Self {
        Self { client: Client { user, ..self.client.clone() }, ..self.clone() }
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

    /// The circumstances of a request for `origin`; `led` tells where the connection goes if its client only names a host.
    pub fn context(&self, origin: Origin, led: Option<Led>) -> Context {
        let Client { listener, vantage, address, card, user, .. } = &self.client;
        let judges = self.shared().judges.load();
        let named = judges.interceptor.clients().find(address.ip(), *card);
        Context {
            listener: Arc::clone(listener),
            vantage: *vantage,
            client: *address,
            origin,
            led,
            known: Known {
                client: named.map(|client| Arc::clone(&client.name)),
                is_private: named.is_some_and(|client| client.is_private),
                user: user.clone(),
            },
        }
    }

    /// Opens the account of a request for `origin`.
    pub fn open(&self, origin: Origin, head: Arc<RequestHead>) -> (Context, Arc<Account>) {
        let doubt = self.doubt(&origin);
        // Inside TLS that was opened, the origin has proved its name.
        let is_proven = |doubt: &Option<Doubt>| doubt.as_ref().is_none_or(Doubt::is_proven);
        let led =
            doubt.as_ref().map(|(destination, doubt)| Led { destination: *destination, is_proven: is_proven(doubt) });
        let context = self.context(origin, led);
        let account = Account::open(self.shared().log.clone(), context.clone(), head);
        if let Some((_, Some(doubt))) = doubt {
            account.doubts(doubt);
        }
        account.comes_by(self.before().map(|before| before.id));
        (context, account)
    }

    /// Opens the account of a tunnel; to an address, where its client asked for none but that.
    pub fn open_to(
        &self,
        origin: Origin,
        head: Arc<RequestHead>,
        destination: Option<SocketAddr>,
    ) -> (Context, Arc<Account>) {
        let led = destination.map(|destination| Led { destination, is_proven: true });
        let context = self.context(origin, led);
        let account = Account::open(self.shared().log.clone(), context.clone(), head);
        account.comes_by(self.before().map(|before| before.id));
        (context, account)
    }

    /// The address that this connection goes to whatever its client says, and whether the host that it says has it.
    fn doubt(&self, origin: &Origin) -> Option<(SocketAddr, Option<Doubt>)> {
        let Scope::Tunnel(inside) = &self.scope else { return None };
        let destination = inside.led?;
        let is_cleartext = inside.target.scheme == Scheme::Http;
        let doubt = is_cleartext.then(|| self.shared().names.doubt(Claim::Host, &origin.host, destination.ip()));
        Some((destination, doubt))
    }

    /// Waits for the proof of a name where a rule makes an exception for it, and nowhere else.
    pub async fn prove(&self, judges: &Judges, origin: &Origin) {
        let Some((_, Some(mut doubt))) = self.doubt(origin) else { return };
        if !doubt.is_settled() && judges.interceptor.hinges_on(&origin.host, today()) {
            doubt.settle().await;
        }
    }

    /// Whether its client speaks HTTP/2 in cleartext with an origin that is expected to do so as well.
    pub fn speaks_http2(&self) -> bool {
        matches!(&self.scope, Scope::Tunnel(inside) if inside.cleartext == Protocol::Http2)
    }

    /// Whether its client only names a host, and goes to an address.
    pub fn is_led(&self) -> bool {
        matches!(&self.scope, Scope::Tunnel(inside) if inside.led.is_some())
    }

    /// The origin of a request that names none, for its event.
    pub fn nowhere(&self) -> Origin {
        match &self.scope {
            Scope::Tunnel(inside) => inside.origin(),
            Scope::Proxy | Scope::Streams(_) => Origin { scheme: Scheme::Http, host: Host::Name("".into()), port: 0 },
        }
    }

    /// Whether clir is to end.
    pub fn is_ending(&self) -> bool {
        *self.worker.ending.borrow()
    }

    /// Completes when clir is to end.
    pub async fn ending(&self) {
        let mut ending = self.worker.ending.clone();
        // A sender that is gone means the same.
        let _ = ending.wait_for(|ending| *ending).await;
    }
}
