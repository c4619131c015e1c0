//! How do events stand in an HTTP Archive?
//!
//! HAR 1.2, so that any viewer of archives shows them; bodies and response heads are not kept, and stand empty. What only
//! clir knows stands under `_clir`, as in the event.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Serializer, Value, json};

use crate::{
    cli::events::url,
    event::{EventLine, Guarded},
};

/// Keys of an event that stand under `_clir`.
const OURS: [&str; 13] = [
    "id",
    "listener",
    "vantage",
    "client",
    "findings",
    "actions",
    "verdict",
    "error",
    "tunnel",
    "v",
    "client_name",
    "upgraded",
    "connectivity",
];

/// Writes the event's entry, and before the first one the archive's beginning.
pub(super) fn write(out: &mut impl Write, event: &EventLine, line: &[u8], is_first: bool) -> io::Result<()> {
    if is_first {
        begin(out)?;
    } else {
        out.write_all(b",\n")?;
    }
    let mut serializer = Serializer::with_formatter(out, Guarded);
    entry(event, line).serialize(&mut serializer).map_err(io::Error::from)
}

/// Writes the archive's end.
pub(super) fn finish(out: &mut impl Write, is_empty: bool) -> io::Result<()> {
    if is_empty {
        begin(out)?;
    }
    out.write_all(b"\n]}}\n")
}

fn begin(out: &mut impl Write) -> io::Result<()> {
    let creator = json!({"name": "clir", "version": env!("CARGO_PKG_VERSION")});
    writeln!(out, "{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":[")
}

fn entry(event: &EventLine, line: &[u8]) -> Value {
    let milliseconds = event.duration_us as f64 / 1000.0;
    json!({
        "startedDateTime": event.ts,
        "time": milliseconds,
        "request": {
            "method": event.method,
            "url": if event.method == "CONNECT" && !event.host.is_empty() { format!("https://{}", url(event)) } else { url(event) },
            "httpVersion": event.version,
            "cookies": [],
            "headers": event.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Value>(),
            "queryString": query(&event.target),
            "headersSize": -1,
            "bodySize": event.request_bytes,
        },
        "response": {
            "status": event.status.unwrap_or(0),
            "statusText": "",
            "httpVersion": event.version,
            "cookies": [],
            "headers": [],
            "content": {"size": event.response_bytes, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": event.response_bytes,
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_clir": ours(line),
    })
}

fn ours(line: &[u8]) -> Map<String, Value> {
    let mut event: Map<String, Value> = serde_json::from_slice(line).unwrap_or_default();
    event.retain(|key, _| OURS.contains(&key.as_str()));
    event
}

fn query(target: &str) -> Vec<Value> {
    let (_, query) = target.split_once('?').unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({"name": name, "value": value})
        })
        .collect()
}
