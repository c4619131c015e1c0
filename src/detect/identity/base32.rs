//! What does a token in base32 say, if it is text?
//!
//! Both alphabets of RFC 4648 (§6, §7), in either case, without padding.

use super::decode::{Decoded, Front};

/// What eight digits come to.
pub(super) const SHORTEST: usize = 13;

/// What is no letter.
const NONE: u8 = 0xff;

static STANDARD: [u8; 256] = values(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
static EXTENDED: [u8; 256] = values(b"0123456789ABCDEFGHIJKLMNOPQRSTUV");

const fn values(letters: &[u8; 32]) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut at = 0;
    while at < letters.len() {
        table[letters[at] as usize] = at as u8;
        table[letters[at].to_ascii_lowercase() as usize] = at as u8;
        at += 1;
    }
    table
}

/// Text in the usual alphabet.
pub(super) fn standard(token: &[u8], out: &mut Decoded) -> Option<()> {
    decode(&STANDARD, token, out)
}

/// Text in the alphabet whose order is that of the bytes.
pub(super) fn extended(token: &[u8], out: &mut Decoded) -> Option<()> {
    decode(&EXTENDED, token, out)
}

/// Whether the first letters stand for what text may begin with, in either alphabet.
pub(super) fn may_be(token: &[u8]) -> bool {
    let Some(&[a, b, c, d]) = token.first_chunk() else { return false };
    let begins = |table: &[u8; 256]| {
        let [a, b, c, d] = [a, b, c, d].map(|letter| table.get(usize::from(letter)).copied().unwrap_or(NONE));
        let bytes = [a << 3 | b >> 2 & 7, b << 6 | (c & 31) << 1 | d >> 4 & 1];
        a | b | c | d != NONE && bytes.into_iter().all(|byte| matches!(byte, 0 | b' '..=b'~' | 0x80..))
    };
    begins(&STANDARD) || begins(&EXTENDED)
}

fn decode(table: &[u8; 256], token: &[u8], out: &mut Decoded) -> Option<()> {
    let (front, _) = token.split_first_chunk::<8>()?;
    let [a, b, c, d, _] = group(table, *front)?;
    let front = Front::of([a, b, c, d])?;
    let (groups, rest) = token.as_chunks::<8>();
    for letters in groups {
        let bytes = group(table, *letters)?;
        out.extend_from_slice(Some(&bytes).filter(|bytes| front.admits(*bytes))?);
    }
    // What is missing counts as zeros, and stands for no byte.
    let mut last = [table.iter().position(|&value| value == 0).unwrap_or_default() as u8; 8];
    last.iter_mut().zip(rest).for_each(|(slot, letter)| *slot = *letter);
    let bytes = group(table, last)?;
    out.extend_from_slice(bytes.get(..rest.len() * 5 / 8).filter(|bytes| front.admits(bytes))?);
    front.fits(out)
}

/// The bytes of eight letters.
fn group(table: &[u8; 256], letters: [u8; 8]) -> Option<[u8; 5]> {
    let mut word = 0_u64;
    for letter in letters {
        let value = *table.get(usize::from(letter)).filter(|value| **value != NONE)?;
        word = word << 5 | u64::from(value);
    }
    let [_, _, _, a, b, c, d, e] = word.to_be_bytes();
    Some([a, b, c, d, e])
}
