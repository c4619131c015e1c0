//! What does an event's line look like?
//!
//! One JSON object, its keys in the order of the schema, its strings redacted by [`Redactor`] and escaped as `text`
//! tells. Version 1 may gain keys at the end; what is here keeps its name and its meaning.

use std::{ops::Range, time::Duration};

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};
use serde::{
    Serialize, Serializer,
    ser::{SerializeSeq, SerializeStruct},
};

use super::{Applied, Event, EvidenceLine, Redactor, Tunnel, Upgraded, needle::Needles, redact::Text, text::Guarded};
use crate::{
    detect::{
        Finding, Location, Part,
        behaviour::{Evidence, Seen},
    },
    exchange::{Direction, Field},
};

/// So many extensions are told, and so much of each.
const EXTENSIONS: usize = 16;
const EXTENSION: usize = 512;

impl Event {
    /// Appends the event's line, newline included.
    pub fn render(&self, redactor: &Redactor, out: &mut Vec<u8>) {
        let needles = Needles::with_names(&self.findings, names(self));
        let withheld = self.context.known.is_private.then(|| redactor.withholding());
        append(out, &Line { event: self, redactor: withheld.as_ref().unwrap_or(redactor), needles: &needles });
        out.push(b'\n');
    }
}

/// All that names a host here: what was understood, what was refused, and what was asked for in TLS.
fn names(event: &Event) -> impl Iterator<Item = &[u8]> {
    let Event { context, head, tunnel, .. } = event;
    let host = context.origin.host.name().map(str::as_bytes);
    let asked = tunnel.as_ref().and_then(|tunnel| tunnel.sni.as_deref()).map(str::as_bytes);
    let target = if head.method == "CONNECT" { Some(&head.target[..]) } else { authority(&head.target) };
    [host, asked, target].into_iter().flatten().chain(head.fields.values("host").map(AsRef::as_ref))
}

/// The authority of an absolute URI (RFC 3986 §3.2).
fn authority(target: &[u8]) -> Option<&[u8]> {
    let start = memchr::memmem::find(target, b"://")? + 3;
    target.get(start..)?.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()
}

/// Appends the JSON object that stands for this finding among an event's `findings`.
pub fn render_finding(finding: &Finding, redactor: &Redactor, out: &mut Vec<u8>) {
    let needles = Needles::new(std::slice::from_ref(finding));
    append(out, &Found { finding, redactor, needles: &needles });
}

fn append(out: &mut Vec<u8>, value: &impl Serialize) {
    let mut serializer = serde_json::Serializer::with_formatter(out, Guarded);
    if let Err(error) = value.serialize(&mut serializer) {
        unreachable!("a Vec takes what is written, and every key is a string: {error}");
    }
}

struct Line<'a> {
    event: &'a Event,
    redactor: &'a Redactor,
    needles: &'a Needles,
}

impl<'a> Line<'a> {
    /// A string in which nothing was found itself.
    fn text(&self, text: &'a (impl AsRef<[u8]> + ?Sized)) -> Text<'a> {
        self.redactor.other(text.as_ref(), self.needles)
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Event { context, head, .. } = self.event;
        let chosen = Line { needles: &Needles::numbers(&self.event.findings), ..*self };
        let mut line = serializer.serialize_struct("Event", 32)?;
        line.serialize_field("v", &1)?;
        line.serialize_field("id", &Shown(&self.event.id))?;
        line.serialize_field("ts", &Shown(time(self.event.time)))?;
        line.serialize_field("listener", &chosen.text(&*context.listener))?;
        line.serialize_field("vantage", context.vantage.as_str())?;
        line.serialize_field("client", &Shown(&context.client))?;
        line.serialize_field("scheme", context.origin.scheme.as_str())?;
        line.serialize_field("method", &self.text(&head.method))?;
        line.serialize_field("host", &self.text(&context.origin.host.to_string()))?;
        line.serialize_field("port", &context.origin.port)?;
        line.serialize_field("target", &self.redactor.target(&head.target, &self.in_target(), self.needles))?;
        line.serialize_field("version", head.version.as_str())?;
        line.serialize_field("headers", &Headers(self))?;
        line.serialize_field("findings", &Findings(self))?;
        line.serialize_field("actions", &Actions { line: self, chosen: &chosen })?;
        line.serialize_field("verdict", self.event.verdict.as_str())?;
        line.serialize_field("status", &self.event.status)?;
        line.serialize_field("request_bytes", &self.event.request_bytes)?;
        line.serialize_field("response_bytes", &self.event.response_bytes)?;
        line.serialize_field("duration_us", &microseconds(self.event.duration))?;
        line.serialize_field("error", &self.event.error.as_ref().map(|error| self.text(error)))?;
        if let Some(tunnel) = &self.event.tunnel {
            line.serialize_field("tunnel", &Tunnelled { line: self, tunnel })?;
        }
        if let Some(led) = context.led {
            line.serialize_field("destination", &Shown(led.destination))?;
        }
        if let Some(mismatch) = self.event.mismatch {
            line.serialize_field("mismatch", mismatch)?;
        }
        self.notes(&mut line)?;
        if let Some(passage) = &self.event.passage {
            line.serialize_field("via", passage.via.as_str())?;
        }
        if let Some(id) = self.event.passage.and_then(|passage| passage.id) {
            line.serialize_field("passage", &Shown(id))?;
        }
        if let Some(id) = self.event.hop {
            line.serialize_field("hop", &Shown(id))?;
        }
        line.end()
    }
}

impl Line<'_> {
    /// What stands in a line only where there is something to say.
    fn notes<S: SerializeStruct>(&self, line: &mut S) -> Result<(), S::Error> {
        let Event { context, notes, .. } = self.event;
        if let Some(name) = &context.known.client {
            line.serialize_field("client_name", &**name)?;
        }
        if let Some(user) = &context.known.user {
            line.serialize_field("user", &**user)?;
        }
        match notes.upgraded {
            None => {}
            Some(Upgraded::Yes) => line.serialize_field("upgraded", &true)?,
            Some(Upgraded::Led) => line.serialize_field("upgraded", "led")?,
            Some(Upgraded::No(reason)) => line.serialize_field("upgraded", reason)?,
        }
        if notes.connectivity {
            line.serialize_field("connectivity", &true)?;
        }
        Ok(())
    }
}

/// RFC 3339 in UTC with milliseconds.
fn time(time: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    PRINTER.timestamp_to_string(&time)
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// What prints itself, and holds nothing of the message.
struct Shown<T>(T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Line<'_> {
    fn in_target(&self) -> Vec<Range<usize>> {
        let in_target = |finding: &&Finding| finding.location.part == Part::Target;
        self.event.findings.iter().filter(in_target).map(|finding| finding.span.clone()).collect()
    }

    /// What was found in the values of the head's fields, sorted by their index. What a name holds is looked for like all
    /// that stands somewhere once more.
    fn in_fields(&self) -> Vec<(usize, Range<usize>)> {
        let in_head = |finding: &&Finding| {
            let Location { part, direction, in_name, .. } = finding.location;
            part == Part::Header && direction == Direction::Request && !in_name
        };
        let findings = self.event.findings.iter().filter(in_head);
        let mut found: Vec<_> = findings.map(|finding| (finding.location.index, finding.span.clone())).collect();
        found.sort_unstable_by_key(|(index, _)| *index);
        found
    }
}

struct Headers<'a>(&'a Line<'a>);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(line) = self;
        let mut found = line.in_fields().into_iter().peekable();
        let mut spans = Vec::new();
        let mut headers = serializer.serialize_seq(Some(line.event.head.fields.len()))?;
        for (index, field) in line.event.head.fields.iter().enumerate() {
            spans.clear();
            while let Some((_, span)) = found.next_if(|(at, _)| *at <= index) {
                spans.push(span);
            }
            headers.serialize_element(&self.pair(field, &spans))?;
        }
        headers.end()
    }
}

impl<'a> Headers<'a> {
    fn pair(&self, field: &'a Field, found: &[Range<usize>]) -> (Text<'a>, Text<'a>) {
        let Self(line) = self;
        (line.text(&field.name), line.redactor.value(field, found, line.needles))
    }
}

struct Findings<'a>(&'a Line<'a>);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Line { event, redactor, needles } = self.0;
        serializer.collect_seq(event.findings.iter().map(|finding| Found { finding, redactor, needles }))
    }
}

struct Found<'a> {
    finding: &'a Finding,
    redactor: &'a Redactor,
    needles: &'a Needles,
}

impl Serialize for Found<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let finding = self.finding;
        let mut object = serializer.serialize_struct("Finding", 11)?;
        object.serialize_field("identifier", &finding.identifier)?;
        object.serialize_field("severity", &finding.severity)?;
        object.serialize_field("confidence", &finding.confidence)?;
        object.serialize_field("origin", &finding.origin)?;
        object.serialize_field("location", &Place(self))?;
        object.serialize_field("span", &[finding.span.start, finding.span.end])?;
        object.serialize_field("detector", finding.detector)?;
        object.serialize_field("signature", &finding.signature.as_deref())?;
        // Whoever has the key could try numbers against it.
        if !self.redactor.withholds() {
            object.serialize_field("digest", &self.redactor.digest(finding.identifier, &finding.value))?;
        }
        if let Some(evidence) = &finding.evidence {
            object.serialize_field("evidence", &EvidenceLine::of(evidence, self.redactor))?;
        }
        object.serialize_field("origin_reason", finding.origin_reason)?;
        object.end()
    }
}

impl EvidenceLine {
    /// What many requests show. Hosts stand as digests where values may not be told.
    pub fn of(evidence: &Evidence, redactor: &Redactor) -> Self {
        let host = |host: &Seen| match host.name.as_ref().filter(|_| redactor.tells_all()) {
            Some(name) => name.to_string(),
            None => format!("{:016x}", host.digest),
        };
        Self {
            reason: evidence.reason.to_owned(),
            count: evidence.count,
            first: moment(evidence.first),
            last: moment(evidence.last),
            hosts: evidence.hosts.iter().map(host).collect(),
        }
    }
}

/// Nothing where the time is not known, or is none.
fn moment(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().filter(|_| seconds > 0).map(time)
}

struct Place<'a>(&'a Found<'a>);

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Found { finding, redactor, needles } = self.0;
        let mut object = serializer.serialize_struct("Location", 5)?;
        object.serialize_field("part", &finding.location.part)?;
        object.serialize_field("name", &redactor.other(&finding.location.name, needles))?;
        object.serialize_field("index", &finding.location.index)?;
        if finding.location.direction == Direction::Response {
            object.serialize_field("direction", "response")?;
        }
        if finding.location.in_name {
            object.serialize_field("in", "name")?;
        }
        object.end()
    }
}

struct Actions<'a> {
    line: &'a Line<'a>,
    chosen: &'a Line<'a>,
}

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { line, chosen } = self;
        serializer.collect_seq(line.event.actions.iter().map(|applied| Action { line, chosen, applied }))
    }
}

struct Action<'a> {
    line: &'a Line<'a>,
    chosen: &'a Line<'a>,
    applied: &'a Applied,
}

impl Serialize for Action<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Action", 4)?;
        object.serialize_field("rule", &self.chosen.text(&*self.applied.rule))?;
        object.serialize_field("action", self.applied.action)?;
        object.serialize_field("header", &self.line.text(&self.applied.header))?;
        if self.applied.observed {
            object.serialize_field("observed", &true)?;
        }
        object.end()
    }
}

struct Tunnelled<'a> {
    line: &'a Line<'a>,
    tunnel: &'a Tunnel,
}

impl Serialize for Tunnelled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let alpn: Vec<_> = self.tunnel.alpn.iter().map(|protocol| self.line.text(protocol)).collect();
        let mut object = serializer.serialize_struct("Tunnel", 5)?;
        object.serialize_field("sni", &self.tunnel.sni.as_ref().map(|name| self.line.text(name)))?;
        object.serialize_field("alpn", &alpn)?;
        object.serialize_field("reason", &self.tunnel.reason)?;
        if let Some(ja4) = &self.tunnel.ja4 {
            object.serialize_field("ja4", ja4)?;
        }
        if !self.tunnel.extensions.is_empty() {
            let inserted = self.tunnel.extensions.iter().take(EXTENSIONS).enumerate();
            let inserted: Vec<_> = inserted.map(|(index, it)| Inserted { line: self.line, index, it }).collect();
            object.serialize_field("extensions", &inserted)?;
        }
        object.end()
    }
}

/// An extension of a hello that no client is known to send.
struct Inserted<'a> {
    line: &'a Line<'a>,
    index: usize,
    it: &'a (u16, bytes::Bytes),
}

impl Serialize for Inserted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, content) = self.it;
        let in_it = |finding: &&Finding| finding.location.part == Part::Hello && finding.location.index == self.index;
        let found: Vec<_> = self.line.event.findings.iter().filter(in_it).map(|finding| finding.span.clone()).collect();
        let field = Field::new(kind.to_string(), content.slice(..content.len().min(EXTENSION)));
        let mut object = serializer.serialize_struct("Extension", 2)?;
        object.serialize_field("type", kind)?;
        object.serialize_field("value", &self.line.redactor.value(&field, &found, self.line.needles))?;
        object.end()
    }
}
