//! Which digits that stand here are one of the user's own?
//!
//! Groups of digits with signs between them are read as one number, from every group on, the longest first. A group is
//! never cut: what stands inside a longer run of digits is part of another number.

use std::ops::Range;

use smallvec::SmallVec;

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
        let (first, best) = longest(search, text, start);
        at = best.as_ref().map_or(first, |(end, _)| *end);
        if let Some((end, form)) = best {
            found(with_sign(text, start)..end, form);
        }
    }
}

/// The longest number that begins with this group.
fn longest(search: &mut Search<'_>, text: &[u8], start: usize) -> (usize, Option<(usize, Form)>) {
    let mut sum = Sum::default();
    let first = read_group(text, start, &mut sum);
    let (mut best, mut end) = (None, first);
    while sum.len() <= MOST_DIGITS && search.spend(1) {
        let alone = end == first;
        let form = exact(search, text, start..end, sum).or_else(|| alone.then(|| padded(search, text, start..end))?);
        let form = form.filter(|form| !form.partial || alone && is_apart(text, start..end));
        best = form.map(|form| (end, form)).or(best);
        best = filled(search, text, start..end).map(|form| (end + 2, form)).or(best);
        match next_group(text, end) {
            Some(next) => end = read_group(text, next, &mut sum),
            None => break,
        }
    }
    (first, best)
}

/// Reads one group, and tells where it ends.
fn read_group(text: &[u8], start: usize, sum: &mut Sum) -> usize {
    let digits = text.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(start, |at, &digit| {
        sum.push(digit);
        at + 1
    })
}

/// Digits that stand for something as they are, or as an IMEISV: an IMEI with two digits of software version for the
/// check digit (3GPP TS 23.003 §6.2.2).
fn exact(search: &mut Search<'_>, text: &[u8], span: Range<usize>, sum: Sum) -> Option<Form> {
    if sum.len() < FEWEST_DIGITS {
        return None;
    }
    if search.forms().may_be(sum)
        && let Some(form) = search.lookup(Role::Digits, &plain(text, span.clone()))
    {
        return Some(form);
    }
    if sum.len() == 16 && search.forms().has_devices() && search.forms().may_be(sum.without_two()) {
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

fn next_group(text: &[u8], end: usize) -> Option<usize> {
    let gap = text.get(end..)?.iter().take(GAP + 1).position(u8::is_ascii_digit)?;
    let signs = text.get(end..end + gap)?;
    signs.iter().all(|&byte| is_sign(byte)).then_some(end + gap)
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
