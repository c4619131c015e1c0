//! What does a value look like, whatever it stands under?
//!
//! For people who ask why nothing was found, or what an opaque token may be. Nothing is decided by it.

use std::fmt;

use super::opaque::{is_cipher, is_hash, is_nothing, trim};

/// A token shorter than this is a word.
const TOKEN: usize = 12;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::detect) enum Look {
    /// Empty, zeros, a mask, or a word for it.
    Nothing,
    /// Digits.
    Digits(usize),
    /// Digits that count a unit of time since 1970, of the years from 2001 to 2033.
    Clock(&'static str),
    /// Hexadecimal digits as a hash function with this name makes them.
    Hash(&'static str, usize),
    Uuid,
    Jwt,
    /// A run of token characters.
    Token(usize),
    /// Anything else.
    Text(usize),
}

impl Look {
    /// Looks at a value.
    pub fn at(value: &[u8]) -> Self {
        let value = trim(value);
        match value.len() {
            _ if is_nothing(value) => Self::Nothing,
            len if value.iter().all(u8::is_ascii_digit) => clock(value).map_or(Self::Digits(len), Self::Clock),
            len if is_hash(value) => Self::Hash(hash(len), len),
            _ if is_uuid(value) => Self::Uuid,
            _ if is_jwt(value) => Self::Jwt,
            len if is_cipher(value, TOKEN) => Self::Token(len),
            len => Self::Text(len),
        }
    }

    /// Whether somebody may wonder why it was not taken for an identifier.
    pub fn is_striking(self) -> bool {
        match self {
            Self::Nothing | Self::Text(_) => false,
            Self::Digits(digits) => digits >= 6,
            Self::Clock(_) | Self::Hash(..) | Self::Uuid | Self::Jwt | Self::Token(_) => true,
        }
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("a value that says nothing"),
            Self::Digits(1) => f.write_str("1 digit"),
            Self::Digits(count) => write!(f, "{count} digits"),
            Self::Clock(unit) => write!(f, "digits, but a clock of the years 2001–2033 ({unit})"),
            Self::Hash(name, digits) => write!(f, "{digits} hex digits: looks like {name}"),
            Self::Uuid => f.write_str("a UUID"),
            Self::Jwt => f.write_str("a JWT"),
            Self::Token(len) => write!(f, "{len} token characters"),
            Self::Text(1) => f.write_str("1 byte of text"),
            Self::Text(len) => write!(f, "{len} bytes of text"),
        }
    }
}

/// 2001-09-09 is the first day with ten digits, and with `1` in front it goes on until 2033.
fn clock(digits: &[u8]) -> Option<&'static str> {
    let unit = match digits.len() {
        10 => "seconds",
        13 => "milliseconds",
        16 => "microseconds",
        19 => "nanoseconds",
        _ => return None,
    };
    (digits.first() == Some(&b'1')).then_some(unit)
}

fn hash(digits: usize) -> &'static str {
    match digits {
        32 => "MD5",
        40 => "SHA-1",
        64 => "SHA-256",
        _ => "SHA-512",
    }
}

/// RFC 9562 §4.
fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// RFC 7519 §3.
fn is_jwt(value: &[u8]) -> bool {
    value.starts_with(b"ey") && value.split(|&byte| byte == b'.').count() == 3 && is_cipher(value, 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_by_their_look_and_never_quoted() {
        for (value, look) in [
            ("unknown", "a value that says nothing"),
            ("", "a value that says nothing"),
            ("123456", "6 digits"),
            ("1700000000123", "digits, but a clock of the years 2001–2033 (milliseconds)"),
            ("2700000000123", "13 digits"),
            ("e5a1fb55305247d6f35bd790d2a91dda", "32 hex digits: looks like MD5"),
            ("b6d5bbf3-6d16-930b-6c58-48faae67b99a", "a UUID"),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln", "a JWT"),
            ("AbC123dEf456GhI789", "18 token characters"),
            ("text/html, */*", "14 bytes of text"),
        ] {
            assert_eq!(Look::at(value.as_bytes()).to_string(), look, "{value}");
        }
    }
}
