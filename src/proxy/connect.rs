//! What happens to a CONNECT?
//!
//! ```text
//! access → scan, decide → connect to the origin → 200 → first bytes → TLS: route → open it, or pass it through
//!                                                                   → HTTP: judge each request
//!                                                                   → anything else: pass it through
//! ```
//! The origin comes first: what cannot be reached is refused on the CONNECT itself.

use std::{error::Error, sync::Arc};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncRead, time::timeout};

use super::{
    account::Account,
    body::Body,
    break_off::BreakOff,
    fault::Fault,
    hop::{Errand, Hopped},
    http::{Switch, answer_block, answer_fault, authenticate},
    intercepted::{self, Refusal},
    line::Line,
    reading,
    recorder::Recorder,
    rewound::Rewound,
    route, serve,
    session::{Inside, Judges, Scope, Session, today},
    stream_tasks::Reset,
    tunnel::{self, FirstWords},
    upstream::{Protocol, Target},
};
use crate::{
    event::{Tunnel, Verdict},
    exchange::{Origin, RequestHead, Scheme},
    intercept::Outcome,
    policy::{Carries, Route, Via},
    sniff::{ClientHello, Hello, MAX_HELLO, Offer, Sniffed, read_hello, sniff},
};

/// A tunnel that was granted.
#[derive(Debug)]
pub struct Granted {
    /// The connection that asked for it.
    pub session: Session,
    /// The judges that were in force.
    pub judges: Arc<Judges>,
    /// The account of the CONNECT.
    pub account: Arc<Account>,
    /// Where it leads.
    pub origin: Origin,
    /// The connection to the origin.
    pub stream: Line,
    /// The clir that asks for it, if one does.
    pub before: Option<Hopped>,
}

/// Answers a CONNECT.
pub async fn handle(
    session: &Session,
    head: RequestHead,
    mut request: Request<Incoming>,
    switch: Option<Switch<'_>>,
) -> Response<Body> {
    let head = Arc::new(head);
    let judges = session.shared().judges.load_full();
    let destination = destination(session, &judges, &head);
    let named = Origin::parse_connect(&head.target).unwrap_or_else(|_| session.nowhere());
    let (context, account) = session.open(named, Arc::clone(&head));
    let judgement = judges.interceptor.request(&context, &head, today());
    account.found(judgement.findings);
    let origin = match destination {
        Ok(origin) => origin,
        Err(refused) => return answer_fault(&account, &refused),
    };
    if let Err(refused) = authenticate(session, &judges, &head).await {
        account.refuses(refused.status(), "a user name and a password are required".into());
        return refused;
    }
    account.acted(judgement.actions);
    if let Outcome::Blocked(block) = judgement.outcome {
        return answer_block(&account, &block);
    }
    // What names itself a clir is believed if it has said a password.
    let before = Hopped::of(&head.fields).filter(|_| judges.authenticator.is_required());
    account.comes_by(before.map(|before| before.id));
    let errand = Errand { id: account.id, before, carries: Carries::Unknown };
    let stream = match reach(session, &judges, &errand, &origin).await {
        Ok(stream) => stream,
        Err(fault) => return answer_fault(&account, &fault),
    };
    account.goes(stream.passage());
    account.ends(Verdict::Tunnelled, StatusCode::OK);
    if let Some(switch) = switch {
        switch.switch();
    }
    let granted = Granted { session: session.clone(), judges, account, origin, stream, before };
    tokio::spawn(granted.open(hyper::upgrade::on(&mut request), Reset::current()));
    Response::new(Body::empty())
}

async fn reach(session: &Session, judges: &Judges, errand: &Errand, origin: &Origin) -> Result<Line, Fault> {
    let via = judges.way(&origin.host, origin.port, errand.carries)?;
    session.worker.upstream.dial(judges, errand, (&origin.host, origin.port), via).await
}

fn destination(session: &Session, judges: &Judges, head: &RequestHead) -> Result<Origin, Fault> {
    if matches!(session.scope, Scope::Tunnel(_)) {
        return Err(route::no_tunnel());
    }
    let origin = Origin::parse_connect(&head.target)
        .map_err(|error| Fault::refused(StatusCode::BAD_REQUEST, "CONNECT wants a host and a port").because(error))?;
    if !judges.access.admits_connect_port(origin.port) {
        return Err(Fault::denied("access.deny_connect_ports forbids a tunnel to this port"));
    }
    Ok(origin)
}

impl Granted {
    /// Waits until the client's side is free, then looks at what is spoken in the tunnel.
    async fn open(mut self, upgrade: OnUpgrade, reset: Option<Arc<Reset>>) {
        let switched = self.session.switched();
        let mut client = match bare(upgrade, reset).await {
            Ok(client) => client,
            Err(error) => return self.account.fails_with(format!("the tunnel was not opened: {error}")),
        };
        let idle = self.session.limits().tunnel;
        match tunnel::first_words(&mut client, &mut self.stream, idle).await {
            FirstWords::Client(words) => self.client_speaks(client, words).await,
            FirstWords::Server(_) if !self.may(Carries::Cleartext) => self.hang_up(client, Carries::Cleartext),
            FirstWords::Server(words) => {
                let origin = Rewound::new(self.stream, words.freeze());
                self.account.tunnel(Verdict::Tunnelled, because("server-first"));
                tunnel::relay(client, origin, &self.account, idle).await;
            }
            FirstWords::Nobody if !self.may(Carries::Cleartext) => self.hang_up(client, Carries::Cleartext),
            FirstWords::Nobody => {
                self.account.tunnel(Verdict::Tunnelled, because("silent"));
                tunnel::relay(client, self.stream, &self.account, idle).await;
            }
        }
        drop(switched);
    }

    /// Whether what was opened may carry this. Only where the exit is down may it turn out that it must not.
    fn may(&self, carries: Carries) -> bool {
        let fell_back = self.stream.passage().is_some_and(|passage| passage.via == Via::Fallback);
        !fell_back || self.judges.hop.as_ref().is_none_or(|hop| hop.instead(carries).is_some())
    }

    /// Ends a tunnel that must not go direct. Nothing of it has gone anywhere.
    fn hang_up(self, client: Rewound<Line>, carries: Carries) {
        client.break_off();
        if let Some(hop) = &self.judges.hop {
            self.account.fails(&hop.too_late(carries));
        }
    }

    async fn client_speaks(self, mut client: Rewound<Line>, mut words: BytesMut) {
        let patience = self.session.limits().handshake;
        // A client that stops in the middle of its first words gets what an undecided one gets: a tunnel.
        let sniffed = timeout(patience, decide(&mut client, &mut words)).await.unwrap_or(First::Other("undecided"));
        let rewind = |words: BytesMut| client.again(words.freeze());
        let carries = match sniffed {
            First::Tls(_) | First::BrokenTls(_) => Carries::Tls,
            First::Http1 | First::Other(_) => Carries::Cleartext,
        };
        match sniffed {
            First::Http1 => Box::pin(self.cleartext(rewind(words))).await,
            _ if !self.may(carries) => self.hang_up(rewind(words), carries),
            First::Tls(hello) => match self.judges.interceptor.route(&self.origin.host, hello.sni.as_deref()) {
                Route::Intercept => match Offer::of(&hello.alpn) {
                    Offer::Http => Box::pin(intercepted::open(self, rewind(words), hello)).await,
                    Offer::Foreign => self.pass(rewind(words), of_hello(&hello, "foreign-protocol")).await,
                    Offer::Unknown => {
                        self.account.tunnel(Verdict::Refused, of_hello(&hello, "unknown-protocol"));
                        intercepted::refuse(self, rewind(words), &Refusal::UnknownProtocol).await;
                    }
                },
                Route::PassThrough(reason) => self.pass(rewind(words), of_hello(&hello, reason)).await,
            },
            First::BrokenTls(alert) => match self.judges.interceptor.route(&self.origin.host, None) {
                Route::Intercept => {
                    self.account.tunnel(Verdict::Refused, because("invalid-hello"));
                    intercepted::refuse(self, rewind(words), &Refusal::BrokenHello(alert)).await;
                }
                Route::PassThrough(reason) => self.pass(rewind(words), because(reason)).await,
            },
            First::Other(reason) => self.pass(rewind(words), because(reason)).await,
        }
    }

    /// Cleartext HTTP in a tunnel is judged like any other.
    async fn cleartext(self, client: Rewound<Line>) {
        let may = self.may(Carries::Cleartext);
        let origin = Origin { scheme: Scheme::Http, ..self.origin };
        let target = Target::of(&origin);
        let (upstream, address) = (&self.session.worker.upstream, self.session.client.address.ip());
        let inside = match upstream.establish(self.stream, &target, address, &[Protocol::Http1]).await {
            // Each request finds its own way, or is told that there is none.
            Ok(_) if !may => Inside::new(target, None),
            Ok(connected) => Inside::new(target, Some(connected.sender)),
            Err(fault) => Inside::broken(target, fault),
        };
        let inside = inside.behind(self.before);
        self.account.tunnel(Verdict::Intercepted, because("cleartext"));
        drop(self.account);
        serve::http1(self.session.inside(inside), client, Bytes::new()).await;
    }

    async fn pass(self, client: Rewound<Line>, tunnel: Tunnel) {
        self.account.tunnel(Verdict::Tunnelled, tunnel);
        let idle = self.session.limits().tunnel;
        tunnel::relay(client, self.stream, &self.account, idle).await;
    }
}

/// The client's connection without what HTTP needed.
async fn bare(upgrade: OnUpgrade, reset: Option<Arc<Reset>>) -> Result<Rewound<Line>, Box<dyn Error + Send + Sync>> {
    match upgrade.await?.downcast::<TokioIo<Recorder<Line>>>() {
        Ok(parts) => {
            let (line, held) = parts.io.into_inner().into_parts();
            Ok(Rewound::new(line, held).again(parts.read_buf))
        }
        // A stream of HTTP/2.
        Err(upgraded) => Ok(Rewound::new(Line::accepted(upgraded, reset), Bytes::new())),
    }
}

/// What a client's first words are.
#[derive(Debug)]
pub enum First {
    /// A request of HTTP/1.
    Http1,
    /// A ClientHello.
    Tls(ClientHello),
    /// TLS that no server of today could answer, and the alert that tells the client so.
    BrokenTls(Vec<u8>),
    /// Something that is not opened, and why.
    Other(&'static str),
}

/// Reads until it is clear what is spoken. More than a ClientHello can be is never held.
pub async fn decide(client: &mut (impl AsyncRead + Unpin), words: &mut BytesMut) -> First {
    loop {
        let decided = match sniff(words) {
            Sniffed::NeedMore => None,
            Sniffed::Http1 => Some(First::Http1),
            Sniffed::Http2 => Some(First::Other("cleartext-http2")),
            Sniffed::Unknown => Some(First::Other("foreign-protocol")),
            Sniffed::Tls => match read_hello(words) {
                Hello::NeedMore => None,
                Hello::Complete(hello) => Some(First::Tls(hello)),
                Hello::Invalid(alert) => Some(First::BrokenTls(alert)),
            },
        };
        if let Some(decided) = decided {
            return decided;
        }
        let read = reading::some(client, words).await;
        if words.len() > MAX_HELLO || !matches!(read, Ok(count) if count > 0) {
            return First::Other("undecided");
        }
    }
}

fn because(reason: &'static str) -> Tunnel {
    Tunnel { reason: Some(reason), ..Tunnel::default() }
}

fn of_hello(hello: &ClientHello, reason: &'static str) -> Tunnel {
    Tunnel { sni: hello.sni.clone(), alpn: hello.alpn_text(), reason: Some(reason) }
}
