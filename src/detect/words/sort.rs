//! Which sort of thing does a name speak of?

use super::{
    Folded, VOCABULARY,
    trade::{LEXICON, TRAP},
};

/// Whether words of these classes speak of a machine of the site's, or of something else that is nobody's.
pub(super) fn is_machines(classes: u64) -> bool {
    classes & TRAP != 0 || classes & LEXICON.machines != 0 && classes & LEXICON.client == 0
}

/// Whether words of these classes speak of a place.
pub(super) fn is_place(classes: u64) -> bool {
    classes & LEXICON.area != 0
}

/// Whether a name speaks of a thing that has numbers of its own, or points at one.
pub(super) fn is_thing(folded: &Folded) -> bool {
    let vocabulary = &*VOCABULARY;
    let lists = [&vocabulary.traps, &vocabulary.worlds, &vocabulary.about, &vocabulary.references];
    let refers = |token: &[u8]| lists.iter().any(|list| list.has(token)) || vocabulary.references.end(token);
    folded.tokens().any(refers)
}

