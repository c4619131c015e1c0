//! What does a name say that nobody has listed?
//!
//! Operators choose names freely, but out of the same few words. A name is folded (case and separators drop out, the
//! borders of its tokens are kept), its words are found in one pass, and the strongest one decides.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, automaton::OverlappingState};

use super::{
    finding::Identifier,
    vocabulary::{Edges, GLUE, GROUPS, Group, Strength, TAILS, TRAPS},
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
}

static WORDS: LazyLock<Vec<(&'static str, &'static Group)>> = LazyLock::new(|| {
    GROUPS.iter().flat_map(|group| group.words.split_whitespace().map(move |word| (word, group))).collect()
});

static MATCHER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(WORDS.iter().map(|(word, _)| word)).ok());

/// Reads a name.
pub(super) fn classify(name: &[u8]) -> Option<Hint> {
    let folded = Folded::new(name);
    let matcher = MATCHER.as_ref()?;
    let mut state = OverlappingState::start();
    let mut best: Option<(&Group, usize)> = None;
    loop {
        matcher.find_overlapping(folded.text(), &mut state);
        let Some(found) = state.get_match() else { break };
        let Some((_, word)) = WORDS.get(found.pattern().as_usize()) else { continue };
        if !folded.fits(word.edges, found.start(), found.end()) {
            continue;
        }
        let stronger = |(best, len): (&Group, usize)| {
            word.strength < best.strength || word.strength == best.strength && found.len() > len
        };
        if best.is_none_or(stronger) {
            best = Some((word, found.len()));
        }
    }
    let (word, _) = best?;
    let trapped = word.strength > Strength::Strong && folded.has_trap(name);
    (!trapped).then_some(Hint { strength: word.strength, kinds: word.kinds })
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
            Edges::Front => self.opens_at(start),
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

    fn has_trap(&self, name: &[u8]) -> bool {
        let is_trap = |token: &[u8]| TRAPS.iter().any(|trap| token.eq_ignore_ascii_case(trap.as_bytes()));
        let camel = || {
            let starts = (0..self.len).filter(|&at| self.is_border(at));
            starts.filter_map(|at| {
                let end = (at + 1..=self.len).find(|&end| self.is_border(end))?;
                self.text.get(at..end)
            })
        };
        name.split(|byte| !byte.is_ascii_alphanumeric()).any(is_trap) || camel().any(is_trap)
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
