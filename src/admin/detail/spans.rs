//! Where does a finding stand in a value as it is shown?
//!
//! Findings count the bytes of the value as it came. What is shown has `\xNN` for bytes that are no text, and bullets for
//! what is hidden: one for each byte, unless it is a credential or very long.

use std::ops::Range;

const BULLET: char = '•';

/// The bytes of `shown` that stand for the bytes `span` of what came.
pub fn shown(shown: &str, span: (usize, usize)) -> Range<usize> {
    let mut places = Vec::with_capacity(shown.len());
    let mut came = 0;
    let mut at = 0;
    while let Some(character) = shown.get(at..).and_then(|rest| rest.chars().next()) {
        let (here, bytes) = width(shown, at, character);
        places.push((came, at));
        came += bytes;
        at += here;
    }
    places.push((came, shown.len()));
    let place = |wanted: usize| {
        let index = places.partition_point(|(came, _)| *came < wanted);
        places.get(index).map(|(_, at)| *at)
    };
    match (place(span.0), place(span.1)) {
        (Some(from), Some(to)) if from < to => from..to,
        // Something before it is shorter than it was: the bullets are what is hidden.
        _ => hidden(shown),
    }
}

/// The same range, in UTF-16 units.
pub fn units(shown: &str, range: &Range<usize>) -> (usize, usize) {
    let count = |to: usize| shown.get(..to).unwrap_or(shown).encode_utf16().count();
    (count(range.start), count(range.end))
}

/// How many bytes stand here, and for how many.
fn width(shown: &str, at: usize, character: char) -> (usize, usize) {
    let escape = shown.as_bytes().get(at..at + 4);
    match escape {
        Some([b'\\', b'x', high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => (4, 1),
        _ if character == BULLET => (character.len_utf8(), 1),
        _ => (character.len_utf8(), character.len_utf8()),
    }
}

/// From the first bullet to the last; all of it where there is none.
fn hidden(shown: &str) -> Range<usize> {
    let first = shown.find(BULLET).unwrap_or(0);
    let last = shown.rfind(BULLET).map_or(shown.len(), |at| at + BULLET.len_utf8());
    first..last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_as_long_as_what_it_hides() {
        let text = "id=44770•••••23;x";
        let range = shown(text, (3, 15));
        assert_eq!(&text[range.clone()], "44770•••••23");
        assert_eq!(units(text, &range), (3, 15));
    }

    #[test]
    fn escapes_stand_for_one_byte() {
        let text = r"\xff\xfeab";
        assert_eq!(&text[shown(text, (2, 4))], "ab");
    }

    #[test]
    fn what_is_hidden_whole_is_found_by_its_bullets() {
        let text = "Basic •••";
        assert_eq!(&text[shown(text, (6, 40))], "•••");
        assert_eq!(&text[shown("", (0, 4))], "");
    }
}
