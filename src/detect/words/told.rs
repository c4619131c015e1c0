//! Which words of a name say together what it carries?
//!
//! Only for people who ask: nothing is decided by it.

use super::{
    Folded,
    trade::{BRAND, FIRST, GEAR, LEXICON, Rule},
};
use crate::detect::finding::Identifier;

/// The words that told, as they are written in the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::detect) struct Told {
    /// Those that say that a network writes the field.
    pub network: Vec<String>,
    /// Those that say what stands in it.
    pub words: Vec<String>,
    /// What that may be, the most likely first.
    pub kinds: Vec<Identifier>,
}

/// The words of a name that satisfied a rule.
pub(super) fn told(folded: &Folded, rule: Option<&Rule>) -> Told {
    let mut told = Told { network: Vec::new(), words: Vec::new(), kinds: Vec::new() };
    LEXICON.each(folded, |piece, classes| {
        let word = || String::from_utf8_lossy(folded.piece(piece)).into_owned();
        if classes & (BRAND | FIRST | GEAR) != 0 {
            told.network.push(word());
        } else if rule.is_some_and(|rule| rule.all & classes != 0) {
            told.words.push(word());
        }
    });
    told.kinds = rule.map(|rule| rule.kinds.clone()).unwrap_or_default();
    told
}
