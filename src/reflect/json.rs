//! What does a machine get to read?
//!
//! Version 1 of the reflection (`DESIGN.md` tells it field by field): it may gain keys, what is here keeps its name and its
//! meaning. Strings hold bytes as the event log's do.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    hello,
    seen::Seen,
    site::{Compared, Read},
    verdict::Verdict,
};
use crate::{
    detect::Finding,
    event::{Guarded, Redactor, escaped, render_finding},
    exchange::{Fields, hex},
};

type Pair = (String, String);

#[derive(Serialize)]
struct Reflection<'a> {
    v: u8,
    time: String,
    nonce: Option<&'a str>,
    request_line: String,
    method: String,
    target: String,
    version: String,
    headers: Vec<Pair>,
    raw: String,
    fault: Option<String>,
    body: BodyFacts,
    findings: Vec<Value>,
    verdict: &'a Verdict,
    connection: ConnectionFacts,
    tls: Option<hello::Shown>,
    comparisons: Vec<Comparison>,
    hellos: Vec<HelloFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a [Pair]>,
}

#[derive(Serialize)]
struct BodyFacts {
    bytes: u64,
    sha256: String,
    complete: bool,
}

#[derive(Serialize)]
struct ConnectionFacts {
    id: String,
    request: u64,
    scheme: &'static str,
    family: &'static str,
    address: String,
    port: u16,
    source: String,
    source_port: u16,
}

#[derive(Serialize)]
struct HelloFacts {
    source: String,
    #[serde(flatten)]
    offered: hello::Offered,
    findings: Vec<Value>,
}

#[derive(Serialize)]
struct Comparison {
    between: [&'static str; 2],
    sources: [String; 2],
    verdict: Verdict,
    added: Vec<Pair>,
    removed: Vec<Pair>,
    changed: Vec<(Pair, Pair)>,
    recased: Vec<(String, String)>,
    reordered: bool,
    by_browser: Vec<String>,
}

/// The reflection of a request; `response` is the head that carries it, where that is asked for.
pub(super) fn reflection(
    redactor: &Redactor,
    seen: &Seen,
    read: &Read,
    hellos: &[(IpAddr, hello::Offered, Vec<Finding>)],
    response: Option<&[Pair]>,
) -> Vec<u8> {
    let head = &read.head;
    let reflection = Reflection {
        v: 1,
        time: time(seen.time),
        nonce: read.echo.as_deref(),
        request_line: escaped(&head.line),
        method: escaped(&head.method),
        target: escaped(&head.target),
        version: escaped(&head.version),
        headers: pairs(&head.fields),
        raw: STANDARD.encode(&seen.raw),
        fault: seen.fault.map(|fault| fault.to_string()),
        body: body(seen),
        findings: read.findings.iter().map(|finding| value(finding, redactor)).collect(),
        verdict: &read.verdict,
        connection: connection(seen),
        tls: seen.connection.tls.as_ref().map(hello::shown),
        comparisons: read.compared.iter().map(comparison).collect(),
        hellos: hellos.iter().map(|(source, offered, findings)| hello(*source, offered, findings, redactor)).collect(),
        response,
    };
    let mut bytes = Vec::new();
    // Every key is a string, and a Vec takes what is written.
    let _ = reflection.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Guarded));
    bytes.push(b'\n');
    bytes
}

/// RFC 3339 in UTC with milliseconds.
pub(super) fn time(time: Timestamp) -> String {
    jiff::fmt::temporal::DateTimePrinter::new().precision(Some(3)).timestamp_to_string(&time)
}

/// For people.
pub(super) fn clock(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn body(seen: &Seen) -> BodyFacts {
    BodyFacts { bytes: seen.body.bytes, sha256: hex(&seen.body.sha256), complete: seen.body.is_complete }
}

fn connection(seen: &Seen) -> ConnectionFacts {
    let connection = &seen.connection;
    let (local, client) = (connection.local, connection.client);
    ConnectionFacts {
        id: connection.id.to_string(),
        request: seen.number,
        scheme: connection.scheme().as_str(),
        family: if client.is_ipv4() { "ipv4" } else { "ipv6" },
        address: local.ip().to_string(),
        port: local.port(),
        source: client.ip().to_string(),
        source_port: client.port(),
    }
}

/// As it stands among an event's `findings`.
fn value(finding: &Finding, redactor: &Redactor) -> Value {
    let mut bytes = Vec::new();
    render_finding(finding, redactor, &mut bytes);
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn hello(source: IpAddr, offered: &hello::Offered, findings: &[Finding], redactor: &Redactor) -> HelloFacts {
    let findings = findings.iter().map(|finding| value(finding, redactor)).collect();
    HelloFacts { source: source.to_string(), offered: offered.clone(), findings }
}

fn pairs(fields: &Fields) -> Vec<Pair> {
    fields.iter().map(|field| (escaped(&field.name), escaped(&field.value))).collect()
}

fn comparison(compared: &Compared) -> Comparison {
    let Compared { doubted, other, differences, verdict, .. } = compared;
    let pair = |fields: &Fields, index: usize| {
        fields.get(index).map(|field| (escaped(&field.name), escaped(&field.value))).unwrap_or_default()
    };
    let both = differences.changed.iter();
    let spelt = differences.recased.iter();
    Comparison {
        between: [doubted.visit.leg.as_str(), other.visit.leg.as_str()],
        sources: [doubted.visit.client.to_string(), other.visit.client.to_string()],
        verdict: verdict.clone(),
        added: differences.added.iter().map(|index| pair(&doubted.fields, *index)).collect(),
        removed: differences.removed.iter().map(|index| pair(&other.fields, *index)).collect(),
        changed: both.map(|at| (pair(&doubted.fields, at.doubted), pair(&other.fields, at.other))).collect(),
        recased: spelt.map(|at| (pair(&doubted.fields, at.doubted).0, pair(&other.fields, at.other).0)).collect(),
        reordered: differences.is_reordered,
        by_browser: differences.by_browser.clone(),
    }
}
