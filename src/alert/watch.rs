//! What does this event show that was not known before?

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use jiff::Timestamp;

use super::{
    headers::{Headers, Key, Place},
    notice::{Alert, Details, Kind},
    store::Change,
};
use crate::{
    detect::{Confidence, Finding, InsertedBy, Part, Severity},
    event::{Event, EventLine, Fate, FindingLine, Redactor, Verdict},
    exchange::{Direction, InstallationKey, Scheme},
};

/// What is remembered of leaks and headers; the oldest tenth makes room.
pub const SEEN: usize = 50_000;
/// Less is told to nobody: sites learn such things from every phone.
const LEAST: Severity = Severity::Medium;

/// What is known, and what is made of an event.
#[derive(Debug)]
pub struct Watching {
    redactor: Redactor,
    key: InstallationKey,
    stopped_after: u32,
    seen: HashMap<Key, i64>,
    changes: Vec<Change>,
    headers: Headers,
    line: Vec<u8>,
}

impl Watching {
    /// Knows nothing yet. Values are masked by this redactor.
    pub fn new(redactor: Redactor, key: InstallationKey, stopped_after: u32) -> Self {
        let (seen, changes, headers) = (HashMap::new(), Vec::new(), Headers::default());
        Self { redactor, key, stopped_after, seen, changes, headers, line: Vec::new() }
    }

    /// The same, knowing this.
    #[must_use]
    pub fn knowing(self, seen: Vec<(Key, i64)>, places: Vec<(Key, Place)>) -> Self {
        Self { seen: seen.into_iter().collect(), headers: Headers::knowing(places), ..self }
    }

    /// What is to be told of this event.
    pub fn take(&mut self, event: &Event, now: Timestamp) -> Vec<Alert> {
        let mut alerts = self.changed_headers(event, now);
        if !event.findings.is_empty() {
            alerts.extend(self.first_leaks(event, now));
        }
        alerts
    }

    /// What is known now and was not when this was last asked.
    pub fn take_seen(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The places of which more is known than when this was last asked.
    pub fn take_places(&mut self) -> Vec<(Key, Place)> {
        self.headers.take_changed()
    }

    fn first_leaks(&mut self, event: &Event, now: Timestamp) -> Vec<Alert> {
        let is_bad = |finding: &&Finding| finding.severity >= LEAST && finding.confidence >= Confidence::Likely;
        if !event.findings.iter().any(|finding| is_bad(&finding)) {
            return Vec::new();
        }
        let Some(line) = self.line(event) else { return Vec::new() };
        let mut alerts = Vec::new();
        // In an event's line findings stand in their order.
        for (finding, written) in event.findings.iter().zip(&line.findings) {
            if is_bad(&finding) && line.fate(written) == Fate::Reached {
                alerts.extend(self.first_leak(event, &line, (finding, written), now));
            }
        }
        alerts
    }

    fn first_leak(
        &mut self,
        event: &Event,
        line: &EventLine,
        (finding, written): (&Finding, &FindingLine),
        now: Timestamp,
    ) -> Option<Alert> {
        let what = finding.identifier.as_str().as_bytes();
        let site = site(&event.context.origin.host.to_string());
        let ever = self.digest("alert leak", &[what, &finding.value]);
        let here = self.digest("alert leak to", &[what, &finding.value, site.as_bytes()]);
        let is_first_ever = self.is_new(ever, now);
        if !self.is_new(here, now) {
            return None;
        }
        let host = &line.host;
        let thing = thing(written.identifier.as_str());
        let by = match finding.origin {
            InsertedBy::Carrier => ", put there by the carrier",
            InsertedBy::Handset => ", sent by the phone itself",
            InsertedBy::Unknown => "",
        };
        let first =
            if is_first_ever { "No site had received it before." } else { "Other sites had received it before." };
        let place = place(written);
        let words = format!("{host} received {thing} in {place}{by}. {first}");
        let details = Details {
            identifier: written.identifier.clone(),
            severity: written.severity.clone(),
            confidence: written.confidence.clone(),
            origin: written.origin.clone(),
            header: if finding.location.part == Part::Target { ":path".into() } else { written.location.name.clone() },
            value: self.value(event, finding),
            digest: written.digest.clone(),
            first: if is_first_ever { "ever" } else { "site" }.into(),
            ..details(line)
        };
        Some(Alert { exchange: Some(line.id.clone()), details, ..Alert::new(now, Kind::FirstLeak, words) })
    }

    /// As the log would show it when it masks; of a private client nothing.
    fn value(&self, event: &Event, finding: &Finding) -> String {
        if event.context.known.is_private { "•".into() } else { self.redactor.found(finding) }
    }

    fn changed_headers(&mut self, event: &Event, now: Timestamp) -> Vec<Alert> {
        let Some(class) = class(event) else { return Vec::new() };
        let inserted = inserted(event);
        let who = event.context.known.client.as_deref().or(event.context.known.user.as_deref());
        let client = who.map_or_else(|| network(event.context.client.ip()), str::to_owned);
        let listener = event.context.listener.as_bytes();
        let key = self.digest("alert place", &[listener, client.as_bytes(), class]);
        let names: HashSet<String> = event.head.fields.iter().map(|field| lower(&field.name)).collect();
        let changes =
            self.headers.count(key, &inserted, |name| names.contains(name), self.stopped_after, now.as_second());
        if changes.started.is_empty() && changes.stopped.is_empty() {
            return Vec::new();
        }
        // Addresses come and go: that a header is there is news once for all who have no name.
        let known = |name: &str| [listener.to_vec(), who.unwrap_or_default().into(), name.into()];
        let mut alerts = Vec::new();
        for name in changes.started {
            let parts = known(&name);
            if self.is_new(self.digest("alert header", &parts.each_ref().map(Vec::as_slice)), now) {
                alerts.extend(self.header(event, Kind::CarrierHeaderStarted, &name, now));
            }
        }
        for name in changes.stopped {
            let parts = known(&name);
            self.forget(self.digest("alert header", &parts.each_ref().map(Vec::as_slice)));
            alerts.extend(self.header(event, Kind::CarrierHeaderStopped, &name, now));
        }
        alerts
    }

    fn header(&mut self, event: &Event, kind: Kind, name: &str, now: Timestamp) -> Option<Alert> {
        let line = self.line(event)?;
        let finding = event.findings.iter().position(|finding| lower(&finding.location.name) == name);
        let written = finding.and_then(|at| line.findings.get(at));
        // A carrier may as well put a number into a name.
        let shown = self.redactor.text(name, &event.findings);
        let who = line.client_name.as_deref().or(line.user.as_deref()).unwrap_or("a client");
        let words = match kind {
            Kind::CarrierHeaderStopped => format!(
                "The header {shown}, which a carrier inserted into nearly every cleartext request of {who} through \
                 \"{}\", has been missing from the last {}.",
                line.listener, self.stopped_after
            ),
            _ => format!(
                "A carrier inserts the header {shown} into cleartext requests of {who} through \"{}\".",
                line.listener
            ),
        };
        let details = Details {
            identifier: written.map(|written| written.identifier.clone()).unwrap_or_default(),
            severity: written.map(|written| written.severity.clone()).unwrap_or_default(),
            origin: "carrier".into(),
            header: shown,
            value: finding.and_then(|at| event.findings.get(at)).map(|it| self.value(event, it)).unwrap_or_default(),
            digest: written.map(|written| written.digest.clone()).unwrap_or_default(),
            ..details(&line)
        };
        Some(Alert { exchange: Some(line.id.clone()), details, ..Alert::new(now, kind, words) })
    }

    /// The event as it is written when values are masked: nothing else of it goes into an alert.
    fn line(&mut self, event: &Event) -> Option<EventLine> {
        self.line.clear();
        event.render(&self.redactor, &mut self.line);
        let line = serde_json::from_slice(&self.line).ok();
        self.line.shrink_to(1 << 16);
        line
    }

    fn digest(&self, label: &str, parts: &[&[u8]]) -> Key {
        let digest = self.key.digest(label, parts);
        let mut key = [0; 16];
        key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        key
    }

    fn is_new(&mut self, key: Key, now: Timestamp) -> bool {
        if self.seen.contains_key(&key) {
            return false;
        }
        if self.seen.len() >= SEEN {
            self.make_room();
        }
        let now = now.as_second();
        self.seen.insert(key, now);
        self.changes.push(Change::Seen(key, now));
        true
    }

    fn forget(&mut self, key: Key) {
        self.seen.remove(&key);
        self.changes.push(Change::Gone(key));
    }

    fn make_room(&mut self) {
        let mut times: Vec<_> = self.seen.iter().map(|(key, time)| (*time, *key)).collect();
        times.sort_unstable();
        for (_, key) in times.into_iter().take(SEEN / 10) {
            self.forget(key);
        }
    }
}

/// Which exchanges can be compared: those that anybody on the way can write into, requests and the heads of tunnels each for
/// themselves.
fn class(event: &Event) -> Option<&'static [u8]> {
    let is_ours = matches!(event.verdict, Verdict::Answered | Verdict::Refused);
    if is_ours {
        return None;
    }
    if event.head.method == "CONNECT" {
        return Some(b"connect");
    }
    (event.context.origin.scheme == Scheme::Http).then_some(b"request")
}

/// The headers of the request that a carrier put there, by their names in lower case.
fn inserted(event: &Event) -> Vec<String> {
    let by_carrier = event.findings.iter().filter(|finding| {
        let location = &finding.location;
        finding.origin == InsertedBy::Carrier
            && finding.confidence >= Confidence::Likely
            && location.part == Part::Header
            && location.direction == Direction::Request
    });
    let mut names: Vec<_> = by_carrier.map(|finding| lower(&finding.location.name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn lower(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase()
}

/// The registrable domain, or what there is of one.
fn site(host: &str) -> String {
    psl::domain_str(host.trim_end_matches('.')).unwrap_or(host).to_ascii_lowercase()
}

/// Of IPv6 the /64, since phones change the rest.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x}", address.to_bits() >> 64),
    }
}

fn details(line: &EventLine) -> Details {
    let client = line.client_address();
    Details {
        listener: line.listener.clone(),
        vantage: line.vantage.clone(),
        client: client.trim_matches(['[', ']']).to_owned(),
        client_name: line.client_name.clone(),
        user: line.user.clone(),
        host: line.host.clone(),
        ..Details::default()
    }
}

fn place(finding: &FindingLine) -> String {
    match finding.location.part.as_str() {
        "target" => "the address that was asked for".to_owned(),
        "hello" => "the beginning of TLS".to_owned(),
        part => format!("the {part} {}", finding.location.name),
    }
}

/// What an identifier is called in a sentence.
fn thing(identifier: &str) -> &'static str {
    const WORDS: &[(&str, &str)] = &[
        ("msisdn", "a phone number"),
        ("imsi", "the number of a subscription (IMSI)"),
        ("imei", "the number of a phone (IMEI)"),
        ("iccid", "the number of a SIM card"),
        ("subscriber-id", "a pseudonym of a subscriber"),
        ("acr", "a customer reference (ACR)"),
        ("account", "the name of an account"),
        ("location", "a location"),
        ("client-ip", "an address inside the carrier"),
        ("device", "what tells a device from others"),
        ("network", "something of the carrier's network"),
    ];
    WORDS.iter().find(|(word, _)| *word == identifier).map_or("an identifier", |(_, words)| words)
}
