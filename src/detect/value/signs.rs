//! What are the signs of a value to a number that may stand in it?

use std::ops::Range;

use crate::detect::count;

/// From this length on it pays to ask for each kind of sign on its own.
const LONG: usize = 64;

/// What a byte is to a number.
pub(super) fn kind(byte: u8) -> u8 {
    KIND.get(usize::from(byte)).copied().unwrap_or_default()
}

pub(super) const DIGIT: u8 = 1;
pub(super) const BORDER: u8 = 2;
pub(super) const BLANK: u8 = 4;

static KIND: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b' ' => BLANK,
            _ if is_border(byte) => BORDER,
            _ => 0,
        };
        if byte == 255 {
            break kinds;
        }
        byte += 1;
    }
};

/// What never stands inside a written number: borders of lists, pairs, JSON, URIs, addresses in brackets.
const fn is_border(byte: u8) -> bool {
    matches!(byte, b'=' | b'/' | b'_' | b'%' | 0x80..) || is_token_border(byte)
}

/// What never stands inside an encoded token.
pub(super) const fn is_token_border(byte: u8) -> bool {
    matches!(
        byte,
        b',' | b';'
            | b'|'
            | b'&'
            | b'<'
            | b'>'
            | b'"'
            | b'\''
            | b'{'
            | b'}'
            | b'['
            | b']'
            | b':'
            | b'@'
            | b'\t'
            | b'#'
            | b'?'
    )
}

/// How many digits the part that has most of them has, of those between borders: signs between digits count for nothing.
pub(super) fn most_digits(value: &[u8]) -> usize {
    let count = |(most, here): (usize, usize), &byte: &u8| {
        let kind = kind(byte);
        let here = if kind & BORDER == 0 { here + usize::from(kind & DIGIT) } else { 0 };
        (most.max(here), here)
    };
    value.iter().fold((0, 0), count).0
}

/// How many digits stand here, whether there are borders, and whether there are blanks.
pub(super) fn signs(value: &[u8]) -> (usize, bool, bool) {
    if value.len() < LONG { signs_of_short(value) } else { signs_of_long(value) }
}

fn signs_of_short(value: &[u8]) -> (usize, bool, bool) {
    let add = |(digits, kinds), &byte: &u8| (digits + usize::from(kind(byte) & DIGIT), kinds | kind(byte));
    let (digits, kinds) = value.iter().fold((0, 0), add);
    (digits, kinds & BORDER != 0, kinds & BLANK != 0)
}

/// The same, each question by what answers it soonest.
fn signs_of_long(value: &[u8]) -> (usize, bool, bool) {
    let borders = value.iter().any(|&byte| kind(byte) & BORDER != 0);
    (count::digits(value), borders, memchr::memchr(b' ', value).is_some())
}

/// Whether nothing but blanks stands between a part and the borders around it: then it is a part without the blanks as
/// well, and was looked at.
pub(super) fn is_apart(value: &[u8], span: &Range<usize>) -> bool {
    let ends = |byte: Option<&u8>| byte.is_none_or(|&byte| kind(byte) & BORDER != 0);
    let (before, behind) = (value.get(..span.start).unwrap_or_default(), value.get(span.end..).unwrap_or_default());
    ends(before.iter().rev().find(|&&byte| byte != b' ')) && ends(behind.iter().find(|&&byte| byte != b' '))
}
