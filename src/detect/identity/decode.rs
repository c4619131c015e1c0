//! What does an encoded token say, if it is text?
//!
//! Most tokens are no text, and show it in their first bytes: these decoders stop there, which those of the crates for
//! the same formats do not. They fill a buffer of the caller, who counts on it only if they return something.

use std::ops::Range;

use smallvec::SmallVec;

/// What was decoded; most of it fits on the stack.
pub(super) type Decoded = SmallVec<[u8; 256]>;

/// So many bytes at the beginning must be ASCII.
const HEAD: usize = 4;

/// The values of base64's letters in both alphabets (RFC 4648 §4 and §5), 64 for what is none.
const SEXTETS: [u8; 256] = {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [64; 256];
    let mut at = 0;
    while at < letters.len() {
        table[letters[at] as usize] = at as u8;
        at += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// Whether the first letters stand for text.
pub(super) fn may_be_base64(token: &[u8]) -> bool {
    begins(token.get(..4), sextets)
}

/// Whether the first digits stand for text.
pub(super) fn may_be_hex(token: &[u8]) -> bool {
    begins(token.get(..2), octet) && begins(token.get(2..4), octet)
}

fn begins(part: Option<&[u8]>, group: Group) -> bool {
    let bytes = part.and_then(group);
    bytes.is_some_and(|(bytes, count)| bytes.iter().take(count).all(|&byte| is_text(byte, true)))
}

/// base64 and base64url, without its padding.
pub(super) fn base64(token: &[u8], out: &mut Decoded) -> Option<()> {
    decoded(token, 4, sextets, out)
}

/// Hexadecimal digits of ASCII text.
pub(super) fn hex(token: &[u8], out: &mut Decoded) -> Option<()> {
    if !token.len().is_multiple_of(2) {
        return None;
    }
    decoded(token, 2, octet, out)
}

/// The bytes that a hash in base64 stands for.
pub(super) fn base64_bytes(token: &[u8], out: &mut Decoded) -> Option<()> {
    bytes(token, 4, sextets, out)
}

/// The bytes that a hash in hexadecimal digits stands for.
pub(super) fn hex_bytes(token: &[u8], out: &mut Decoded) -> Option<()> {
    bytes(token, 2, octet, out)
}

/// Percent-encoding; nothing if nothing is encoded.
pub(super) fn percent(text: &[u8], out: &mut Decoded) -> Option<()> {
    out.extend(Escapes(text).map(|(byte, _)| byte));
    (out.len() < text.len()).then_some(())
}

/// Where in the escaped text stands what has this place in the decoded one?
pub(super) fn unescaped_place(text: &[u8], place: Range<usize>) -> Range<usize> {
    let (mut at, mut span) = (0, text.len()..text.len());
    for (index, (_, length)) in Escapes(text).enumerate() {
        if index == place.start {
            span.start = at;
        }
        at += length;
        if index + 1 == place.end {
            span.end = at;
        }
    }
    span
}

/// A decoder of one group: three bytes at most, and how many of them count.
type Group = fn(&[u8]) -> Option<([u8; 3], usize)>;

fn decoded(token: &[u8], size: usize, group: Group, out: &mut Decoded) -> Option<()> {
    for part in token.chunks(size) {
        let (bytes, count) = group(part)?;
        for &byte in bytes.get(..count)? {
            if !is_text(byte, out.len() < HEAD) {
                return None;
            }
            out.push(byte);
        }
    }
    Some(())
}

fn bytes(token: &[u8], size: usize, group: Group, out: &mut Decoded) -> Option<()> {
    for part in token.chunks(size) {
        let (bytes, count) = group(part)?;
        out.extend_from_slice(bytes.get(..count)?);
    }
    Some(())
}

fn sextets(part: &[u8]) -> Option<([u8; 3], usize)> {
    let mut word = 0_u32;
    for at in 0..4 {
        let sextet = part.get(at).map_or(0, |&letter| SEXTETS.get(usize::from(letter)).copied().unwrap_or(64));
        if sextet > 63 {
            return None;
        }
        word = word << 6 | u32::from(sextet);
    }
    let [_, first, second, third] = word.to_be_bytes();
    (part.len() > 1).then(|| ([first, second, third], part.len() - 1))
}

fn octet(part: &[u8]) -> Option<([u8; 3], usize)> {
    let [high, low] = part else { return None };
    Some(([nibble(*high)? << 4 | nibble(*low)?, 0, 0], 1))
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Names in other scripts may stand behind the first bytes.
fn is_text(byte: u8, head: bool) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') || byte >= 0x80 && !head
}

/// The bytes of a percent-encoded text, each with how many it was written in.
struct Escapes<'a>(&'a [u8]);

impl Iterator for Escapes<'_> {
    type Item = (u8, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let (byte, length) = match self.0 {
            [b'%', pair @ ..] => pair.get(..2).and_then(octet).map_or((b'%', 1), |([byte, ..], _)| (byte, 3)),
            [byte, ..] => (*byte, 1),
            [] => return None,
        };
        self.0 = self.0.get(length..).unwrap_or_default();
        Some((byte, length))
    }
}
