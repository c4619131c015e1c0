//! What does a name say that nobody has listed?
//!
//! Operators choose names freely, but out of the same few words. A name is folded (case and separators drop out, the
//! borders of its tokens are kept), its words are found in one pass, and the strongest one decides.

use std::cmp::Reverse;

use aho_corasick::automaton::OverlappingState;

use super::{
    finding::Identifier,
    value,
    vocabulary::{Edges, Group, Strength, Tokens, VOCABULARY, Vocabulary},
};

/// Longer names say no more in what follows.
const LONGEST: usize = 64;

/// How many words stand glued together before or behind one that tells, at most.
const GLUED: usize = 3;

/// What a name says about the value under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    /// How much it says.
    pub strength: Strength,
    /// What the value may be, the most likely first.
    pub kinds: &'static [Identifier],
    /// Whether networks use the word, and apps and sites do not.
    pub network: bool,
    /// Whether the name says that the value is hashed or encrypted.
    pub sealed: bool,
}

impl Hint {
    /// Whether the name names the thing in words that mean nothing else.
    pub fn is_certain(&self) -> bool {
        self.network && self.strength == Strength::Strong
    }
}

/// A word of the vocabulary, and where it stands in the folded name.
#[derive(Clone, Copy)]
struct Word {
    group: &'static Group,
    start: usize,
    end: usize,
}

/// Reads a name.
pub(super) fn classify(name: &[u8]) -> Option<Hint> {
    let folded = Folded::new(name);
    let vocabulary = &*VOCABULARY;
    let word = folded.word(vocabulary)?;
    let strength = folded.strength(&word, vocabulary)?;
    let sealed = folded.others(&word).any(|token| vocabulary.sealed.end(token));
    Some(Hint { strength, kinds: &word.group.kinds, network: word.group.network, sealed })
}

/// Whether a field of this name holds several things that a network knows: `X-Wap-Info`, `X-Operator-Params`.
pub(super) fn is_holder(name: &[u8]) -> bool {
    let folded = Folded::new(name);
    let has = |tokens: &Tokens| folded.tokens(0, folded.len).any(|token| tokens.has(token));
    has(&VOCABULARY.holders) && (has(&VOCABULARY.trade) || has(&VOCABULARY.network))
}

/// Whether a part of a value is what a gateway writes beside a number: `GPRS`, `prepaid`, `wap.apn`.
pub(super) fn is_company(part: &[u8]) -> bool {
    let folded = Folded::new(part);
    part.len() <= LONGEST && folded.tokens(0, folded.len).any(|token| VOCABULARY.company.has(token))
}

/// Without the joint of a Romance language: `numero-de`.
fn singular(token: &[u8]) -> &[u8] {
    let joint = |joint: &&&[u8]| token.len() > joint.len() + 3 && token.ends_with(joint);
    let joints: &[&[u8]] = &[b"de", b"di", b"do"];
    token.get(..token.len() - joints.iter().find(joint).map_or(0, |joint| joint.len())).unwrap_or(token)
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

    /// The word that counts, spelt right or, where that is one of everyday at most, perhaps not.
    fn word(&self, vocabulary: &'static Vocabulary) -> Option<Word> {
        let right = self.strongest(vocabulary);
        if right.is_some_and(|word| word.group.strength < Strength::Weak) {
            return right;
        }
        let wrong = self.misspelt(vocabulary);
        [right, wrong].into_iter().flatten().min_by_key(Word::rank)
    }

    /// The word that counts, of all that stand in the name.
    fn strongest(&self, vocabulary: &'static Vocabulary) -> Option<Word> {
        let mut state = OverlappingState::start();
        let mut best: Option<Word> = None;
        loop {
            vocabulary.matcher.find_overlapping(self.text(), &mut state);
            let Some(found) = state.get_match() else { return best };
            let Some((group, edges)) = vocabulary.entry(found.pattern().as_usize()) else { continue };
            let word = Word { group, start: found.start(), end: found.end() };
            let stronger = best.is_none_or(|best| word.rank() < best.rank());
            if stronger && self.fits(edges, &word, vocabulary) && self.may_count(&word, vocabulary) {
                best = Some(word);
            }
        }
    }

    /// A long word with one letter wrong, at the front of a token or behind an `x`.
    fn misspelt(&self, vocabulary: &'static Vocabulary) -> Option<Word> {
        let last = self.len.saturating_sub(4);
        let borders = (0..last).filter(|&at| self.is_border(at));
        borders.flat_map(|at| [at, at + usize::from(self.text.get(at) == Some(&b'x'))]).find_map(|start| {
            let (group, len) = vocabulary.misspelt(self.text().get(start..)?)?;
            Some(Word { group, start, end: start + len }).filter(|word| self.closes_at(word.end, vocabulary))
        })
    }

    fn may_count(&self, word: &Word, vocabulary: &Vocabulary) -> bool {
        !word.group.beside || self.has_other(word, &vocabulary.trade)
    }

    /// How much the word says, with what stands beside it; nothing if that makes something else of it.
    fn strength(&self, word: &Word, vocabulary: &Vocabulary) -> Option<Strength> {
        let group = word.group;
        let strength = self.raised(word, vocabulary);
        let certain = word.group.network && strength == Strength::Strong;
        let holds = |token| certain && vocabulary.holders.has(token);
        let about = self.behind(word).any(|token| vocabulary.about.has(token) && !holds(token));
        let trapped = about || !group.network && self.has_other(word, &vocabulary.traps);
        let refers = !group.network && self.behind(word).any(|token| vocabulary.references.has(token));
        match strength {
            // Three letters stand for many things: MDN is a site as well.
            Strength::Firm if refers && !trapped => Some(Strength::Weak),
            Strength::Strong if word.names_number() && word.end - word.start > 3 && (trapped || refers) => {
                Some(Strength::Weak)
            }
            _ if trapped => None,
            strength => Some(strength),
        }
    }

    /// A word for a phone or its user says more beside one for a number, or beside one of the trade.
    fn raised(&self, word: &Word, vocabulary: &Vocabulary) -> Strength {
        let strength = word.group.strength;
        if word.group.kinds.first() != Some(&Identifier::Msisdn) || strength == Strength::Strong || word.group.beside {
            return strength;
        }
        let number =
            self.others(word).any(|token| vocabulary.numbers.has(token) || vocabulary.numbers.has(singular(token)));
        let trade = self.has_other(word, &vocabulary.trade);
        match strength {
            Strength::Faint if number || trade || self.has_other(word, &vocabulary.person) => Strength::Weak,
            Strength::Weak if number && word.group.network => Strength::Strong,
            Strength::Weak if number || trade => Strength::Firm,
            Strength::Firm if number => Strength::Strong,
            strength => strength,
        }
    }

    fn is_border(&self, at: usize) -> bool {
        self.borders >> at & 1 == 1
    }

    fn fits(&self, edges: Edges, word: &Word, vocabulary: &Vocabulary) -> bool {
        let Word { start, end, .. } = *word;
        match edges {
            Edges::Free => true,
            Edges::Both => self.opens_at(start, vocabulary) && self.closes_at(end, vocabulary),
        }
    }

    /// Whether a token begins here, or only words that are often glued to others stand before.
    fn opens_at(&self, start: usize, vocabulary: &Vocabulary) -> bool {
        let before = (0..=start).rev().find(|&at| self.is_border(at)).and_then(|at| self.text.get(at..start));
        before.is_some_and(|before| vocabulary.glue.make(before, GLUED))
    }

    fn closes_at(&self, end: usize, vocabulary: &Vocabulary) -> bool {
        self.rest_of_token(end).is_some_and(|behind| vocabulary.tails.make(behind, GLUED))
    }

    fn rest_of_token(&self, from: usize) -> Option<&[u8]> {
        let border = (from..=self.len).find(|&at| self.is_border(at))?;
        self.text.get(from..border)
    }

    /// The tokens that the word is no part of, and what is glued to it.
    fn others<'f>(&'f self, word: &Word) -> impl Iterator<Item = &'f [u8]> {
        self.tokens(0, word.start).chain(self.tokens(word.end, self.len))
    }

    /// What stands behind the word.
    fn behind<'f>(&'f self, word: &Word) -> impl Iterator<Item = &'f [u8]> {
        self.tokens(word.end, self.len)
    }

    /// Tokens between two places, cut there.
    fn tokens(&self, from: usize, to: usize) -> impl Iterator<Item = &[u8]> {
        let mut start = from;
        std::iter::from_fn(move || {
            let end = (start + 1..=to).find(|&at| at == to || self.is_border(at)).filter(|_| start < to)?;
            self.text.get(std::mem::replace(&mut start, end)..end)
        })
    }

    fn has_other(&self, word: &Word, tokens: &Tokens) -> bool {
        self.others(word).any(|token| tokens.has(token))
    }
}

impl Word {
    /// The less, the more it counts: a number that is named beside something else comes first, as in `imsi-mccmnc`, and
    /// what describes the network comes last, as in `ggsn-uli`.
    fn rank(&self) -> (bool, Strength, bool, Reverse<usize>) {
        let network = self.group.kinds.first() == Some(&Identifier::Network);
        let strong = self.group.strength == Strength::Strong;
        (network, self.group.strength, !(strong && self.names_number()), Reverse(self.end - self.start))
    }

    fn names_number(&self) -> bool {
        self.group.kinds.first().is_some_and(|kind| value::is_number(*kind))
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
