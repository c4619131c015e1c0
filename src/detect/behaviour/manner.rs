//! Does a field stand and look as if another hand had added it?
//!
//! Gateways append at the end of the head, and spell as their operator typed. Neither proves anything in one request:
//! applications spell as they like, and some append as well. What it says counts over many requests, of several
//! applications.

use std::cell::Cell;

use super::names;
use crate::exchange::Fields;

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
#[derive(Debug)]
pub(super) struct Hand<'a> {
    fields: &'a Fields,
    /// Index of the last well-known field.
    last: usize,
    /// How many fields were looked at, and the spellings of the well-known ones among them, as bits.
    seen: Cell<(usize, u8)>,
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

impl<'a> Hand<'a> {
    /// Nothing if there is but one well-known field: that shows no habit.
    pub fn of(fields: &'a Fields) -> Option<Self> {
        let mut known = fields.iter().enumerate().rev().filter(|(_, field)| names::is_well_known(&field.name));
        let (last, _) = known.next()?;
        known.next().map(|_| Self { fields, last, seen: Cell::default() })
    }

    /// How the field of this name and index stands.
    pub fn manner(&self, index: usize, name: &[u8]) -> Manner {
        Manner { is_appended: index > self.last, is_alien: !self.writes(spelling(name)) }
    }

    /// Whether a well-known field is spelt so. Mostly the first one is; none is looked at twice.
    fn writes(&self, spelling_of_name: Spelling) -> bool {
        let (mut count, mut spellings) = self.seen.get();
        while spellings & spelling_of_name as u8 == 0
            && let Some(field) = self.fields.get(count)
        {
            count += 1;
            if names::is_well_known(&field.name) {
                spellings |= spelling(&field.name) as u8;
            }
        }
        self.seen.set((count, spellings));
        spellings & spelling_of_name as u8 != 0
    }
}

fn spelling(name: &[u8]) -> Spelling {
    // Where words begin stands no small letter, and no large one anywhere else.
    let (mut opens, mut is_small, mut is_title, mut is_joined) = (true, true, true, false);
    for &byte in name {
        let is_large = byte.is_ascii_uppercase();
        is_small &= !is_large;
        is_title &= !(opens & byte.is_ascii_lowercase() | !opens & is_large);
        is_joined |= byte == b'_';
        opens = byte == b'-';
    }
    match (is_joined, is_small, is_title) {
        (false, true, _) => Spelling::Lower,
        (false, false, true) => Spelling::Title,
        _ => Spelling::Other,
    }
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
