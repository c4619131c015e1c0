//! Does a field stand and look as if another hand had added it?
//!
//! Gateways append at the end of the head, and spell as their operator typed. Neither proves anything: it sets the
//! origin of what other signs have found.

use super::names;
use crate::exchange::Fields;

/// How a name is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// `x-name`
    Lower,
    /// `X-Name`
    Title,
    /// `X-NAME`, `x_name`, `X-nAME`
    Other,
}

/// Whether the field at `index` is spelt unlike all well-known ones of the head, or follows the last of them.
pub(super) fn is_foreign(fields: &Fields, index: usize) -> bool {
    let Some(field) = fields.get(index) else { return false };
    let mut known = fields.iter().enumerate().filter(|(_, other)| names::is_well_known(&other.name)).peekable();
    if known.peek().is_none() {
        return false;
    }
    let own = spelling(&field.name);
    let mut is_alone = true;
    let mut is_last = true;
    for (at, other) in known {
        is_alone &= spelling(&other.name) != own;
        is_last &= at < index;
    }
    is_alone && is_last
}

fn spelling(name: &[u8]) -> Spelling {
    let mut words = name.split(|&byte| byte == b'-').filter(|word| !word.is_empty());
    if name.contains(&b'_') {
        Spelling::Other
    } else if !name.iter().any(u8::is_ascii_uppercase) {
        Spelling::Lower
    } else if words.all(|word| matches!(word, [first, rest @ ..] if !first.is_ascii_lowercase() && is_lower(rest))) {
        Spelling::Title
    } else {
        Spelling::Other
    }
}

fn is_lower(rest: &[u8]) -> bool {
    !rest.iter().any(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(names: &[&'static str]) -> bool {
        let fields: Fields = names.iter().map(|name| (*name, "1")).collect();
        is_foreign(&fields, names.iter().position(|name| name.to_ascii_lowercase().contains("odd")).unwrap())
    }

    #[test]
    fn appended_in_another_style() {
        assert!(foreign(&["Host", "User-Agent", "Accept", "x-odd"]));
        assert!(foreign(&["host", "user-agent", "X-Odd"]));
        assert!(foreign(&["Host", "User-Agent", "x_odd", "X-ALSO"]));
    }

    #[test]
    fn one_sign_alone_is_not_enough() {
        assert!(!foreign(&["Host", "User-Agent", "X-Odd"]));
        assert!(!foreign(&["Host", "x-odd", "User-Agent"]));
        assert!(!foreign(&["host", "User-Agent", "x-odd"]));
        assert!(!foreign(&["x-odd"]));
    }
}
