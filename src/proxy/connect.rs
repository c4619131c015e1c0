//! What happens to a CONNECT?
//!
//! ```text
//! access → scan, decide → connect to the origin → 200 → what is spoken decides, see `granted`
//! ```
//! The origin comes first: what cannot be reached is refused on the CONNECT itself.

use std::{error::Error, sync::Arc};

use http::{Request, Response, StatusCode};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    body::Body,
    fault::Fault,
    granted::Granted,
    http::{Switch, answer_block, answer_fault, authenticate},
    recorder::Recorder,
    rewound::Rewound,
    route,
    session::{Judges, Scope, Session, today},
};
use crate::{
    event::Verdict,
    exchange::{Origin, RequestHead},
    intercept::Outcome,
};

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
    let stream = match session.worker.upstream.dial(&judges.access, &origin.host, origin.port, None).await {
        Ok(stream) => stream,
        Err(fault) => return answer_fault(&account, &fault),
    };
    account.ends(Verdict::Tunnelled, StatusCode::OK);
    if let Some(switch) = switch {
        switch.switch();
    }
    let session = session.clone();
    let granted = Granted { session, judges, account, origin, led: None, source: None, stream };
    tokio::spawn(open(granted, hyper::upgrade::on(&mut request)));
    Response::new(Body::empty())
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
async fn open(granted: Granted, upgrade: OnUpgrade) {
    match bare(upgrade).await {
        Ok(client) => granted.serve(client).await,
        Err(error) => granted.account.fails_with(format!("the tunnel was not opened: {error}")),
    }
}

/// The client's connection without what HTTP needed.
async fn bare(upgrade: OnUpgrade) -> Result<Rewound<TcpStream>, Box<dyn Error + Send + Sync>> {
    let parts = upgrade.await?.downcast::<TokioIo<Recorder<TcpStream>>>();
    let parts = parts.map_err(|_| "it leads through a connection of another kind")?;
    let (stream, held) = parts.io.into_inner().into_parts();
    Ok(Rewound::new(stream, held).again(parts.read_buf))
}
