//! Does a value name a mailbox, or an account of a network?

use super::{numbers::parts, peel};

/// Longer values are something else that holds one.
const LONGEST: usize = 512;

/// Whether this holds an address of the form `user@realm` (RFC 7542 §2.2, RFC 5321 §4.1.2): alone, in angle brackets
/// (RFC 5322 §3.4), in JSON; encoded as well, if it may be decoded.
pub(in crate::detect) fn is_account(value: &[u8], decode: bool) -> bool {
    value.len() <= LONGEST && peel::any(value, decode, holds_one)
}

fn holds_one(value: &[u8]) -> bool {
    let close =
        |byte| matches!(byte, b' ' | b'<' | b'>' | b'"' | b',' | b':' | b';' | b'{' | b'}' | b'[' | b']' | b'(' | b')');
    let is_one = |span| value.get(span).is_some_and(is_address);
    memchr::memchr(b'@', value).is_some() && (is_address(value) || parts(value, close).any(is_one))
}

fn is_address(text: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'@', text) else { return false };
    let (user, realm) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    let last = realm.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    text.len() <= 128
        && !user.is_empty()
        && user.first() != Some(&b'@')
        && user.iter().all(|&byte| is_atom(byte))
        && realm.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        && realm.contains(&b'.')
        && last.len() >= 2
        && last.iter().all(u8::is_ascii_alphabetic)
}

/// What a user's name is written with (RFC 5322 §3.2.3), dots, and signs beyond ASCII.
fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-'..=b'/' | b'=' | b'?' | b'@')
        || matches!(byte, b'^'..=b'`' | b'{'..=b'~' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_a_user_and_a_realm() {
        for value in [
            "jane.doe@mail.example",
            "\"joe+a@example.net\"",
            "447700900123@carrier.example",
            "a%40b.example",
            "Jane Doe <jane@mail.example>",
            "mailto:jane@mail.example",
            "{\"email\":\"jane@mail.example\",\"n\":1}",
            "amFuZUBtYWlsLmV4YW1wbGU=",
            "6a616e65406d61696c2e6578616d706c65",
            "%257B%2522e%2522%253A%2522jane%2540mail.example%2522%257D",
            "0001010123456789@wlan.mnc001.mcc001.3gppnetwork.org",
            "jane\\u0040mail.example",
        ] {
            assert!(is_account(value.as_bytes(), true), "{value}");
        }
        for value in ["", "@", "a@b", "@b.example", "a@.1", "jane", "1@2.3", "amFuZQ==", "a@b.c1"] {
            assert!(!is_account(value.as_bytes(), true), "{value}");
        }
    }
}
