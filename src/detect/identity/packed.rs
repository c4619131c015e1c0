//! Which of the user's own numbers stand in octets of two digits each, inside of base64?
//!
//! SIM cards, GTP and RADIUS pack digits so, straight or in swapped pairs, with a filler where their number is odd (3GPP
//! TS 24.008 §10.5.4.7). Octets around them are lengths and types, so a number may begin at any. Only whole numbers
//! count: a few digits stand in any octets.

use std::ops::Range;

use smallvec::SmallVec;

use super::{
    decode::{self, Decoded},
    filter::Sum,
    forms::{Form, MOST_DIGITS, Role},
    search::{Found, Search},
};

/// The shortest token: six octets, which eleven digits fill.
pub(super) const SHORTEST: usize = 8;

/// No token that happens to be text as well is longer and still a number: twelve octets.
pub(super) const LONGEST: usize = 16;

/// Octets full of digits at least, and so many letters that are nothing else.
const LEAST: usize = 5;
pub(super) const LETTERS: usize = LEAST * 8 / 6 + 1;

/// What a look for a number that begins at one octet counts for.
const LOOK: usize = 24;

/// What stands in the place of a digit that is missing.
const FILLER: u8 = 15;

/// Whether a letter of base64 with this value may be of octets that hold two digits each, in this place of its group.
pub(super) const fn may_be_packed(value: u8, place: usize) -> bool {
    match place {
        // All of a digit, and the first bits of the next.
        0 | 2 => value >> 2 <= 9 && value & 3 <= 2,
        _ => value & 15 <= 9,
    }
}

/// Tells the numbers in the octets that these letters of a token stand for, and in one more behind them.
pub(super) fn search(
    search: &mut Search<'_>,
    token: &[u8],
    letters: Range<usize>,
    start: usize,
    found: &mut Found<'_>,
) {
    let first = letters.start / 4 * 4;
    let end = (letters.end + 2).next_multiple_of(4).min(token.len());
    let mut octets = Decoded::new();
    decode::letters(token, 0, first..end, &mut octets);
    let mut at = 0;
    while let Some(rest) = octets.get(at..).filter(|rest| rest.len() >= LEAST) {
        let number = if digits(rest).is_some() { number(search, rest) } else { None };
        if let Some((len, form)) = number {
            let (from, to) = (first + at * 8 / 6, first + ((at + len) * 8).div_ceil(6));
            found(start + from..start + to.min(token.len()), form);
        }
        at += number.map_or(1, |(len, _)| len);
    }
}

/// The two digits of the first octet.
fn digits(octets: &[u8]) -> Option<(u8, u8)> {
    let (high, low) = octets.first().map(|octet| (octet >> 4, octet & 15))?;
    (high <= 9 && low <= 9).then_some((high, low))
}

/// The longest number that begins here, and how many octets it takes; with a zero in front or without it.
fn number(search: &mut Search<'_>, octets: &[u8]) -> Option<(usize, Form)> {
    // What no number could begin with is passed over at a glance.
    let are_digits = octets.iter().take(LEAST).all(|octet| octet >> 4 <= 9 && octet & 15 <= 9);
    if !are_digits || !search.spend(LOOK) {
        return None;
    }
    let zero = octets.first().is_some_and(|octet| *octet < 16);
    read(search, octets, 0).or_else(|| zero.then(|| read(search, octets, 1))?)
}

/// Reads digits as long as there are, without so many in front.
fn read(search: &mut Search<'_>, octets: &[u8], skip: usize) -> Option<(usize, Form)> {
    let mut read: SmallVec<[u8; MOST_DIGITS + 2]> = SmallVec::new();
    let mut sum = Sum::default();
    let mut best = None;
    for (at, octet) in octets.iter().take(MOST_DIGITS / 2).enumerate() {
        let (first, second) = match (octet >> 4, octet & 15) {
            (high @ ..=9, low @ ..=9) => (b'0' + high, Some(b'0' + low)),
            (FILLER, low @ ..=9) => (b'f', Some(b'0' + low)),
            (high @ ..=9, FILLER) => (b'0' + high, None),
            _ => break,
        };
        let first = Some(first).filter(|_| at > 0 || skip == 0);
        for sign in [first, second].into_iter().flatten() {
            sum.push(sign);
            read.push(sign);
        }
        let ends = second.is_none() || first == Some(b'f');
        if at + 1 >= LEAST && search.forms().may_be_digits(sum) {
            let form = search.lookup(Role::Digits, &read).filter(|form| !form.partial);
            best = form.map(|form| (at + 1, form)).or(best);
        }
        if ends {
            break;
        }
    }
    best
}
