//! What passes unread, and what were people told?

use axum::{body::Bytes, extract::State, http::Uri, response::Response};
use serde::{Deserialize, Serialize};

use super::{Desk, query::Query};
use crate::admin::{Alert, PassedItem, reply, reply::Fault};

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

/// `GET /api/v1/passed`
pub async fn passed(State(desk): State<Desk>, uri: Uri) -> Result<Response, Fault> {
    Query::of(&uri)?.finish()?;
    let items: Vec<PassedItem> = desk.work(|sources| sources.passed.items()).await?;
    Ok(reply::json(&Items { items }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    client: String,
    #[serde(default)]
    host: Option<String>,
}

#[derive(Serialize)]
struct Forgotten {
    forgotten: usize,
}

/// `POST /api/v1/passed/forget`
pub async fn forget(State(desk): State<Desk>, body: Bytes) -> Result<Response, Fault> {
    let Forget { client, host } = parse(&body)?;
    let forgotten = desk.work(move |sources| sources.passed.forget(&client, host.as_deref())).await?;
    if forgotten > 0 {
        desk.sources.live.changed("passed");
    }
    Ok(reply::json(&Forgotten { forgotten }))
}

/// `GET /api/v1/alerts`
pub async fn alerts(State(desk): State<Desk>, uri: Uri) -> Result<Response, Fault> {
    let mut query = Query::of(&uri)?;
    let limit = usize::try_from(query.number("limit", 1..=500, 50)?).unwrap_or_default();
    query.finish()?;
    let items: Vec<Alert> = desk.work(move |sources| sources.alerts.recent(limit)).await?;
    Ok(reply::json(&Items { items }))
}

/// A body of JSON.
///
/// # Errors
/// It is none, or says something else.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::bad(format!("the body is not what is asked for: {error}")))
}
