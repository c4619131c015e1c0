//! Does a value name a mailbox, an account of a network, or a spot on the map?

use super::{networks::has_country, opaque::trim};

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

/// Whether this is a cell (3GPP TS 23.003 §4.3.1 and §19.6: country, network, area, cell) or a pair of coordinates.
pub(in crate::detect) fn is_position(value: &[u8]) -> bool {
    let value = trim(value);
    value.len() <= LONGEST && (is_cell(value) || is_coordinates(value))
}

fn is_cell(value: &[u8]) -> bool {
    if value.contains(&b'.') {
        return false;
    }
    let mut parts = value.split(|byte| !byte.is_ascii_alphanumeric()).filter(|part| is_hex(part));
    let Some(first) = parts.next().filter(|part| has_country(part)) else { return false };
    let rest: usize = parts.map(<[u8]>::len).sum();
    let digits = first.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match first.len() {
        3 | 5 | 6 => digits == first.len() && rest >= 6,
        12..=16 => digits >= 5 && rest == 0,
        _ => false,
    }
}

fn is_hex(part: &[u8]) -> bool {
    part.len() >= 2 && part.iter().all(u8::is_ascii_hexdigit) && part.iter().any(u8::is_ascii_digit)
}

/// Degrees with three decimals and more: a hundred metres.
fn is_coordinates(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| matches!(byte, b',' | b';' | b' ' | b'/')).filter(|part| !part.is_empty());
    let degrees = |part: Option<&[u8]>, most: f64| {
        let text = part.and_then(|part| std::str::from_utf8(part).ok()).unwrap_or_default();
        let precise = text.split_once('.').is_some_and(|(_, decimals)| decimals.len() >= 3);
        precise && text.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most)
    };
    degrees(parts.next(), 90.0) && degrees(parts.next(), 180.0) && parts.next().is_none()
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

    #[test]
    fn positions_are_cells_or_coordinates() {
        for value in ["234-15-1A2B-3C4D", "MCC=234;MNC=15;LAC=1234;CI=5678", "234151A2B3C4D", "51.5074,-0.1278"] {
            assert!(is_position(value.as_bytes()), "{value}");
        }
        for value in ["", "1", "234", "1/cgi-bin", "199-15-1A2B-3C4D", "51.5,-0.1", "1.234,5.678,9.012", "2023-11-15"] {
            assert!(!is_position(value.as_bytes()), "{value}");
        }
    }
}
