//! On which connection is a request sent, and when is it sent again?
//!
//! A kept connection may have been closed by the origin in the meantime. What was never sent can always go out on
//! another; what may have been sent goes out again only if it is idempotent, has no body, and nothing came back.

use std::{
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http::{Extensions, Method, Request, Response, StatusCode};
use hyper::client::conn::TrySendError;

use super::{
    arriving::Arriving,
    body::Body,
    fault::{Fault, Stage},
    fields,
    forward::{Exchange, is_idempotent, request_for},
    gate, interim,
    session::Scope,
    upstream::{Direct, Failure, Hyper, Protocol, Sender, Target},
    verbatim::{Asked, Lines, Read},
};
use crate::{
    exchange::{ResponseHead, Scheme, Version, grammar::GrammarFault},
    policy::is_safe,
};

/// How often a request meets a dead connection before a fresh one is insisted on.
const STALE_TRIES: usize = 3;

const ENDED: &str = "the origin closed the connection without an answer";
const FAILED: &str = "the exchange with the origin failed";

/// What is needed to send a request, once or again.
#[derive(Debug)]
pub struct Attempt {
    /// The method.
    pub method: Method,
    /// hyper's extensions of the request that came in.
    pub extensions: Extensions,
    /// The body, until it is given to a connection.
    pub body: Option<Body>,
    /// The protocols that the client asks to upgrade to.
    pub upgrade: Option<Bytes>,
    /// Whether there is a body at all.
    pub has_body: bool,
}

impl Attempt {
    /// Tells when the body has gone out to its end.
    pub fn telling(mut self, whole: &Arc<AtomicBool>) -> Self {
        let whole = Arc::clone(whole);
        self.body = self.body.map(|body| body.at_end(move || whole.store(true, Ordering::Release)));
        self
    }

    /// Whether nothing but the head is to be sent, and nothing but an answer can come.
    fn is_bare(&self) -> bool {
        !self.has_body && self.upgrade.is_none() && is_safe(self.method.as_str().as_bytes())
    }

    /// The same once more, of a request that may be made twice: it changes nothing, has no body and asks for no other
    /// protocol.
    pub fn again(&self) -> Option<Self> {
        let is_plain = !self.has_body && self.upgrade.is_none() && is_safe(self.method.as_str().as_bytes());
        is_plain.then(|| Self {
            method: self.method.clone(),
            extensions: self.extensions.clone(),
            body: Some(Body::empty()),
            upgrade: None,
            has_body: false,
        })
    }
}

/// An answer whose head has come.
#[derive(Debug)]
pub struct Answered {
    /// The answer, whoever reads it.
    pub response: Response<Arriving>,
    /// Its head as it came.
    pub head: ResponseHead,
    /// The connection that it comes on.
    pub sender: Sender,
    /// What that connection leads to.
    pub target: Target,
}

/// Sends a request and gives back the answer. What was not sent stays in the attempt.
///
/// # Errors
/// A [`Fault`] when no connection gave an answer.
pub async fn send(
    exchange: &Arc<Exchange>,
    attempt: &mut Attempt,
    keeper: Option<&gate::Keeper>,
    needs_http2: bool,
) -> Result<Answered, Fault> {
    for tries in 0.. {
        let kept = if tries < STALE_TRIES { kept_connection(exchange, needs_http2) } else { None };
        let is_kept = kept.is_some();
        let sender = match kept {
            Some(sender) => sender,
            // Boxed, as all that is not on the way of most requests: they move less.
            None => Box::pin(fresh_connection(exchange)).await?,
        };
        exchange.account.goes(sender.passage());
        let error = match send_on(exchange, attempt, sender, keeper).await {
            Ok(answered) => return Ok(answered),
            Err(error) => error,
        };
        if !is_kept || !may_send_again(attempt, &error) {
            return Err(error.fault);
        }
        tracing::debug!("a kept connection was closed; trying another");
    }
    unreachable!("the loop ends with an answer or a fault")
}

/// An attempt that failed.
struct Failed {
    fault: Fault,
    /// The connection ended before anything came back.
    is_closed: bool,
}

fn may_send_again(attempt: &mut Attempt, failed: &Failed) -> bool {
    if attempt.body.is_some() {
        return true;
    }
    let may = failed.is_closed && !attempt.has_body && is_idempotent(&attempt.method);
    if may {
        attempt.body = Some(Body::empty());
    }
    may
}

/// A connection that is already there and speaks what the client speaks.
fn kept_connection(exchange: &Exchange, needs_http2: bool) -> Option<Sender> {
    if let Scope::Tunnel(inside) = &exchange.session.scope
        && let Some(first) = inside.take_first()
    {
        if let Some(shared) = first.share() {
            exchange.session.worker.upstream.put(&taken_by(&exchange.target, &shared), shared, &exchange.judges.access);
        }
        return Some(first);
    }
    let wants_http2 = needs_http2 || exchange.received.version == Version::Http2;
    exchange.session.worker.upstream.idle(&exchange.target, wants_http2, &exchange.judges.access)
}

async fn fresh_connection(exchange: &Exchange) -> Result<Sender, Fault> {
    let upstream = &exchange.session.worker.upstream;
    let protocols: &[Protocol] = match (exchange.target.scheme, exchange.received.version) {
        (Scheme::Https, Version::Http2) => &[Protocol::Http2, Protocol::Http1],
        (Scheme::Http, _) if exchange.session.speaks_http2() => &[Protocol::Http2],
        _ => &[Protocol::Http1],
    };
    let client = exchange.session.client.address.ip();
    let connected = upstream.connect(&exchange.judges, &exchange.errand(), &exchange.target, client, protocols).await?;
    if let Some(shared) = connected.sender.share() {
        upstream.put(&taken_by(&exchange.target, &shared), shared, &exchange.judges.access);
    }
    Ok(connected.sender)
}

/// The target as this connection reached it: the exit may have gone down meanwhile, or come back.
pub fn taken_by(target: &Target, sender: &Sender) -> Target {
    let via = sender.passage().map_or(target.via, |passage| passage.via);
    Target { via, ..target.clone() }
}

async fn send_on(
    exchange: &Arc<Exchange>,
    attempt: &mut Attempt,
    mut sender: Sender,
    keeper: Option<&gate::Keeper>,
) -> Result<Answered, Failed> {
    let protocol = sender.protocol();
    let (head, lines) = request_for(exchange, attempt, protocol).map_err(final_failure)?;
    let bare = lines.as_ref().filter(|_| attempt.is_bare()).and_then(Lines::bare_request);
    let (response, head) = match (sender.waited_on(), bare) {
        (Some(direct), Some(bare)) => send_bare(exchange, attempt, direct, &bare).await?,
        _ => {
            let sent = async {
                let hyper = sender.hyper().await.map_err(closed)?;
                send_by(exchange, attempt, hyper, (head, lines), keeper).await
            };
            Box::pin(sent).await?
        }
    };
    Ok(Answered { response, head, sender, target: exchange.target.clone() })
}

/// Sends a request without a body, and reads the head of its answer.
async fn send_bare(
    exchange: &Arc<Exchange>,
    attempt: &mut Attempt,
    direct: &Direct,
    request: &[u8],
) -> Result<(Response<Arriving>, ResponseHead), Failed> {
    let asked = Asked::by(&attempt.method);
    attempt.body = None;
    let failed = |failure| match failure {
        Failure::Grammar(fault) => final_failure(invalid(fault)),
        Failure::Closed(error) => closed(Fault::origin(Stage::Exchange, ENDED).because(Arc::new(error))),
        Failure::Io(error) => final_failure(Fault::origin(Stage::Exchange, FAILED).because(Arc::new(error))),
    };
    let (head, arrival) = direct.send(request, asked, exchange.as_ref()).await.map_err(failed)?;
    let mut response = Response::new(Arriving::Direct(arrival));
    *response.status_mut() =
        StatusCode::from_u16(head.status).map_err(|_| final_failure(invalid(GrammarFault::Malformed)))?;
    Ok((response, head))
}

async fn send_by(
    exchange: &Arc<Exchange>,
    attempt: &mut Attempt,
    hyper: &mut Hyper,
    (head, lines): (Request<()>, Option<Lines>),
    keeper: Option<&gate::Keeper>,
) -> Result<(Response<Arriving>, ResponseHead), Failed> {
    if hyper.ready().await.is_err() {
        return Err(closed(Fault::origin(Stage::Exchange, "the connection to the origin was closed")));
    }
    let Some(body) = attempt.body.take() else {
        return Err(final_failure(Fault::ours(Stage::Exchange, "the body of the request is gone")));
    };
    let mut request = head.map(|()| body.onto(hyper.next_head()));
    if let (None, Some(keeper)) = (&lines, keeper) {
        interim::watch(&mut request, keeper.clone());
    }
    let head = lines.map(|lines| (lines, interim::ears(exchange, keeper)));
    let answer = hyper.send(head, request);
    let answered = match keeper {
        Some(keeper) => keeper.hold(answer).await,
        None => answer.await,
    };
    match answered {
        Ok(response) => {
            let head = head_of(&response, hyper).map_err(final_failure)?;
            Ok((response, head))
        }
        Err(error) => match hyper.head() {
            Some(Err(fault)) => Err(final_failure(invalid(fault))),
            _ => Err(failed(attempt, error)),
        },
    }
}

fn invalid(fault: GrammarFault) -> Fault {
    Fault::origin(Stage::Exchange, "the origin's answer is not valid HTTP").because(fault)
}

/// hyper and the reader beside it must have read the same head, and the stricter of the two has the last word.
fn head_of(response: &Response<Arriving>, hyper: &Hyper) -> Result<ResponseHead, Fault> {
    let is_twin =
        |read: &Read| read.head.status == response.status().as_u16() && read.shown == response.headers().len();
    match (hyper, hyper.head()) {
        (Hyper::Http2(..), _) => Ok(ResponseHead {
            status: response.status().as_u16(),
            reason: Bytes::new(),
            version: Version::Http2,
            fields: fields::of_map(response.headers()),
        }),
        (Hyper::Http1(..), Some(Ok(read))) if is_twin(&read) => Ok(read.head),
        (Hyper::Http1(..), Some(Err(fault))) => Err(invalid(fault)),
        (Hyper::Http1(..), _) => Err(Fault::origin(Stage::Exchange, "the origin's answer can be read in two ways")),
    }
}

fn final_failure(fault: Fault) -> Failed {
    Failed { fault, is_closed: false }
}

fn closed(fault: Fault) -> Failed {
    Failed { fault, is_closed: true }
}

fn failed(attempt: &mut Attempt, mut error: TrySendError<Request<Body>>) -> Failed {
    // Not sent at all: the body is still whole.
    attempt.body = error.take_message().map(Request::into_body);
    let error = error.into_error();
    // hyper lays a connection whose task is gone to its user as well; without a body the client has no part in it.
    let is_cut_short = error.is_user() && attempt.has_body;
    let is_gone = error.is_user() && !is_cut_short || is_reset(&error);
    let is_closed = error.is_closed() || error.is_canceled() || error.is_incomplete_message() || is_gone;
    let fault = match () {
        () if error.is_parse() => Fault::origin(Stage::Exchange, "the origin's answer is not valid HTTP"),
        () if is_cut_short => cut_short(&error),
        () if is_closed => Fault::origin(Stage::Exchange, ENDED),
        () => Fault::origin(Stage::Exchange, FAILED),
    };
    Failed { fault: fault.because(Arc::new(error)), is_closed }
}

/// Whether the origin had closed the connection before the request reached it: its system answers with a reset.
fn is_reset(error: &hyper::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| matches!(cause.kind(), BrokenPipe | ConnectionAborted | ConnectionReset))
}

/// The client did not finish its request, or broke its framing: that is told to the client, not laid to the origin.
fn cut_short(error: &hyper::Error) -> Fault {
    let mut cause = error.source();
    let mut is_late = false;
    while let Some(error) = cause {
        is_late |= error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
        cause = error.source();
    }
    let status = if is_late { StatusCode::REQUEST_TIMEOUT } else { StatusCode::BAD_REQUEST };
    Fault::cut_short(status, "the body of the request did not arrive whole")
}
