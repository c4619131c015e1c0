//! In which words is an event told to a person?
//!
//! The words hold text that came from outside as it stands in the event: who prints them sees to it that a terminal does not
//! act on them.

use serde_json::Value;

use crate::event::{ActionLine, EventLine, FindingLine, TunnelLine};

/// `critical msisdn (certain) in header x-up-calling-line-id: 44770•••••23`
pub(in crate::cli) fn found(event: &EventLine, finding: &FindingLine) -> String {
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
    format!("{} {} ({}) {place}{of}{value}", finding.severity, finding.identifier, finding.confidence)
}

/// `strip x-up-calling-line-id by rule "strip what names the subscriber"`
pub(in crate::cli) fn applied(action: &ActionLine) -> String {
    let would = if action.observed { "would " } else { "" };
    format!("{would}{} {} by rule \"{}\"", action.action, action.header, action.rule)
}

/// What else there is to say of it, a line each.
pub(in crate::cli) fn asides(event: &EventLine) -> Vec<String> {
    let tunnel = event.tunnel.iter().map(|tunnel| tunnelled(event, tunnel));
    let via = event.via.iter().map(|via| went(via, event.passage.as_deref()));
    let hop = event.hop.iter().map(|hop| format!("came from a clir that knows it as {hop}"));
    let error = event.error.iter().map(|error| format!("error: {error}"));
    tunnel.chain(notes(event)).chain(via).chain(hop).chain(error).collect()
}

/// What is known of a tunnel's inside.
fn tunnelled(event: &EventLine, tunnel: &TunnelLine) -> String {
    let mut text = format!("tunnel: {} bytes out, {} bytes in", event.request_bytes, event.response_bytes);
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

/// What became of cleartext, and what no rule touches.
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

/// Which way it went, where there is more than one.
fn went(via: &str, passage: Option<&str>) -> String {
    match (via, passage) {
        ("exit", Some(id)) => format!("went by the exit, which knows it as {id}"),
        ("fallback", _) => "went direct: the exit was down".to_owned(),
        _ => format!("went {via}"),
    }
}

/// The text, cut to so many characters.
pub(in crate::cli) fn shorten(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.trim_end().to_owned();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}
