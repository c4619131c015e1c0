//! Is there a connection to the site in TLS, and may this request use it?
//!
//! One look at a site at a time, and not too many in all. Whoever asks while somebody looks waits for what is found.

use std::{sync::Arc, time::Duration};

use http::{Method, StatusCode};
use tokio::time::timeout;

use super::memory::{Known, Record};
use crate::{
    exchange::{Fields, RequestHead},
    policy::{Heard, heard, is_inside},
    proxy::{
        body::Body,
        fault::{Fault, Stage},
        forward::Exchange,
        send::{self, Answered, Attempt},
        upstream::Protocol,
    },
};

/// Of the client's fields, those without which servers tend to refuse anybody.
const OF_THE_CLIENT: [&str; 2] = ["user-agent", "accept"];

/// Sees to it that the request can go: to a site that was found, and if it may change something, to one that has
/// answered well.
///
/// # Errors
/// Why it cannot.
pub async fn ready(inside: &Exchange, record: &Record, is_safe: bool) -> Result<(), &'static str> {
    let limit = inside.judges.upgrading.probe;
    match record.known() {
        Known::Not(reason) => Err(reason),
        Known::Proven => connected(inside, record, limit).await,
        Known::Found if is_safe => connected(inside, record, limit).await,
        Known::Found | Known::Nothing => look(inside, record, is_safe, limit).await,
    }
}

/// Looks, or waits for whoever does.
async fn look(inside: &Exchange, record: &Record, is_safe: bool, limit: Duration) -> Result<(), &'static str> {
    let upgrades = &inside.session.shared().upgrades;
    // Two looks in a row take no longer than this.
    let Ok(_turn) = timeout(limit * 2, record.turn()).await else { return Err("slow") };
    match record.known() {
        Known::Not(reason) => return Err(reason),
        Known::Proven => return Ok(()),
        Known::Found if is_safe => return Ok(()),
        Known::Found | Known::Nothing => {}
    }
    let Ok(_room) = timeout(limit, upgrades.room()).await else { return Err("busy") };
    connected(inside, record, limit).await?;
    record.is_found();
    if is_safe {
        return Ok(());
    }
    match timeout(limit, Box::pin(ask(inside))).await {
        Ok(Ok(Heard::There)) => {
            record.is_there();
            Ok(())
        }
        Ok(Ok(Heard::SentBack)) => {
            record.is_not_there("redirects-back");
            Err("redirects-back")
        }
        // It may be there all the same; requests that change nothing will tell.
        Ok(Ok(Heard::Doubtful) | Err(_)) | Err(_) => Err("unproven"),
    }
}

/// Sees to it that a connection waits in the pool.
async fn connected(inside: &Exchange, record: &Record, limit: Duration) -> Result<(), &'static str> {
    let Exchange { session, judges, target, .. } = inside;
    let upstream = &session.worker.upstream;
    if let Some(idle) = upstream.idle(target, false, &judges.access) {
        upstream.put(target, idle, &judges.access);
        return Ok(());
    }
    let failed = |reason| {
        record.is_not_there(reason);
        Err(reason)
    };
    match timeout(limit, Box::pin(connect(inside))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(reason)) => failed(reason),
        Err(_elapsed) => failed("slow"),
    }
}

async fn connect(inside: &Exchange) -> Result<(), &'static str> {
    let Exchange { session, judges, target, .. } = inside;
    let upstream = &session.worker.upstream;
    let there = (&target.dialled, target.port);
    let line = upstream.dial(judges, &inside.errand(), there, target.via).await.map_err(|fault| reason(&fault))?;
    // Where an exit reaches, it knows best.
    if line.peer().is_some_and(|peer| is_inside(peer.ip())) {
        return Err("private");
    }
    let client = session.client.address.ip();
    let connected = upstream.establish(line, target, client, &[Protocol::Http1]).await;
    let sender = connected.map_err(|fault| reason(&fault))?.sender;
    upstream.put(&send::taken_by(target, &sender), sender, &judges.access);
    Ok(())
}

/// Asks for the head of the same page, which changes nothing, and says nothing of the client but its kind.
async fn ask(inside: &Exchange) -> Result<Heard, Fault> {
    let mut fields = Fields::new();
    fields.push("Host", inside.context.origin.authority());
    for field in inside.sent.fields.iter().filter(|field| OF_THE_CLIENT.iter().any(|name| field.is(name))) {
        fields.push(field.name.clone(), field.value.clone());
    }
    let path = inside.sent.target.split(|byte| *byte == b'?').next().unwrap_or(b"/");
    let target = inside.sent.target.slice_ref(path);
    let head = RequestHead { method: "HEAD".into(), target, version: inside.sent.version, fields };
    let mut asking = inside.clone();
    asking.sent = head.into();
    let asking = Arc::new(asking);
    let Answered { response, head, sender, .. } =
        send::send(&asking, &mut Attempt::bare(Method::HEAD), None, false).await?;
    let is_no_method = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED].contains(&response.status());
    drop(response);
    inside.session.worker.upstream.put(&send::taken_by(&inside.target, &sender), sender, &inside.judges.access);
    // A page that takes no HEAD is a page.
    Ok(if is_no_method { Heard::There } else { heard(&inside.context.origin.host, &head) })
}

/// A word for why there is no answer inside TLS.
pub fn reason(fault: &Fault) -> &'static str {
    match fault.stage {
        _ if fault.status == StatusCode::GATEWAY_TIMEOUT => "slow",
        Stage::Resolve | Stage::Connect | Stage::Access | Stage::Hop => "no-https",
        Stage::Handshake => "untrusted",
        Stage::Exchange | Stage::RequestBody => "broken",
    }
}

/// The words of [`reason`]: they say nothing of what the site is.
pub const UNREACHED: [&str; 4] = ["slow", "no-https", "untrusted", "broken"];

/// Every word for a site that is not there.
pub const REASONS: [&str; 8] =
    ["slow", "no-https", "untrusted", "broken", "private", "redirects-back", "differs", "circles"];

impl Attempt {
    /// One without a body or anything that hyper knew of the client's.
    fn bare(method: Method) -> Self {
        Self { method, extensions: <_>::default(), body: Some(Body::empty()), upgrade: None, has_body: false }
    }
}
