//! What happens to a CONNECT?
//!
//! ```text
//! access → scan, decide → connect to the origin → 200 → what is spoken decides, see `granted`
//! ```
//! The origin comes first: what cannot be reached is refused on the CONNECT itself. One that connections are kept to need not
//! be reached anew.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::{
    account::Account,
    arriving::Arriving,
    body::Body,
    entrance,
    fault::Fault,
    granted::Granted,
    hop::{Errand, Hopped},
    http::{Switch, answer_block, answer_fault},
    line::Line,
    moment::today,
    own,
    recorder::Recorder,
    rewound::Rewound,
    route,
    session::{Judges, Scope, Session},
    stand_in::reach_or_keep,
    stream_tasks::Reset,
};
use crate::{
    event::Verdict,
    exchange::{Origin, RequestHead},
    intercept::Outcome,
    policy::Carries,
};

/// Answers a CONNECT.
pub async fn handle(
    session: &Session,
    head: RequestHead,
    mut request: Request<Arriving>,
    switch: Option<Switch<'_>>,
) -> Response<Body> {
    let head = Arc::new(head);
    let judges = session.shared().judges.load_full();
    let destination = destination(session, &judges, &head);
    let named = Origin::parse_connect(&head.target).unwrap_or_else(|_| session.nowhere());
    let (context, account) = session.open(named, Arc::clone(&head));
    let judgement = judges.interceptor.request(&context, &head, today());
    account.found(judgement.findings);
    if judges.interceptor.is_check(&context, &head) {
        account.is_check();
    }
    let origin = match destination {
        Ok(origin) => origin,
        Err(refused) => return answer_fault(&account, &refused),
    };
    // A phone that cannot say a password has to get to where it is let in.
    if let Some(visitor) = entrance::visitor(session, &judges, &head.target) {
        let upgrade = grant(&account, Verdict::Answered, switch, &mut request);
        tokio::spawn(entrance::open(visitor, upgrade, Reset::current()));
        return Response::new(Body::empty());
    }
    let session = match entrance::enter(session, &judges, &head).await {
        Ok(user) => &session.known_as(user),
        Err(turned) => return turned.told(&account),
    };
    account.is_of(session.client.user.clone());
    account.acted(judgement.actions);
    if let Outcome::Blocked(block) = judgement.outcome {
        return answer_block(&account, &block);
    }
    if own::is_own(&origin) {
        let upgrade = grant(&account, Verdict::Answered, switch, &mut request);
        tokio::spawn(own::open(session.clone(), account, origin, upgrade, Reset::current()));
        return Response::new(Body::empty());
    }
    // What names itself a clir is believed if it has said a password.
    let before = Hopped::of(&head.fields).filter(|_| judges.authenticator.is_required());
    account.comes_by(before.map(|before| before.id));
    let errand = Errand { id: account.id, before, carries: Carries::Unknown, source: None };
    let stream = match reach_or_keep(session, &judges, &errand, &origin).await {
        Ok(stream) => stream,
        Err(fault) => return answer_fault(&account, &fault),
    };
    account.goes(stream.as_ref().and_then(Line::passage));
    let upgrade = grant(&account, Verdict::Tunnelled, switch, &mut request);
    let session = session.clone();
    let granted = Granted { session, judges, account, origin, led: None, source: None, stream, before };
    tokio::spawn(open(granted, upgrade, Reset::current()));
    Response::new(Body::empty())
}

/// What follows the answer belongs to a tunnel, and begins when the answer is out.
fn grant(
    account: &Account,
    verdict: Verdict,
    switch: Option<Switch<'_>>,
    request: &mut Request<Arriving>,
) -> OnUpgrade {
    account.ends(verdict, StatusCode::OK);
    if let Some(switch) = switch {
        switch.switch();
    }
    hyper::upgrade::on(request)
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

/// Waits until the client's side is free.
async fn open(granted: Granted, upgrade: OnUpgrade, reset: Option<Arc<Reset>>) {
    let switched = granted.session.switched();
    match bare(upgrade, reset).await {
        Ok(client) => granted.serve(client).await,
        Err(error) => granted.account.fails_with(format!("the tunnel was not opened: {error}")),
    }
    drop(switched);
}

/// Connects to a host by the way that leads there.
///
/// # Errors
/// A [`Fault`] when there is none, or nobody at its end.
pub async fn reach(session: &Session, judges: &Judges, errand: &Errand, origin: &Origin) -> Result<Line, Fault> {
    let via = judges.way(&origin.host, origin.port, errand.carries)?;
    session.worker.upstream.dial(judges, errand, (&origin.host, origin.port), via).await
}

/// The client's connection without what HTTP needed.
pub async fn bare(
    upgrade: OnUpgrade,
    reset: Option<Arc<Reset>>,
) -> Result<Rewound<Line>, Box<dyn Error + Send + Sync>> {
    match upgrade.await?.downcast::<TokioIo<Recorder<Line>>>() {
        Ok(parts) => {
            let (line, held) = parts.io.into_inner().into_parts();
            Ok(Rewound::new(line, held).again(parts.read_buf))
        }
        // A stream of HTTP/2.
        Err(upgraded) => Ok(Rewound::new(Line::accepted(upgraded, reset), Bytes::new())),
    }
}
