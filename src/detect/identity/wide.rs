//! What does text say whose signs are wider than a byte?
//!
//! UTF-16 and UTF-32 put zeros beside each letter of ASCII, in either order, and some write a zero behind every digit.
//! Phones write digits of other scripts and of full width in UTF-8. Both come down to the plain sign; what has none stays.

use std::ops::Range;

use super::{
    decode::Decoded,
    search::{Found, Search},
};
use crate::detect::value;

/// One step through a text: so many bytes, of which so many are left.
struct Step {
    taken: usize,
    left: Left,
}

enum Left {
    Nothing,
    Sign(u8),
    /// As it stands.
    All,
}

impl Step {
    fn len(&self) -> usize {
        match self.left {
            Left::Nothing => 0,
            Left::Sign(_) => 1,
            Left::All => self.taken,
        }
    }
}

/// Tells what stands in the text once every sign is as narrow as it can be.
pub(super) fn search(search: &mut Search<'_>, text: &[u8], depth: usize, found: &mut Found<'_>) {
    if !search.spend(text.len()) {
        return;
    }
    let mut narrow = Decoded::new();
    if narrowed(text, &mut narrow).is_some() {
        search.text(&narrow, depth, &mut |span, form| found(place(text, span), form));
    }
}

/// The text in narrow signs; nothing if there is nothing to narrow.
fn narrowed(text: &[u8], out: &mut Decoded) -> Option<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let step = step(rest);
        match step.left {
            Left::Nothing => {}
            Left::Sign(sign) => out.push(sign),
            Left::All => out.extend_from_slice(rest.get(..step.taken)?),
        }
        rest = rest.get(step.taken..)?;
    }
    (out.len() < text.len()).then_some(())
}

/// Where in the text stands what has this place among the narrow signs?
fn place(text: &[u8], narrow: Range<usize>) -> Range<usize> {
    let (mut rest, mut at, mut index) = (text, 0, 0);
    let mut span = text.len()..text.len();
    while !rest.is_empty() && index < narrow.end {
        let step = step(rest);
        if index <= narrow.start && step.len() > 0 {
            span.start = at;
        }
        (at, index) = (at + step.taken, index + step.len());
        rest = rest.get(step.taken..).unwrap_or_default();
    }
    span.start..at
}

fn step(rest: &[u8]) -> Step {
    match *rest {
        // The mark of UTF-16's byte order is no part of UTF-8, and nothing else is either.
        [0 | 0xf8.., ..] => Step { taken: 1, left: Left::Nothing },
        [sign @ ..0x80, ..] => Step { taken: 1, left: Left::Sign(sign) },
        _ => wide(rest),
    }
}

/// A sign of UTF-8 beyond ASCII; what is none stays as it is.
fn wide(rest: &[u8]) -> Step {
    let len = match rest.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..) => 4,
        _ => 1,
    };
    let sign = rest.get(..len).and_then(|sign| std::str::from_utf8(sign).ok()?.chars().next());
    let left = match sign.map(value::narrow) {
        Some(None) => Left::Nothing,
        Some(Some(sign)) if sign.is_ascii() => Left::Sign(sign as u8),
        _ => Left::All,
    };
    Step { taken: if sign.is_some() { len } else { 1 }, left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_become_narrow_and_are_found_where_they_stood() {
        type Case<'a> = (&'a [u8], &'a [u8], Range<usize>, Range<usize>);
        let texts: [Case<'_>; 6] = [
            (b"4\x004\x007\0", b"447", 0..3, 0..5),
            (b"\xfe\xff\x004\x004\x007", b"447", 1..3, 5..8),
            ("a４４７".as_bytes(), b"a447", 1..4, 1..10),
            ("\u{200b}+٤٤".as_bytes(), b"+44", 0..3, 3..8),
            ("é４".as_bytes(), "é4".as_bytes(), 2..3, 2..5),
            (b"4\0\0\x004\0\0\0", b"44", 0..2, 0..5),
        ];
        for (text, expected, narrow, wide) in texts {
            let mut out = Decoded::new();
            assert!(narrowed(text, &mut out).is_some());
            assert_eq!((&out[..], place(text, narrow)), (expected, wide), "{text:?}");
        }
        for text in [&b"447"[..], "é".as_bytes(), b"\x80\xc3", b""] {
            assert!(narrowed(text, &mut Decoded::new()).is_none(), "{text:?}");
        }
    }
}
