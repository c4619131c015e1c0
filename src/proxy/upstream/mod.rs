//! How is an origin reached?
//!
//! [`Upstream`] gives out connections, pooled or new, with TLS verified where the origin is spoken to in TLS. Each worker
//! has one.

mod dial;
mod direct;
mod first_frame;
mod handshake;
mod outgoing;
mod pool;
mod resolver;
mod sender;

use std::{
    hash::{Hash, Hasher},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{net::TcpStream, time::sleep};

use crate::{
    event::Passage,
    exchange::{Host, Origin, Scheme},
    policy::{Access, Via},
    proxy::{
        admission::Admission,
        fault::Fault,
        hop::{Asked, Errand, Hopped},
        line::Line,
        rewound::Rewound,
        session::Judges,
    },
    tls::Trust,
};
pub use dial::Dialer;
pub use direct::{Arrival, Direct, Failure};
pub use handshake::{Agreement, Connected, Protocol, Secured};
pub use outgoing::Outgoing;
pub use pool::Pool;
pub use resolver::Resolver;
use sender::Made;
pub use sender::{Hyper, Sender};

/// How long connections that were let go have to end before one of their descriptors is asked for.
const SECOND_BREATH: Duration = Duration::from_millis(20);

/// Which origin, under which name, at which address: connections are shared by what is equal in all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Cleartext or TLS.
    pub scheme: Scheme,
    /// The name that the origin's certificate must carry.
    pub name: Host,
    /// The host that is connected to: the same as `name`, unless the client asked for an address and named the host only
    /// inside TLS.
    pub dialled: Host,
    /// The port that is connected to.
    pub port: u16,
    /// The address that is connected from, where it is the client's own.
    pub source: Option<IpAddr>,
    /// Which way the connection goes.
    pub via: Via,
}

impl Target {
    /// The target that an origin means when nothing else is known.
    pub fn of(origin: &Origin) -> Self {
        Self {
            scheme: origin.scheme,
            name: origin.host.clone(),
            dialled: origin.host.clone(),
            port: origin.port,
            source: None,
            via: Via::Direct,
        }
    }

    /// Whether a connection to the one goes where one to the other goes, whatever name is asked for there.
    fn leads_as(&self, other: &Self) -> bool {
        let way = |target: &Self| (target.scheme, target.port, target.source, target.via);
        way(self) == way(other) && self.dialled == other.dialled
    }
}

/// What tells most targets apart, in few words: each request is looked up twice.
impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut hash_host = |host: &Host| match host {
            Host::Name(name) => state.write(name.as_bytes()),
            Host::Ip(IpAddr::V4(address)) => state.write_u32(address.to_bits()),
            Host::Ip(IpAddr::V6(address)) => state.write_u128(address.to_bits()),
        };
        hash_host(&self.name);
        if self.dialled != self.name {
            hash_host(&self.dialled);
        }
        // Their lengths keep one from being taken for a piece of the other.
        let length = self.name.name().map_or(0, str::len) as u64;
        state.write_u64(length << 32 | u64::from(self.port) << 8 | self.scheme as u64);
    }
}

/// Gives out connections to origins.
#[derive(Debug)]
pub struct Upstream {
    dialer: Dialer,
    agreement: Agreement,
    admission: Admission,
    /// Everybody's pools, of which one is ours: connections are sought there first.
    pools: Arc<[Pool]>,
    own: usize,
    limits: handshake::Limits,
}

/// What an `Upstream` is built from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ports of our own listeners.
    pub own_ports: Arc<[u16]>,
    /// The port on this machine that no request is ever led to, whatever access allows.
    pub closed_port: Option<u16>,
    /// Whether connections may be led to us, so that our own may be among them.
    pub is_led_to: bool,
    /// Limit for look-up, and again for connecting.
    pub connect: Duration,
    /// Limit for the TLS handshake.
    pub handshake: Duration,
    /// How long an origin may refuse to take what is sent.
    pub body: Duration,
    /// How long an idle connection is kept.
    pub idle: Duration,
    /// Idle connections kept for one origin.
    pub per_origin: usize,
    /// Bytes that the head of an answer may have.
    pub header_bytes: usize,
    /// Fields that the head of an answer may have.
    pub headers: usize,
}

impl Upstream {
    /// The upstreams of so many workers.
    pub fn for_workers(
        count: usize,
        settings: &Settings,
        trust: &Arc<ArcSwap<Trust>>,
        admission: &Admission,
    ) -> Vec<Self> {
        let pool = |_| Pool::new(count, settings.per_origin, settings.idle);
        let pools: Arc<[Pool]> = (0..count).map(pool).collect();
        let outgoing = settings.is_led_to.then(Outgoing::default);
        let whose = "the origin";
        let resolver = Resolver::default();
        let dialer = || Dialer {
            own_ports: Arc::clone(&settings.own_ports),
            closed_port: settings.closed_port,
            limit: settings.connect,
            outgoing: outgoing.clone(),
            resolver: resolver.clone(),
            whose,
        };
        let one = |own| Self {
            dialer: dialer(),
            agreement: Agreement { trust: Arc::clone(trust), limit: settings.handshake, whose },
            admission: admission.clone(),
            pools: Arc::clone(&pools),
            own,
            limits: handshake::Limits {
                body: settings.body,
                header_bytes: settings.header_bytes,
                headers: settings.headers,
                worker: own,
            },
        };
        (0..count).map(one).collect()
    }

    /// Keeps a connection for later, with the worker that it runs on; `access` is what allowed it.
    pub fn put(&self, target: &Target, sender: Sender, access: &Arc<Access>) {
        if let Some(pool) = self.pools.get(sender.home()) {
            pool.put(target, sender, access);
        }
    }

    /// Lets go of connections that were closed or have been idle for too long. Called from time to time.
    pub fn sweep(&self) {
        if let Some(pool) = self.pools.get(self.own) {
            pool.sweep();
        }
    }

    /// A connection that is already there and was made under the same rules. Who speaks HTTP/2 can also be served over
    /// HTTP/1.1.
    pub fn idle(&self, target: &Target, wants_http2: bool, access: &Arc<Access>) -> Option<Sender> {
        let mut protocols = [Protocol::Http2, Protocol::Http1].into_iter().skip(usize::from(!wants_http2));
        protocols.find_map(|protocol| self.find(target, access, |sender: &Sender| sender.protocol() == protocol))
    }

    /// Whether a connection is kept that was made for this client, under whatever name if an address was asked for.
    pub fn keeps(&self, target: &Target, client: IpAddr, access: &Arc<Access>) -> bool {
        self.pools.iter().any(|pool| pool.has(target, access, |sender| sender.is_of(client)))
    }

    /// A kept connection in place of a new one that would offer these protocols: made for the same client, so that no site
    /// learns from it that two clients share a proxy.
    pub fn stand_in(
        &self,
        target: &Target,
        client: IpAddr,
        offered: &[Protocol],
        access: &Arc<Access>,
    ) -> Option<Sender> {
        self.find(target, access, |sender: &Sender| sender.is_of(client) && sender.stands_for(offered))
    }

    /// One of our own, or one that another worker has no need of.
    fn find(&self, target: &Target, access: &Arc<Access>, fits: impl Fn(&Sender) -> bool) -> Option<Sender> {
        let (before, from_own) = self.pools.split_at(self.own.min(self.pools.len()));
        let (own, after) = from_own.split_first()?;
        let lent = || after.iter().chain(before).find_map(|pool| pool.lend(target, access, &fits));
        own.take(target, access, &fits).or_else(lent)
    }

    /// A way for bytes to a host, by the exit if `via` says so and it is up. What it holds tells which way was taken.
    ///
    /// # Errors
    /// A [`Fault`] when access forbids it or it cannot be reached.
    pub async fn dial(
        &self,
        judges: &Judges,
        errand: &Errand,
        (host, port): (&Host, u16),
        via: Via,
    ) -> Result<Line, Fault> {
        let mut via = via;
        if let (Via::Exit, Some(hop)) = (via, &judges.hop) {
            self.dialer.screen(&judges.access, host, port)?;
            let asked = Asked { host, port, hopped: Hopped::on(errand.before, errand.id)? };
            match hop.open(&asked, errand.carries).await? {
                Some(line) => return Ok(line),
                None => via = Via::Fallback,
            }
        }
        let stream = self.direct(&judges.access, host, port, errand.source).await?;
        let passage = judges.hop.as_ref().map(|_| Passage { via, id: None });
        Ok(Line::from(stream).by(passage))
    }

    async fn direct(
        &self,
        access: &Access,
        host: &Host,
        port: u16,
        source: Option<IpAddr>,
    ) -> Result<TcpStream, Fault> {
        match self.dialer.dial(access, host, port, source).await {
            Err(fault) if fault.is_exhaustion() => {
                self.let_go();
                sleep(SECOND_BREATH).await;
                self.dialer.dial(access, host, port, source).await
            }
            dialled => dialled,
        }
    }

    /// Lets go of everything that is idle, in all pools: descriptors are needed elsewhere. Unless there is no more than one
    /// for each client, which those who are here need for their next requests.
    pub fn let_go(&self) {
        if self.pools.iter().map(Pool::count).sum::<usize>() > self.admission.count() {
            self.pools.iter().for_each(Pool::clear);
        }
    }

    /// Whether a connection that was led here may go on to its destination.
    ///
    /// # Errors
    /// A [`Fault`] that says why it may not: it is one of our own, or would lead to this machine.
    pub fn may_lead(&self, peer: SocketAddr, destination: SocketAddr) -> Result<(), Fault> {
        self.dialer.may_lead(peer, destination)
    }

    /// A new connection for this client, ready for requests. `protocols` are those that may be spoken, best first.
    ///
    /// # Errors
    /// A [`Fault`] that says at which stage it failed.
    pub async fn connect(
        &self,
        judges: &Judges,
        errand: &Errand,
        target: &Target,
        client: IpAddr,
        protocols: &[Protocol],
    ) -> Result<Connected, Fault> {
        let line = self.dial(judges, errand, (&target.dialled, target.port), target.via).await?;
        self.establish(line, target, client, protocols).await
    }

    /// Makes a connection out of a line that is there.
    ///
    /// # Errors
    /// A [`Fault`] of the handshake.
    pub async fn establish(
        &self,
        line: Line,
        target: &Target,
        client: IpAddr,
        protocols: &[Protocol],
    ) -> Result<Connected, Fault> {
        if target.scheme == Scheme::Http {
            let protocol = protocols.first().copied().unwrap_or(Protocol::Http1);
            let made = Made { passage: line.passage(), ..Made::default() };
            return handshake::speak(line, protocol, made, &self.limits).await;
        }
        let secured = self.secure(line, target, client, protocols).await?;
        self.speak(secured).await
    }

    /// Shakes hands with the origin and verifies its certificate.
    ///
    /// # Errors
    /// A [`Fault`] that says in words why the origin is not to be trusted.
    pub async fn secure(
        &self,
        line: Line,
        target: &Target,
        client: IpAddr,
        protocols: &[Protocol],
    ) -> Result<Secured, Fault> {
        self.agreement.secure(line, target, client, protocols).await
    }

    /// Begins to speak HTTP/2 in cleartext with an origin whose first words have been read.
    ///
    /// # Errors
    /// A [`Fault`] when the connection broke.
    pub async fn speak_http2(&self, stream: Rewound<Line>) -> Result<Connected, Fault> {
        let made = Made { passage: stream.get_ref().passage(), ..Made::default() };
        handshake::speak(stream, Protocol::Http2, made, &self.limits).await
    }

    /// Begins to speak HTTP on a stream that is secured.
    ///
    /// # Errors
    /// A [`Fault`] when the connection broke.
    pub async fn speak(&self, secured: Secured) -> Result<Connected, Fault> {
        handshake::speak(secured.stream, secured.protocol, secured.made, &self.limits).await
    }
}
