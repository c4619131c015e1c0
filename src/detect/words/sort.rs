//! Which sort of thing does a name speak of?

use super::{
    Folded, VOCABULARY,
    trade::{LEXICON, TRAP},
};

/// Whether a name speaks of a machine of the site's, or of something else that is nobody's.
pub(in crate::detect) fn is_machines(name: &[u8]) -> bool {
    let set = LEXICON.read(&Folded::new(name));
    set & TRAP != 0 || set & LEXICON.machines != 0 && set & LEXICON.client == 0
}

/// Whether a name speaks of a place.
pub(in crate::detect) fn is_place(name: &[u8]) -> bool {
    LEXICON.read(&Folded::new(name)) & LEXICON.area != 0
}

/// Whether a name speaks of a thing that has numbers of its own, or points at one: `X-Merchant-Id`, `Order-Number`.
pub(in crate::detect) fn is_thing(name: &[u8]) -> bool {
    let vocabulary = &*VOCABULARY;
    let lists = [&vocabulary.traps, &vocabulary.worlds, &vocabulary.about, &vocabulary.references];
    let refers = |token: &[u8]| lists.iter().any(|list| list.has(token)) || vocabulary.references.end(token);
    Folded::new(name).tokens().any(refers) || is_machines(name)
}
