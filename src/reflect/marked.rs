//! Which bytes of a line are marked, and how does the rest stand on a page?
//!
//! Pieces of text in which nothing can act: the page's template escapes what HTML gives a meaning to, and here goes what a
//! screen would act on.

use std::ops::Range;

use super::{compare::is_usual, verdict::thing};
use crate::{
    detect::{Finding, Part},
    event::{escaped, printable},
    exchange::{Field, Fields},
};

/// No more field lines are shown on a page, and no more bytes of one. The JSON has them all.
pub(super) const LINES: usize = 256;
const LENGTH: usize = 4096;

/// A piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What it says.
    pub text: String,
    /// Whether something was found there.
    pub is_marked: bool,
}

/// A field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The name as it was spelt.
    pub name: String,
    /// The value.
    pub pieces: Vec<Piece>,
    /// What was found in it, in words.
    pub notes: Vec<String>,
    /// Browsers are not known to send it, and nothing was found.
    pub is_unusual: bool,
    /// The value goes on; so many bytes were left out.
    pub left_out: usize,
}

/// The field lines of a head.
pub(super) fn lines(fields: &Fields, findings: &[Finding]) -> Vec<Line> {
    let of = |index| move |finding: &&Finding| finding.location.part == Part::Header && finding.location.index == index;
    let line = |(index, field)| {
        let here: Vec<_> = findings.iter().filter(of(index)).collect();
        told(field, &here)
    };
    fields.iter().take(LINES).enumerate().map(line).collect()
}

fn told(field: &Field, here: &[&Finding]) -> Line {
    let notes: Vec<_> = here.iter().map(|finding| note(finding)).collect();
    Line {
        name: text(&field.name),
        pieces: pieces(&field.value, here.iter().map(|finding| finding.span.clone())),
        is_unusual: notes.is_empty() && !is_usual(field),
        notes,
        left_out: field.value.len().saturating_sub(LENGTH),
    }
}

/// The target or a name, so that it can be shown.
pub(super) fn text(bytes: &[u8]) -> String {
    printable(&escaped(bytes.get(..LENGTH).unwrap_or(bytes))).into_owned()
}

/// The value in pieces, marked where something was found.
pub(super) fn pieces(value: &[u8], spans: impl Iterator<Item = Range<usize>>) -> Vec<Piece> {
    let value = value.get(..LENGTH).unwrap_or(value);
    let mut spans: Vec<_> = spans.filter(|span| !span.is_empty()).collect();
    spans.sort_by_key(|span| span.start);
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut put = |range: Range<usize>, is_marked| match value.get(range.start..range.end.min(value.len())) {
        Some(part) if !part.is_empty() => pieces.push(Piece { text: text(part), is_marked }),
        _ => {}
    };
    for span in spans {
        put(at..span.start, false);
        put(span.start.max(at)..span.end, true);
        at = at.max(span.end);
    }
    put(at..value.len(), false);
    pieces
}

/// Such as `certain: your phone number; in cleartext, under a name that is documented as a gateway's`.
pub(super) fn note(finding: &Finding) -> String {
    format!("{} ({}): {}", thing(finding), finding.confidence, finding.origin_reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_the_whole_value_in_order() {
        let told = |value: &[u8], spans: &[Range<usize>]| {
            let pieces = pieces(value, spans.iter().cloned());
            pieces
                .iter()
                .map(|it| if it.is_marked { format!("[{}]", it.text) } else { it.text.clone() })
                .collect::<String>()
        };
        assert_eq!(told(b"id=447700900123;x", &[3..15]), "id=[447700900123];x");
        assert_eq!(told(b"abcdef", &[4..6, 0..2]), "[ab]cd[ef]");
        assert_eq!(told(b"abcdef", &[0..4, 2..6, 3..3]), "[abcd][ef]");
        assert_eq!(told(b"abc", &[2..9, 7..8]), "ab[c]");
        assert_eq!(told(b"", &[]), "");
        assert_eq!(told("a\u{202e}\u{1b}\u{ff}".as_bytes(), &[]), "a\\u{202e}\\u{1b}ÿ");
        assert_eq!(told(b"\xff<script>", &[]), "\\xff<script>");
    }
}
