//! What does a name say that nobody has listed?
//!
//! Operators choose names freely, but out of the same few words. A name is folded (case and separators drop out, the
//! borders of its tokens are kept), its words are found in one pass, and the strongest one decides.

use std::{cmp::Reverse, sync::LazyLock};

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
    /// What in the name says so; nothing where a documented name does.
    pub why: Option<Why>,
}

/// What in a name decides how much it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Why {
    /// The word.
    pub word: Piece,
    /// What stands beside it and makes it say more.
    pub raised: Option<Piece>,
    /// What stands beside it and makes it say less.
    pub lowered: Option<Piece>,
}

/// What was read in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It says something about the value.
    Telling(Hint),
    /// It would, if this did not make something else of the word.
    Trapped { word: Piece, trap: Piece },
    /// It says nothing.
    Nothing,
}

/// A place in a folded name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    start: usize,
    end: usize,
}

impl Piece {
    /// How it is written in this name, folded.
    pub fn of(self, name: &[u8]) -> String {
        String::from_utf8_lossy(Folded::new(name).piece(self)).into_owned()
    }
}

/// A word of the vocabulary, and where it stands in the folded name.
#[derive(Clone, Copy)]
struct Word {
    group: &'static Group,
    start: usize,
    end: usize,
}

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
    let vocabulary = &*VOCABULARY;
    let Some(word) = folded.strongest(vocabulary) else { return Reading::Nothing };
    match folded.strength(&word, vocabulary) {
        Ok((strength, why)) => {
            let sealed = folded.others(&word).any(|piece| vocabulary.sealed.end(folded.piece(piece)));
            let Group { kinds, network, .. } = word.group;
            Reading::Telling(Hint { strength, kinds, network: *network, sealed, why: Some(why) })
        }
        Err(trap) => Reading::Trapped { word: word.piece(), trap },
    }
}

/// What a byte is in a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sign,
    Small,
    Large,
    Digit,
}

static KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Sign; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'a'..=b'z' => Kind::Small,
            b'A'..=b'Z' => Kind::Large,
            b'0'..=b'9' => Kind::Digit,
            _ => Kind::Sign,
        };
        byte += 1;
    }
    kinds
};

/// A name without separators, in lower case; bit n of `borders` is set where a token begins at n.
struct Folded {
    text: [u8; LONGEST],
    len: usize,
    borders: u128,
}

impl Folded {
    fn new(name: &[u8]) -> Self {
        let mut folded = Self { text: [0; LONGEST], len: 0, borders: 1 };
        let mut last = Kind::Sign;
        for &byte in name {
            let kind = KINDS.get(usize::from(byte)).copied().unwrap_or(Kind::Sign);
            if kind != Kind::Sign {
                if last == Kind::Sign || last == Kind::Small && kind == Kind::Large {
                    folded.borders |= 1 << folded.len;
                }
                let Some(slot) = folded.text.get_mut(folded.len) else { break };
                // Digits have the bit that makes letters small.
                *slot = byte | 0x20;
                folded.len += 1;
            }
            last = kind;
        }
        folded.borders |= 1 << folded.len;
        folded
    }

    fn text(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
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

    fn may_count(&self, word: &Word, vocabulary: &Vocabulary) -> bool {
        !word.group.beside || self.other_among(word, &vocabulary.trade).is_some()
    }

    /// How much the word says, with what stands beside it; or what makes something else of it.
    fn strength(&self, word: &Word, vocabulary: &Vocabulary) -> Result<(Strength, Why), Piece> {
        let (strength, raised) = self.raised(word, vocabulary);
        let why = Why { word: word.piece(), raised, lowered: None };
        let among = |tokens: &Tokens| self.behind(word).find(|piece| tokens.has(self.piece(*piece)));
        let everyday = !(word.group.network && strength == Strength::Strong);
        let trap = among(&vocabulary.about);
        let trap = trap.or_else(|| everyday.then(|| self.other_among(word, &vocabulary.traps))?);
        if strength != Strength::Strong || !word.names_number() {
            return trap.map_or(Ok((strength, why)), Err);
        }
        let lowered = trap.or_else(|| everyday.then(|| among(&vocabulary.references))?);
        Ok((lowered.map_or(strength, |_| Strength::Weak), Why { lowered, ..why }))
    }

    /// How much it says with what stands beside it and makes it say more.
    fn raised(&self, word: &Word, vocabulary: &Vocabulary) -> (Strength, Option<Piece>) {
        let trade = || self.other_among(word, &vocabulary.trade);
        let person = || self.other_among(word, &vocabulary.person);
        let strength = word.group.strength;
        let mobile = word.group.kinds.first() == Some(&Identifier::Msisdn);
        let (raised, by) = match strength {
            Strength::Faint => (Strength::Weak, trade().or_else(person)),
            Strength::Weak if mobile => (Strength::Firm, trade()),
            _ if word.group.beside => (strength, trade()),
            _ => (strength, None),
        };
        (if by.is_some() { raised } else { strength }, by)
    }

    fn is_border(&self, at: usize) -> bool {
        self.borders >> at & 1 == 1
    }

    fn fits(&self, edges: Edges, word: &Word, vocabulary: &Vocabulary) -> bool {
        let Word { start, end, .. } = *word;
        match edges {
            Edges::Free => true,
            // `X-Ims-Id` is no IMSI.
            Edges::Front => self.opens_at(start, vocabulary) && !(start + 1..end).any(|at| self.is_border(at)),
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
    fn others(&self, word: &Word) -> impl Iterator<Item = Piece> {
        self.pieces(0, word.start).chain(self.behind(word))
    }

    /// What stands behind the word.
    fn behind(&self, word: &Word) -> impl Iterator<Item = Piece> {
        self.pieces(word.end, self.len)
    }

    /// Tokens between two places, cut there.
    fn pieces(&self, from: usize, to: usize) -> impl Iterator<Item = Piece> {
        let mut start = from;
        std::iter::from_fn(move || {
            let end = (start + 1..=to).find(|&at| at == to || self.is_border(at)).filter(|_| start < to)?;
            Some(Piece { start: std::mem::replace(&mut start, end), end })
        })
    }

    fn piece(&self, piece: Piece) -> &[u8] {
        self.text.get(piece.start..piece.end).unwrap_or_default()
    }

    fn other_among(&self, word: &Word, tokens: &Tokens) -> Option<Piece> {
        self.others(word).find(|piece| tokens.has(self.piece(*piece)))
    }
}

impl Word {
    /// The less, the more it counts: a number that is named beside something else comes first, as in `imsi-mccmnc`.
    fn rank(&self) -> (Strength, bool, Reverse<usize>) {
        let strong = self.group.strength == Strength::Strong;
        (self.group.strength, !(strong && self.names_number()), Reverse(self.end - self.start))
    }

    fn piece(&self) -> Piece {
        Piece { start: self.start, end: self.end }
    }

    fn names_number(&self) -> bool {
        self.group.kinds.first().is_some_and(|kind| value::is_number(*kind))
    }
}

/// Names that every browser, library, load balancer or ordinary interface sends: they are not looked at any
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

/// The same, each length apart.
static ORDINARY_BY_LENGTH: LazyLock<[Vec<&[u8]>; 32]> = LazyLock::new(|| {
    let names = || ORDINARY.iter().copied().flatten().map(|name| name.as_bytes());
    std::array::from_fn(|length| names().filter(|name| name.len() == length).collect())
});

/// Whether a name is ordinary.
pub(super) fn is_ordinary(name: &[u8]) -> bool {
    let names = ORDINARY_BY_LENGTH.get(name.len());
    names.is_some_and(|names| names.iter().any(|ordinary| name.eq_ignore_ascii_case(ordinary)))
}

#[cfg(test)]
mod tests;
