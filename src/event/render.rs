//! What does an event's line look like?
//!
//! One JSON object, its keys in the order of the schema, its strings redacted by [`Redactor`] and escaped as `text`
//! tells. Version 1 may gain keys at the end; what is here keeps its name and its meaning.

use std::{cell::OnceCell, ops::Range, time::Duration};

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};
use smallvec::SmallVec;
use ulid::Ulid;

use super::{
    Applied, Event, EvidenceLine, Redactor, Tunnel, Upgraded,
    json::{Object, array, put_address, put_number, put_text, quoted},
    needle::Needles,
    redact::Text,
};
use crate::{
    detect::{
        Finding, Location, Part,
        behaviour::{Evidence, Seen},
    },
    exchange::{Direction, Field, Host},
};

/// So many extensions are told, and so much of each.
const EXTENSIONS: usize = 16;
const EXTENSION: usize = 512;

/// RFC 3339 in UTC with milliseconds.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

impl Event {
    /// Appends the event's line, newline included.
    pub fn render(&self, redactor: &Redactor, out: &mut Vec<u8>) {
        let withheld = self.context.known.is_private.then(|| redactor.withholding());
        let redactor = withheld.as_ref().unwrap_or(redactor);
        let needles = match redactor.tells_all() {
            true => Needles::default(),
            false => Needles::with_names(&self.findings, names(self)),
        };
        Line { event: self, redactor, needles: &needles, numbers: OnceCell::new() }.put(out);
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
    put_finding(out, finding, redactor, &needles);
}

struct Line<'a> {
    event: &'a Event,
    redactor: &'a Redactor,
    needles: &'a Needles,
    /// What is looked for in names that people chose; made when one of them might hold it.
    numbers: OnceCell<Needles>,
}

impl<'a> Line<'a> {
    /// A string in which nothing was found itself.
    fn text(&self, text: &'a (impl AsRef<[u8]> + ?Sized)) -> Text<'a> {
        self.redactor.other(text.as_ref(), self.needles)
    }

    /// A name that somebody chose.
    fn chosen(&self, text: &'a str) -> Text<'a> {
        if self.redactor.tells_all() || !Needles::may_hold_number(text.as_bytes()) {
            return self.redactor.whole(text.as_bytes());
        }
        self.redactor.other(text.as_bytes(), self.numbers.get_or_init(|| Needles::numbers(&self.event.findings)))
    }

    fn put(&self, out: &mut Vec<u8>) {
        let Event { context, head, .. } = self.event;
        let mut line = Object::begin(out);
        line.number("v", 1);
        put_id(line.key("id"), self.event.id);
        put_time(line.key("ts"), self.event.time);
        self.chosen(&context.listener).put(line.key("listener"));
        line.word("vantage", context.vantage.as_str());
        line.socket("client", context.client);
        line.word("scheme", context.origin.scheme.as_str());
        self.text(&head.method).put(line.key("method"));
        match &context.origin.host {
            Host::Name(name) => self.text(&**name).put(line.key("host")),
            Host::Ip(address) => {
                let mut text = Vec::with_capacity(40);
                put_address(&mut text, *address);
                self.redactor.other(&text, self.needles).put(line.key("host"));
            }
        }
        line.number("port", context.origin.port.into());
        self.redactor.target(&head.target, &self.in_target(), self.needles).put(line.key("target"));
        line.word("version", head.version.as_str());
        self.put_headers(line.key("headers"));
        array(line.key("findings"), &self.event.findings, |out, finding| {
            put_finding(out, finding, self.redactor, self.needles);
        });
        array(line.key("actions"), &self.event.actions, |out, applied| self.put_action(out, applied));
        self.put_end(&mut line);
        self.put_ways(&mut line);
        line.end();
    }

    /// How it ended.
    fn put_end(&self, line: &mut Object<'_>) {
        line.word("verdict", self.event.verdict.as_str());
        match self.event.status {
            Some(status) => line.number("status", status.into()),
            None => line.literal("status", "null"),
        }
        line.number("request_bytes", self.event.request_bytes);
        line.number("response_bytes", self.event.response_bytes);
        line.number("duration_us", microseconds(self.event.duration));
        match &self.event.error {
            Some(error) => self.text(error).put(line.key("error")),
            None => line.literal("error", "null"),
        }
        if let Some(tunnel) = &self.event.tunnel {
            self.put_tunnel(line.key("tunnel"), tunnel);
        }
    }

    /// What stands in a line only where there is something to say.
    fn put_ways(&self, line: &mut Object<'_>) {
        if let Some(led) = self.event.context.led {
            line.socket("destination", led.destination);
        }
        if let Some(mismatch) = self.event.mismatch {
            line.word("mismatch", mismatch);
        }
        self.put_notes(line);
        if let Some(passage) = &self.event.passage {
            line.word("via", passage.via.as_str());
        }
        if let Some(id) = self.event.passage.and_then(|passage| passage.id) {
            put_id(line.key("passage"), id);
        }
        if let Some(id) = self.event.hop {
            put_id(line.key("hop"), id);
        }
    }

    fn put_notes(&self, line: &mut Object<'_>) {
        let Event { context, notes, .. } = self.event;
        if let Some(name) = &context.known.client {
            line.text("client_name", name);
        }
        if let Some(user) = &context.known.user {
            line.text("user", user);
        }
        match notes.upgraded {
            None => {}
            Some(Upgraded::Yes) => line.literal("upgraded", "true"),
            Some(Upgraded::Led) => line.word("upgraded", "led"),
            Some(Upgraded::No(reason)) => line.text("upgraded", reason),
        }
        if notes.connectivity {
            line.literal("connectivity", "true");
        }
    }

    fn put_headers(&self, out: &mut Vec<u8>) {
        let found = self.in_fields();
        let mut found = found.iter().peekable();
        let mut spans: SmallVec<[Range<usize>; 4]> = SmallVec::new();
        array(out, self.event.head.fields.iter().enumerate(), |out, (index, field)| {
            spans.clear();
            while let Some((_, span)) = found.next_if(|(at, _)| *at <= index) {
                spans.push(span.clone());
            }
            out.push(b'[');
            self.text(&field.name).put(out);
            out.push(b',');
            self.redactor.value(field, &spans, self.needles).put(out);
            out.push(b']');
        });
    }

    fn put_action(&self, out: &mut Vec<u8>, applied: &Applied) {
        let mut object = Object::begin(out);
        self.chosen(&applied.rule).put(object.key("rule"));
        object.word("action", applied.action);
        self.text(&applied.header).put(object.key("header"));
        if applied.observed {
            object.literal("observed", "true");
        }
        object.end();
    }

    fn put_tunnel(&self, out: &mut Vec<u8>, tunnel: &Tunnel) {
        let mut object = Object::begin(out);
        match &tunnel.sni {
            Some(name) => self.text(name).put(object.key("sni")),
            None => object.literal("sni", "null"),
        }
        array(object.key("alpn"), &tunnel.alpn, |out, protocol| self.text(protocol).put(out));
        match tunnel.reason {
            Some(reason) => object.text("reason", reason),
            None => object.literal("reason", "null"),
        }
        if let Some(ja4) = &tunnel.ja4 {
            object.text("ja4", ja4);
        }
        if !tunnel.extensions.is_empty() {
            let inserted = tunnel.extensions.iter().take(EXTENSIONS).enumerate();
            array(object.key("extensions"), inserted, |out, (index, it)| self.put_extension(out, index, it));
        }
        object.end();
    }

    /// An extension of a hello that no client is known to send.
    fn put_extension(&self, out: &mut Vec<u8>, index: usize, (kind, content): &(u16, bytes::Bytes)) {
        let in_it = |finding: &&Finding| finding.location.part == Part::Hello && finding.location.index == index;
        let found: Vec<_> = self.event.findings.iter().filter(in_it).map(|finding| finding.span.clone()).collect();
        let field = Field::new(kind.to_string(), content.slice(..content.len().min(EXTENSION)));
        let mut object = Object::begin(out);
        object.number("type", (*kind).into());
        self.redactor.value(&field, &found, self.needles).put(object.key("value"));
        object.end();
    }

    fn in_target(&self) -> SmallVec<[Range<usize>; 4]> {
        let in_target = |finding: &&Finding| finding.location.part == Part::Target;
        self.event.findings.iter().filter(in_target).map(|finding| finding.span.clone()).collect()
    }

    /// What was found in the values of the head's fields, sorted by their index. What a name holds is looked for like all
    /// that stands somewhere once more.
    fn in_fields(&self) -> SmallVec<[(usize, Range<usize>); 4]> {
        let in_head = |finding: &&Finding| {
            let Location { part, direction, in_name, .. } = finding.location;
            part == Part::Header && direction == Direction::Request && !in_name
        };
        let findings = self.event.findings.iter().filter(in_head);
        let mut found: SmallVec<[_; 4]> =
            findings.map(|finding| (finding.location.index, finding.span.clone())).collect();
        found.sort_unstable_by_key(|(index, _)| *index);
        found
    }
}

fn put_finding(out: &mut Vec<u8>, finding: &Finding, redactor: &Redactor, needles: &Needles) {
    let mut object = Object::begin(out);
    object.word("identifier", finding.identifier.as_str());
    object.word("severity", finding.severity.as_str());
    object.word("confidence", finding.confidence.as_str());
    object.word("origin", finding.origin.as_str());
    put_place(object.key("location"), finding, redactor, needles);
    array(object.key("span"), [finding.span.start, finding.span.end], |out, at| put_number(out, at as u64));
    object.word("detector", finding.detector);
    match &finding.signature {
        Some(signature) => object.text("signature", signature),
        None => object.literal("signature", "null"),
    }
    // Whoever has the key could try numbers against it.
    if !redactor.withholds() {
        quoted(object.key("digest"), |out| redactor.put_digest(finding.identifier, &finding.value, out));
    }
    if let Some(evidence) = &finding.evidence {
        put_evidence(object.key("evidence"), &EvidenceLine::of(evidence, redactor));
    }
    object.text("origin_reason", finding.origin_reason);
    object.end();
}

fn put_place(out: &mut Vec<u8>, finding: &Finding, redactor: &Redactor, needles: &Needles) {
    let mut object = Object::begin(out);
    object.word("part", finding.location.part.as_str());
    redactor.other(&finding.location.name, needles).put(object.key("name"));
    object.number("index", finding.location.index as u64);
    if finding.location.direction == Direction::Response {
        object.word("direction", "response");
    }
    if finding.location.in_name {
        object.word("in", "name");
    }
    object.end();
}

fn put_evidence(out: &mut Vec<u8>, evidence: &EvidenceLine) {
    let mut object = Object::begin(out);
    object.text("reason", &evidence.reason);
    object.number("count", evidence.count.into());
    for (key, time) in [("first", &evidence.first), ("last", &evidence.last)] {
        match time {
            Some(time) => object.word(key, time),
            None => object.literal(key, "null"),
        }
    }
    array(object.key("hosts"), &evidence.hosts, put_text);
    object.end();
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
    let time = Timestamp::from_second(seconds).ok().filter(|_| seconds > 0);
    time.map(|time| PRINTER.timestamp_to_string(&time))
}

fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    quoted(out, |out| {
        if let Err(error) = PRINTER.print_timestamp(&time, out) {
            unreachable!("a Vec takes what is written: {error}");
        }
    });
}

fn put_id(out: &mut Vec<u8>, id: Ulid) {
    let mut text = [0; ulid::ULID_LEN];
    quoted(out, |out| out.extend_from_slice(id.array_to_str(&mut text).as_bytes()));
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
