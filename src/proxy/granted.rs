//! What is spoken in a tunnel, and what becomes of it?
//!
//! ```text
//! first bytes → TLS: route → open it, or pass it through
//!             → HTTP: judge each request
//!             → anything else: pass it through
//! ```
//! Tunnels come from CONNECT, from SOCKS, and from connections that were led here. From here on they are alike.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::{io::AsyncRead, time::timeout};

use super::{
    account::Account,
    break_off::BreakOff,
    hop::Hopped,
    intercepted::{self, Refusal},
    line::Line,
    names::{Claim, Doubt},
    own, reading,
    rewound::Rewound,
    serve,
    session::{Inside, Judges, Session},
    stand_in,
    tunnel::{self, FirstWords},
    upstream::{Protocol, Target},
};
use crate::{
    event::{Tunnel, Verdict},
    exchange::{Host, Origin, Scheme},
    policy::{
        Carries, Route, Undecided, Via,
        trust::{Contact, Rejection, Ruling},
    },
    sniff::{ClientHello, Hello, MAX_HELLO, Offer, PROTOCOL_VERSION, Sniffed, is_settings, read_hello, sniff},
};

/// The reason for a tunnel that began and did not say what it is.
const UNDECIDED: &str = "undecided";

/// A tunnel that was granted.
#[derive(Debug)]
pub struct Granted {
    /// The connection that asked for it.
    pub session: Session,
    /// The judges that were in force.
    pub judges: Arc<Judges>,
    /// Its account.
    pub account: Arc<Account>,
    /// Where it leads.
    pub origin: Origin,
    /// The address that it leads to, where the client asked for an address and names a host only inside.
    pub led: Option<SocketAddr>,
    /// The address that origins see, where it is the client's own.
    pub source: Option<IpAddr>,
    /// The connection to the origin; none as long as one that is kept may do instead.
    pub stream: Option<Line>,
    /// The clir that asks for it, if one does.
    pub before: Option<Hopped>,
}

impl Granted {
    /// Looks at what is spoken, and serves it.
    pub async fn serve(mut self, mut client: Rewound<Line>) {
        let idle = self.session.limits().tunnel;
        let spoken = match &mut self.stream {
            Some(stream) => tunnel::first_words(&mut client, stream, idle).await,
            None => Box::pin(stand_in::prelude(&mut self, &mut client)).await,
        };
        match spoken {
            FirstWords::Client(words) => self.client_speaks(client, words).await,
            FirstWords::Server(_) if !self.may(Carries::Cleartext) => self.hang_up(&client, Carries::Cleartext),
            FirstWords::Server(words) if is_settings(&words) => {
                Box::pin(self.both_speak_http2(client, words.freeze())).await;
            }
            FirstWords::Server(words) => self.server_speaks(client, words.freeze()).await,
            FirstWords::Nobody if !self.may(Carries::Cleartext) => self.hang_up(&client, Carries::Cleartext),
            FirstWords::Nobody => {
                self.account.tunnel(Verdict::Tunnelled, because("silent"));
                let Some(stream) = self.stream else { return client.break_off() };
                tunnel::relay(client, stream, &self.account, &self.session.worker.pipes, idle).await;
            }
        }
    }

    async fn server_speaks(self, client: Rewound<Line>, said: Bytes) {
        let Some(stream) = self.stream else { return client.break_off() };
        self.account.tunnel(Verdict::Tunnelled, because("server-first"));
        let (pipes, idle) = (&self.session.worker.pipes, self.session.limits().tunnel);
        tunnel::relay(client, Rewound::new(stream, said), &self.account, pipes, idle).await;
    }

    /// Whether what was opened may carry this. Only where the exit is down may it turn out that it must not.
    fn may(&self, carries: Carries) -> bool {
        let passage = self.stream.as_ref().and_then(Line::passage);
        let fell_back = passage.is_some_and(|passage| passage.via == Via::Fallback);
        !fell_back || self.judges.hop.as_ref().is_none_or(|hop| hop.instead(carries).is_some())
    }

    /// Ends a tunnel that must not go direct. Nothing of it has gone anywhere.
    fn hang_up(self, client: &Rewound<Line>, carries: Carries) {
        client.break_off();
        if let Some(hop) = &self.judges.hop {
            self.account.fails(&hop.too_late(carries));
        }
    }

    /// An origin of HTTP/2 need not wait for its client (RFC 9113 §3.4). What the client says decides all the same.
    async fn both_speak_http2(self, mut client: Rewound<Line>, said: Bytes) {
        let limits = *self.session.limits();
        let mut words = BytesMut::new();
        // Whoever says nothing has nothing that could be judged.
        let _ = timeout(limits.tunnel, reading::some(&mut client, &mut words)).await;
        let decided = timeout(limits.sniff, decide(&mut client, &mut words)).await;
        let client = client.again(words.freeze());
        if !matches!(decided, Ok(First::Http2)) {
            return self.server_speaks(client, said).await;
        }
        let Some(stream) = self.stream else { return client.break_off() };
        let origin = Rewound::new(stream, said);
        let target = cleartext_target(&self.origin, self.source);
        let inside = match self.session.worker.upstream.speak_http2(origin).await {
            Ok(connected) => Inside::new(target, Some(connected.sender)),
            Err(fault) => Inside::broken(target, fault),
        };
        open_cleartext(
            self.session,
            self.account,
            inside.led_to(self.led).behind(self.before),
            Protocol::Http2,
            client,
        )
        .await;
    }

    async fn client_speaks(self, mut client: Rewound<Line>, mut words: BytesMut) {
        let patience = self.session.limits().sniff;
        let sniffed = timeout(patience, decide(&mut client, &mut words)).await.unwrap_or(First::Undecided);
        let client = client.again(words.freeze());
        let carries = match sniffed {
            First::Tls(_) | First::BrokenTls { .. } => Carries::Tls,
            First::Http1 | First::Http2 | First::Unknown | First::Undecided => Carries::Cleartext,
        };
        match sniffed {
            First::Http1 => Box::pin(self.cleartext(client, Protocol::Http1)).await,
            First::Http2 => Box::pin(self.cleartext(client, Protocol::Http2)).await,
            _ if !self.may(carries) => self.hang_up(&client, carries),
            First::Tls(hello) => Box::pin(self.tls(client, *hello)).await,
            First::BrokenTls { alert, hello } => Box::pin(self.broken_tls(client, alert, &hello)).await,
            First::Undecided if self.judges.interceptor.undecided() == Undecided::Refuse => self.refuse(&client),
            First::Undecided => Box::pin(self.pass(client, because(UNDECIDED))).await,
            First::Unknown => Box::pin(self.pass(client, because("foreign-protocol"))).await,
        }
    }

    async fn tls(self, client: Rewound<Line>, hello: ClientHello) {
        if self.note(&hello).is_err() {
            return Box::pin(self.refuse_tls(client, &hello, &Refusal::DeniedName, "denied-name")).await;
        }
        let named = Origin { host: intercepted::name(&hello, &self.origin), ..self.origin.clone() };
        if own::is_own(&named) {
            return Box::pin(own::serve_tls(self.session, self.account, named, client, &hello)).await;
        }
        let site = proven(self.doubt(hello.sni.as_deref())).await;
        match self.route_of(site.as_ref(), &hello) {
            Ok(contact) => match Offer::of(&hello.alpn) {
                Offer::Http => Box::pin(intercepted::open(self, client, hello, contact)).await,
                Offer::Foreign => Box::pin(self.pass(client, of_hello(&hello, Some("foreign-protocol")))).await,
                Offer::Unknown => {
                    self.gives_up(contact.as_ref());
                    Box::pin(self.refuse_tls(client, &hello, &Refusal::UnknownProtocol, "unknown-protocol")).await;
                }
            },
            Err(reason) => Box::pin(self.pass(client, of_hello(&hello, Some(reason)))).await,
        }
    }

    async fn broken_tls(self, client: Rewound<Line>, alert: Vec<u8>, hello: &ClientHello) {
        if self.note(hello).is_err() {
            return Box::pin(self.refuse_tls(client, hello, &Refusal::DeniedName, "denied-name")).await;
        }
        let site = proven(self.doubt(hello.sni.as_deref())).await;
        match self.route_of(site.as_ref(), hello) {
            Ok(contact) => {
                self.gives_up(contact.as_ref());
                Box::pin(self.refuse_tls(client, hello, &Refusal::BrokenHello(alert), "invalid-hello")).await;
            }
            Err(reason) => Box::pin(self.pass(client, of_hello(hello, Some(reason)))).await,
        }
    }

    /// Whether what is inside is to be read, and who is told then what the client makes of our certificate; or the reason
    /// why it passes.
    fn route_of(&self, site: Option<&Host>, hello: &ClientHello) -> Result<Option<Contact>, &'static str> {
        match self.route(site, hello.sni.as_deref()) {
            Route::PassThrough(reason) => Err(reason),
            Route::Intercept => Ok(None),
            Route::IfTrusted => {
                let contact = self.session.contact(&intercepted::name(hello, &self.origin), hello);
                match self.session.rule(&contact) {
                    Ruling::Open => Ok(Some(contact)),
                    Ruling::Pass(reason) => Err(reason.as_str()),
                }
            }
        }
    }

    /// What cannot be opened whatever the client trusts counts as what it rejects: it passes after a few times.
    fn gives_up(&self, contact: Option<&Contact>) {
        contact.into_iter().for_each(|contact| _ = self.session.rejects(contact, Rejection::Objection));
    }

    /// The name that was asked for inside, where something hinges on whether it has the address that the tunnel leads to.
    fn doubt(&self, sni: Option<&str>) -> Option<(Host, Doubt)> {
        let host = Host::parse(sni?.as_bytes()).ok()?;
        let Host::Ip(address) = self.led.map_or_else(|| self.origin.host.clone(), |led| Host::Ip(led.ip())) else {
            return None;
        };
        let matters = self.judges.interceptor.connectivity().knows(&host);
        matters.then(|| (host.clone(), self.session.shared().names.doubt(Claim::Sni, &host, address)))
    }

    /// Whether what is inside is to be read.
    fn route(&self, site: Option<&Host>, sni: Option<&str>) -> Route {
        let context = self.session.context(self.origin.clone(), None);
        let route = self.judges.interceptor.route(&context, site.unwrap_or(&self.origin.host), sni);
        if route == Route::PassThrough("connectivity") {
            self.account.is_check();
        }
        route
    }

    /// Writes down what a hello tells, and who it names. Of a connection to an address, a name that may not be gone to is
    /// an error.
    fn note(&self, hello: &ClientHello) -> Result<(), ()> {
        let extensions: Vec<_> = hello.unknown.iter().map(|it| (it.kind, it.content.as_slice())).collect();
        self.account.found(self.judges.interceptor.hello(&extensions));
        let named = hello.sni.as_ref().and_then(|name| Host::parse(name.as_bytes()).ok());
        let (Some(destination), Some(host)) = (self.led, named) else { return Ok(()) };
        self.account.doubts(self.session.shared().names.doubt(Claim::Sni, &host, destination.ip()));
        let is_admitted = self.judges.access.admits_host(&host);
        self.account.names(host);
        is_admitted.then_some(()).ok_or(())
    }

    async fn refuse_tls(self, client: Rewound<Line>, hello: &ClientHello, refusal: &Refusal, reason: &'static str) {
        self.account.tunnel(Verdict::Refused, of_hello(hello, Some(reason)));
        intercepted::refuse(self, client, refusal).await;
    }

    /// Cleartext HTTP in a tunnel is judged like any other.
    async fn cleartext(mut self, client: Rewound<Line>, protocol: Protocol) {
        let may = self.may(Carries::Cleartext);
        let line = self.line().await;
        let target = cleartext_target(&self.origin, self.source);
        let (upstream, address) = (&self.session.worker.upstream, self.session.client.address.ip());
        let established = match line {
            Ok(line) => upstream.establish(line, &target, address, &[protocol]).await,
            Err(fault) => Err(fault),
        };
        let inside = match established {
            // Each request finds its own way, or is told that there is none.
            Ok(unwanted) if !may => {
                drop(unwanted);
                Inside::new(target, None)
            }
            Ok(connected) => Inside::new(target, Some(connected.sender)),
            Err(fault) => Inside::broken(target, fault),
        };
        open_cleartext(self.session, self.account, inside.led_to(self.led).behind(self.before), protocol, client).await;
    }

    /// Passes everything on unread.
    pub async fn pass(mut self, client: Rewound<Line>, tunnel: Tunnel) {
        match self.line().await {
            Ok(stream) => {
                self.account.tunnel(Verdict::Tunnelled, tunnel);
                let idle = self.session.limits().tunnel;
                tunnel::relay(client, stream, &self.account, &self.session.worker.pipes, idle).await;
            }
            Err(fault) => {
                self.account.tunnel(Verdict::Failed, tunnel);
                self.account.fails(&fault);
                client.break_off();
            }
        }
    }

    /// Breaks off what does not say what it is, on both sides.
    fn refuse(self, client: &Rewound<Line>) {
        self.account.tunnel(Verdict::Refused, because(UNDECIDED));
        let why = "it was not clear in time what is spoken, and intercept.undecided refuses that";
        self.account.refuses(StatusCode::FORBIDDEN, why.into());
        client.break_off();
        self.stream.iter().for_each(BreakOff::break_off);
    }
}

/// The host, if it turns out to have the address.
async fn proven(doubt: Option<(Host, Doubt)>) -> Option<Host> {
    let (host, mut doubt) = doubt?;
    doubt.settle().await;
    doubt.is_proven().then_some(host)
}

/// Serves cleartext HTTP on a connection that was granted. Of one that was led here each request is told, and no more: its
/// client asked for no tunnel.
pub async fn open_cleartext(
    session: Session,
    account: Arc<Account>,
    inside: Inside,
    protocol: Protocol,
    client: Rewound<Line>,
) {
    if session.client.kind.is_transparent() {
        account.withdraw();
    } else {
        account.tunnel(Verdict::Intercepted, because("cleartext"));
    }
    drop(account);
    let session = session.inside(inside.speaking(protocol));
    match protocol {
        Protocol::Http1 => serve::http1(session, client, Bytes::new()).await,
        Protocol::Http2 => serve::http2(session, client, false).await,
    }
}

/// The target of cleartext requests in a tunnel.
pub fn cleartext_target(origin: &Origin, source: Option<IpAddr>) -> Target {
    let origin = Origin { scheme: Scheme::Http, ..origin.clone() };
    Target { source, ..Target::of(&origin) }
}

/// What a client's first words are.
#[derive(Debug)]
pub enum First {
    /// A request of HTTP/1.
    Http1,
    /// The preface of HTTP/2 in cleartext.
    Http2,
    /// A ClientHello.
    Tls(Box<ClientHello>),
    /// TLS that no server of today could answer, the alert that tells the client so, and what it says all the same.
    BrokenTls { alert: Vec<u8>, hello: Box<ClientHello> },
    /// Something that is not known here.
    Unknown,
    /// Too little to tell.
    Undecided,
}

/// Reads until it is clear what is spoken. More than a ClientHello can be is never held.
pub async fn decide(client: &mut (impl AsyncRead + Unpin), words: &mut BytesMut) -> First {
    loop {
        let decided = match sniff(words) {
            Sniffed::NeedMore => None,
            Sniffed::Http1 => Some(First::Http1),
            Sniffed::Http2 => Some(First::Http2),
            Sniffed::Ssl2 => Some(First::BrokenTls { alert: PROTOCOL_VERSION.to_vec(), hello: Box::default() }),
            Sniffed::Unknown => Some(First::Unknown),
            Sniffed::Tls => match read_hello(words) {
                Hello::NeedMore => None,
                Hello::Complete(hello) => Some(First::Tls(Box::new(hello))),
                Hello::Invalid { alert, hello } => Some(First::BrokenTls { alert, hello: Box::new(hello) }),
            },
        };
        if let Some(decided) = decided {
            return decided;
        }
        let read = reading::some(client, words).await;
        if words.len() > MAX_HELLO || !matches!(read, Ok(count) if count > 0) {
            return First::Undecided;
        }
    }
}

fn because(reason: &'static str) -> Tunnel {
    Tunnel { reason: Some(reason), ..Tunnel::default() }
}

/// What an event tells of a tunnel that began with this hello.
pub fn of_hello(hello: &ClientHello, reason: Option<&'static str>) -> Tunnel {
    let extensions = hello.unknown.iter().map(|it| (it.kind, Bytes::copy_from_slice(&it.content))).collect();
    let ja4 = (!hello.ja4.is_empty()).then(|| hello.ja4.clone());
    Tunnel { sni: hello.sni.clone(), alpn: hello.alpn_text(), ja4, extensions, reason }
}
