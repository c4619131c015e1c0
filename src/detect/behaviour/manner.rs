//! Does a field stand and look as if another hand had added it?
//!
//! Gateways append at the end of the head, and spell as their operator typed. Neither proves anything in one request:
//! applications spell as they like, and some append as well. What it says counts over many requests, of several
//! applications.

use super::names;
use crate::exchange::Fields;

/// So many well-known fields a head has at least before it is said how its sender writes.
const KNOWN: usize = 2;

/// How a field stands among the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Manner {
    /// It follows all well-known fields.
    pub is_appended: bool,
    /// It is spelt unlike all well-known fields.
    pub is_alien: bool,
}

impl Manner {
    /// Whether both signs are there.
    pub fn is_foreign(self) -> bool {
        self.is_appended && self.is_alien
    }
}

/// How the sender of a head writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hand {
    /// Index of the last well-known field.
    last: usize,
    /// The spellings of well-known fields, as bits.
    spellings: u8,
}

/// How a name is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// `x-name`
    Lower = 1,
    /// `X-Name`
    Title = 2,
    /// `X-NAME`, `x_name`, `X-nAME`
    Other = 4,
}

impl Hand {
    /// Nothing if there are too few well-known fields to tell.
    pub fn of(fields: &Fields) -> Option<Self> {
        let known = fields.iter().enumerate().filter(|(_, field)| names::is_well_known(&field.name));
        let (mut hand, mut count) = (Self { last: 0, spellings: 0 }, 0);
        for (index, field) in known {
            hand.last = index;
            hand.spellings |= spelling(&field.name) as u8;
            count += 1;
        }
        (count >= KNOWN).then_some(hand)
    }

    /// How the field of this name and index stands.
    pub fn manner(self, index: usize, name: &[u8]) -> Manner {
        Manner { is_appended: index > self.last, is_alien: self.spellings & spelling(name) as u8 == 0 }
    }
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

    /// Of the field whose name holds `odd`.
    fn manner(names: &[&'static str]) -> (bool, bool) {
        let fields: Fields = names.iter().map(|name| (*name, "1")).collect();
        let index = names.iter().position(|name| name.to_ascii_lowercase().contains("odd")).unwrap();
        let manner = Hand::of(&fields).map_or_else(Manner::default, |hand| hand.manner(index, names[index].as_bytes()));
        (manner.is_appended, manner.is_alien)
    }

    #[test]
    fn another_hand_is_seen() {
        assert_eq!(manner(&["Host", "User-Agent", "Accept", "x-odd"]), (true, true));
        assert_eq!(manner(&["host", "user-agent", "X-Odd"]), (true, true));
        assert_eq!(manner(&["Host", "User-Agent", "x_odd", "X-ALSO"]), (true, true));
    }

    #[test]
    fn each_sign_is_told_apart() {
        assert_eq!(manner(&["Host", "User-Agent", "X-Odd"]), (true, false));
        assert_eq!(manner(&["Host", "x-odd", "User-Agent"]), (false, true));
        assert_eq!(manner(&["host", "User-Agent", "x-odd"]), (true, false));
        assert_eq!(manner(&["Host", "x-odd"]), (false, false), "one field shows no habit");
    }
}
