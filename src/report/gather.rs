//! What of all events does a report show?
//!
//! One pass over the log, whatever its length: counts, and of the requests with findings one for each kind, bounded.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use super::{exhibit::Exhibit, tally::Tally};
use crate::{
    detect::{Identifier, Severity},
    event::{EventLine, Fate},
};

/// Hosts and clients are counted exactly up to so many.
const COUNTED: usize = 100_000;

/// Hours with findings that are remembered: more than eleven years.
const HOURS: usize = 100_000;

/// Everything that a report shows of the events.
#[derive(Debug)]
pub struct Gathering {
    pub(super) exchanges: u64,
    pub(super) tunnels: u64,
    pub(super) withheld: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    hosts: HashSet<String>,
    clients: HashSet<String>,
    /// Label and vantage of each listener.
    pub(super) listeners: BTreeSet<(String, String)>,
    pub(super) detectors: BTreeSet<String>,
    pub(super) tallies: Vec<Tally>,
    /// For each hour since 1970 the requests with something that was received, and the others with findings.
    pub(super) hours: BTreeMap<i64, (u64, u64)>,
    pub(super) exhibits: Vec<Exhibit>,
    pub(super) all_exhibits: u64,
    shown: HashSet<Shown>,
    most: usize,
    least: Severity,
}

/// One request is shown of each of these.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Shown {
    name: String,
    identifier: String,
    host: String,
    fate: Fate,
}

impl Gathering {
    /// Nothing yet. At most `most` requests are shown; findings that are less severe than `least` are passed over.
    pub fn new(most: usize, least: Severity) -> Self {
        Self {
            exchanges: 0,
            tunnels: 0,
            withheld: 0,
            first: None,
            last: None,
            hosts: HashSet::new(),
            clients: HashSet::new(),
            listeners: BTreeSet::new(),
            detectors: BTreeSet::new(),
            tallies: Vec::new(),
            hours: BTreeMap::new(),
            exhibits: Vec::new(),
            all_exhibits: 0,
            shown: HashSet::new(),
            most,
            least,
        }
    }

    /// Takes one event. True if it has findings that the report counts.
    pub fn take(&mut self, event: &EventLine) -> bool {
        self.count(event);
        let told = event.findings.iter().filter(|finding| is_at_least(&finding.severity, self.least));
        let mut has_any = false;
        let mut is_received = false;
        for finding in told {
            has_any = true;
            let fate = event.fate(finding);
            is_received |= fate == Fate::Reached;
            self.detectors.insert(finding.detector.clone());
            Tally::add(&mut self.tallies, event, finding, fate);
        }
        if has_any {
            self.remember(event, is_received);
        }
        has_any
    }

    /// How many hosts, as far as they were counted.
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// How many clients, as far as they were counted.
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    fn count(&mut self, event: &EventLine) {
        match event.verdict.as_str() {
            "tunnelled" => self.tunnels += 1,
            // The requests inside have lines of their own.
            "intercepted" => {}
            _ => self.exchanges += 1,
        }
        self.withheld += u64::from(event.headers.iter().all(|(_, value)| value == "•") && !event.headers.is_empty());
        if let Ok(time) = event.ts.parse::<Timestamp>() {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
        note(&mut self.hosts, &event.host);
        note(&mut self.clients, event.client_called());
        if self.listeners.len() < 64 {
            self.listeners.insert((event.listener.clone(), event.vantage.clone()));
        }
    }

    fn remember(&mut self, event: &EventLine, is_received: bool) {
        if let Ok(time) = event.ts.parse::<Timestamp>() {
            let hour = time.as_second().div_euclid(3600);
            if self.hours.len() < HOURS || self.hours.contains_key(&hour) {
                let (received, other) = self.hours.entry(hour).or_default();
                *if is_received { received } else { other } += 1;
            }
        }
        self.all_exhibits += 1;
        let kinds = event.findings.iter().filter(|finding| is_at_least(&finding.severity, self.least));
        let kinds = kinds.map(|finding| Shown {
            name: finding.location.name.clone(),
            identifier: finding.identifier.clone(),
            host: event.host.clone(),
            fate: event.fate(finding),
        });
        let kinds: Vec<_> = kinds.filter(|kind| !self.shown.contains(kind)).collect();
        let is_full = self.exhibits.len() >= self.most;
        let spared = self.exhibits.iter().rposition(|exhibit| !exhibit.is_received());
        // What was received must not be crowded out by what was not.
        let gives_way = spared.filter(|_| is_full && is_received);
        if kinds.is_empty() || (is_full && gives_way.is_none()) {
            return;
        }
        if let Some(at) = gives_way {
            self.exhibits.remove(at);
        }
        self.shown.extend(kinds);
        self.exhibits.push(Exhibit::of(event, self.least));
    }

    /// What is shown whole: what was received first, each part in the order of the log.
    pub(super) fn exhibits(&self) -> Vec<&Exhibit> {
        let (received, others): (Vec<_>, Vec<_>) = self.exhibits.iter().partition(|exhibit| exhibit.is_received());
        [received, others].concat()
    }
}

fn note(set: &mut HashSet<String>, text: &str) {
    if set.len() < COUNTED && !text.is_empty() && !set.contains(text) {
        set.insert(text.to_owned());
    }
}

/// What a later version calls by another word is counted rather than lost.
pub(super) fn is_at_least(severity: &str, least: Severity) -> bool {
    severity.parse::<Severity>().map_or(true, |severity| severity >= least)
}

/// The worst comes first.
pub(super) fn rank(identifier: &str) -> usize {
    Identifier::ALL.iter().position(|known| known.as_str() == identifier).unwrap_or(Identifier::ALL.len())
}
