//! Does a value name a mailbox, or an account of a network?

use super::opaque::trim;

/// Longer values are something else that holds one.
const LONGEST: usize = 128;

/// Whether this is one address of the form `user@realm` (RFC 7542 §2.2, RFC 5321 §4.1.2), perhaps percent-encoded.
pub(in crate::detect) fn is_account(value: &[u8]) -> bool {
    let value = trim(value);
    let encoded = || value.windows(3).position(|part| part == b"%40").map(|at| (at, at + 3));
    let Some((end, start)) = memchr::memchr(b'@', value).map(|at| (at, at + 1)).or_else(encoded) else { return false };
    let (user, realm) = (value.get(..end).unwrap_or_default(), value.get(start..).unwrap_or_default());
    let last = realm.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    value.len() <= LONGEST
        && !user.is_empty()
        && user.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte))
        && realm.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        && realm.contains(&b'.')
        && last.len() >= 2
        && last.iter().all(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_a_user_and_a_realm() {
        for value in ["jane.doe@mail.example", "\"joe+a@example.net\"", "447700900123@carrier.example", "a%40b.example"]
        {
            assert!(is_account(value.as_bytes()), "{value}");
        }
        for value in ["", "@", "a@b", "@b.example", "a@.1", "jane", "a b@c.example", "git@example.org:x/y", "1@2.3"] {
            assert!(!is_account(value.as_bytes()), "{value}");
        }
    }
}
