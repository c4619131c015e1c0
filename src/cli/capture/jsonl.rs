//! How are requests read from JSON lines?
//!
//! A line has at least `headers`, as `[[name, value], …]`; `id`, `method`, `scheme`, `host`, `port`, `path` or `target`,
//! `version`, `client`, `vantage` and `ts` where it has more to say. Other keys are passed over, and so are empty lines.
//! A line of an event log is such a line too; there `\xNN` stands for a byte that is not UTF-8.

use std::{
    borrow::Cow,
    io::{self, BufRead},
};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, error::Category};

use super::{Captured, Malformed, Visit, lines, passage, split_absolute};
use crate::{
    cli::Failure,
    event,
    exchange::{RequestHead, Scheme, Version},
};

const FORM: &str = r#"{"id", "method", "host", "path", "headers": [[name, value], …]}"#;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    v: Option<u64>,
    method: Option<String>,
    scheme: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    path: Option<String>,
    target: Option<String>,
    version: Option<String>,
    #[serde(default)]
    client: Value,
    #[serde(default)]
    vantage: Value,
    #[serde(default)]
    ts: Value,
    headers: Vec<(String, String)>,
}

/// Reads line after line.
pub(super) fn read(
    mut input: Box<dyn BufRead>,
    visit: Visit<'_>,
    failed: &dyn Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut buffer = Vec::new();
    for number in 1_u64.. {
        buffer.clear();
        let read = lines::next(&mut input, &mut buffer).map_err(failed)?;
        let line = buffer.trim_ascii();
        let item = match read {
            lines::Line::End => break,
            lines::Line::TooLong => Err(format!("longer than {} MiB", lines::LONGEST >> 20)),
            _ if line.is_empty() => continue,
            lines::Line::Whole | lines::Line::Torn => request(line),
        };
        visit(item.map_err(|cause| Malformed { id: id(line), place: format!("line {number}"), cause }))?;
    }
    Ok(())
}

/// What a line that holds no request is called; nothing if it does not say.
fn id(line: &[u8]) -> Value {
    #[derive(Deserialize)]
    struct Named {
        id: Value,
    }
    let is_object = line.starts_with(b"{") && line.len() <= lines::LONGEST;
    let named = is_object.then(|| serde_json::from_slice::<Named>(line).ok()).flatten();
    named.map_or(Value::Null, |named| named.id)
}

/// The request that one line holds; otherwise what is wrong with it.
pub(in crate::cli) fn request(line: &[u8]) -> Result<Captured, String> {
    // An array would be read as the fields in their order.
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err(format!("not a JSON object of the form {FORM}"));
    }
    let line: Line = serde_json::from_slice(line).map_err(|error| fault(&error))?;
    let is_event = line.v.is_some();
    let target = bytes(line.target.or(line.path).unwrap_or_else(|| "/".into()), is_event);
    let fields =
        line.headers.into_iter().map(|(name, value)| (bytes(name, is_event), bytes(value, is_event))).collect();
    let method = bytes(line.method.unwrap_or_else(|| "GET".into()), is_event);
    let passage = passage::told(&line.client, &line.vantage, &line.ts);
    let scheme = line.scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let scheme = if scheme { Scheme::Https } else { Scheme::Http };
    let version = version(line.version.as_deref().unwrap_or_default());
    let host = line.host.unwrap_or_default();
    let (scheme, authority, target) = match split_absolute(&target).filter(|_| method != "CONNECT") {
        Some((scheme, authority, target)) => (scheme, authority, target.into()),
        None => (scheme, authority(host, line.port), target),
    };
    let head = RequestHead { method, target, version, fields };
    Ok(Captured { id: line.id, authority, scheme, head, response: None, passage })
}

/// The parser's own words quote the value at fault, so only the place is told.
fn fault(error: &serde_json::Error) -> String {
    let told = error.to_string();
    match error.classify() {
        // These quote a key of ours and nothing else.
        Category::Data if ["missing field", "duplicate field"].iter().any(|start| told.starts_with(start)) => {
            let what = told.split(" at line").next().unwrap_or_default();
            format!("not a request of the form {FORM}: {what}")
        }
        Category::Data => format!("not a request of the form {FORM} (column {})", error.column()),
        Category::Syntax => format!("not JSON (column {})", error.column()),
        Category::Eof | Category::Io => "ends within the JSON object".into(),
    }
}

fn bytes(text: String, is_event: bool) -> Bytes {
    if is_event { event::unescape(&text).into() } else { text.into() }
}

fn authority(host: String, port: Option<u16>) -> String {
    let is_bare_ipv6 = host.parse::<std::net::Ipv6Addr>().is_ok();
    let host = if is_bare_ipv6 { Cow::Owned(format!("[{host}]")) } else { Cow::Borrowed(host.as_str()) };
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host.into_owned(),
    }
}

/// The version by its name, in the spelling of events, HAR exporters or ALPN.
pub(super) fn version(name: &str) -> Version {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "http/1.0" => Version::Http10,
        _ if name.starts_with("http/2") || name.starts_with("http/3") || name == "h2" || name == "h3" => Version::Http2,
        _ => Version::Http11,
    }
}
