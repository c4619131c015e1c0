//! Which sort of thing does a name speak of?

use std::sync::LazyLock;

use super::{
    Folded, VOCABULARY,
    trade::{LEXICON, TRAP},
};
use crate::detect::shelf::Shelf;

/// The words for places.
static PLACES: LazyLock<Shelf<(), 1024>> = LazyLock::new(|| {
    let classes = |word: &str| LEXICON.words.get(word.as_bytes()).copied().unwrap_or_default();
    Shelf::new(LEXICON.words.iter().filter(|word| is_place(classes(word))).map(|word| (Box::from(word), ())))
});

/// Whether words of these classes speak of a machine of the site's, or of something else that is nobody's.
pub(super) fn is_machines(classes: u64) -> bool {
    classes & TRAP != 0 || classes & LEXICON.machines != 0 && classes & LEXICON.client == 0
}

/// Whether words of these classes speak of a place.
pub(super) fn is_place(classes: u64) -> bool {
    classes & LEXICON.area != 0
}

/// Whether a word for a place stands anywhere in a name: most are told from those that speak of one for a tenth of what it
/// costs to class all their words.
pub(super) fn may_be_place(folded: &Folded) -> bool {
    let (places, text) = (&*PLACES, folded.text());
    let mut rests = (0..text.len()).filter_map(|at| text.get(at..));
    rests.any(|rest| places.fronts(rest).next().is_some())
}

/// Whether a name speaks of a thing that has numbers of its own, or points at one.
pub(super) fn is_thing(folded: &Folded) -> bool {
    let vocabulary = &*VOCABULARY;
    let lists = [&vocabulary.traps, &vocabulary.worlds, &vocabulary.about, &vocabulary.references];
    let refers = |token: &[u8]| lists.iter().any(|list| list.has(token)) || vocabulary.references.end(token);
    folded.tokens().any(refers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_place_is_turned_away() {
        let mut places = 0;
        for word in LEXICON.words.iter() {
            for name in [word.to_owned(), format!("X-User-{word}-Id"), format!("my{word}"), format!("{word}code")] {
                let folded = Folded::new(name.as_bytes());
                let is_one = is_place(LEXICON.read(&folded));
                assert!(!is_one || may_be_place(&folded), "{name}");
                places += usize::from(is_one);
            }
        }
        assert!(places > 100 && !may_be_place(&Folded::new(b"X-Acme-Subscriber-Id")));
    }
}
