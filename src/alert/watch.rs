//! What does this event show that was not known before?

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    headers::{Changes, Key, lower},
    notice::{Alert, Details, Kind},
    store::Change,
};
use crate::{
    detect::{Confidence, Finding, InsertedBy, Part, Severity},
    event::{Event, EventLine, Fate, FindingLine, Redactor},
    exchange::InstallationKey,
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
    forgotten: u64,
    line: Vec<u8>,
}

impl Watching {
    /// Knows nothing yet. Values are masked by this redactor.
    pub fn new(redactor: Redactor, key: InstallationKey, stopped_after: u32) -> Self {
        let (seen, changes) = (HashMap::new(), Vec::new());
        Self { redactor, key, stopped_after, seen, changes, forgotten: 0, line: Vec::new() }
    }

    /// The same, knowing this.
    #[must_use]
    pub fn knowing(self, seen: Vec<(Key, i64)>) -> Self {
        Self { seen: seen.into_iter().collect(), ..self }
    }

    /// What is to be told of this event, with which these headers have changed.
    pub fn take(&mut self, event: &Event, changes: &Changes, now: Timestamp) -> Vec<Alert> {
        let mut alerts = self.changed_headers(event, changes, now);
        alerts.extend(self.first_leaks(event, now));
        alerts
    }

    /// What is known now and was not when this was last asked.
    pub fn take_seen(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// How often leaks had to make room: what is forgotten is new again.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn first_leaks(&mut self, event: &Event, now: Timestamp) -> Vec<Alert> {
        let is_told = |finding: &&Finding| is_bad(finding) && event.fate(finding) == Fate::Reached;
        let mut line = None;
        let mut alerts = Vec::new();
        for (index, finding) in event.findings.iter().enumerate().filter(|(_, finding)| is_told(finding)) {
            let Some(first) = self.is_first(event, finding, now) else { continue };
            if line.is_none() {
                line = self.line(event);
            }
            // In an event's line findings stand in their order.
            let written = line.as_ref().and_then(|line| Some((line, line.findings.get(index)?)));
            alerts.extend(written.map(|(line, written)| self.first_leak(event, line, (finding, written), first, now)));
        }
        alerts
    }

    /// Whether a site receives it for the first time, and if so, whether no other has received it.
    fn is_first(&mut self, event: &Event, finding: &Finding, now: Timestamp) -> Option<bool> {
        let what = finding.identifier.as_str().as_bytes();
        let site = site(&event.context.origin.host.to_string());
        let ever = self.digest("alert leak", &[what, &finding.value]);
        let here = self.digest("alert leak to", &[what, &finding.value, site.as_bytes()]);
        let is_first_ever = self.is_new(ever, now);
        self.is_new(here, now).then_some(is_first_ever)
    }

    fn first_leak(
        &self,
        event: &Event,
        line: &EventLine,
        (finding, written): (&Finding, &FindingLine),
        is_first_ever: bool,
        now: Timestamp,
    ) -> Alert {
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
        Alert { exchange: Some(line.id.clone()), details, ..Alert::new(now, Kind::FirstLeak, words) }
    }

    /// As the log would show it when it masks; of a private client nothing.
    fn value(&self, event: &Event, finding: &Finding) -> String {
        if event.context.known.is_private { "•".into() } else { self.redactor.found(finding) }
    }

    fn changed_headers(&mut self, event: &Event, changes: &Changes, now: Timestamp) -> Vec<Alert> {
        let who = event.context.known.client.as_deref().or(event.context.known.user.as_deref());
        let listener = event.context.listener.as_bytes();
        // Addresses come and go: that a header is there is news once for all who have no name.
        let known = |name: &str| [listener.to_vec(), who.unwrap_or_default().into(), name.into()];
        let mut alerts = Vec::new();
        for name in &changes.started {
            let parts = known(name);
            if self.is_new(self.digest("alert header", &parts.each_ref().map(Vec::as_slice)), now) {
                alerts.extend(self.header(event, Kind::CarrierHeaderStarted, name, now));
            }
        }
        for name in &changes.stopped {
            let parts = known(name);
            self.forget(self.digest("alert header", &parts.each_ref().map(Vec::as_slice)));
            alerts.extend(self.header(event, Kind::CarrierHeaderStopped, name, now));
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
        short_digest(&self.key, label, parts)
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
        self.forgotten += 1;
        let mut times: Vec<_> = self.seen.iter().map(|(key, time)| (*time, *key)).collect();
        times.sort_unstable();
        for (_, key) in times.into_iter().take(SEEN / 10) {
            self.forget(key);
        }
    }
}

/// Whether somebody would want to hear of it.
pub fn is_bad(finding: &Finding) -> bool {
    finding.severity >= LEAST && finding.confidence >= Confidence::Likely
}

/// Half a digest under the installation's key.
pub fn short_digest(key: &InstallationKey, label: &str, parts: &[&[u8]]) -> Key {
    let mut short = Key::default();
    short.iter_mut().zip(key.digest(label, parts)).for_each(|(to, from)| *to = from);
    short
}

/// The registrable domain, or what there is of one.
fn site(host: &str) -> String {
    psl::domain_str(host.trim_end_matches('.')).unwrap_or(host).to_ascii_lowercase()
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
