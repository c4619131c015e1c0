//! Is what fits a number one at all, under a name that says no more than this one does?
//!
//! Words of everyday stand over orders, versions and moments as well. The less a name tells, the more a value has to.

use super::{
    account::Refusal,
    value::{Fit, Hit},
    vocabulary::Strength,
    words::Hint,
};

/// How many digits a number has at least, where the word is one of everyday.
pub(super) const SPOKEN: usize = 9;

/// With spaces, dashes and brackets, no written number is longer.
const LONGEST: usize = 20;

/// No national number has more digits, unless it begins with the zero that is dialled in front.
const NATIONAL: usize = 11;

/// Why the hit is no number, if it is none.
pub(super) fn refusal(hint: Hint, value: &[u8], hit: &Hit) -> Option<Refusal> {
    if !hint.is_certain() && is_clock(value, hit) {
        return Some(Refusal::Clock);
    }
    if !hint.is_certain() && is_date(value, hit) {
        return Some(Refusal::Date);
    }
    let is_long = hit.span.len() > SPOKEN;
    match hint.strength {
        Strength::Firm if hit.span.len() < SPOKEN => Some(Refusal::Length),
        Strength::Firm if hit.fit > Fit::Formed && !is_national(value, hit) => Some(Refusal::Length),
        Strength::Weak | Strength::Faint if !is_long => Some(Refusal::Length),
        Strength::Faint if !is_international(value, hit) => Some(Refusal::Plain),
        _ => None,
    }
}

/// What is odd and longer than any number was found inside of something encoded.
fn is_national(value: &[u8], hit: &Hit) -> bool {
    let number = value.get(hit.span.clone()).unwrap_or_default();
    let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    let encoded = number.iter().any(u8::is_ascii_alphabetic);
    number.len() <= LONGEST && (encoded || digits <= NATIONAL || number.starts_with(b"0"))
}

/// Whether a number is written with its plus sign, or with the zeros that stand for it.
fn is_international(value: &[u8], hit: &Hit) -> bool {
    let (before, number) = value.split_at_checked(hit.span.start).unwrap_or_default();
    let marked = |mark: &[u8]| number.get(..mark.len()).is_some_and(|front| front.eq_ignore_ascii_case(mark));
    marked(b"+") || marked(b"00") || marked(b"%2B") || before.ends_with(b"+")
}

/// Whether it is a moment, in digits of one kind or another.
pub(super) fn is_moment(value: &[u8], hit: &Hit) -> bool {
    is_clock(value, hit) || is_date(value, hit)
}

/// `201511151230` is the time of a build before it is an Egyptian's number; `201001234567` has no such hour. What is no
/// country's number is one with any day in it.
fn is_date(value: &[u8], hit: &Hit) -> bool {
    let Some(digits @ [b'2', b'0', ..]) = value.get(hit.span.clone()) else { return false };
    let two = |at: usize| digits.get(at..at + 2).and_then(|pair| std::str::from_utf8(pair).ok()?.parse::<u8>().ok());
    let within = |at: usize, range: std::ops::RangeInclusive<u8>| two(at).is_some_and(|part| range.contains(&part));
    let day = digits.len() >= 12 && within(4, 1..=12) && within(6, 1..=31);
    day && (hit.fit == Fit::Odd || within(8, 0..=23) && within(10, 0..=59))
}

/// Seconds since 1970, of the years from 2001 to 2033, or thousandths or millionths of them: `phone_verified=1700000000`.
/// No number with its country has as many digits behind a one.
pub(super) fn is_clock(value: &[u8], hit: &Hit) -> bool {
    let digits = value.get(hit.span.clone()).unwrap_or_default();
    matches!((digits.len(), digits.first()), (10 | 13 | 16, Some(b'1'))) && digits.iter().all(u8::is_ascii_digit)
}
