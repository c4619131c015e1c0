//! How are requests read from an HTTP Archive?
//!
//! HAR 1.2, as browsers and proxies export it: only what is needed is read, everything else may be missing. Ids are
//! `har:<index>`, the entry's index in `log.entries`, counted from zero.

use std::io::BufRead;

use serde::Deserialize;
use serde_json::Value;

use super::{Captured, Malformed, Passage, Visit, jsonl::version, split_absolute};
use crate::{
    cli::Failure,
    exchange::{Fields, RequestHead},
};

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default, rename = "httpVersion")]
    version: String,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    #[serde(default)]
    value: String,
}

/// Reads the whole archive, then entry after entry.
pub(super) fn read(input: Box<dyn BufRead>, name: &str, visit: Visit<'_>) -> Result<(), Failure> {
    let archive: Archive = serde_json::from_reader(input).map_err(|error| fault(name, error))?;
    for (index, entry) in archive.log.entries.into_iter().enumerate() {
        visit(request(index, entry))?;
    }
    Ok(())
}

/// The parser's own words quote the value at fault, so only the place is told.
fn fault(name: &str, error: serde_json::Error) -> Failure {
    if error.is_io() {
        return Failure::because(format!("cannot read {name}"), error);
    }
    let what = if error.is_data() { "not an HTTP Archive" } else { "not JSON" };
    Failure::new(format!("{name} is {what} (line {}, column {})", error.line(), error.column()))
}

fn request(index: usize, entry: Entry) -> Result<Captured, Malformed> {
    let Request { method, url, version: name, headers } = entry.request;
    // The URL of a WebSocket is the one of the request that opens it (RFC 6455 §3).
    let url = url.strip_prefix("ws").map_or(url.clone(), |rest| format!("http{rest}"));
    let Some((scheme, authority, target)) = split_absolute(url.as_bytes()) else {
        return Err(Malformed {
            id: Value::Null,
            place: format!("entry {index}"),
            cause: "its url is not an http or https URL".into(),
        });
    };
    let head =
        RequestHead { method: method.into(), target: target.into(), version: version(&name), fields: fields(headers) };
    let response = entry.response.map(|response| fields(response.headers));
    Ok(Captured { id: format!("har:{index}").into(), authority, scheme, head, response, passage: Passage::default() })
}

fn fields(headers: Vec<Header>) -> Fields {
    headers.into_iter().map(|header| (header.name, header.value)).collect()
}
