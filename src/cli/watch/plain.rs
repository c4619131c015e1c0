//! How does text that anybody may have written stand on a screen?
//!
//! Every character on columns of its own, of which program and terminal think alike: what moves the cursor, changes colours,
//! turns the direction of writing, joins the character before it or cannot be seen is written as `\u{…}`.

use std::mem;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

use crate::event::printable;

/// The text so that a screen shows it and nothing else happens.
pub(super) fn plain(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        let mut characters = cluster.chars();
        let first = characters.next();
        shown.extend(first.filter(|first| stands_alone(*first)));
        let harmful = first.filter(|first| !stands_alone(*first)).into_iter().chain(characters);
        shown.extend(harmful.flat_map(char::escape_unicode));
    }
    shown
}

fn stands_alone(character: char) -> bool {
    let mut buffer = [0; 4];
    let text = character.encode_utf8(&mut buffer);
    let is_seen = matches!(character.width(), Some(1 | 2));
    // Nobody knows how wide the private ones are; a soft hyphen is there or not as the terminal likes.
    let is_doubtful = matches!(character, '\u{ad}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    is_seen && !is_doubtful && printable(text) == *text
}

/// How many columns it takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// The text on so many columns at most; what is cut off has an ellipsis in its place.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used + 1 > width {
            break;
        }
        shown.push(character);
    }
    if width > 0 {
        shown.push('…');
    }
    shown
}

/// The same of an address, whose end tells more than its beginning.
pub(super) fn cut_front(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let backwards: String = text.chars().rev().collect();
    cut(&backwards, width).chars().rev().collect()
}

/// The text on exactly so many columns.
pub(super) fn fit(text: &str, width: usize) -> String {
    let shown = cut(text, width);
    let missing = width.saturating_sub(columns(&shown));
    shown + &" ".repeat(missing)
}

/// The text on lines of so many columns, broken between words where it can be.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if columns(&line) + gap + columns(word) > width && !line.is_empty() {
            lines.push(mem::take(&mut line));
        } else if gap > 0 {
            line.push(' ');
        }
        let mut rest = word;
        // A word that no line could hold goes on on the next ones.
        while columns(rest) > width {
            let taken = head(rest, width);
            let end = taken.len().max(rest.chars().next().map_or(0, char::len_utf8));
            lines.push(taken.to_owned());
            rest = rest.get(end..).unwrap_or_default();
        }
        line.push_str(rest);
    }
    lines.push(line);
    lines
}

/// As much of the beginning as so many columns hold.
fn head(text: &str, width: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > width
    });
    end.map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_written_out() {
        let hostile = [
            ("a\u{1b}[2Jb", r"a\u{1b}[2Jb"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("\u{1b}]52;c;AAAA\u{7}", r"\u{1b}]52;c;AAAA\u{7}"),
            ("a\u{202e}b\u{2066}c\u{200f}", r"a\u{202e}b\u{2066}c\u{200f}"),
            ("e\u{301}\u{302}", r"e\u{301}\u{302}"),
            ("a\u{200b}b\u{feff}\u{ad}", r"a\u{200b}b\u{feff}\u{ad}"),
            ("👩\u{200d}👧", "👩\\u{200d}\\u{1f467}"),
            ("\r\n\t", r"\u{d}\u{a}\u{9}"),
            ("\u{e0041}\u{e000}", r"\u{e0041}\u{e000}"),
        ];
        for (raw, shown) in hostile {
            assert_eq!(plain(raw), shown);
        }
        assert_eq!(plain("Zoë 東京 44770•••••23 Ω"), "Zoë 東京 44770•••••23 Ω");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("example.org", 11), "example.org");
        assert_eq!(cut("example.org", 8), "example…");
        assert_eq!(cut_front("2001:db8::1:2345", 8), "…:1:2345");
        assert_eq!((cut("東京都", 4), cut("東京", 0), fit("東京都", 4)), ("東…".into(), String::new(), "東… ".into()));
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("a 0123456789 b", 4), ["a", "0123", "4567", "89 b"]);
        assert_eq!(wrap("", 4), [""]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_shown_moves_anything(text: String, width in 0_usize..30) {
            let shown = plain(&text);
            prop_assert!(shown.chars().all(|c| matches!(c.width(), Some(1 | 2)) && !c.is_control()), "{shown:?}");
            prop_assert!(shown.graphemes(true).all(|cluster| cluster.chars().count() == 1), "{shown:?}");
            prop_assert!(columns(&cut(&shown, width)) <= width);
            prop_assert!(columns(&cut_front(&shown, width)) <= width);
            prop_assert_eq!(columns(&fit(&shown, width)), width);
            prop_assert!(wrap(&shown, width.max(2)).iter().all(|line| columns(line) <= width.max(2)));
        }
    }
}
