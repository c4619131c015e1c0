//! Is this request let in, and by what?
//!
//! By the address, by a link that admits it, by a password: asked at each request, for a link's time ends, and rules about
//! addresses change, while connections live. What was agreed when a tunnel was opened holds for its inside, but for the
//! address.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use zeroize::Zeroizing;

use super::{
    account::Account,
    arriving::Arriving,
    attempts::WINDOW,
    authentication::Denied,
    body::Body,
    claiming::Visit,
    connect::bare,
    lobby::Visitor,
    refusal,
    refusals::Reason,
    session::{Judges, Scope, Session},
    stream_tasks::Reset,
};
use crate::{event::Verdict, exchange::RequestHead, listen::Kind};

/// What stands in an event in place of a link.
const HIDDEN: &[u8] = b"/claim/-";
/// What is said of an address that may not come in.
const NOT_ADMITTED: &str = "this clir does not serve your address";
/// What is said of too many passwords that were wrong.
const TOO_MANY: &str = "too many passwords were wrong; try again later";

/// Somebody who is not let in.
#[derive(Debug)]
pub struct TurnedAway {
    answer: Response<Body>,
    why: &'static str,
}

impl TurnedAway {
    fn new(answer: Response<Body>, why: &'static str) -> Self {
        Self { answer, why }
    }

    /// The answer, once it stands in the account.
    pub fn told(self, account: &Account) -> Response<Body> {
        account.refuses(self.answer.status(), self.why.into());
        self.answer
    }
}

/// Lets a request in, and says whose it is, if that is known.
pub async fn enter(session: &Session, judges: &Judges, head: &RequestHead) -> Result<Option<Arc<str>>, TurnedAway> {
    let client = session.client.address.ip();
    if let Some(claimed) = judges.claimed(&session.client.listener, client) {
        return Ok(session.client.user.clone().or_else(|| claimed.user.clone()));
    }
    if !judges.access.admits_client(client) {
        tell(session, Reason::NotAdmitted);
        let answer = refusal::closing(refusal::of_request(StatusCode::FORBIDDEN, NOT_ADMITTED));
        return Err(TurnedAway::new(answer, NOT_ADMITTED));
    }
    let is_inside = matches!(session.scope, Scope::Tunnel(_)) || session.client.kind != Kind::Explicit;
    if !judges.authenticator.is_required() || is_inside {
        return Ok(session.client.user.clone());
    }
    let credentials = head.fields.first("proxy-authorization").map(AsRef::as_ref);
    if are_over(session, judges, credentials) {
        tell(session, Reason::TooManyAttempts);
        return Err(TurnedAway::new(slow_down(), TOO_MANY));
    }
    judges.authenticator.check(credentials).await.map_err(|denied| {
        count(session, denied);
        TurnedAway::new(refusal::challenge(&denied.to_string()), "a user name and a password are required")
    })
}

/// Lets somebody in who logs in over SOCKS.
pub async fn log_in(
    session: &Session,
    judges: &Judges,
    name: Zeroizing<Vec<u8>>,
    password: Zeroizing<Vec<u8>>,
) -> Result<Option<Arc<str>>, &'static str> {
    if session.shared().passwords.are_over(session.client.address.ip()) {
        tell(session, Reason::TooManyAttempts);
        return Err(TOO_MANY);
    }
    judges.authenticator.check_pair(name, password).await.map_err(|denied| {
        count(session, denied);
        "the user name or the password is wrong"
    })
}

/// Whether what was said is not looked at. What was right a moment ago still is.
fn are_over(session: &Session, judges: &Judges, credentials: Option<&[u8]>) -> bool {
    let Some(credentials) = credentials else { return false };
    session.shared().passwords.are_over(session.client.address.ip()) && !judges.authenticator.remembers(credentials)
}

fn count(session: &Session, denied: Denied) {
    if denied == Denied::Missing {
        return tell(session, Reason::NoCredentials);
    }
    session.shared().passwords.count(session.client.address.ip());
    tell(session, Reason::WrongCredentials);
}

fn tell(session: &Session, reason: Reason) {
    session.shared().refusals.tell(session.client.address.ip(), reason);
}

fn slow_down() -> Response<Body> {
    let mut answer = refusal::closing(refusal::of_request(StatusCode::TOO_MANY_REQUESTS, TOO_MANY));
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(WINDOW.as_secs()));
    answer
}

/// Whether the client is on this machine or on a network of its own, where what clir shows of itself is meant to be seen.
pub fn is_near(session: &Session) -> bool {
    match session.client.address.ip().to_canonical() {
        IpAddr::V4(client) => client.is_loopback() || client.is_private() || client.is_link_local(),
        IpAddr::V6(client) => client.is_loopback() || client.is_unique_local() || client.is_unicast_link_local(),
    }
}

/// What a request wants of a link, if anything.
pub fn visit(session: &Session, head: &RequestHead) -> Option<Visit> {
    if matches!(session.scope, Scope::Tunnel(_)) {
        return None;
    }
    let judges = session.shared().judges.load();
    let claiming = judges.claiming.as_ref()?;
    let host = head.fields.first("host").map(AsRef::as_ref);
    claiming.visit(&head.target, host, session.client.is_secure)
}

/// Answers a request for a link; its event does not tell which.
pub async fn receive(session: &Session, head: RequestHead, request: Request<Arriving>, visit: Visit) -> Response<Body> {
    let judges = session.shared().judges.load_full();
    let told = head.fields.iter().filter(|field| !field.name.eq_ignore_ascii_case(b"referer"));
    let fields = told.map(|field| (field.name.clone(), field.value.clone())).collect();
    let head = Arc::new(RequestHead { target: HIDDEN.into(), fields, ..head });
    let (_, account) = session.open(session.nowhere(), head);
    let Some(claiming) = &judges.claiming else {
        return TurnedAway::new(refusal::of_request(StatusCode::NOT_FOUND, NOT_ADMITTED), NOT_ADMITTED).told(&account);
    };
    let method = request.method().clone();
    let client = session.client.address.ip();
    let answer = claiming.answer(session.shared(), client, visit, &method, request.into_body()).await;
    account.ends(Verdict::Answered, answer.status());
    answer
}

/// Who wants a tunnel to where links are, which is served here.
pub fn visitor(session: &Session, judges: &Judges, authority: &[u8]) -> Option<Visitor> {
    let claiming = judges.claiming.as_ref()?;
    let is_here = claiming.serves(&session.client.listener) && claiming.leads_here(authority);
    is_here.then(|| Visitor {
        shared: Arc::clone(session.shared()),
        claiming: Arc::clone(claiming),
        client: session.client.address.ip(),
        local: session.client.local,
        ending: session.worker.ending.clone(),
    })
}

/// Serves that tunnel.
pub async fn open(visitor: Visitor, upgrade: OnUpgrade, reset: Option<Arc<Reset>>) {
    match bare(upgrade, reset).await {
        Ok(client) => visitor.serve_inside(client).await,
        Err(error) => tracing::debug!("a tunnel to a link was not opened: {error}"),
    }
}
