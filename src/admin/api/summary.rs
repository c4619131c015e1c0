//! How much was there, in a sentence and in numbers?

use axum::{extract::State, http::Uri, response::Response};
use jiff::{Timestamp, Zoned};
use serde::Serialize;

use super::{Desk, query::Query};
use crate::{
    admin::{reply, reply::Fault},
    event::spoken,
    sink::index::{By, Counted, Received, Span, Summary},
};

/// Pictures have so many bars at most.
const BUCKETS: i64 = 500;
/// A year in seconds.
const LONGEST_STEP: i64 = 366 * 86_400;

#[derive(Serialize)]
struct Told {
    since: String,
    until: String,
    statement: String,
    identifiers: Vec<IdentifierTold>,
    exchanges: i64,
    with_findings: i64,
    tunnels: i64,
    hosts: i64,
    clients: i64,
    vantages: Vec<VantageTold>,
}

#[derive(Serialize)]
struct IdentifierTold {
    identifier: String,
    words: String,
    severity: Option<crate::detect::Severity>,
    received: i64,
    spared: i64,
}

#[derive(Serialize)]
struct VantageTold {
    vantage: String,
    listener: String,
    sees: String,
}

/// `GET /api/v1/summary`
pub async fn summary(State(desk): State<Desk>, uri: Uri) -> Result<Response, Fault> {
    let mut query = Query::of(&uri)?;
    let midnight = midnight();
    let since = query.time("since")?.unwrap_or(midnight);
    let until = query.time("until")?;
    query.finish()?;
    let end = until.unwrap_or_else(Timestamp::now);
    // What happens at this very moment belongs to it.
    let span = Span { from: since.as_second(), to: until.map_or(i64::MAX >> 10, Timestamp::as_second) };
    let summary = desk.ask(move |reader, _| reader.summary(span)).await?;
    let when = if since == midnight && until.is_none() { " today" } else { "" };
    let listeners = desk.sources.listeners.iter();
    let vantages = listeners.map(|listener| VantageTold {
        vantage: listener.vantage.clone(),
        listener: listener.label.clone(),
        sees: listener.sees.clone(),
    });
    let vantages: Vec<_> = vantages.collect();
    Ok(reply::json(&Told {
        since: since.to_string(),
        until: end.to_string(),
        statement: statement(&summary, when, &vantages),
        identifiers: summary.identifiers.into_iter().map(told).collect(),
        exchanges: summary.exchanges,
        with_findings: summary.with_findings,
        tunnels: summary.tunnels,
        hosts: summary.hosts,
        clients: summary.clients,
        vantages,
    }))
}

/// The beginning of today, where clir is.
fn midnight() -> Timestamp {
    let now = Zoned::now();
    now.start_of_day().map_or_else(|_| now.timestamp(), |midnight| midnight.timestamp())
}

fn told(received: Received) -> IdentifierTold {
    IdentifierTold {
        words: spoken(&received.identifier).to_owned(),
        identifier: received.identifier,
        severity: received.severity,
        received: received.received,
        spared: received.spared,
    }
}

/// `1 site received your phone number today; 312 were spared.` Of the worst that was received, or else that was found.
fn statement(summary: &Summary, when: &str, vantages: &[VantageTold]) -> String {
    let identifiers = &summary.identifiers;
    let leading =
        identifiers.iter().find(|one| one.received > 0).or_else(|| identifiers.iter().find(|one| one.spared > 0));
    let Some(Received { identifier, received, spared, .. }) = leading else { return unfound(summary, when, vantages) };
    let what = spoken(identifier);
    let sites = |count: i64| if count == 1 { "1 site".to_owned() } else { format!("{count} sites") };
    let were = |count: i64| if count == 1 { "was" } else { "were" };
    match (*received, *spared) {
        (0, spared) => format!("No site received your {what}{when}; {} {} spared it", sites(spared), were(spared)),
        (received, 0) => format!("{} received your {what}{when}", sites(received)),
        (received, spared) => {
            format!("{} received your {what}{when}; {spared} {} spared", sites(received), were(spared))
        }
    }
}

/// Nothing found is never said without what was looked at, and what was not.
fn unfound(summary: &Summary, when: &str, vantages: &[VantageTold]) -> String {
    let Summary { exchanges, tunnels, with_findings, .. } = *summary;
    let counted = |count: i64, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
    if exchanges == 0 {
        return format!("Nothing has passed through clir{when}, so nothing can be said yet");
    }
    let read = counted(exchanges - tunnels, "request");
    let unread = match tunnels {
        0 => String::new(),
        _ => format!("; {} passed unread", counted(tunnels, "encrypted connection")),
    };
    let mut sees: Vec<_> = vantages.iter().map(|vantage| vantage.sees.as_str()).collect();
    sees.dedup();
    let sees =
        if sees.is_empty() { String::new() } else { format!(". From here clir {}", sees.join("; and elsewhere it ")) };
    let found = match with_findings {
        0 => "nothing that identifies you was found",
        _ => "nothing that was found went to a site",
    };
    format!("In {read}{when} {found}{unread}{sees}")
}

#[derive(Serialize)]
struct Timeline {
    step: i64,
    buckets: Vec<BucketTold>,
}

#[derive(Serialize)]
struct BucketTold {
    at: String,
    exchanges: i64,
    found: i64,
    leaked: i64,
}

/// `GET /api/v1/timeline`
pub async fn timeline(State(desk): State<Desk>, uri: Uri) -> Result<Response, Fault> {
    let mut query = Query::of(&uri)?;
    let step = query.number("step", 60..=LONGEST_STEP, 3600)?;
    let span = span(&mut query, 24 * step, step)?;
    query.finish()?;
    if span.to < span.from {
        return Err(Fault::bad("`to` is before `from`"));
    }
    if (span.to - span.from).div_euclid(step) >= BUCKETS {
        return Err(Fault::bad(format!("that is more than {BUCKETS} steps; make `step` longer or the time shorter")));
    }
    let buckets = desk.ask(move |reader, _| reader.timeline(span, step)).await?;
    let buckets = buckets.into_iter().map(|bucket| BucketTold {
        at: moment(bucket.at * 1000),
        exchanges: bucket.exchanges,
        found: bucket.found,
        leaked: bucket.leaked,
    });
    Ok(reply::json(&Timeline { step, buckets: buckets.collect() }))
}

/// From one time to another; to now, and from a whole step so many seconds before, where nothing is said.
fn span(query: &mut Query, back: i64, step: i64) -> Result<Span, Fault> {
    let to = query.time("to")?.map_or_else(|| Timestamp::now().as_second() + 1, Timestamp::as_second);
    let from = query.time("from")?.map_or_else(|| (to - back).div_euclid(step) * step, Timestamp::as_second);
    Ok(Span { from, to })
}

#[derive(Serialize)]
struct Counts {
    items: Vec<CountTold>,
}

#[derive(Serialize)]
struct CountTold {
    key: String,
    label: String,
    severity: Option<crate::detect::Severity>,
    found: i64,
    leaked: i64,
    spared: i64,
    first: String,
    last: String,
}

/// `GET /api/v1/counts`
pub async fn counts(State(desk): State<Desk>, uri: Uri) -> Result<Response, Fault> {
    let mut query = Query::of(&uri)?;
    let words = [("identifier", By::Identifier), ("header", By::Header), ("host", By::Host), ("client", By::Client)];
    let by = query.word("by", &words)?.ok_or_else(|| Fault::bad("`by` is one of identifier, header, host, client"))?;
    let to = query.time("to")?.map_or(i64::MAX >> 10, Timestamp::as_second);
    let span = Span { from: query.time("from")?.map_or(0, Timestamp::as_second), to };
    let limit = query.number("limit", 1..=BUCKETS, 50)?;
    query.finish()?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let items = desk.ask(move |reader, _| reader.counts(by, span, limit)).await?;
    Ok(reply::json(&Counts { items: items.into_iter().map(|counted| count(counted, by)).collect() }))
}

fn count(counted: Counted, by: By) -> CountTold {
    let Counted { key, severity, found, leaked, spared, first, last } = counted;
    let (key, label) = match by {
        By::Identifier => (key.clone(), spoken(&key).to_owned()),
        // The address, and the name behind it.
        By::Client => match key.split_once(' ') {
            Some((address, name)) => (address.to_owned(), name.to_owned()),
            None => (key.clone(), key),
        },
        By::Header => match key.as_str() {
            ":path" => (key, "the address (URL)".to_owned()),
            ":hello" => (key, "the ClientHello of TLS".to_owned()),
            _ => (key.clone(), key),
        },
        By::Host => (key.clone(), key),
    };
    CountTold { key, label, severity, found, leaked, spared, first: moment(first), last: moment(last) }
}

/// Milliseconds since 1970 as a time.
pub fn moment(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_string()
}
