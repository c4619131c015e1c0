//! Is there text inside a base64 token, or one of hexadecimal digits, that is none as a whole?
//!
//! What was encoded may be a record of which a number is one part, and what stands before it moves it to any of three
//! alignments; something that is no base64 may be glued to the front as well. So every stretch of letters is looked for
//! that is text at some alignment. Text shows in each group of four letters, so that most groups are passed over after a
//! look at four tables.

use std::ops::Range;

use super::{
    decode::{self, Decoded},
    packed,
    search::{Found, Search},
};
use crate::detect::runs::Runs;

/// Bytes of text that are looked through: as many as the shortest number has digits.
const LEAST: usize = 8;

/// So many letters of such a stretch hold nothing else, whatever its alignment: ten, so that at least one group of four
/// that begins at a multiple of four is among them.
const LETTERS: usize = LEAST * 8 / 6;

/// The bit for packed digits, of which the first begin with the token.
const PACKED: usize = 4;

/// What text is here: printable ASCII.
fn is_printable(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

/// For each place in a group of four letters that begins at a multiple of four: at which offsets (bit n for n letters
/// that precede the token in its first group) this letter may be part of text; and as [`PACKED`], whether it may be part of
/// packed digits.
static FITS: [[u8; 256]; 4] = [fits(0), fits(1), fits(2), fits(3)];

const fn fits(place: usize) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if let Some(value) = decode::value(byte as u8) {
            let mut offset = 0;
            while offset < 4 {
                table[byte] |= (may_be_text(value, (place + offset) % 4) as u8) << offset;
                offset += 1;
            }
            table[byte] |= (packed::may_be_packed(value, place) as u8) << PACKED;
        }
        byte += 1;
    }
    table
}

/// Whether a letter with this value may stand in this place of a group whose bytes are from 0x20 to 0x7f.
const fn may_be_text(value: u8, place: usize) -> bool {
    match place {
        0 => value >= 8 && value < 32,
        1 => value % 16 >= 2 && value % 16 < 8,
        2 => value % 4 < 2,
        _ => true,
    }
}

/// Tells what stands in the text inside; `span` is where the token stands.
pub(super) fn search(search: &mut Search<'_>, token: &[u8], start: usize, depth: usize, found: &mut Found<'_>) {
    let mut done = [0; PACKED + 1];
    let (groups, _) = token.as_chunks();
    for (at, group) in groups.iter().enumerate() {
        let offsets = at_all_places(*group);
        if offsets == 0 {
            continue;
        }
        for (offset, done) in done.iter_mut().enumerate().filter(|(offset, _)| offsets >> offset & 1 == 1) {
            if at * 4 >= *done {
                let letters = stretch(token, at * 4, offset);
                *done = letters.end;
                if !search.spend(letters.len()) {
                    return;
                }
                if offset == PACKED && letters.len() >= packed::LETTERS {
                    packed::search(search, token, letters, start, found);
                } else if offset != PACKED && letters.len() >= LETTERS {
                    inside(search, token, Stretch { letters, offset, start }, depth, found);
                }
            }
        }
    }
}

/// Tells packed digits in a token that is full of them from its first letter on.
pub(super) fn search_packed(search: &mut Search<'_>, token: &[u8], start: usize, found: &mut Found<'_>) {
    let (groups, _) = token.as_chunks();
    let mut front = groups.iter().take(2);
    if front.len() == 2 && front.all(|group| at_all_places(*group) >> PACKED & 1 == 1) && search.spend(token.len()) {
        packed::search(search, token, 0..token.len(), start, found);
    }
}

/// Tells what stands in the text inside hexadecimal digits, where two letters are a byte.
pub(super) fn search_hex(search: &mut Search<'_>, token: &[u8], start: usize, depth: usize, found: &mut Found<'_>) {
    decode::hex_inlays(token, LEAST, &mut |place| {
        let mut bytes = Decoded::new();
        let digits = token.get(place.clone()).unwrap_or_default();
        if !search.spend(digits.len()) || decode::hex_bytes(digits, &mut bytes).is_none() {
            return;
        }
        let from = start + place.start;
        search.text(&bytes, depth, &mut |span, form| found(from + span.start * 2..from + span.end * 2, form));
    });
}

fn at_all_places(group: [u8; 4]) -> u8 {
    FITS.iter().zip(group).fold(0x1f, |offsets, (table, letter)| offsets & at_place(table, letter))
}

fn at_place(table: &[u8; 256], letter: u8) -> u8 {
    table.get(usize::from(letter)).copied().unwrap_or(0)
}

/// The letters around this place that may all be of text.
fn stretch(token: &[u8], at: usize, offset: usize) -> Range<usize> {
    let fits =
        |at: usize, letter: &u8| FITS.get(at % 4).is_some_and(|table| at_place(table, *letter) >> offset & 1 == 1);
    let (before, behind) = token.split_at_checked(at).unwrap_or_default();
    let left = before.iter().enumerate().rev().take_while(|(at, letter)| fits(*at, letter)).count();
    let right = behind.iter().enumerate().take_while(|(behind, letter)| fits(at + behind, letter)).count();
    at - left..at + right
}

/// Letters of a token that may be text.
struct Stretch {
    letters: Range<usize>,
    /// How many letters precede the token in its first group.
    offset: usize,
    /// Where the token begins.
    start: usize,
}

fn inside(search: &mut Search<'_>, token: &[u8], stretch: Stretch, depth: usize, found: &mut Found<'_>) {
    let Stretch { letters, offset, start } = stretch;
    // Places counted from the first group's beginning: the offset stands before the token.
    let first = (letters.start + offset) / 4 * 4;
    let end = (letters.end + offset).next_multiple_of(4).min(token.len() + offset);
    let mut bytes = Decoded::new();
    decode::letters(token, offset, first..end, &mut bytes);
    for run in Runs::new(&bytes, is_printable, LEAST) {
        let text = bytes.get(run.clone()).unwrap_or_default();
        search.text(text, depth, &mut |span, form| {
            let from = first + (run.start + span.start) * 8 / 6;
            let to = first + ((run.start + span.end) * 8).div_ceil(6);
            let within = |place: usize| start + place.saturating_sub(offset).min(token.len());
            found(within(from)..within(to), form);
        });
    }
}
