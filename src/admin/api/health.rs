//! Is all well?

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;

use super::{Desk, query::Query};
use crate::admin::{
    ListenerInfo,
    metrics::Gauges,
    reply::{self, Fault},
};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

#[derive(Serialize)]
struct Health<'a> {
    version: &'static str,
    started: String,
    uptime_s: i64,
    listeners: &'a [ListenerInfo],
    events: Events,
    index: IndexHealth,
    configuration: Loaded,
    connections: usize,
}

#[derive(Serialize)]
struct Events {
    waiting: usize,
    dropped: u64,
    written: u64,
    dir: String,
    disk_free_bytes: Option<u64>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct IndexHealth {
    rows: Option<u64>,
    behind: u64,
}

#[derive(Serialize)]
struct Loaded {
    loaded: String,
    problem: Option<String>,
}

/// `GET /api/v1/health`
pub async fn health(State(desk): State<Desk>, uri: Uri) -> Result<Response, Fault> {
    Query::of(&uri)?.finish()?;
    // Without an index there is still everything else to say.
    let rows = desk.ask(|reader, _| reader.rows()).await.ok();
    let sources = &desk.sources;
    let events = sources.log.health();
    let standing = sources.configuration.standing();
    let now = Timestamp::now();
    Ok(reply::json(&Health {
        version: env!("CARGO_PKG_VERSION"),
        started: sources.started.to_string(),
        uptime_s: now.as_second() - sources.started.as_second(),
        listeners: &sources.listeners,
        events: Events {
            waiting: events.waiting,
            dropped: events.dropped,
            written: events.written,
            dir: sources.log_dir.display().to_string(),
            disk_free_bytes: free(&sources.log_dir),
            problem: events.problem,
        },
        index: IndexHealth { rows, behind: sources.index.behind() },
        configuration: Loaded { loaded: standing.loaded.to_string(), problem: standing.problem.clone() },
        connections: (sources.connections)(),
    }))
}

/// Bytes that may still be written.
fn free(dir: &std::path::Path) -> Option<u64> {
    let found = rustix::fs::statvfs(dir).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// `GET /metrics`
pub async fn metrics(State(desk): State<Desk>) -> Response {
    let sources = &desk.sources;
    let events = sources.log.health();
    let gauges = Gauges {
        connections: (sources.connections)(),
        events: (events.written, events.dropped, events.waiting),
        behind: sources.index.behind(),
        watchers: desk.watching(),
    };
    reply::of_bytes(TEXT, sources.metrics.text(gauges))
}

/// `GET /healthz`: somebody is there.
pub async fn alive() -> Response {
    reply::of_bytes("text/plain; charset=utf-8", "ok\n")
}

/// `GET /readyz`: and what has to work does.
pub async fn ready(State(desk): State<Desk>) -> Response {
    let is_ending = *desk.ends.borrow();
    if is_ending || desk.sources.log.health().problem.is_some() {
        let response = reply::of_bytes("text/plain; charset=utf-8", "not ready\n");
        return (StatusCode::SERVICE_UNAVAILABLE, response).into_response();
    }
    alive().await
}
