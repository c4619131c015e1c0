//! Which requests does clir answer itself, and how do they reach it?
//!
//! Those for the portal's name, through the proxy, and those that open clir's own address as that of any site. None of them
//! goes anywhere. What is answered is [`portal`]'s question.

use std::sync::Arc;

use bytes::BytesMut;
use http::{HeaderValue, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;

use super::{
    account::Account,
    body::Body,
    break_off::BreakOff,
    connect::bare,
    granted::{First, decide, of_hello},
    intercepted,
    line::Line,
    refusal,
    rewound::Rewound,
    route::Destination,
    serve::http1,
    session::{Inside, Judges, Scope, Session},
    stream_tasks::Reset,
    upstream::Target,
};
use crate::{
    event::Verdict,
    exchange::{Host, Origin, RequestHead, Scheme},
    listen::Kind,
    policy::trust::State,
    portal::{self, Standing, Visit, Way},
    sniff::ClientHello,
    tls,
};

/// Whether this origin is clir itself, by the portal's name.
pub fn is_own(origin: &Origin) -> bool {
    matches!(&origin.host, Host::Name(name) if name.eq_ignore_ascii_case(portal::NAME))
}

/// The answer, if the request is for clir itself.
pub fn answer(
    session: &Session,
    user: Option<&Arc<str>>,
    judges: &Judges,
    destination: Option<&Destination>,
    head: &RequestHead,
) -> Option<Response<Body>> {
    let (way, scheme) = match destination {
        Some(destination) if is_own(&destination.origin) => (Way::Through, destination.origin.scheme),
        None if is_visit(session, head) => (Way::Direct, Scheme::Http),
        Some(_) | None => return None,
    };
    let session = &session.known_as(user.cloned());
    let method = std::str::from_utf8(&head.method).unwrap_or_default();
    let target = std::str::from_utf8(&head.target).unwrap_or("/");
    let agent = head.fields.first("user-agent").and_then(|agent| std::str::from_utf8(agent).ok()).unwrap_or_default();
    let (standing, passing) = session.standing(&session.who()).unzip();
    let visit = Visit {
        method,
        target,
        scheme,
        way,
        client: session.client.address.ip(),
        proxy: session.client.local,
        is_proxy: session.client.kind == Kind::Explicit,
        vantage: session.client.vantage,
        agent,
        trust: standing.map_or(Standing::Unknown, |standing| match standing.state {
            State::Trusted => Standing::Trusted,
            State::Withdrawn => Standing::Withdrawn,
            State::NotShown | State::Expired | State::OtherAuthority => Standing::Unknown,
        }),
        pinned: passing.unwrap_or_default().into_iter().filter_map(|passed| passed.host).collect(),
        // Without random bytes there is no TLS either; nothing here has to be a secret.
        entropy: tls::random().unwrap_or_default(),
    };
    Some(response(portal::answer(&judges.portal, &visit)))
}

/// Whether somebody has opened the proxy's address as that of a site: by that very address, so that no site's name can be
/// made to lead here, and no forwarded port back.
fn is_visit(session: &Session, head: &RequestHead) -> bool {
    let is_asked = matches!(session.scope, Scope::Proxy | Scope::Streams(_)) && session.client.kind == Kind::Explicit;
    let host = head.fields.first("host").and_then(|host| Origin::parse(Scheme::Http, host).ok());
    let local = session.client.local;
    let is_here = host.is_some_and(|host| host.host == Host::Ip(local.ip()) && host.port == local.port());
    is_asked && is_here && matches!(&head.method[..], b"GET" | b"HEAD") && head.target.starts_with(b"/")
}

/// What the portal says, as an answer of ours.
pub fn response(answer: portal::Answer) -> Response<Body> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = refusal::of_bytes(status, answer.content_type, answer.body.into());
    for (name, value) in answer.fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Serves a tunnel to clir itself.
pub async fn open(
    session: Session,
    account: Arc<Account>,
    origin: Origin,
    upgrade: OnUpgrade,
    reset: Option<Arc<Reset>>,
) {
    match bare(upgrade, reset).await {
        Ok(client) => serve(session, account, origin, client).await,
        Err(error) => account.fails_with(format!("the tunnel was not opened: {error}")),
    }
}

/// Serves what is spoken with clir itself. Inside TLS it shows a certificate of the authority: who goes on trusts it.
pub async fn serve(session: Session, account: Arc<Account>, origin: Origin, mut client: Rewound<Line>) {
    let mut words = BytesMut::new();
    let decided = timeout(session.limits().sniff, decide(&mut client, &mut words)).await.unwrap_or(First::Undecided);
    let client = client.again(words.freeze());
    match decided {
        First::Http1 => {
            let target = Target::of(&Origin { scheme: Scheme::Http, ..origin });
            drop(account);
            http1(session.inside(Inside::new(target, None)), client, bytes::Bytes::new()).await;
        }
        First::Tls(hello) => serve_tls(session, account, origin, client, &hello).await,
        First::Http2 | First::BrokenTls { .. } | First::Unknown | First::Undecided => client.break_off(),
    }
}

/// The same, where TLS is spoken.
pub async fn serve_tls(
    session: Session,
    account: Arc<Account>,
    origin: Origin,
    client: Rewound<Line>,
    hello: &ClientHello,
) {
    account.tunnel(Verdict::Intercepted, of_hello(hello, Some("portal")));
    let target = Target::of(&Origin { scheme: Scheme::Https, ..origin });
    intercepted::serve_own(session, account, target, client, hello).await;
}
