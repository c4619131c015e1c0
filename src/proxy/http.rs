//! What happens to one request?
//!
//! ```text
//! twin from the tape → where to → scan, decide, edit → origin → scan, decide, edit → answer
//! ```
//! Everything that ends the way early is an answer too, and every way ends in the account's one event.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::{
    account::Account,
    arriving::Arriving,
    body::Body,
    connect,
    entrance::{self, TurnedAway},
    fault::{Fault, Side, Stage},
    forward::{self, Exchange},
    frames::Received,
    http2_head,
    max_forwards::{self, Hop},
    moment::today,
    own,
    recorder::{Recorded, Tape},
    refusal, route,
    session::{Judges, Scope, Session},
    upstream::Target,
};
use crate::{
    event::Verdict,
    exchange::{
        RequestHead, Version,
        grammar::{GrammarFault, Malformed},
    },
    intercept::{Block, Outcome},
};

/// A request's body that is read to its end though nobody wants it, for the sake of the connection.
const SHORT_REST: u64 = 64 * 1024;
/// How long that may take.
const REST: Duration = Duration::from_secs(1);

/// Answers one request of HTTP/1.
pub async fn handle(session: Arc<Session>, request: Request<Arriving>) -> Result<Response<Body>, Infallible> {
    let Some(tape) = session.tape.clone() else { return Ok(refuse_head(&session, GrammarFault::Malformed)) };
    let response = handle_recorded(&session, &tape, request).await;
    Ok(response.map(|body| body.under_way(tape.answers())))
}

async fn handle_recorded(session: &Arc<Session>, tape: &Tape, request: Request<Arriving>) -> Response<Body> {
    let parsed = match tape.next() {
        Some(Recorded::Sound(parsed, shown)) if is_twin(&parsed.head, shown, &request) => parsed,
        Some(Recorded::Sound(..)) | None => return refuse_head(session, GrammarFault::Malformed),
        Some(Recorded::Refused(fault)) => return refuse_head(session, fault),
    };
    // Only where the recorder waits for a word: one that nobody waits for would be taken for the next one's.
    let switch = parsed.may_switch.then(|| Switch::new(tape));
    if let Some(visit) = entrance::visit(session, &parsed.head) {
        return Box::pin(entrance::receive(session, parsed.head, request, visit)).await;
    }
    // Boxed, so that an idle connection does not hold room for everything that a request may need.
    if request.method() == Method::CONNECT {
        return Box::pin(connect::handle(session, parsed.head, request, switch)).await;
    }
    Box::pin(handle_head(session, parsed.head, request, switch)).await
}

/// Answers one request of HTTP/2, whose head was read beside hyper.
pub async fn handle_http2(
    session: Session,
    received: Option<Received>,
    request: Request<Arriving>,
) -> Result<Response<Body>, Infallible> {
    let session = Arc::new(session);
    let is_tunnel = http2_head::is_tunnel(&request);
    let is_inside = matches!(session.scope, Scope::Tunnel(_));
    // Nothing comes to hyper but by the reader.
    let Some(received) = received else { return Ok(refuse_head(&session, GrammarFault::Malformed)) };
    let (head, checked) = http2_head::check(received, is_tunnel, session.limits().head, is_inside);
    if let Err(refused) = checked {
        return Ok(answer_fault(&refused_account(&session, head), &refused));
    }
    let response = if let Some(visit) = entrance::visit(&session, &head) {
        Box::pin(entrance::receive(&session, head, request, visit)).await
    } else if is_tunnel {
        Box::pin(connect::handle(&session, head, request, None)).await
    } else {
        Box::pin(handle_head(&session, head, request, None)).await
    };
    Ok(response.map(|body| body.inside(session.scope.clone())))
}

/// Tells of a request that the client hears of by a reset of its stream.
pub fn malformed(session: &Session, head: RequestHead, why: Malformed) {
    tracing::debug!("a malformed request of HTTP/2: {why}");
    refused_account(session, head).refuses(None, why.to_string());
}

/// The account of a request that goes nowhere. What it says is written down as well, and masked: so it is judged.
fn refused_account(session: &Session, head: RequestHead) -> Arc<Account> {
    let head = Arc::new(head);
    let judges = session.shared().judges.load_full();
    let (context, account) = session.open(session.nowhere(), Arc::clone(&head));
    account.found(judges.interceptor.request(&context, &head, today()).findings);
    account
}

/// Tells the recorder that the protocol stays as it is, unless somebody says that it was switched.
#[derive(Debug)]
pub struct Switch<'a> {
    tape: &'a Tape,
    is_switched: bool,
}

impl<'a> Switch<'a> {
    fn new(tape: &'a Tape) -> Self {
        Self { tape, is_switched: false }
    }

    /// The protocol is being switched: what follows the head belongs to the tunnel.
    pub fn switch(mut self) {
        self.is_switched = true;
    }
}

impl Drop for Switch<'_> {
    fn drop(&mut self) {
        if self.is_switched { self.tape.switch() } else { self.tape.resume() }
    }
}

/// hyper and the recorder must have read the same request; if not, one of them can be fooled, and nothing is passed on.
fn is_twin(head: &RequestHead, shown: usize, request: &Request<Arriving>) -> bool {
    head.method == request.method().as_str().as_bytes() && shown == request.headers().len()
}

fn refuse_head(session: &Session, fault: GrammarFault) -> Response<Body> {
    let head = RequestHead { method: "".into(), target: "".into(), version: Version::Http11, fields: <_>::default() };
    let (_, account) = session.open(session.nowhere(), Arc::new(head));
    let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::BAD_REQUEST);
    account.refuses(status, fault.to_string());
    refusal::closing(refusal::of_request(status, &fault.to_string()))
}

async fn handle_head(
    session: &Arc<Session>,
    head: RequestHead,
    request: Request<Arriving>,
    switch: Option<Switch<'_>>,
) -> Response<Body> {
    let exchange = match admit(session, head).await {
        Ok(exchange) => exchange,
        Err(answer) => return settle(request, *answer).await,
    };
    let account = Arc::clone(&exchange.account);
    match forward::forward(exchange, request, switch).await {
        Ok(response) => response,
        Err(fault) => answer_fault(&account, &fault),
    }
}

/// An answer of our own. What is left of the request is read if it is short, so that the connection can be used again;
/// otherwise the client is told that it cannot.
async fn settle(request: Request<Arriving>, answer: Response<Body>) -> Response<Body> {
    let expects = request.headers().contains_key(header::EXPECT);
    let is_short = request.body().size_hint().upper().is_some_and(|length| length <= SHORT_REST);
    let is_http2 = request.version() == http::Version::HTTP_2;
    if is_http2 || request.body().is_end_stream() {
        return answer;
    }
    let is_read = is_short && !expects && matches!(timeout(REST, request.into_body().collect()).await, Ok(Ok(_)));
    if is_read { answer } else { refusal::closing(answer) }
}

/// Judges a head: what may pass, or the answer to what may not.
async fn admit(session: &Arc<Session>, head: RequestHead) -> Result<Arc<Exchange>, Box<Response<Body>>> {
    session.proves();
    let judges = session.shared().judges.load_full();
    let destination = route::destination(&session.scope, &head).and_then(|found| allowed(session, &judges, found));
    let (origin, target) = match &destination {
        Ok(destination) => (destination.origin.clone(), destination.path.clone()),
        Err(_) => (session.nowhere(), head.target.clone()),
    };
    let head = Arc::new(RequestHead { target, ..head });
    session.prove(&judges, &origin).await;
    let (context, account) = session.open(origin, Arc::clone(&head));
    // What is refused is written down as well, and masked: so it is judged first.
    let judgement = judges.interceptor.request(&context, &head, today());
    account.found(judgement.findings);
    if judges.interceptor.is_check(&context, &head) {
        account.is_check();
    }
    let entered = entrance::enter(session, &judges, &head).await;
    // What clir shows of itself is not for strangers on the internet.
    if (entered.is_ok() || entrance::is_near(session))
        && let Some(answer) = own::answer(session, user(&entered), &judges, destination.as_ref().ok(), &head)
    {
        account.ends(Verdict::Answered, answer.status());
        return Err(Box::new(answer));
    }
    let target = match destination {
        Ok(destination) => destination.target,
        Err(refused) => return Err(Box::new(answer_fault(&account, &refused))),
    };
    match entered {
        Ok(user) => account.is_of(user),
        Err(turned) => return Err(Box::new(turned.told(&account))),
    }
    account.acted(judgement.actions);
    let sent = match judgement.outcome {
        Outcome::Unchanged => Arc::clone(&head),
        Outcome::Edited(edited) => Arc::new(edited),
        Outcome::Blocked(block) => return Err(Box::new(answer_block(&account, &block))),
    };
    let sent = count_forwards(sent, &account)?;
    if let Some(fault) = broken(&session.scope) {
        return Err(Box::new(answer_fault(&account, &fault)));
    }
    let way = judges.way(&target.dialled, target.port, forward::carries(target.scheme));
    let target = match way {
        Ok(via) => Target { via, ..target },
        Err(fault) => return Err(Box::new(answer_fault(&account, &fault))),
    };
    Ok(Arc::new(Exchange { session: Arc::clone(session), judges, context, account, received: head, sent, target }))
}

/// Whom the request says that it is of.
fn user(entered: &Result<Option<Arc<str>>, TurnedAway>) -> Option<&Arc<str>> {
    entered.as_ref().ok().and_then(Option::as_ref)
}

/// The head for the next hop, or the answer where there is to be none (RFC 9110 §7.6.2).
fn count_forwards(sent: Arc<RequestHead>, account: &Account) -> Result<Arc<RequestHead>, Box<Response<Body>>> {
    match max_forwards::count(&sent) {
        Hop::On => Ok(sent),
        Hop::Counted(counted) => Ok(Arc::new(counted)),
        Hop::Ends(answer) => {
            account.refuses(answer.status(), "answered here, as Max-Forwards wants".into());
            Err(answer)
        }
    }
}

/// A host that may not be gone to may not be named either, wherever the connection goes.
fn allowed(session: &Session, judges: &Judges, found: route::Destination) -> Result<route::Destination, Fault> {
    if session.is_led() && !judges.access.admits_host(&found.origin.host) {
        return Err(Fault::denied("access.deny_targets forbids this host"));
    }
    Ok(found)
}

/// Why the origin of a tunnel cannot be spoken to, if it cannot.
fn broken(scope: &Scope) -> Option<Arc<Fault>> {
    let Scope::Tunnel(inside) = scope else { return None };
    inside.fault.clone()
}

/// The page for a rule that blocks, and its line in the account.
pub fn answer_block(account: &Account, block: &Block) -> Response<Body> {
    let (status, page) = refusal::of_block(block);
    account.ends(Verdict::Blocked, status);
    page
}

/// The page for a fault, and its line in the account.
pub fn answer_fault(account: &Account, fault: &Fault) -> Response<Body> {
    match (fault.side, fault.stage) {
        (Side::Client, Stage::Access) => account.refuses(fault.status, fault.to_string()),
        // It was let through, and did not come to a good end.
        _ => {
            account.ends(Verdict::Failed, fault.status);
            account.fails(fault);
        }
    }
    match fault.side {
        Side::Ours => tracing::error!(stage = ?fault.stage, "{fault}"),
        Side::Client | Side::Origin => tracing::debug!(stage = ?fault.stage, "{fault}"),
    }
    refusal::of_fault(fault)
}
