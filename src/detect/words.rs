//! What does a name say that nobody has listed?
//!
//! Operators choose names freely, but out of the same few words. A name is folded (case and separators drop out, the
//! borders of its tokens are kept), its words are found in one pass, and the strongest one decides.

mod company;
mod folded;
mod name;
mod ordinary;
mod sort;
mod told;
mod trade;

use std::cmp::Reverse;

pub(super) use company::Company;
pub(super) use folded::Piece;
use folded::{Folded, LONGEST};
pub(super) use name::Name;
pub(super) use ordinary::is_ordinary;
pub(super) use told::Told;
pub(super) use trade::{Rule, Said, Sense};

use super::{
    finding::Identifier,
    value,
    vocabulary::{Edges, Group, Scope, Strength, Tokens, VOCABULARY, Vocabulary},
};

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
    /// What in the name says so; nothing where something else does.
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

impl Reading {
    /// What the name says, if it says something.
    pub fn hint(self) -> Option<Hint> {
        match self {
            Self::Telling(hint) => Some(hint),
            Self::Trapped { .. } | Self::Nothing => None,
        }
    }
}

impl Hint {
    /// Whether the name names a number in words that mean nothing else: then a network wrote the field.
    pub fn is_number_of_trade(&self) -> bool {
        self.is_certain() && self.kinds.first().is_some_and(|kind| value::is_number(*kind))
    }

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

/// What a name says, if it says something.
pub(super) fn classify(name: &[u8]) -> Option<Hint> {
    read(name).hint()
}

/// Reads a name.
pub(super) fn read(name: &[u8]) -> Reading {
    if VOCABULARY.may_stand_in(name) { read_folded(&Folded::new(name)) } else { Reading::Nothing }
}

fn read_folded(folded: &Folded) -> Reading {
    let vocabulary = &*VOCABULARY;
    let Some(word) = folded.word(vocabulary) else { return Reading::Nothing };
    match folded.strength(&word, vocabulary) {
        Ok((strength, why)) => {
            let sealed = folded.others(&word).any(|piece| vocabulary.sealed.end(folded.piece(piece)));
            let Group { kinds, network, .. } = word.group;
            Reading::Telling(Hint { strength, kinds, network: *network, sealed, why: Some(why) })
        }
        Err(trap) => Reading::Trapped { word: word.piece(), trap },
    }
}

/// Whether a part of a value is what a gateway writes beside a number: `GPRS`, `prepaid`, `wap.apn`.
pub(super) fn is_company(part: &[u8]) -> bool {
    let folded = Folded::new(part);
    part.len() <= LONGEST && folded.tokens().any(|token| VOCABULARY.company.has(token))
}

/// Without the joint of a Romance language: `numero-de`.
fn singular(token: &[u8]) -> &[u8] {
    let joint = |joint: &&&[u8]| token.len() > joint.len() + 3 && token.ends_with(joint);
    let joints: &[&[u8]] = &[b"de", b"di", b"do"];
    token.get(..token.len() - joints.iter().find(joint).map_or(0, |joint| joint.len())).unwrap_or(token)
}

impl Folded {
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
        let mut best: Option<Word> = None;
        for (start, end, pattern) in vocabulary.words_in(self.text()) {
            let Some((group, edges)) = vocabulary.entry(pattern) else { continue };
            let word = Word { group, start, end };
            let stronger = best.is_none_or(|best| word.rank() < best.rank());
            if stronger && self.fits(edges, &word, vocabulary) && self.may_count(&word, vocabulary) {
                best = Some(word);
            }
        }
        best
    }

    /// A long word with one letter wrong, at the front of a token or behind an `x`.
    fn misspelt(&self, vocabulary: &'static Vocabulary) -> Option<Word> {
        // No word that counts misspelt has fewer than five letters.
        let mut borders = self.borders_before(self.len.saturating_sub(4));
        borders.find_map(|at| {
            let x = self.text.get(at) == Some(&b'x');
            self.misspelt_at(at, vocabulary).or_else(|| x.then(|| self.misspelt_at(at + 1, vocabulary))?)
        })
    }

    fn misspelt_at(&self, start: usize, vocabulary: &'static Vocabulary) -> Option<Word> {
        let (group, len) = vocabulary.misspelt(self.text().get(start..)?)?;
        Some(Word { group, start, end: start + len }).filter(|word| self.closes_at(word.end, vocabulary))
    }

    fn may_count(&self, word: &Word, vocabulary: &Vocabulary) -> bool {
        !word.group.beside || self.other_among(word, &vocabulary.trade).is_some()
    }

    /// How much the word says, with what stands beside it; or what makes something else of it.
    fn strength(&self, word: &Word, vocabulary: &Vocabulary) -> Result<(Strength, Why), Piece> {
        let everyday = !word.group.network;
        let (strength, raised) = self.raised(word, vocabulary);
        let holds = |token| !everyday && strength == Strength::Strong && vocabulary.holders.has(token);
        let about = |token| vocabulary.about.has(token) && !holds(token);
        let trap = self.behind(word).find(|piece| about(self.piece(*piece)));
        let trap = trap.or_else(|| everyday.then(|| self.other_among(word, &vocabulary.traps))?);
        let refers = |piece: &Piece| vocabulary.references.has(self.piece(*piece));
        let reference = || everyday.then(|| self.behind(word).find(refers))?;
        let lowered = match strength {
            // Three letters stand for many things: MDN is a site as well.
            Strength::Strong if word.names_number() && word.end - word.start > 3 => trap.or_else(reference),
            Strength::Firm if trap.is_none() => reference(),
            _ => None,
        };
        let why = Why { word: word.piece(), raised, lowered };
        if let Some(world) = self.other_world(word, vocabulary) {
            return Err(world);
        }
        if let Some(stranger) = self.stranger(word, vocabulary) {
            return Ok((Strength::Faint, Why { lowered: Some(stranger), ..why }));
        }
        match (lowered, trap) {
            (Some(_), _) => Ok((Strength::Weak, why)),
            (None, Some(trap)) => Err(trap),
            (None, None) => Ok((strength, why)),
        }
    }

    /// What tells that a word other than that for a number is another trade's, if the name speaks of no network.
    fn other_world(&self, word: &Word, vocabulary: &Vocabulary) -> Option<Piece> {
        let number = word.names_number() && word.group.contested.is_none();
        let world = || self.other_among(word, &vocabulary.worlds);
        let world = (word.group.network && !number).then(world)??;
        (!trade::speaks(self)).then_some(world)
    }

    /// A token that nobody knows, where it makes another thing of the word, if the name speaks of no network.
    fn stranger(&self, word: &Word, vocabulary: &Vocabulary) -> Option<Piece> {
        let from = match word.group.contested? {
            Scope::Behind => word.end,
            Scope::Anywhere => 0,
        };
        let mut behind = self.others(word).filter(|piece| piece.start >= from);
        let known = |token: &[u8]| vocabulary.knows(token) || trade::knows(token);
        let stranger = behind.find(|piece| !known(self.piece(*piece)))?;
        (!trade::speaks(self)).then_some(stranger)
    }

    /// A word for a phone or its user says more beside one for a number, or beside one of the trade.
    fn raised(&self, word: &Word, vocabulary: &Vocabulary) -> (Strength, Option<Piece>) {
        let Group { strength, network, beside, .. } = *word.group;
        let trade = || self.other_among(word, &vocabulary.trade);
        if word.group.kinds.first() != Some(&Identifier::Msisdn) || strength == Strength::Strong || beside {
            return (strength, beside.then(trade).flatten());
        }
        let is_number = |token| vocabulary.numbers.has(token) || vocabulary.numbers.has(singular(token));
        let number = self.others(word).find(|piece| is_number(self.piece(*piece)));
        let person = || self.other_among(word, &vocabulary.person);
        let (raised, by) = match strength {
            Strength::Faint => (Strength::Weak, number.or_else(trade).or_else(person)),
            Strength::Weak if number.is_some() && network => (Strength::Strong, number),
            Strength::Weak => (Strength::Firm, number.or_else(trade)),
            Strength::Firm | Strength::Strong => (Strength::Strong, number),
        };
        (if by.is_some() { raised } else { strength }, by)
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
        self.front_of_token(start).is_some_and(|before| vocabulary.glue.make(before, GLUED))
    }

    fn closes_at(&self, end: usize, vocabulary: &Vocabulary) -> bool {
        self.rest_of_token(end).is_some_and(|behind| vocabulary.tails.make(behind, GLUED))
    }

    /// The tokens that the word is no part of, and what is glued to it.
    fn others(&self, word: &Word) -> impl Iterator<Item = Piece> {
        self.pieces(0, word.start).chain(self.behind(word))
    }

    /// What stands behind the word.
    fn behind(&self, word: &Word) -> impl Iterator<Item = Piece> {
        self.pieces(word.end, self.len)
    }

    fn other_among(&self, word: &Word, tokens: &Tokens) -> Option<Piece> {
        self.others(word).find(|piece| tokens.has(self.piece(*piece)))
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

    fn piece(&self) -> Piece {
        Piece { start: self.start, end: self.end }
    }

    fn names_number(&self) -> bool {
        self.group.kinds.first().is_some_and(|kind| value::is_number(*kind))
    }
}

#[cfg(test)]
mod tests;
