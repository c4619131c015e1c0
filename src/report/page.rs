//! What does the report's page say?

use askama::Template;
use jiff::Timestamp;

use super::{
    Circumstances, Gathering, LogFile, Probe, Texts,
    exhibit::{Exhibit, Why},
    picture::{self, Bucket, stamp},
    tally::{self, Kind, Tally},
};
use crate::{event::Fate, exchange::Vantage};

/// Rows of the table of sites; the rest is in the file beside the page.
const SITES: usize = 200;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    t: &'a Texts,
    of: &'a Circumstances,
    headline: Vec<String>,
    is_nothing: bool,
    kinds: &'a [Kind],
    most: usize,
    sites: Vec<&'a Tally>,
    more_sites: usize,
    buckets: Vec<Bucket>,
    limits: Vec<String>,
    how: String,
    detectors: Vec<&'a str>,
    exhibits: Vec<&'a Exhibit>,
    shown: String,
    /// Where clir is told what to do again, as a command line.
    command: String,
    letters: Vec<super::Letter>,
}

/// The whole page: nothing in it refers to anything outside.
pub fn page(gathering: &Gathering, circumstances: &Circumstances, texts: &Texts) -> String {
    let kinds = tally::kinds(&gathering.tallies);
    let mut sites: Vec<_> = gathering.tallies.iter().collect();
    sites
        .sort_by_key(|tally| (tally.fate(), super::gather::rank(&tally.identifier), std::cmp::Reverse(tally.requests)));
    let page = Page {
        t: texts,
        of: circumstances,
        headline: headline(&kinds, texts),
        is_nothing: kinds.is_empty(),
        most: kinds.iter().map(|kind| kind.received.len() + kind.spared.len()).max().unwrap_or(1),
        more_sites: sites.len().saturating_sub(SITES),
        sites: sites.into_iter().take(SITES).collect(),
        buckets: picture::buckets(&gathering.hours),
        limits: limits(gathering, circumstances, texts),
        how: how(gathering, texts),
        detectors: gathering.detectors.iter().map(|name| detector(texts, name)).collect(),
        exhibits: gathering.exhibits(),
        shown: texts.fill(
            "exhibits_note",
            &[("shown", &gathering.exhibits.len().to_string()), ("all", &gathering.all_exhibits.to_string())],
        ),
        command: command(circumstances),
        letters: super::letters(gathering, circumstances, texts),
        kinds: &kinds,
    };
    // Writing to a string does not fail.
    page.render().unwrap_or_default()
}

/// One sentence for each kind and what became of it, the worst first.
pub(super) fn headline(kinds: &[Kind], texts: &Texts) -> Vec<String> {
    let mut sentences = Vec::new();
    for (key, sites) in [
        ("headline_received", (|kind| &kind.received) as fn(&Kind) -> &Vec<String>),
        ("headline_spared", |kind| &kind.spared),
    ] {
        for kind in kinds.iter().filter(|kind| !sites(kind).is_empty()) {
            let count = sites(kind).len();
            let with = [("what", texts.say(&kind.identifier)), ("sites", &count.to_string())];
            sentences.push(texts.count(key, count as u64, &with));
        }
    }
    for kind in kinds.iter().filter(|kind| kind.received.is_empty() && kind.spared.is_empty()) {
        sentences.push(texts.fill("headline_other", &[("what", texts.say(&kind.identifier))]));
    }
    if sentences.is_empty() {
        sentences.push(texts.say("headline_nothing").to_owned());
    }
    sentences
}

fn limits(gathering: &Gathering, circumstances: &Circumstances, texts: &Texts) -> Vec<String> {
    let of_listener = |(listener, vantage): &(String, String)| {
        let coverage = vantage.parse::<Vantage>().map_or("", Vantage::coverage);
        texts.fill("limits_vantage", &[("listener", listener), ("vantage", vantage), ("coverage", coverage)])
    };
    let mut limits: Vec<String> = gathering.listeners.iter().map(of_listener).collect();
    let count = |key: &str, count: u64| texts.count(key, count, &[("count", &count.to_string())]);
    if gathering.tunnels > 0 {
        limits.push(count("limits_tunnels", gathering.tunnels));
    }
    if gathering.withheld > 0 {
        limits.push(texts.fill("limits_withheld", &[("count", &gathering.withheld.to_string())]));
    }
    limits.extend([texts.say("limits_bodies").to_owned(), texts.say("limits_names").to_owned()]);
    if circumstances.probes.is_empty() {
        limits.push(texts.say("limits_probes").to_owned());
    }
    limits.extend(circumstances.probes.iter().flat_map(|probe| probe.coverage.iter().cloned()));
    limits
}

fn how(gathering: &Gathering, texts: &Texts) -> String {
    let (Some(first), Some(last)) = (gathering.first, gathering.last) else {
        return texts.say("how_none").to_owned();
    };
    texts.fill(
        "how_text",
        &[
            ("first", &stamp(first)),
            ("last", &stamp(last)),
            ("exchanges", &gathering.exchanges.to_string()),
            ("tunnels", &gathering.tunnels.to_string()),
            ("clients", &gathering.clients().to_string()),
            ("hosts", &gathering.hosts().to_string()),
        ],
    )
}

fn detector<'a>(texts: &'a Texts, name: &'a str) -> &'a str {
    match texts.say(&format!("detectors.{name}")) {
        "" => name,
        words => words,
    }
}

fn command(circumstances: &Circumstances) -> String {
    let filter = if circumstances.filter.is_empty() { String::new() } else { format!(" {}", circumstances.filter) };
    format!("clir log --dir {}{filter} --output jsonl", circumstances.dir)
}

impl Page<'_> {
    fn word(&self, fate: Fate) -> &str {
        self.t.say(match fate {
            Fate::Reached => "received",
            Fate::Withheld => "spared",
            Fate::Elsewhere => "other",
        })
    }

    fn hand(&self, origin: &str) -> &str {
        match self.t.say(&format!("by_{origin}")) {
            "" => self.t.say("by_unknown"),
            words => words,
        }
    }

    fn hands(&self, kind: &Kind) -> String {
        kind.origins.iter().map(|origin| self.hand(origin)).collect::<Vec<_>>().join("; ")
    }

    fn share(&self, kind: &Kind) -> String {
        picture::share(kind.received.len(), kind.spared.len(), self.most)
    }

    fn why(&self, why: &Why) -> String {
        let reason = if why.reason.is_empty() { String::new() } else { format!(" ({})", why.reason) };
        let signature = why.signature.as_ref().map_or_else(String::new, |name| format!(" “{name}”"));
        let detector = format!("{}{signature}", detector(self.t, &why.detector));
        let with = [
            ("detector", detector.as_str()),
            ("confidence", &why.confidence),
            ("origin", self.hand(&why.origin)),
            ("reason", &reason),
        ];
        self.t.fill("exhibit_why", &with)
    }

    fn what(&self, identifier: &str) -> String {
        match self.t.say(identifier) {
            "" => identifier.to_owned(),
            words => words.to_owned(),
        }
    }

    fn minute(&self, ts: &str) -> String {
        ts.parse::<Timestamp>().map_or_else(|_| ts.to_owned(), stamp)
    }

    fn put(&self, key: &str, name: &str, value: impl std::fmt::Display) -> String {
        self.t.fill(key, &[(name, &value.to_string())])
    }

    fn made(&self) -> String {
        self.t.fill("made", &[("version", VERSION), ("made", &stamp(self.of.made))])
    }

    fn reproduce(&self) -> String {
        self.t.fill("reproduce_text", &[("version", VERSION), ("dir", &self.of.dir)])
    }

    fn clock(&self) -> String {
        let unknown = self.t.say("clock_unknown");
        self.t.fill("when_note", &[("clock", self.of.clock.as_deref().unwrap_or(unknown))])
    }

    fn chain(&self) -> String {
        let (head, links) = &self.of.chain;
        self.t.fill("integrity_chain", &[("links", &links.to_string()), ("head", head)])
    }

    fn state<'s>(&'s self, file: &'s LogFile) -> &'s str {
        if file.state == "open" { self.t.say("integrity_open") } else { file.state }
    }

    fn probe(&self, probe: &Probe) -> String {
        self.t.fill("probe_text", &[("file", &probe.file), ("statement", &probe.statement)])
    }
}
