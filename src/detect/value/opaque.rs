//! Does a value without visible form still say something?

use crate::detect::count;

/// Words that gateways write where they have nothing to say, lower case.
const NOTHING: &[&[u8]] = &[
    b"unknown",
    b"null",
    b"(null)",
    b"none",
    b"nil",
    b"undefined",
    b"n/a",
    b"na",
    b"nan",
    b"anonymous",
    b"anonymized",
    b"anonymised",
    b"private",
    b"withheld",
    b"restricted",
    b"unavailable",
    b"not available",
    b"not-available",
    b"notavailable",
    b"not_available",
    b"notfound",
    b"not found",
    b"empty",
    b"false",
    b"true",
    b"yes",
    b"no",
    b"off",
    b"on",
    b"default",
    b"disabled",
    b"enabled",
    b"error",
    b"redacted",
    b"masked",
    b"hidden",
];

/// Whether a value says nothing: empty, a word for it, zeros, or one sign repeated as a mask is.
pub(in crate::detect) fn is_nothing(value: &[u8]) -> bool {
    let value = trim(value);
    let same = value.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    let masked = || count::count(value, |byte| byte == b'*' || byte == b'X') * 2 > value.len();
    value.is_empty() || same || NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word)) || masked()
}

/// Whether a value looks like ciphertext, a hash or another token of at least `least` signs: one run of token
/// characters, not a word, not an address, not a date.
pub(in crate::detect) fn is_cipher(value: &[u8], least: usize) -> bool {
    let value = trim(value);
    if value.len() < least || !value.iter().all(|&byte| is_token_byte(byte)) || is_nothing(value) {
        return false;
    }
    let (digits, large) = (count::digits(value), count::count(value, |byte| byte.is_ascii_uppercase()));
    let small = count::count(value, |byte| byte.is_ascii_lowercase());
    let (letters, cased) = (large + small, large > 0 && small > 0);
    let mixed = digits > 0 && letters > 0 || cased && value.len() >= 16 || digits >= 13;
    mixed && !super::address::begins(value)
}

/// Whether a value has the form of an MD5, SHA-1, SHA-256 or SHA-512 digest in hexadecimal.
pub(in crate::detect) fn is_hash(value: &[u8]) -> bool {
    let value = trim(value);
    matches!(value.len(), 32 | 40 | 64 | 128) && value.iter().all(u8::is_ascii_hexdigit) && is_cipher(value, 32)
}

/// base64, hexadecimal, UUIDs, and what joins their parts.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'.' | b'~' | b'%' | b'$' | b':')
}

/// Without blanks and quotes around it.
pub(super) fn trim(value: &[u8]) -> &[u8] {
    value.get(trimmed(value)).unwrap_or_default()
}

pub(super) fn is_around(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'"' | b'\'')
}

/// Where in a value its content stands, without blanks and quotes.
pub(in crate::detect) fn trimmed(value: &[u8]) -> std::ops::Range<usize> {
    let end = value.iter().rposition(|&byte| !is_around(byte)).map_or(0, |last| last + 1);
    let start = value.iter().position(|&byte| !is_around(byte)).unwrap_or(0);
    start..end
}
