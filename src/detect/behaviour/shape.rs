//! Could this value be somebody's pseudonym, by its look alone?
//!
//! A pseudonym is long and looks drawn at random. What people or programmers write does not: words, versions, dates,
//! bundle names, lists. A number may be anybody's or an application's own, so that other signs have to decide. Where in
//! doubt it is none: a header that every request of an app carries must not be taken for one.

use crate::detect::{
    quiet::{self, Question},
    value::is_nothing,
};

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing that tells one subscriber from another.
    Plain,
    /// A number that is not a time.
    Number,
    /// A random token.
    Pseudonym,
}

/// Shorter values are not looked at.
const SHORTEST: usize = 12;

/// Longer ones are documents.
const LONGEST: usize = 1024;

/// So much has to be random: two thirds of what the shortest pseudonyms in use have.
const BITS: u32 = 44;

/// So long must one part be that has no separator in it.
const SEGMENT: usize = 8;

/// So many letters in a row, vowels among them, are a word.
const WORD: usize = 4;

/// So long is a token that stands among other text.
const TOKEN: usize = 16;

/// A token without any digit has to be so long: shorter ones may be glued words.
const LETTERS: usize = 20;

/// So many digits a number has that tells subscribers apart.
const NUMBER: std::ops::RangeInclusive<usize> = 10..=20;

/// So many different digits it has at least; `1000000000` is somebody's constant.
const DIGITS: u32 = 4;

impl Shape {
    /// The look of this value.
    pub fn of(value: &[u8]) -> Self {
        let value = value.trim_ascii();
        if is_number(value) {
            Self::Number
        } else if is_pseudonym(value) {
            Self::Pseudonym
        } else {
            Self::Plain
        }
    }
}

/// Whether the value looks like a random token.
pub(super) fn is_pseudonym(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    if !(SHORTEST..=LONGEST).contains(&value.len()) {
        return false;
    }
    quiet::of(Question::Pseudonym, value, || is_random(value))
}

fn is_random(value: &[u8]) -> bool {
    if is_nothing(value) {
        return false;
    }
    match value.iter().all(|&byte| is_token_byte(byte)) {
        true => randomness(value) >= BITS,
        // Of what is written around a token, nothing counts: `{"id":"…"}`, `sdk=3.1; id=…`.
        false => segments(value).any(|part| is_long_enough_inside(part) && randomness(part) >= BITS),
    }
}

/// Names of builds stand among words as well, and are shorter than tokens that are not hexadecimal.
fn is_long_enough_inside(part: &[u8]) -> bool {
    part.len() >= TOKEN || part.len() >= SHORTEST && part.iter().all(u8::is_ascii_hexdigit)
}

fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"+").unwrap_or(value);
    if !NUMBER.contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) || is_time(digits) {
        return false;
    }
    let seen = digits.iter().fold(0_u16, |seen, digit| seen | 1 << (digit & 15));
    seen.count_ones() >= DIGITS && !is_nothing(digits)
}

/// Seconds, milliseconds or microseconds since 1970, in the years 2001 to 2033.
fn is_time(digits: &[u8]) -> bool {
    matches!(digits.len(), 10 | 13 | 16) && digits.first() == Some(&b'1')
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'.' | b'~' | b'|' | b':' | b'%')
}

fn segments(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| !byte.is_ascii_alphanumeric())
}

/// How many bits of what stands in the value nobody would have written by hand, roughly.
fn randomness(value: &[u8]) -> u32 {
    let (mut bits, mut is_long) = (0, false);
    for segment in segments(value) {
        let random = of_segment(segment);
        bits += random;
        is_long |= segment.len() >= SEGMENT && random > 0;
    }
    // Dates and versions fall into short parts.
    if !is_long || bits < BITS {
        return 0;
    }
    let changes = value.windows(2).filter(|pair| matches!(pair, [a, b] if class(*a) != class(*b))).count();
    // Random digits and letters alternate; `iphone15promax` does not. Upper and lower case alternate at every other
    // letter, in glued words at the borders of words only.
    let least = if value.iter().any(u8::is_ascii_digit) {
        4.max(value.len() / 8)
    } else if value.len() >= LETTERS {
        value.len() * 2 / 5
    } else {
        return 0;
    };
    if changes < least { 0 } else { bits }
}

fn of_segment(segment: &[u8]) -> u32 {
    let look = |(seen, is_hex): (u8, bool), byte: &u8| (seen | 1 << class(*byte), is_hex & byte.is_ascii_hexdigit());
    let (seen, is_hex) = segment.iter().fold((0, true), look);
    let bits = match seen {
        // A part of a date, a version, a number of an application.
        DIGIT => return 0,
        _ if seen & (LOWER | UPPER) == LOWER | UPPER => 6,
        _ if is_hex => 4,
        _ => 5,
    };
    bits * u32::try_from(segment.len() - in_words(segment)).unwrap_or(0)
}

/// Classes of bytes, as bits.
const DIGIT: u8 = 1;
const LOWER: u8 = 2;
const UPPER: u8 = 4;

/// How many of the bytes stand in words.
fn in_words(segment: &[u8]) -> usize {
    let is_break = |a: &u8, b: &u8| class(*a) == class(*b) || a.is_ascii_uppercase() && b.is_ascii_lowercase();
    let runs = segment.chunk_by(is_break).filter(|run| run.len() >= WORD && run.iter().all(u8::is_ascii_alphabetic));
    runs.filter(|run| run.iter().any(|byte| b"aeiouyAEIOUY".contains(byte))).map(<[u8]>::len).sum()
}

fn class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_pseudonyms() {
        for value in [
            "OTgxNTk2NDk0ADJVquRu5NS5+rSbBANlrp+13QL7CXLGsFHpMi4LsUHw",
            "3f2b8c1e-77aa-4d1c-9a1e-0b5c2d9e8f70",
            "9f86d081884c7d659a2feaa0c55ad015",
            "A1B2C3D4E5F60718",
            "zX81kQ0pLm3Vt9Rw",
            "k3j9x2m7q4w8z1p6",
            "71f3c9d02b6e48a5:2c",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTIzNDU2",
            "{\"id\":\"3f2b8c1e-77aa-4d1c-9a1e-0b5c2d9e8f70\"}",
            "\"9f86d081884c7d659a2feaa0c55ad015\"",
            "v=2; id=zX81kQ0pLm3Vt9Rw",
            "QkXvBzRtLmNpWsYdHgJc",
        ] {
            assert!(is_pseudonym(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_people_write_is_none() {
        for value in [
            "",
            "123456789012345",
            "1763820131123",
            "com.example.shop.android",
            "com.example.shop/4.12.1 (build 4120133)",
            "iphone15promax",
            "okhttp/4.9.3",
            "2026-11-22T14:02:11.123Z",
            "TP1A.220624.014",
            "MyCompanyApplication2Identifier",
            "SM-G991B/DS",
            "en-GB,en;q=0.8",
            "aaaaaaaaaaaaaaaaaaaa",
            "MyCompanyApplicationIdentifierForTests",
            "Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Build/TP1A.220624.014)",
            "Samsung Galaxy S21 5G (SM-G991B; G991BXXU5DVH2)",
            "[\"news\", \"sport\", \"weather\"]",
            "00-4bf92f",
            "0",
            "unknown",
            "android-app-production-2024-eu-west-1",
            "1.2.840.113549.1.1.11",
            "192.0.2.1:51344",
            "Europe/London",
        ] {
            assert!(!is_pseudonym(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn numbers_are_told_from_times() {
        for number in ["447700900123", "+447700900123", "900123456789", "001010123456789"] {
            assert_eq!(Shape::of(number.as_bytes()), Shape::Number, "{number}");
        }
        for other in ["1763820131", "1763820131123", "42", "GPRS", "1000000000", "4120133", "000000000000"] {
            assert_eq!(Shape::of(other.as_bytes()), Shape::Plain, "{other}");
        }
    }
}
