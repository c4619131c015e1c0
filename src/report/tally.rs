//! Which site received what, how often, from when to when?

use std::{cmp::Reverse, collections::BTreeSet};

use super::gather::rank;
use crate::{
    detect::Severity,
    event::{EventLine, Fate, FindingLine},
};

/// So many pairs of site and identifier are told apart; what comes on top is counted with those that are there.
const MOST: usize = 20_000;

/// Names of fields that are remembered of one pair.
const NAMES: usize = 16;

/// One kind of identifier, put there by one hand, on its way to one site.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub host: String,
    pub identifier: String,
    pub severity: String,
    pub origin: String,
    pub fields: BTreeSet<String>,
    pub requests: u64,
    pub received: u64,
    pub spared: u64,
    pub elsewhere: u64,
    pub first: String,
    pub last: String,
}

impl Tally {
    /// Counts one finding.
    pub(super) fn add(tallies: &mut Vec<Self>, event: &EventLine, finding: &FindingLine, fate: Fate) {
        let key = |tally: &Self| {
            (tally.host.as_str(), tally.identifier.as_str(), tally.origin.as_str()).cmp(&(
                event.host.as_str(),
                finding.identifier.as_str(),
                finding.origin.as_str(),
            ))
        };
        let at = match tallies.binary_search_by(key) {
            Ok(at) => at,
            Err(at) if tallies.len() < MOST => {
                tallies.insert(at, Self::begun(event, finding));
                at
            }
            Err(_) => return,
        };
        let Some(tally) = tallies.get_mut(at) else { return };
        tally.requests += 1;
        *match fate {
            Fate::Reached => &mut tally.received,
            Fate::Withheld => &mut tally.spared,
            Fate::Elsewhere => &mut tally.elsewhere,
        } += 1;
        if tally.fields.len() < NAMES {
            let name = if finding.location.name.is_empty() { &finding.location.part } else { &finding.location.name };
            tally.fields.insert(name.clone());
        }
        if event.ts < tally.first {
            tally.first.clone_from(&event.ts);
        }
        if event.ts > tally.last {
            tally.last.clone_from(&event.ts);
        }
        if severity(&finding.severity) > severity(&tally.severity) {
            tally.severity.clone_from(&finding.severity);
        }
    }

    fn begun(event: &EventLine, finding: &FindingLine) -> Self {
        Self {
            host: event.host.clone(),
            identifier: finding.identifier.clone(),
            severity: finding.severity.clone(),
            origin: finding.origin.clone(),
            fields: BTreeSet::new(),
            requests: 0,
            received: 0,
            spared: 0,
            elsewhere: 0,
            first: event.ts.clone(),
            last: event.ts.clone(),
        }
    }

    /// What became of it: the worst that happened.
    pub(super) fn fate(&self) -> Fate {
        match () {
            () if self.received > 0 => Fate::Reached,
            () if self.elsewhere > 0 => Fate::Elsewhere,
            () => Fate::Withheld,
        }
    }
}

fn severity(word: &str) -> Option<Severity> {
    word.parse().ok()
}

/// All sites together, for one kind of identifier.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub identifier: String,
    pub severity: String,
    pub origins: BTreeSet<String>,
    pub fields: BTreeSet<String>,
    pub requests: u64,
    pub received: Vec<String>,
    pub elsewhere: Vec<String>,
    pub spared: Vec<String>,
}

/// For each kind of identifier the sites; the worst first, and what was received before what was spared.
pub(super) fn kinds(tallies: &[Tally]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for tally in tallies {
        let at = kinds.iter().position(|kind| kind.identifier == tally.identifier).unwrap_or_else(|| {
            kinds.push(Kind::begun(tally));
            kinds.len() - 1
        });
        if let Some(kind) = kinds.get_mut(at) {
            kind.add(tally);
        }
    }
    kinds.iter_mut().for_each(Kind::settle);
    kinds.sort_by_key(|kind| (kind.received.is_empty(), Reverse(severity(&kind.severity)), rank(&kind.identifier)));
    kinds
}

impl Kind {
    fn begun(tally: &Tally) -> Self {
        Self {
            identifier: tally.identifier.clone(),
            severity: tally.severity.clone(),
            origins: BTreeSet::new(),
            fields: BTreeSet::new(),
            requests: 0,
            received: Vec::new(),
            elsewhere: Vec::new(),
            spared: Vec::new(),
        }
    }

    fn add(&mut self, tally: &Tally) {
        self.requests += tally.requests;
        self.origins.insert(tally.origin.clone());
        self.fields.extend(tally.fields.iter().take(NAMES).cloned());
        if severity(&tally.severity) > severity(&self.severity) {
            self.severity.clone_from(&tally.severity);
        }
        let sites = match tally.fate() {
            Fate::Reached => &mut self.received,
            Fate::Elsewhere => &mut self.elsewhere,
            Fate::Withheld => &mut self.spared,
        };
        if !sites.contains(&tally.host) {
            sites.push(tally.host.clone());
        }
    }

    /// A site that received it once was not spared, whoever put it there the other time.
    fn settle(&mut self) {
        let Self { received, elsewhere, spared, .. } = self;
        elsewhere.retain(|host| !received.contains(host));
        spared.retain(|host| !received.contains(host) && !elsewhere.contains(host));
    }
}

/// Every pair of site and identifier as a line of CSV (RFC 4180), for spreadsheets.
pub fn findings_csv(gathering: &super::Gathering) -> String {
    let mut out =
        String::from("site,identifier,severity,put there by,fields,requests,received,spared,elsewhere,first,last\r\n");
    for tally in &gathering.tallies {
        let fields = tally.fields.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let counts = [tally.requests, tally.received, tally.spared, tally.elsewhere].map(|count| count.to_string());
        let [requests, received, spared, elsewhere] = &counts;
        let cells = [
            &tally.host,
            &tally.identifier,
            &tally.severity,
            &tally.origin,
            &fields,
            requests,
            received,
            spared,
            elsewhere,
            &tally.first,
            &tally.last,
        ];
        out += &cells.map(|cell| quoted(cell)).join(",");
        out += "\r\n";
    }
    out
}

/// A spreadsheet takes what begins with these signs for a formula.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = format!("{}{cell}", if is_formula { "'" } else { "" });
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
