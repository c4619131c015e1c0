//! How is a TLS tunnel opened?
//!
//! Upstream first: the origin's certificate is verified and its protocol agreed before the client is shown anything, so
//! that the client is never offered what the origin does not offer (ALPN mirrored). A connection that is kept from this
//! client's last visit has been through that, and does as well as a new one. If the origin fails, the client gets a page
//! that says why, under our certificate, and nothing is sent to the origin.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::StatusCode;
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    account::Account,
    break_off::BreakOff,
    connect::reach,
    fault::{Fault, Stage},
    granted::{First, Granted, decide, of_hello},
    hop::{Errand, Hopped},
    line::Line,
    moment::now,
    rewound::Rewound,
    serve,
    session::{Inside, Judges, Session},
    stand_in,
    trusting::{Of, Proof},
    tunnel::{self, FirstWords},
    upstream::{Protocol, Secured, Target},
};
use crate::{
    event::Verdict,
    exchange::{Host, Origin, Scheme},
    policy::{
        self,
        trust::{Contact, Rejection},
    },
    sniff::ClientHello,
    tls,
};

/// Boxed, because it is large and handed on often.
pub type Client = Box<TlsStream<Rewound<Line>>>;

/// Who leaves later after its first word may have been tired of waiting for the origin.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a tunnel and serves what is inside. `contact` is told what the client makes of our certificate, where that is
/// not known before.
pub async fn open(mut granted: Granted, client: Rewound<Line>, hello: ClientHello, contact: Option<Contact>) {
    let asked = Instant::now();
    let target = target(&hello, &granted.origin, granted.source);
    let offered = offered(&hello);
    if let Some(kept) = stand_in::find(&granted, &target, &hello, &offered) {
        return Box::pin(stand_in::open(granted, client, (hello, target), contact, kept)).await;
    }
    // What only a handshake needs is boxed, and gone when it is over.
    let secured = Box::pin(secure(&mut granted, &target, &offered)).await;
    let Granted { session, judges, account, origin, led, source, before, .. } = granted;
    if secured.is_err() && led.is_some() && hello.sni.is_none() {
        let nameless = Nameless { session, judges, account, origin, led, source, before };
        return Box::pin(nameless.pass(client, &hello)).await;
    }
    account.tunnel(Verdict::Intercepted, of_hello(&hello, None));
    // Each request inside is judged by those that are in force when it comes.
    drop(judges);
    // Without ALPN from the client there is none to mirror. If the origin failed, only the page must get through.
    let alpn: Vec<&'static [u8]> = match &secured {
        _ if hello.alpn.is_empty() => Vec::new(),
        Ok(secured) => vec![secured.protocol.alpn()],
        Err(_) => offered.iter().map(|protocol| protocol.alpn()).collect(),
    };
    let client = match Box::pin(accept(&session, client, &target.name, &alpn)).await {
        Ok(client) => client,
        Err(unopened) => return unopened.tell(&session, &account, contact.as_ref(), asked),
    };
    let proof = contact.map(|contact| Proof::begin(&session, contact, Of::Site));
    match secured {
        Err(fault) => {
            account.fails(&fault);
            drop(account);
            let inside = Inside::broken(target, fault).led_to(led).behind(before).proving(proof);
            serve_broken(session.inside(inside), client).await;
        }
        Ok(secured) if hello.alpn.is_empty() => {
            let opened = Opened { session, account, target, led, secured, before, proof };
            Box::pin(opened.undecided(client)).await;
        }
        Ok(secured) => {
            drop(account);
            serve_agreed(session, (target, led, before, proof), secured, client).await;
        }
    }
}

/// Shakes hands with the origin, on a connection that is made now if it has not been.
async fn secure(granted: &mut Granted, target: &Target, offered: &[Protocol]) -> Result<Secured, Fault> {
    let line = granted.line().await?;
    let Session { worker, client, .. } = &granted.session;
    worker.upstream.secure(line, target, client.address.ip(), offered).await
}

/// A connection to an address whose client names no host, and whose origin has no certificate for the address: who would
/// have to prove what cannot be known.
struct Nameless {
    session: Session,
    judges: Arc<Judges>,
    account: Arc<Account>,
    origin: Origin,
    led: Option<SocketAddr>,
    source: Option<IpAddr>,
    before: Option<Hopped>,
}

impl Nameless {
    /// Connects anew, and passes everything on: what the client knows of the origin, it checks itself.
    async fn pass(self, client: Rewound<Line>, hello: &ClientHello) {
        let Self { session, judges, account, origin, led, source, before } = self;
        let tunnel = of_hello(hello, Some("no-name"));
        let errand = Errand { id: account.id, before, carries: policy::Carries::Tls, source };
        match reach(&session, &judges, &errand, &origin).await {
            Ok(stream) => {
                let stream = Some(stream);
                let granted = Granted { session, judges, account, origin, led, source, stream, before };
                granted.pass(client, tunnel).await;
            }
            Err(fault) => {
                account.tunnel(Verdict::Failed, tunnel);
                account.fails(&fault);
                client.break_off();
            }
        }
    }
}

/// What an alert says before anything is encrypted: a record of TLS 1.2, which TLS 1.3 uses as well (RFC 8446 §5.1), with
/// the fatal alert `no_application_protocol` (RFC 7301 §3.2).
const NO_APPLICATION_PROTOCOL: [u8; 7] = [21, 3, 3, 0, 2, 2, 120];
/// Likewise: `access_denied` (RFC 8446 §6.2).
const ACCESS_DENIED: [u8; 7] = [21, 3, 3, 0, 2, 2, 49];

/// Why TLS is refused that would otherwise be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The client offers nothing that is known here.
    UnknownProtocol,
    /// The host that it names may not be gone to.
    DeniedName,
    /// Its hello is faulty, or older than TLS 1.2; the alert that says so.
    BrokenHello(Vec<u8>),
}

impl Refusal {
    fn alert(&self) -> &[u8] {
        match self {
            Self::UnknownProtocol => &NO_APPLICATION_PROTOCOL,
            Self::DeniedName => &ACCESS_DENIED,
            Self::BrokenHello(alert) => alert,
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::UnknownProtocol => {
                "the client offers only application protocols that are not known here: `intercept.bypass` lets a host pass"
            }
            Self::DeniedName => "access.deny_targets forbids this host",
            Self::BrokenHello(_) => {
                "the client's hello is faulty or older than TLS 1.2: `intercept.bypass` lets a host pass"
            }
        }
    }
}

/// Refuses a client in TLS's own words. The origin is told nothing.
pub async fn refuse(granted: Granted, mut client: Rewound<Line>, refusal: &Refusal) {
    let Granted { session, account, .. } = granted;
    account.refuses(StatusCode::OK, refusal.words().into());
    let goodbye = async {
        client.write_all(refusal.alert()).await?;
        client.shutdown().await
    };
    if !matches!(timeout(session.limits().handshake, goodbye).await, Ok(Ok(()))) {
        tracing::debug!("a client that is refused went away first");
    }
}

/// The name that the client asked for.
pub fn name(hello: &ClientHello, origin: &Origin) -> Host {
    let asked = hello.sni.as_ref().and_then(|name| Host::parse(name.as_bytes()).ok());
    asked.unwrap_or_else(|| origin.host.clone())
}

/// The name that the client asked for is the one that the origin must prove.
fn target(hello: &ClientHello, origin: &Origin, source: Option<IpAddr>) -> Target {
    Target {
        scheme: Scheme::Https,
        name: name(hello, origin),
        dialled: origin.host.clone(),
        port: origin.port,
        source,
        via: policy::Via::Direct,
    }
}

/// What the client offers of what we can speak; the origin is offered no more.
fn offered(hello: &ClientHello) -> Vec<Protocol> {
    let known = [Protocol::Http2, Protocol::Http1];
    if hello.alpn.is_empty() {
        return vec![Protocol::Http1];
    }
    known.into_iter().filter(|protocol| hello.offers(protocol.alpn())).collect()
}

/// The handshake with the client, under a certificate for `name`.
///
/// # Errors
/// [`Unopened`], which says why.
pub async fn accept(
    session: &Session,
    client: Rewound<Line>,
    name: &Host,
    alpn: &[&'static [u8]],
) -> Result<Client, Unopened> {
    let other = |fault| Unopened { fault, how: None };
    let config = session
        .shared()
        .leaves
        .load()
        .server_config(name, alpn, now())
        .map_err(|error| other(Fault::ours(Stage::Handshake, "no certificate for this host").because(error)))?;
    match timeout(session.limits().handshake, TlsAcceptor::from(config).accept(client)).await {
        Ok(Ok(client)) => Ok(Box::new(client)),
        Ok(Err(error)) => {
            let how = match tls::is_departure(&error) {
                true => Some(Rejection::Silence),
                false => tls::is_objection(&error).then_some(Rejection::Objection),
            };
            Err(Unopened { fault: Fault::refused(StatusCode::BAD_REQUEST, tls::describe_client(&error)), how })
        }
        Err(_elapsed) => {
            let late = "the client did not finish the TLS handshake in time";
            Err(other(Fault::refused(StatusCode::REQUEST_TIMEOUT, late)))
        }
    }
}

/// A handshake with a client that came to nothing.
#[derive(Debug)]
pub struct Unopened {
    fault: Fault,
    /// How the client rejected it; nothing if it was time, or ourselves.
    how: Option<Rejection>,
}

impl Unopened {
    /// Tells what is written down about it, and what follows. Who was kept waiting may have left for that.
    pub fn tell(self, session: &Session, account: &Account, contact: Option<&Contact>, asked: Instant) {
        let is_prompt = asked.elapsed() < PATIENCE;
        let how = self.how.filter(|how| *how == Rejection::Objection || is_prompt);
        let consequence = contact.zip(how).and_then(|(contact, how)| session.rejects(contact, how).words());
        match consequence {
            Some(words) => account.fails_with(format!("{}; {words}", self.fault)),
            None => account.fails(&self.fault),
        }
    }
}

/// Where a tunnel leads, to which address its client asked to go, which clir asked for it, and what a request proves.
type Way = (Target, Option<SocketAddr>, Option<Hopped>, Option<Proof>);

async fn serve_agreed(session: Session, way: Way, secured: Secured, client: Client) {
    let (target, led, before, proof) = way;
    let protocol = secured.protocol;
    let is_http2 = protocol == Protocol::Http2;
    let (inside, extended_connect) = match Box::pin(session.worker.upstream.speak(secured)).await {
        Ok(mut connected) => {
            let extended_connect = is_http2 && connected.speaks_extended_connect().await;
            (Inside::new(target, Some(connected.sender)), extended_connect)
        }
        Err(fault) => (Inside::broken(target, fault), false),
    };
    let session = session.inside(inside.led_to(led).behind(before).proving(proof));
    serve_http(session, client, protocol, extended_connect).await;
}

/// Serves what was agreed on.
pub async fn serve_http(session: Session, client: Client, protocol: Protocol, extended_connect: bool) {
    match protocol {
        Protocol::Http2 => serve::http2(session, client, extended_connect).await,
        Protocol::Http1 => serve::http1(session, client, Bytes::new()).await,
    }
}

/// Serves a client by ourselves, with no origin.
pub async fn serve_own(
    session: Session,
    account: Arc<Account>,
    target: Target,
    client: Rewound<Line>,
    hello: &ClientHello,
) {
    let alpn: Vec<&'static [u8]> = offered(hello).iter().map(|protocol| protocol.alpn()).collect();
    let alpn = if hello.alpn.is_empty() { Vec::new() } else { alpn };
    match Box::pin(accept(&session, client, &target.name, &alpn)).await {
        Ok(client) => {
            drop(account);
            let proof = Proof::begin(&session, session.contact(&target.name, hello), Of::Portal);
            serve_broken(session.inside(Inside::new(target, None).proving(Some(proof))), client).await;
        }
        Err(unopened) => account.fails(&unopened.fault),
    }
}

async fn serve_broken(session: Session, client: Client) {
    if client.get_ref().1.alpn_protocol() == Some(Protocol::Http2.alpn()) {
        serve::http2(session, client, false).await;
    } else {
        serve::http1(session, client, Bytes::new()).await;
    }
}

/// A tunnel with TLS on both sides and no word yet of what is spoken inside.
struct Opened {
    session: Session,
    account: Arc<Account>,
    target: Target,
    led: Option<SocketAddr>,
    secured: Secured,
    before: Option<Hopped>,
    proof: Option<Proof>,
}

impl Opened {
    /// HTTP is judged; mail, chat and whatever else speaks TLS without saying what it is passes unread.
    async fn undecided(mut self, mut client: Client) {
        let idle = self.session.limits().tunnel;
        let patience: Duration = self.session.limits().sniff;
        match tunnel::first_words(&mut client, &mut self.secured.stream, idle).await {
            FirstWords::Client(mut words) => {
                let decided = timeout(patience, decide(&mut client, &mut words)).await;
                if !matches!(decided, Ok(First::Http1)) {
                    self.proof.iter().filter(|_| !words.is_empty()).for_each(Proof::give);
                    return self.relay(Rewound::new(client, words.freeze()), Bytes::new()).await;
                }
                drop(self.account);
                let inside = match Box::pin(self.session.worker.upstream.speak(self.secured)).await {
                    Ok(connected) => Inside::new(self.target, Some(connected.sender)),
                    Err(fault) => Inside::broken(self.target, fault),
                };
                let inside = inside.led_to(self.led).behind(self.before).proving(self.proof);
                serve::http1(self.session.inside(inside), client, words.freeze()).await;
            }
            FirstWords::Server(words) => {
                self.proof.iter().for_each(Proof::withdraw);
                self.relay(Rewound::new(client, Bytes::new()), words.freeze()).await;
            }
            FirstWords::Nobody => self.relay(Rewound::new(client, Bytes::new()), Bytes::new()).await,
        }
    }

    async fn relay(self, client: Rewound<Client>, from_origin: Bytes) {
        let origin = Rewound::new(self.secured.stream, from_origin);
        tunnel::relay(client, origin, &self.account, &self.session.worker.pipes, self.session.limits().tunnel).await;
    }
}
