//! What is the plain truth about everything that has passed?
//!
//! Which identifiers reached how many sites, and how many sites were spared them. Counted are findings that name somebody
//! (severity high or critical) and are more than possible. Where there is none, it is said what was looked at, and what
//! cannot be seen from here.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{BuildHasher as _, RandomState},
};

use crate::{
    detect::{Confidence, Severity},
    event::{EventLine, Fate},
    exchange::Vantage,
};

/// Sites that are told apart, of each identifier. Eight bytes each.
const SITES: usize = 100_000;
/// Identifiers that are told apart: a log of a later version may know more than ours, but not endlessly many.
const KINDS: usize = 64;

/// What has been counted.
#[derive(Debug, Default)]
pub(super) struct Statement {
    exchanges: u64,
    with_findings: u64,
    unread: u64,
    vantages: BTreeSet<&'static str>,
    kinds: BTreeMap<Box<str>, Kind>,
    keys: RandomState,
}

/// What has been counted of one identifier.
#[derive(Debug)]
struct Kind {
    worst: Severity,
    /// By a digest of the host: whether it was received there.
    sites: HashMap<u64, bool>,
    /// At how many of them it was.
    received: usize,
}

impl Kind {
    fn new(worst: Severity) -> Self {
        Self { worst, sites: HashMap::new(), received: 0 }
    }
}

impl Statement {
    /// From here something may be seen, even if nothing has passed yet.
    pub fn stands(&mut self, vantage: Vantage) {
        self.vantages.insert(vantage.as_str());
    }

    /// Counts one more event.
    pub fn add(&mut self, event: &EventLine) {
        self.exchanges += 1;
        self.with_findings += u64::from(!event.findings.is_empty());
        self.unread += u64::from(event.verdict == "tunnelled");
        self.vantages.extend(event.vantage.parse().ok().map(Vantage::as_str));
        let site = self.keys.hash_one(event.host.to_ascii_lowercase());
        for finding in &event.findings {
            let severity = finding.severity.parse().unwrap_or(Severity::Low);
            let is_sure =
                finding.confidence.parse().is_ok_and(|confidence: Confidence| confidence >= Confidence::Likely);
            match event.fate(finding) {
                Fate::Elsewhere => {}
                _ if severity < Severity::High || !is_sure => {}
                fate => self.count(&finding.identifier, severity, site, fate == Fate::Reached),
            }
        }
    }

    fn count(&mut self, identifier: &str, severity: Severity, site: u64, is_received: bool) {
        if self.kinds.len() >= KINDS && !self.kinds.contains_key(identifier) {
            return;
        }
        let kind = self.kinds.entry(identifier.into()).or_insert_with(|| Kind::new(severity));
        kind.worst = severity.max(kind.worst);
        if kind.sites.len() < SITES || kind.sites.contains_key(&site) {
            let was_received = kind.sites.entry(site).or_default();
            kind.received += usize::from(is_received && !*was_received);
            *was_received |= is_received;
        }
    }

    /// How many events there were, and how many with findings.
    pub fn counts(&self) -> (u64, u64) {
        (self.exchanges, self.with_findings)
    }

    /// Whether a site has received something.
    pub fn is_bad(&self) -> bool {
        self.kinds.values().any(|kind| kind.received > 0)
    }

    /// In a sentence or two.
    pub fn text(&self) -> String {
        if self.exchanges == 0 {
            return format!("Nothing has passed yet.{}", self.coverage());
        }
        let tell = |wanted: bool| self.tell(wanted);
        match (tell(true), tell(false)) {
            (None, None) => self.nothing(),
            (Some(received), None) => format!("{} received {}. None was spared.", received.0, received.1),
            (None, Some(spared)) => {
                format!("No site received what was found: {} spared {}.", were(&spared.0), spared.1)
            }
            (Some(received), Some(spared)) => {
                format!("{} received {}; {} spared {}.", received.0, received.1, were(&spared.0), spared.1)
            }
        }
    }

    /// `1 site`, `your phone number, 2 an account`
    fn tell(&self, wanted: bool) -> Option<(String, String)> {
        let count = |kind: &Kind| if wanted { kind.received } else { kind.sites.len() - kind.received };
        let mut kinds: Vec<_> = self.kinds.iter().map(|(name, kind)| (name, kind.worst, count(kind))).collect();
        kinds.retain(|(_, _, count)| *count > 0);
        kinds.sort_by_key(|(_, worst, count)| Reverse((*worst, *count)));
        let kinds: Vec<_> = kinds.into_iter().map(|(name, _, count)| (name, count)).collect();
        let (first, rest) = kinds.split_first()?;
        let mut what = words(first.0).to_owned();
        for (kind, count) in rest {
            what += &format!(", {} {}", at_most(*count), words(kind));
        }
        let sites = if first.1 == 1 { "1 site".to_owned() } else { format!("{} sites", at_most(first.1)) };
        Some((sites, what))
    }

    fn nothing(&self) -> String {
        let found = match self.with_findings {
            0 => "Nothing was found",
            _ => "Nothing that names anybody was found",
        };
        let unread = match self.unread {
            0 => String::new(),
            unread => format!(" ({unread} of them tunnels that passed unread)"),
        };
        let exchanges = if self.exchanges == 1 { "1 exchange".into() } else { format!("{} exchanges", self.exchanges) };
        format!("{found} in {exchanges}{unread}.{}", self.coverage())
    }

    fn coverage(&self) -> String {
        let vantages = self.vantages.iter().filter_map(|word| word.parse().ok());
        vantages.map(|vantage: Vantage| format!(" From here ({vantage}) clir {}.", vantage.coverage())).collect()
    }
}

fn at_most(count: usize) -> String {
    if count >= SITES { format!("at least {count}") } else { count.to_string() }
}

fn were(sites: &str) -> String {
    format!("{sites} {}", if sites == "1 site" { "was" } else { "were" })
}

/// What people call an identifier.
fn words(identifier: &str) -> &str {
    match identifier {
        "msisdn" => "your phone number",
        "imsi" => "your IMSI",
        "imei" => "your phone's IMEI",
        "iccid" => "your SIM card's number",
        "subscriber-id" => "a pseudonym of yours",
        "acr" => "your operator's reference to you",
        "account" => "an account of yours",
        "location" => "where you are",
        "client-ip" => "your address inside the carrier",
        "device" => "your device's serial",
        "network" => "your place in the network",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(host: &str, identifier: &str, action: &str) -> EventLine {
        let json = format!(
            r#"{{"method":"GET","host":"{host}","vantage":"no-carrier","verdict":"forwarded","findings":[{{
            "identifier":"{identifier}","severity":"critical","confidence":"certain",
            "location":{{"part":"header","name":"X"}}}}],"actions":[{{"action":"{action}","header":"X"}}]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn said(events: &[EventLine]) -> String {
        let mut statement = Statement::default();
        events.iter().for_each(|event| statement.add(event));
        statement.text()
    }

    #[test]
    fn sites_are_counted_once_and_the_worse_counts() {
        let events = [
            event("a.example", "msisdn", "strip"),
            event("A.example", "msisdn", "keep"),
            event("b.example", "msisdn", "strip"),
            event("c.example", "msisdn", "redact"),
            event("c.example", "imsi", "redact"),
        ];
        let expected = "1 site received your phone number; 2 sites were spared your phone number, 1 your IMSI.";
        assert_eq!(said(&events), expected);
        assert_eq!(said(&events[..1]), "No site received what was found: 1 site was spared your phone number.");
        assert_eq!(said(&events[1..2]), "1 site received your phone number. None was spared.");
    }

    #[test]
    fn nothing_found_says_what_cannot_be_seen() {
        let quiet = EventLine { vantage: "no-carrier".into(), verdict: "tunnelled".into(), ..EventLine::default() };
        let text = said(&[quiet.clone(), quiet]);
        assert!(text.starts_with("Nothing was found in 2 exchanges (2 of them tunnels that passed unread)."), "{text}");
        assert!(text.contains("no mobile carrier is on this path"), "{text}");
        assert_eq!(said(&[]), "Nothing has passed yet.");
    }

    #[test]
    fn what_is_lesser_or_only_possible_does_not_count() {
        let mut low = event("a.example", "network", "keep");
        low.findings[0].severity = "low".into();
        let mut possible = event("a.example", "msisdn", "keep");
        possible.findings[0].confidence = "possible".into();
        assert!(said(&[low, possible]).starts_with("Nothing that names anybody was found in 2 exchanges."));
    }
}
