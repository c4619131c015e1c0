//! Which digits that stand here are one of the user's own?
//!
//! Groups of digits with signs between them are read as one number, from every group on, the longest first. A group is
//! never cut: what stands inside a longer run of digits is part of another number.

use std::ops::Range;

use super::{
    filter::Sum,
    forms::{FEWEST_DIGITS, Form, MOST_DIGITS, Role},
    runs::{Class, Runs},
    search::{Found, Search},
};
use crate::detect::Identifier;

/// Signs between two groups at most: `+44 (0) 7700`.
const GAP: usize = 3;

/// What numbers are written with.
const WRITTEN: Class = {
    let mut class = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = (byte as u8).is_ascii_digit() || is_sign(byte as u8);
        byte += 1;
    }
    class
};

const fn is_sign(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/' | b'+')
}

/// Tells every number in the text.
pub(super) fn search(search: &mut Search<'_>, text: &[u8], found: &mut Found<'_>) {
    for run in Runs::new(text, &WRITTEN, FEWEST_DIGITS) {
        let digits = text.get(run.clone()).unwrap_or_default().iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits >= FEWEST_DIGITS {
            groups(search, text, run, found);
        }
    }
}

fn groups(search: &mut Search<'_>, text: &[u8], run: Range<usize>, found: &mut Found<'_>) {
    let mut at = run.start;
    while let Some(start) = text.get(at..run.end).and_then(|rest| rest.iter().position(u8::is_ascii_digit)) {
        let start = at + start;
        let first = group_end(text, start);
        at = first;
        if let Some((end, form)) = longest(search, text, start, first) {
            found(with_sign(text, start)..end, form);
            at = end;
        }
    }
}

/// The longest number that begins with this group.
fn longest(search: &mut Search<'_>, text: &[u8], start: usize, first: usize) -> Option<(usize, Form)> {
    let mut number = Number::default();
    let mut best = None;
    let (mut from, mut end) = (start, first);
    while number.push(text.get(from..end)?).is_some() && search.spend(1) {
        let alone = from == start;
        let form = number.form(search, alone).filter(|form| !form.partial || alone && is_apart(text, start..end));
        best = form.map(|form| (end, form)).or(best);
        if let Some(filled) = filled(text, end) {
            let form = number.filled(filled).and_then(|number| search.lookup(Role::Digits, number.as_bytes()));
            best = form.map(|form| (end + 2, form)).or(best);
        }
        match next_group(text, end) {
            Some(next) => (from, end) = (next, group_end(text, next)),
            None => break,
        }
    }
    best
}

fn group_end(text: &[u8], start: usize) -> usize {
    text.iter().skip(start).position(|byte| !byte.is_ascii_digit()).map_or(text.len(), |length| start + length)
}

fn next_group(text: &[u8], end: usize) -> Option<usize> {
    let gap = text.get(end..)?.iter().take(GAP + 1).position(u8::is_ascii_digit)?;
    let signs = text.get(end..end + gap)?;
    signs.iter().all(|&byte| is_sign(byte)).then_some(end + gap)
}

/// The digit behind the filler of swapped pairs, if this is where they end.
fn filled(text: &[u8], end: usize) -> Option<u8> {
    match text.get(end..)? {
        [b'f' | b'F', digit, rest @ ..] if digit.is_ascii_digit() => {
            (!rest.first().is_some_and(u8::is_ascii_alphanumeric)).then_some(*digit)
        }
        _ => None,
    }
}

fn with_sign(text: &[u8], start: usize) -> usize {
    start - usize::from(start.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'+'))
}

/// Few digits count only where nothing that could belong to them stands beside them, and where they are no date.
fn is_apart(text: &[u8], span: Range<usize>) -> bool {
    let joins = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'%' | b'+');
    let before = span.start.checked_sub(1).and_then(|at| text.get(at));
    let behind = text.get(span.end);
    let digits = text.get(span).unwrap_or_default();
    let date = digits.len() == 8 && matches!(digits, [b'1', b'9', ..] | [b'2', b'0', ..]);
    !before.is_some_and(joins) && !behind.is_some_and(joins) && !date
}

/// The digits read so far.
#[derive(Clone, Copy, Default)]
struct Number {
    digits: [u8; MOST_DIGITS],
    len: usize,
    sum: Sum,
}

impl Number {
    fn push(&mut self, group: &[u8]) -> Option<()> {
        self.digits.get_mut(self.len..self.len + group.len())?.copy_from_slice(group);
        self.len += group.len();
        group.iter().for_each(|&digit| self.sum.push(digit));
        Some(())
    }

    fn filled(mut self, last: u8) -> Option<Self> {
        self.push(&[b'f', last])?;
        Some(self)
    }

    fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    /// What it stands for; a single group may be filled up with zeros.
    fn form(&self, search: &mut Search<'_>, alone: bool) -> Option<Form> {
        let digits = self.as_bytes();
        if digits.len() < FEWEST_DIGITS {
            return None;
        }
        let exact = search.forms().may_be(self.sum).then(|| search.lookup(Role::Digits, digits)).flatten();
        exact.or_else(|| with_version(search, digits)).or_else(|| {
            let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
            let rest = digits.get(zeros..).filter(|rest| alone && zeros > 2 && rest.len() >= FEWEST_DIGITS)?;
            search.lookup(Role::Digits, rest).filter(|form| !form.partial)
        })
    }
}

/// An IMEISV is an IMEI with two digits of software version for the check digit (3GPP TS 23.003 §6.2.2).
fn with_version(search: &mut Search<'_>, digits: &[u8]) -> Option<Form> {
    let device = digits.get(..14).filter(|_| digits.len() == 16 && search.forms().has_devices())?;
    let device = Some(device).filter(|device| search.forms().may_be(Sum::of(device)))?;
    search.lookup(Role::Digits, device).filter(|form| form.identifier == Identifier::Imei)
}
