//! How does a request get to its origin, and the answer back?

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri, Version as HttpVersion, response::Parts};
use hyper::{
    ext::{Protocol as ConnectProtocol, ReasonPhrase},
    upgrade::OnUpgrade,
};

use super::{
    account::Account,
    arriving::Arriving,
    body::{Body, Way},
    fault::{Fault, Stage},
    fields::{self, Naming, Switching},
    gate,
    hop::Errand,
    http::{Switch, answer_block},
    moment::today,
    recorder::Tape,
    send::{self, Answered, Attempt},
    session::{Judges, Scope, Session},
    upgrade,
    upgraded::{self, Led, Wishes},
    upstream::{Protocol, Sender, Target},
    verbatim::Lines,
};
use crate::{
    event::Verdict,
    exchange::{Context, Direction, RequestHead, Scheme, Version, grammar::is_plain_path},
    intercept::Outcome,
    policy::Carries,
};

/// One request that may pass, on its way.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The connection it came on.
    pub session: Arc<Session>,
    /// The judges that were in force when its head came.
    pub judges: Arc<Judges>,
    /// Its circumstances.
    pub context: Context,
    /// Its account.
    pub account: Arc<Account>,
    /// The head as it was received.
    pub received: Arc<RequestHead>,
    /// The head as it is sent on.
    pub sent: Arc<RequestHead>,
    /// The connection it needs.
    pub target: Target,
}

impl Exchange {
    /// What a connection for it is for.
    pub fn errand(&self) -> Errand {
        let (carries, source) = (carries(self.target.scheme), self.target.source);
        Errand { id: self.account.id, before: self.session.before(), carries, source }
    }

    fn naming(&self) -> Naming {
        let in_tunnel = matches!(self.session.scope, Scope::Tunnel(_));
        let by_host = in_tunnel && self.context.origin.scheme == Scheme::Http;
        if by_host { Naming::ByHost } else { Naming::ByTarget }
    }
}

/// What a request of this scheme is to those who can listen.
pub fn carries(scheme: Scheme) -> Carries {
    match scheme {
        Scheme::Http => Carries::Cleartext,
        Scheme::Https => Carries::Tls,
    }
}

/// Sends a request on and gives back the answer for the client.
///
/// # Errors
/// A [`Fault`] when there is no answer.
pub async fn forward(
    exchange: Arc<Exchange>,
    mut request: Request<Arriving>,
    switch: Option<Switch<'_>>,
) -> Result<Response<Body>, Fault> {
    let client_upgrade = hyper::upgrade::on(&mut request);
    let asked = Asked::of(&exchange.received, &request);
    let (attempt, gate) = prepare(&exchange, request, &asked);
    let upload = Upload::new(&attempt, gate.clone());
    let attempt = attempt.telling(&upload.whole);
    let sent = upgraded::send(&exchange, attempt, gate, asked.wishes());
    let mut answered = match patiently(&exchange, Box::pin(sent)).await? {
        upgraded::Outcome::Answered(answered) => *answered,
        upgraded::Outcome::Led(led) => return Ok(lead(&exchange, &led)),
    };
    let switches = asked.is_granted_by(&answered);
    let response = &mut answered.response;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS && !switches {
        return Err(Fault::origin(Stage::Exchange, "the origin switched to a protocol that nobody asked for"));
    }
    if !switches {
        return Ok(answer(&exchange, answered, false, upload));
    }
    let origin_upgrade = hyper::upgrade::on(response);
    let response = answer(&exchange, answered, true, upload);
    switched(&exchange, switch, client_upgrade, origin_upgrade);
    Ok(response)
}

/// What is to be known of a request's body when its answer comes.
struct Upload {
    /// It has gone out to its end.
    whole: Arc<AtomicBool>,
    keeper: Option<gate::Keeper>,
    watch: Option<gate::Watch>,
}

impl Upload {
    fn new(attempt: &Attempt, keeper: Option<gate::Keeper>) -> Self {
        let watch = keeper.as_ref().map(gate::Keeper::watched);
        Self { whole: Arc::new(AtomicBool::new(!attempt.has_body)), keeper, watch }
    }

    /// The client waits for a 100 that will not come.
    fn is_unwanted(&self) -> bool {
        self.keeper.as_ref().is_some_and(gate::Keeper::is_shut)
    }
}

/// What the client asked to switch to.
#[derive(Clone, Debug)]
enum Asked {
    Nothing,
    /// `Upgrade` of HTTP/1.1, with the protocols named.
    Upgrade(Bytes),
    /// Extended CONNECT of HTTP/2 (RFC 8441); h2 carries the protocol's name in the request's extensions.
    Connect,
}

impl Asked {
    fn of(head: &RequestHead, request: &Request<Arriving>) -> Self {
        if request.extensions().get::<ConnectProtocol>().is_some() {
            return Self::Connect;
        }
        match fields::upgrade_of(head) {
            Some(upgrade) => Self::Upgrade(upgrade),
            None => Self::Nothing,
        }
    }

    fn wishes(&self) -> Wishes {
        Wishes { switches: !matches!(self, Self::Nothing), needs_http2: matches!(self, Self::Connect) }
    }

    fn is_granted_by(&self, answered: &Answered) -> bool {
        let status = answered.response.status();
        match self {
            Self::Nothing => false,
            Self::Upgrade(asked) => {
                status == StatusCode::SWITCHING_PROTOCOLS && fields::is_asked_upgrade(asked, &answered.head.fields)
            }
            Self::Connect => status.is_success(),
        }
    }
}

/// Everything that one attempt needs, and the gate that holds the body back where the client waits for a 100.
fn prepare(exchange: &Arc<Exchange>, request: Request<Arriving>, asked: &Asked) -> (Attempt, Option<gate::Keeper>) {
    let (parts, incoming) = request.into_parts();
    let expects = exchange.received.version == Version::Http11
        && exchange.sent.fields.first("expect").is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"));
    let has_body = !http_body::Body::is_end_stream(&incoming);
    let passing = |incoming| {
        let judge = trailer_judge(exchange, Direction::Request);
        Body::passing(incoming, Way::Up, Arc::clone(&exchange.account), judge)
    };
    let (body, keeper) = match (has_body, expects) {
        (false, _) => (Body::empty(), None),
        (true, false) => (passing(incoming), None),
        (true, true) => {
            let (keeper, gate) = gate::new();
            (passing(incoming).behind(gate), Some(keeper))
        }
    };
    let upgrade = match asked {
        Asked::Upgrade(upgrade) => Some(upgrade.clone()),
        Asked::Nothing | Asked::Connect => None,
    };
    let attempt = Attempt { method: parts.method, extensions: parts.extensions, body: Some(body), upgrade, has_body };
    (attempt, keeper)
}

/// Waits for the head of the answer for as long as something moves.
async fn patiently<T>(exchange: &Exchange, sent: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let patience = exchange.session.limits().response;
    let account = &exchange.account;
    tokio::select! {
        // In this order: silence is asked about only where it is.
        biased;
        // The head has come, or will not.
        sent = sent => sent,
        // Nothing moved; the attempt is dropped with its connection.
        () = account.silence(patience) => {
            Err(Fault::timeout(Stage::Exchange, "the origin did not answer in time"))
        }
    }
}

/// A redirection of our own, for the client.
fn lead(exchange: &Exchange, led: &Led) -> Response<Body> {
    let (status, answer) = led.answer();
    exchange.account.ends(Verdict::Redirected, status);
    answer
}

/// The origin's answer, judged, for the client.
fn answer(exchange: &Arc<Exchange>, answered: Answered, switches: bool, upload: Upload) -> Response<Body> {
    let Answered { response, head, sender, target } = answered;
    let judgement = exchange.judges.interceptor.response(&exchange.context, &exchange.received, &head, today());
    exchange.account.found(judgement.findings);
    exchange.account.acted(judgement.actions);
    let fields = match judgement.outcome {
        Outcome::Unchanged => head.fields,
        Outcome::Edited(fields) => fields,
        Outcome::Blocked(block) => return answer_block(&exchange.account, &block),
    };
    let (mut parts, incoming) = response.into_parts();
    exchange.account.ends(Verdict::Forwarded, parts.status);
    let switching = match parts.status {
        _ if switches => Switching::Now,
        StatusCode::UPGRADE_REQUIRED => Switching::Wanted,
        _ => Switching::No,
    };
    parts.version = HttpVersion::default();
    if head.version != Version::Http2 {
        keep_words(&mut parts, head.reason);
    }
    match &exchange.session.tape {
        Some(tape) => {
            let mut lines: Lines = fields::inbound(&fields, exchange.received.version, switching);
            if upload.is_unwanted() {
                // Whether the client still sends it nobody can know, so nothing can follow (RFC 9110 §10.1.1).
                lines.push(b"Connection", b"close");
            }
            // A length may be that of a body which does not come (RFC 9110 §8.6).
            let is_bare = exchange.received.method == "HEAD" || parts.status == StatusCode::NOT_MODIFIED;
            parts.headers = if is_bare { lines.framing_of_body() } else { lines.framing_of(&incoming) };
            tape.answer_with(lines);
        }
        None => parts.headers = fields::inbound(&fields, exchange.received.version, switching),
    }
    let down = Down { incoming, sender, target, upload };
    let body = if switches { Body::empty() } else { passing_down(exchange, down) };
    Response::from_parts(parts, body)
}

/// Says in which words an origin of HTTP/1 tells the status, where hyper would write others. What hyper would refuse the
/// grammar has refused before.
fn keep_words(parts: &mut Parts, reason: Bytes) {
    let usual = parts.status.canonical_reason().map(str::as_bytes);
    if usual != Some(&reason[..])
        && let Ok(reason) = ReasonPhrase::try_from(reason)
    {
        parts.extensions.insert(reason);
    }
}

/// What the body of an answer hangs on.
struct Down {
    incoming: Arriving,
    sender: Sender,
    target: Target,
    upload: Upload,
}

/// The body of an answer; at its end the connection is free for the next request.
fn passing_down(exchange: &Arc<Exchange>, down: Down) -> Body {
    let Down { incoming, sender, target, upload } = down;
    let judge = trailer_judge(exchange, Direction::Response);
    let patience = exchange.session.limits().patience.body;
    let body = Body::passing(incoming, Way::Down, Arc::clone(&exchange.account), judge)
        .with_patience(patience)
        .onto(exchange.session.tape.as_ref().map(Tape::next_head))
        .watching(upload.watch);
    if sender.protocol() == Protocol::Http2 {
        return body;
    }
    let worker = Arc::clone(&exchange.session.worker);
    let (target, access) = (send::taken_by(&target, &sender), Arc::clone(&exchange.judges.access));
    // An answer may come before the request has gone out: a connection that is still busy with it serves nobody else.
    let whole = upload.whole;
    body.at_end(move || {
        if whole.load(Ordering::Acquire) {
            worker.upstream.put(&target, sender, &access);
        }
    })
}

fn trailer_judge(exchange: &Arc<Exchange>, direction: Direction) -> super::body::TrailerJudge {
    let exchange = Arc::clone(exchange);
    Box::new(move |trailers| {
        let fields = fields::of_map(&trailers);
        let interceptor = &exchange.judges.interceptor;
        let judgement = interceptor.trailers(direction, &exchange.context, &exchange.received, &fields, today());
        exchange.account.found(judgement.findings);
        exchange.account.acted(judgement.actions);
        match judgement.outcome {
            Outcome::Edited(edited) => fields::trailers(&edited),
            Outcome::Unchanged | Outcome::Blocked(_) => fields::trailers(&fields),
        }
    })
}

/// Both sides have agreed to speak something else: join them.
fn switched(exchange: &Exchange, switch: Option<Switch<'_>>, client: OnUpgrade, origin: OnUpgrade) {
    if let Some(switch) = switch {
        switch.switch();
    }
    let account = Arc::clone(&exchange.account);
    let idle = exchange.session.limits().tunnel;
    tokio::spawn(upgrade::join(client, origin, account, idle, Arc::clone(&exchange.session)));
}

/// The head of a request as this protocol wants it: for hyper, and of HTTP/1 as it stands on the wire.
///
/// # Errors
/// A [`Fault`] when the target cannot be written as a URI.
pub fn request_for(
    exchange: &Exchange,
    attempt: &Attempt,
    protocol: Protocol,
) -> Result<(Request<()>, Option<Lines>), Fault> {
    let head = &exchange.sent;
    let mut request = Request::new(());
    *request.method_mut() = attempt.method.clone();
    let (origin, naming, upgrade) = (&exchange.context.origin, exchange.naming(), attempt.upgrade.as_ref());
    match protocol {
        Protocol::Http1 => {
            let mut lines: Lines = fields::outbound(head, origin, naming, protocol, upgrade);
            // hyper need not know a target that is sound: it writes one of its own, which ours replaces.
            if is_plain_path(&head.target) {
                lines.asking(attempt.method.as_str().as_bytes(), &head.target);
            } else {
                *request.uri_mut() = uri(exchange, protocol)?;
            }
            *request.headers_mut() = if attempt.has_body { lines.framing_of_body() } else { lines.framing() };
            Ok((request, Some(lines)))
        }
        Protocol::Http2 => {
            *request.uri_mut() = uri(exchange, protocol)?;
            *request.headers_mut() = fields::outbound(head, origin, naming, protocol, upgrade);
            *request.version_mut() = HttpVersion::HTTP_2;
            // h2 keeps the protocol of an extended CONNECT here.
            *request.extensions_mut() = attempt.extensions.clone();
            Ok((request, None))
        }
    }
}

fn uri(exchange: &Exchange, protocol: Protocol) -> Result<Uri, Fault> {
    let path = exchange.sent.target.clone();
    let invalid = |error: http::Error| {
        Fault::refused(StatusCode::BAD_REQUEST, "the request target is not a valid URI").because(error)
    };
    if protocol == Protocol::Http1 {
        return Uri::from_maybe_shared(path).map_err(|error| invalid(error.into()));
    }
    let origin = &exchange.context.origin;
    Uri::builder()
        .scheme(origin.scheme.as_str())
        .authority(origin.authority())
        .path_and_query(path.as_ref())
        .build()
        .map_err(invalid)
}

/// Methods that may be sent again when a kept connection turns out to be closed (RFC 9110 §9.2.2).
pub fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE)
}
