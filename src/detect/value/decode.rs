//! What does an encoded value say?
//!
//! Every decoder writes into a buffer of fixed size and refuses what does not fit: no allocation, bounded work.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    coats::Coat,
    escape::{ESCAPES, SCRIPTS},
};

/// How many encodings are undone, one inside the other.
pub(super) const DEPTH: usize = 3;

/// What an attempt to decode counts, beside the bytes that come of it.
pub(super) const ATTEMPT: usize = 8;

/// How many bytes are decoded for a value of this length: three encodings of a number take less, a value built to be
/// decoded in every way would take millions.
pub(super) fn work(len: usize) -> usize {
    (256 + 8 * len).min(1024 + 3 * len)
}

/// The longest encoded token that is looked at, in bytes.
pub(super) const LONGEST: usize = 1024;

/// Room for what a decoder yields.
pub(super) type Buffer = [u8; LONGEST];

/// A decoder: how many bytes of the buffer it filled, or nothing if the token is not encoded that way.
pub(super) type Decoder = fn(&[u8], &mut Buffer) -> Option<usize>;

/// Decoders whose result is text and may be encoded again.
pub(super) const TEXT: &[(Coat, Decoder)] = &[
    (Coat::Percent, percent),
    (Coat::Hex, hex),
    (Coat::Base64, base64),
    (Coat::Escapes, ESCAPES),
    (Coat::Script, SCRIPTS),
    (Coat::Jwt, jwt),
];

/// The same without those that take a larger whole apart.
pub(super) const PLAIN_TEXT: &[(Coat, Decoder)] = &[
    (Coat::Percent, percent),
    (Coat::Hex, hex),
    (Coat::Base64, base64),
    (Coat::Escapes, ESCAPES),
    (Coat::Script, SCRIPTS),
];

/// What is tried where no name tells.
pub(super) const COMMON: &[(Coat, Decoder)] =
    &[(Coat::Percent, percent), (Coat::Hex, hex), (Coat::Base64, base64), (Coat::Jwt, jwt)];

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Percent-encoding (RFC 3986 §2.1).
fn percent(token: &[u8], out: &mut Buffer) -> Option<usize> {
    if !token.contains(&b'%') {
        return None;
    }
    let mut filled = 0;
    for byte in percent_encoding::percent_decode(token) {
        *out.get_mut(filled)? = byte;
        filled += 1;
    }
    (filled < token.len()).then_some(filled)
}

/// Hexadecimal digits of text.
fn hex(token: &[u8], out: &mut Buffer) -> Option<usize> {
    if token.len() < 12 {
        return None;
    }
    let filled = bare_hex(token, out)?;
    is_text(out.get(..filled)?).then_some(filled)
}

/// base64 and base64url, with or without padding (RFC 4648 §4 and §5), of text.
fn base64(token: &[u8], out: &mut Buffer) -> Option<usize> {
    if token.len() < 8 {
        return None;
    }
    let filled = raw_base64(token, out)?;
    is_text(out.get(..filled)?).then_some(filled)
}

/// Octets in hexadecimal (with or without `0x`, and signs between pairs) or in base64, whatever they say.
pub(super) fn octets(token: &[u8], out: &mut Buffer) -> Option<usize> {
    bare_hex(token, out).or_else(|| raw_base64(token, out))
}

fn bare_hex(token: &[u8], out: &mut Buffer) -> Option<usize> {
    let token = token.strip_prefix(b"0x").or_else(|| token.strip_prefix(b"0X")).unwrap_or(token);
    let (pair, sign) = (token.get(..2)?, token.get(2));
    let step = if sign.is_some_and(u8::is_ascii_alphanumeric) || pair.len() == token.len() { 2 } else { 3 };
    let mut filled = 0;
    for chunk in token.chunks(step) {
        let (high, low) = (nibble(*chunk.first()?)?, nibble(*chunk.get(1)?)?);
        if chunk.get(2).is_some_and(|other| Some(other) != sign || !matches!(other, b':' | b' ' | b'-' | b'.')) {
            return None;
        }
        *out.get_mut(filled)? = high << 4 | low;
        filled += 1;
    }
    Some(filled)
}

fn raw_base64(token: &[u8], out: &mut Buffer) -> Option<usize> {
    let body = token.iter().rposition(|&byte| byte != b'=').and_then(|last| token.get(..=last))?;
    if !(6..=LONGEST).contains(&body.len()) || !body.iter().all(|&byte| is_base64(byte)) {
        return None;
    }
    let engine = if body.iter().any(|byte| matches!(byte, b'-' | b'_')) { &URL } else { &PLAIN };
    engine.decode_slice(body, out).ok()
}

/// The payload of a JSON Web Token (RFC 7519 §3).
fn jwt(token: &[u8], out: &mut Buffer) -> Option<usize> {
    let mut parts = token.split(|&byte| byte == b'.');
    let (header, payload) = (parts.next()?, parts.next()?);
    parts.next()?;
    header.starts_with(b"ey").then(|| base64(payload, out))?
}

/// Octets in base64 of which each holds two digits (BCD), as digits; a filler stays where pairs are swapped.
pub(super) fn packed(token: &[u8]) -> Option<([u8; 22], usize)> {
    if token.len() > 18 {
        return None;
    }
    let mut octets: Buffer = [0; LONGEST];
    let len = raw_base64(token, &mut octets).filter(|len| (5..=11).contains(len))?;
    let mut digits = [0; 22];
    let nibbles = octets.get(..len)?.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    for (slot, nibble) in digits.iter_mut().zip(nibbles) {
        *slot = match nibble {
            0..=9 => b'0' + nibble,
            15 => b'f',
            _ => return None,
        };
    }
    let last = digits.get(len * 2 - 1) == Some(&b'f');
    Some((digits, len * 2 - usize::from(last)))
}

/// Digits in swapped pairs with an optional filler, as SIM cards and GTP carry them (3GPP TS 24.008 §10.5.4.7).
pub(super) fn swapped(token: &[u8]) -> Option<([u8; 22], usize)> {
    if !(8..=22).contains(&token.len()) || !token.len().is_multiple_of(2) {
        return None;
    }
    let mut digits = [0; 22];
    let mut filled = 0;
    for (at, pair) in token.chunks_exact(2).enumerate() {
        let [high, low] = pair else { return None };
        *digits.get_mut(filled).filter(|_| low.is_ascii_digit())? = *low;
        filled += 1;
        let is_last = (at + 1) * 2 == token.len();
        if is_last && matches!(high, b'f' | b'F') {
            return Some((digits, filled));
        }
        *digits.get_mut(filled).filter(|_| high.is_ascii_digit())? = *high;
        filled += 1;
    }
    Some((digits, filled))
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// ASCII that can be seen, or UTF-8 with signs beyond it.
fn is_text(text: &[u8]) -> bool {
    let seen = text.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..));
    seen && (text.is_ascii() || std::str::from_utf8(text).is_ok())
}
