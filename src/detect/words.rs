//! What does a name say that nobody has listed?
//!
//! Operators choose names freely, but out of the same few words. A name is folded (case and separators drop out, the
//! borders of its tokens are kept), its words are found in one pass, and the strongest one decides.

use std::{cell::OnceCell, cmp::Reverse, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, automaton::OverlappingState};

use super::{
    finding::Identifier,
    value,
    vocabulary::{BESIDE_TRADE, Edges, GLUE, GROUPS, Group, Strength, TAILS, TRADE, TRAPS},
};

/// Longer names say no more in what follows.
const LONGEST: usize = 64;

/// What a name says about the value under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    /// How much it says.
    pub strength: Strength,
    /// What the value may be, the most likely first.
    pub kinds: &'static [Identifier],
    /// The word that says it; empty where a documented name does.
    pub word: &'static str,
    /// The word of the trade beside it without which it would say less.
    pub beside: Option<&'static str>,
}

/// What was read in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It says something about the value.
    Telling(Hint),
    /// It would, if this token did not turn the word into something else.
    Trapped { word: &'static str, trap: &'static str },
    /// It says nothing.
    Nothing,
}

/// Each word with its group, and whether it counts beside a word of the trade only.
static WORDS: LazyLock<Vec<(&'static str, &'static Group, bool)>> = LazyLock::new(|| {
    let groups = GROUPS.iter().map(|group| (group, false)).chain(BESIDE_TRADE.iter().map(|group| (group, true)));
    groups.flat_map(|(group, beside)| group.words.split_whitespace().map(move |word| (word, group, beside))).collect()
});

static MATCHER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = WORDS.iter().map(|(word, ..)| word);
    AhoCorasickBuilder::new().kind(Some(AhoCorasickKind::DFA)).prefilter(false).build(words).ok()
});

/// What a name says, if it says something.
pub(super) fn classify(name: &[u8]) -> Option<Hint> {
    match read(name) {
        Reading::Telling(hint) => Some(hint),
        Reading::Trapped { .. } | Reading::Nothing => None,
    }
}

/// Reads a name.
pub(super) fn read(name: &[u8]) -> Reading {
    let folded = Folded::new(name);
    let asked = OnceCell::new();
    let trade = || *asked.get_or_init(|| folded.token_among(name, TRADE));
    let Some(found) = strongest(&folded, &trade) else { return Reading::Nothing };
    let Found { word, group, beside } = found;
    let Group { strength, kinds, .. } = *group;
    let raised = strength == Strength::Weak && kinds.first() == Some(&Identifier::Msisdn) && trade().is_some();
    let beside = if beside || raised { trade() } else { None };
    let hint = Hint { strength: if raised { Strength::Firm } else { strength }, kinds, word, beside };
    let trap = if strength == Strength::Strong { None } else { folded.token_among(name, TRAPS) };
    trap.map_or(Reading::Telling(hint), |trap| Reading::Trapped { word, trap })
}

/// A word that stands in a name.
#[derive(Clone, Copy)]
struct Found {
    word: &'static str,
    group: &'static Group,
    /// Whether it counts beside a word of the trade only.
    beside: bool,
}

/// The word that decides.
fn strongest(folded: &Folded, trade: &impl Fn() -> Option<&'static str>) -> Option<Found> {
    let matcher = MATCHER.as_ref()?;
    let mut state = OverlappingState::start();
    let mut best: Option<Found> = None;
    loop {
        matcher.find_overlapping(folded.text(), &mut state);
        let Some(found) = state.get_match() else { break };
        let Some(&(word, group, beside)) = WORDS.get(found.pattern().as_usize()) else { continue };
        if !folded.fits(group.edges, found.start(), found.end()) || beside && trade().is_none() {
            continue;
        }
        if best.is_none_or(|best| rank(word, group) < rank(best.word, best.group)) {
            best = Some(Found { word, group, beside });
        }
    }
    best
}

/// A number that is named beside something else is what counts: `imsi-mccmnc`.
fn rank(word: &str, group: &Group) -> impl Ord {
    let number = group.strength == Strength::Strong && names_number(group);
    (group.strength, !number, Reverse(word.len()))
}

fn names_number(group: &Group) -> bool {
    group.kinds.first().is_some_and(|kind| value::is_number(*kind))
}

/// A name without separators, in lower case; bit n of `borders` is set where a token begins at n.
struct Folded {
    text: [u8; LONGEST],
    len: usize,
    borders: u128,
}

impl Folded {
    fn new(name: &[u8]) -> Self {
        let mut folded = Self { text: [0; LONGEST], len: 0, borders: 1 };
        let mut last = b'-';
        for &byte in name {
            if byte.is_ascii_alphanumeric() {
                let camel = last.is_ascii_lowercase() && byte.is_ascii_uppercase();
                if camel || !last.is_ascii_alphanumeric() {
                    folded.borders |= 1 << folded.len;
                }
                let Some(slot) = folded.text.get_mut(folded.len) else { break };
                *slot = byte.to_ascii_lowercase();
                folded.len += 1;
            }
            last = byte;
        }
        folded.borders |= 1 << folded.len;
        folded
    }

    fn text(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    fn is_border(&self, at: usize) -> bool {
        self.borders >> at & 1 == 1
    }

    fn fits(&self, edges: Edges, start: usize, end: usize) -> bool {
        match edges {
            Edges::Free => true,
            // `X-Ims-Id` is no IMSI.
            Edges::Front => self.opens_at(start) && !(start + 1..end).any(|at| self.is_border(at)),
            Edges::Both => self.opens_at(start) && self.closes_at(end),
        }
    }

    /// Whether a token begins here, or only something that is often glued to a word stands before.
    fn opens_at(&self, start: usize) -> bool {
        let before = (0..=start).rev().find(|&at| self.is_border(at)).and_then(|at| self.text.get(at..start));
        before.is_some_and(|before| before.is_empty() || GLUE.iter().any(|glue| glue.as_bytes() == before))
    }

    fn closes_at(&self, end: usize) -> bool {
        let border = (end..=self.len).find(|&at| self.is_border(at));
        let behind = border.and_then(|at| self.text.get(end..at));
        behind.is_some_and(|behind| behind.is_empty() || TAILS.iter().any(|tail| tail.as_bytes() == behind))
    }

    /// The first of these that is a token of the name.
    fn token_among(&self, name: &[u8], tokens: &[&'static str]) -> Option<&'static str> {
        let among = |token: &[u8]| tokens.iter().copied().find(|other| token.eq_ignore_ascii_case(other.as_bytes()));
        let camel = || {
            let starts = (0..self.len).filter(|&at| self.is_border(at));
            starts.filter_map(|at| {
                let end = (at + 1..=self.len).find(|&end| self.is_border(end))?;
                self.text.get(at..end)
            })
        };
        name.split(|byte| !byte.is_ascii_alphanumeric()).find_map(among).or_else(|| camel().find_map(among))
    }
}

/// Names that every browser, library, load balancer or ordinary interface sends, by length: they are not looked at any
/// further. Lower case.
static ORDINARY: &[&[&str]] = &[
    &["te", "dnt", "via", "age", "tk"],
    &[
        "date", "etag", "host", "from", "vary", "link", "allow", "range", "pragma", "server", "accept", "cookie",
        "origin",
    ],
    &[
        "expires",
        "upgrade",
        "referer",
        "trailer",
        "baggage",
        "if-match",
        "location",
        "priority",
        "save-data",
        "forwarded",
        "sec-gpc",
        "sec-ch-ua",
        "x-api-key",
        "x-real-ip",
        "alt-used",
    ],
    &[
        "connection",
        "keep-alive",
        "set-cookie",
        "user-agent",
        "traceparent",
        "tracestate",
        "x-b3-spanid",
        "x-csrf-token",
        "x-request-id",
        "x-xsrf-token",
        "content-type",
        "cache-control",
        "authorization",
        "if-none-match",
        "x-client-data",
        "last-modified",
        "x-b3-traceid",
    ],
    &[
        "accept-charset",
        "content-length",
        "accept-encoding",
        "accept-language",
        "x-forwarded-for",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "proxy-connection",
        "x-requested-with",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "if-modified-since",
        "transfer-encoding",
        "sec-websocket-key",
        "proxy-authorization",
        "upgrade-insecure-requests",
        "strict-transport-security",
        "content-security-policy",
        "if-unmodified-since",
        "x-amzn-trace-id",
    ],
];

/// Whether a name is ordinary.
pub(super) fn is_ordinary(name: &[u8]) -> bool {
    let row = match name.len() {
        0..=3 => 0,
        4..=6 => 1,
        7..=9 => 2,
        10..=13 => 3,
        _ => 4,
    };
    let names = ORDINARY.get(row).copied().unwrap_or_default();
    names.iter().any(|ordinary| name.eq_ignore_ascii_case(ordinary.as_bytes()))
}

#[cfg(test)]
mod tests;
