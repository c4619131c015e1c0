//! Which exchanges were there, and what was one of them?

use axum::{
    extract::{Path, State},
    http::Uri,
    response::Response,
};
use jiff::Timestamp;
use serde::Serialize;

use super::{Desk, query::Query};
use crate::{
    admin::{detail, reply, reply::Fault},
    detect::Severity,
    sink::index::{Kind, Row, Wanted},
};

/// At once, unless it is said.
const LIMIT: i64 = 100;
/// At once, at most.
const MOST: i64 = 500;

#[derive(Serialize)]
struct List {
    items: Vec<Row>,
    next: Option<String>,
}

/// `GET /api/v1/exchanges`
pub async fn list(State(desk): State<Desk>, uri: Uri) -> Result<Response, Fault> {
    let wanted = wanted(Query::of(&uri)?)?;
    let page = desk.ask(move |reader, deadline| reader.page(&wanted, deadline)).await?;
    Ok(reply::json(&List { items: page.rows, next: page.next.map(|key| key.to_string()) }))
}

/// What is asked for.
fn wanted(mut query: Query) -> Result<Wanted, Fault> {
    let before = query.text("before");
    let before = before.map(|cursor| cursor.parse().map_err(|_| Fault::bad("`before` is what `next` said")));
    let mut terms = Vec::new();
    let kinds =
        [("identifier", Kind::Identifier), ("action", Kind::Action), ("rule", Kind::Rule), ("verdict", Kind::Verdict)];
    for (key, kind) in kinds {
        terms.extend(query.text(key).map(|text| (kind, vec![text])));
    }
    let least: Vec<_> = Severity::ALL.iter().map(|severity| (severity.as_str(), *severity)).collect();
    if let Some(least) = query.word("severity", &least)? {
        let words = Severity::ALL.iter().filter(|severity| **severity >= least);
        terms.push((Kind::Severity, words.map(|severity| severity.as_str().to_owned()).collect()));
    }
    if query.word("found", &[("1", true), ("true", true), ("0", false), ("false", false)])? == Some(true) {
        terms.push((Kind::Found, vec!["yes".to_owned()]));
    }
    let wanted = Wanted {
        before: before.transpose()?,
        after: None,
        limit: usize::try_from(query.number("limit", 1..=MOST, LIMIT)?).unwrap_or_default(),
        from: query.time("from")?.map(Timestamp::as_millisecond),
        to: query.time("to")?.map(Timestamp::as_millisecond),
        client: query.text("client"),
        host: query.text("host"),
        terms,
    };
    query.finish()?;
    Ok(wanted)
}

/// `GET /api/v1/exchanges/ID`
pub async fn one(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Response, Fault> {
    let (line, event) = desk.event(id).await?;
    let standing = desk.sources.configuration.standing();
    Ok(reply::of_bytes("application/json", detail::json(&line, &event, &standing)))
}

impl Desk {
    /// An event with its line.
    pub(super) async fn event(&self, id: String) -> Result<(Vec<u8>, crate::event::EventLine), Fault> {
        let found = self.ask(move |reader, _| reader.line(&id)).await?;
        found.ok_or_else(|| Fault::missing("there is no such exchange, or its file was let go"))
    }
}
