//! How does an event look to a person, on a hundred columns?

use std::io::{self, Write};

use serde_json::Value;

use crate::{
    cli::{provenance, wrap::wrap},
    event::{ActionLine, EventLine, FindingLine, TunnelLine, printable},
};

const COLUMNS: usize = 100;

/// Writes a line for the event and an indented one for each thing that there is to say of it.
pub(super) fn write(out: &mut impl Write, event: &EventLine) -> io::Result<()> {
    let time = event.ts.get(..19).unwrap_or(&event.ts).replace('T', " ");
    let status = event.status.map_or("-".into(), |status| status.to_string());
    let client = event.client.rsplit_once(':').map_or(event.client.as_str(), |(address, _)| address);
    let client = event.client_name.as_deref().unwrap_or(client);
    let start = format!("{time}  {:<11}  {status:>3}  {client:<15}  ", event.verdict);
    line(out, &format!("{start}{} {}", event.method, url(event)))?;
    for finding in &event.findings {
        line(out, &found(event, finding))?;
        for told in provenance::of_line(finding).iter().flat_map(|line| wrap(6, line)) {
            line(out, &told)?;
        }
    }
    for action in &event.actions {
        line(out, &applied(action))?;
    }
    if let Some(tunnel) = &event.tunnel {
        line(out, &tunnelled(event, tunnel))?;
    }
    for note in notes(event) {
        line(out, &format!("    {note}"))?;
    }
    if let Some(via) = &event.via {
        line(out, &went(via, event.passage.as_deref()))?;
    }
    if let Some(hop) = &event.hop {
        line(out, &format!("    came from a clir that knows it as {hop}"))?;
    }
    if let Some(error) = &event.error {
        line(out, &format!("    error: {error}"))?;
    }
    Ok(())
}

/// What is said of an exchange where there is something to say.
fn notes(event: &EventLine) -> Vec<String> {
    let mut notes = Vec::new();
    if event.connectivity {
        notes.push("asks whether the network is online: no rule touches it".to_owned());
    }
    match &event.upgraded {
        Some(Value::Bool(true)) => notes.push("sent to the origin inside TLS".into()),
        Some(Value::String(led)) if led == "led" => notes.push("sent to https by a redirection".into()),
        Some(Value::String(reason)) => notes.push(format!("left in cleartext ({reason})")),
        _ => {}
    }
    notes
}

fn line(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", shorten(&printable(text), COLUMNS))
}

/// The text, cut to so many characters.
fn shorten(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.trim_end().to_owned();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// The URL of an event, or the authority of a `CONNECT`; where no host is known, what was asked for.
pub(super) fn url(event: &EventLine) -> String {
    let host = if event.host.contains(':') { format!("[{}]", event.host) } else { event.host.clone() };
    let is_default = matches!((event.scheme.as_str(), event.port), ("http", 80) | ("https", 443));
    match event.method.as_str() {
        // What was refused for its grammar may name no host, or one that is none.
        _ if event.host.is_empty() => event.target.clone(),
        "CONNECT" => format!("{host}:{}", event.port),
        _ if is_default => format!("{}://{host}{}", event.scheme, event.target),
        _ => format!("{}://{host}:{}{}", event.scheme, event.port, event.target),
    }
}

fn found(event: &EventLine, finding: &FindingLine) -> String {
    let location = &finding.location;
    let is_answer = location.direction.as_deref() == Some("response");
    let value = event
        .headers
        .get(location.index)
        .filter(|_| location.part == "header" && !is_answer && location.r#in.is_none())
        .map_or_else(String::new, |(_, value)| format!(": {}", shorten(value, 30)));
    let place = if location.name.is_empty() {
        format!("in the {}", location.part)
    } else {
        let name = location.r#in.as_ref().map_or_else(String::new, |which| format!("the {which} of "));
        format!("in {name}{} {}", location.part, location.name)
    };
    let of = if is_answer { " of the answer" } else { "" };
    format!("    {} {} ({}) {place}{of}{value}", finding.severity, finding.identifier, finding.confidence)
}

fn applied(action: &ActionLine) -> String {
    let would = if action.observed { "would " } else { "" };
    format!("    {would}{} {} by rule \"{}\"", action.action, action.header, action.rule)
}

fn went(via: &str, passage: Option<&str>) -> String {
    match (via, passage) {
        ("exit", Some(id)) => format!("    went by the exit, which knows it as {id}"),
        ("fallback", _) => "    went direct: the exit was down".to_owned(),
        _ => format!("    went {via}"),
    }
}

fn tunnelled(event: &EventLine, tunnel: &TunnelLine) -> String {
    let mut text = format!("    tunnel: {} bytes out, {} bytes in", event.request_bytes, event.response_bytes);
    if let Some(sni) = &tunnel.sni {
        text += &format!(", to {sni}");
    }
    if !tunnel.alpn.is_empty() {
        text += &format!(", offering {}", tunnel.alpn.join(" "));
    }
    if let Some(reason) = &tunnel.reason {
        text += &format!(" ({reason})");
    }
    text
}
