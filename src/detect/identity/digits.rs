//! Which digits that stand here are one of the user's own?
//!
//! Groups of digits with signs between them are read as one number, from every group on, the longest first. A group is
//! never cut: what stands inside a longer run of digits is part of another number.

use std::ops::Range;

use smallvec::SmallVec;

use super::{
    filter::Sum,
    forms::{FEWEST_DIGITS, Form, MOST_DIGITS, Role},
    search::{Found, Search},
};
use crate::detect::{Identifier, runs::Runs};

/// Signs between two groups at most: `+44 (0) 7700`.
const GAP: usize = 3;

/// What numbers are written with.
fn is_written(byte: u8) -> bool {
    byte.is_ascii_digit() | matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/' | b'+')
}

/// Digits without anything between them, and what the run's digits up to their end come to.
struct Group {
    start: usize,
    end: usize,
    sum: Sum,
}

/// What ordinary text has fits on the stack.
type Groups = SmallVec<[Group; 24]>;

/// Tells every number in the text.
pub(super) fn search(search: &mut Search<'_>, text: &[u8], found: &mut Found<'_>) {
    let mut groups = Groups::new();
    for run in Runs::new(text, is_written, FEWEST_DIGITS) {
        groups.clear();
        read(text, run, &mut groups);
        if groups.last().is_some_and(|last| last.sum.len() >= FEWEST_DIGITS) {
            tell(search, text, &groups, found);
        }
    }
}

/// Each digit is read once: what several groups come to is told by the difference.
fn read(text: &[u8], run: Range<usize>, groups: &mut Groups) {
    let mut sum = Sum::default();
    let mut at = run.start;
    while at < run.end {
        let start = at;
        while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            sum.push(*digit);
            at += 1;
        }
        if at > start {
            groups.push(Group { start, end: at, sum });
        }
        at += 1;
    }
}

fn tell(search: &mut Search<'_>, text: &[u8], groups: &[Group], found: &mut Found<'_>) {
    let mut before = Sum::default();
    let mut told = 0;
    for (at, first) in groups.iter().enumerate() {
        if first.start >= told
            && let Some((end, form)) = longest(search, text, groups.get(at..).unwrap_or_default(), before)
        {
            found(with_sign(text, first.start)..end, form);
            told = end;
        }
        before = first.sum;
    }
}

/// The longest number that begins with the first of these groups.
fn longest(search: &mut Search<'_>, text: &[u8], groups: &[Group], before: Sum) -> Option<(usize, Form)> {
    let start = groups.first()?.start;
    let (mut best, mut last) = (None, start);
    for group in groups {
        let (alone, end, sum) = (group.start == start, group.end, group.sum.without(before));
        if group.start - last > GAP || sum.len() > MOST_DIGITS || !search.spend(1) {
            break;
        }
        let form = exact(search, text, start..end, sum).or_else(|| alone.then(|| padded(search, text, start..end))?);
        let form = form.filter(|form| !form.partial || alone && is_apart(text, start..end));
        best = form.map(|form| (end, form)).or(best);
        best = filled(search, text, start..end).map(|form| (end + 2, form)).or(best);
        last = end;
    }
    best
}

/// Digits that stand for something as they are, or as an IMEISV: an IMEI with two digits of software version for the
/// check digit (3GPP TS 23.003 §6.2.2).
fn exact(search: &mut Search<'_>, text: &[u8], span: Range<usize>, sum: Sum) -> Option<Form> {
    if sum.len() < FEWEST_DIGITS {
        return None;
    }
    if search.forms().may_be_digits(sum)
        && let Some(form) = search.lookup(Role::Digits, &plain(text, span.clone()))
    {
        return Some(form);
    }
    if sum.len() == 16 && search.forms().has_devices() && search.forms().may_be_digits(sum.without_two()) {
        let form = search.lookup(Role::Digits, plain(text, span).get(..14)?);
        return form.filter(|form| form.identifier == Identifier::Imei);
    }
    None
}

/// A single group may be filled up with zeros.
fn padded(search: &mut Search<'_>, text: &[u8], span: Range<usize>) -> Option<Form> {
    let group = text.get(span).filter(|group| group.starts_with(b"000"))?;
    let zeros = group.iter().take_while(|&&digit| digit == b'0').count();
    let rest = group.get(zeros..).filter(|rest| (FEWEST_DIGITS..=MOST_DIGITS).contains(&rest.len()))?;
    search.lookup(Role::Digits, rest).filter(|form| !form.partial)
}

/// Swapped pairs that end here with their filler and the last digit.
fn filled(search: &mut Search<'_>, text: &[u8], span: Range<usize>) -> Option<Form> {
    let [b'f' | b'F', last, rest @ ..] = text.get(span.end..)? else { return None };
    if !last.is_ascii_digit() || rest.first().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let mut digits = plain(text, span);
    digits.extend([b'f', *last]);
    search.lookup(Role::Digits, &digits)
}

/// The digits alone.
fn plain(text: &[u8], span: Range<usize>) -> SmallVec<[u8; MOST_DIGITS + 2]> {
    text.get(span).unwrap_or_default().iter().copied().filter(u8::is_ascii_digit).collect()
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
