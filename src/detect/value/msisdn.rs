//! Is this a phone number?
//!
//! Judged by the numbering plans of all country codes (`numbering.tsv`). The national form has no country and can only
//! be odd: whoever asks for it must have a reason in the name.

use std::sync::LazyLock;

use super::{Fit, number::Digits};

/// ITU-T E.164: fifteen digits at most.
const MOST: usize = 15;

/// With country and operator no mobile number that is in use has fewer digits than this.
const SHORTEST: usize = 10;

/// No national number with its prefixes has more digits; fifteen are a subscription's or a device's.
const ODD: usize = 14;

/// What is dialled before a country's code: nearly everywhere, in Australia, in North America.
const DIALLED: &[&[u8]] = &[b"00", b"0011", b"011"];

/// One country's plan. Lengths are bit sets, bit n for n digits; prefixes are bit sets over all of their length.
struct Plan {
    lengths: u16,
    first: u16,
    mobile_lengths: u16,
    /// Prefixes of two digits and more, in order.
    mobile: Vec<&'static [u8]>,
    /// Shorter ones.
    short: Vec<&'static [u8]>,
    /// Which two digits a mobile number may begin with, bit n for n.
    opens: u128,
}

static PLANS: LazyLock<Vec<Option<Plan>>> = LazyLock::new(|| {
    let mut plans: Vec<Option<Plan>> = (0..1000).map(|_| None).collect();
    for line in include_str!("numbering.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let code = columns.next().and_then(|code| code.parse::<usize>().ok());
        if let Some(slot) = code.and_then(|code| plans.get_mut(code)) {
            *slot = Some(plan(&mut columns));
        }
    }
    plans
});

fn plan(columns: &mut std::str::Split<'static, char>) -> Plan {
    let mut next = || columns.next().unwrap_or_default();
    let lengths = bits(next().split(','));
    let first = bits(next().split("").filter(|digit| !digit.is_empty()));
    let mobile_lengths = bits(next().split(','));
    let prefixes = next().split(',').filter(|prefix| *prefix != "-").map(str::as_bytes);
    let opens = prefixes.clone().flat_map(openings).fold(0, |set, two| set | 1 << two);
    let (short, mut mobile): (Vec<_>, Vec<_>) = prefixes.partition(|prefix| prefix.len() < 2);
    mobile.sort_unstable();
    Plan { lengths, first, mobile_lengths, mobile, short, opens }
}

/// The two digits that a number with this prefix may begin with.
fn openings(prefix: &[u8]) -> std::ops::Range<usize> {
    match prefix {
        [] => 0..100,
        [_] => value_of(prefix) * 10..value_of(prefix) * 10 + 10,
        [first, second, ..] => value_of(&[*first, *second])..value_of(&[*first, *second]) + 1,
    }
}

fn bits<'a>(numbers: impl Iterator<Item = &'a str>) -> u16 {
    numbers.filter_map(|number| number.parse::<u32>().ok()).fold(0, |set, bit| set | 1u16.checked_shl(bit).unwrap_or(0))
}

/// How well the digits fit, and the calling code of the country whose plan they fit.
pub(super) fn fit(number: &Digits) -> Option<(Fit, Option<u16>)> {
    let digits = number.as_bytes();
    if number.is_filler() || digits.iter().all(|&digit| digit == b'0') {
        return None;
    }
    if let Some((code, fit)) = planned(number) {
        return Some((fit, u16::try_from(code).ok()));
    }
    (6..=ODD).contains(&digits.len()).then_some((Fit::Odd, None))
}

/// The stretches of a name that are mobile numbers in full, with their country. A name is no evidence of anything; but
/// whose number it would be need not be written down either.
pub fn numbers_in_name(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let runs = name.split(|byte| !byte.is_ascii_digit()).filter(|run| (SHORTEST..=MOST).contains(&run.len()));
    runs.filter(|run| matches!(by_plan(run), Some((_, Fit::Checked))))
}

/// Calling code and fit, with or without what is dialled before it.
fn planned(number: &Digits) -> Option<(usize, Fit)> {
    let digits = number.as_bytes();
    let may_be_dialled = !number.plus && digits.first() == Some(&b'0');
    let dialled = DIALLED.iter().filter(|_| may_be_dialled).filter_map(|prefix| digits.strip_prefix(*prefix));
    dialled.chain([digits]).find_map(by_plan)
}

/// Whether a country code with a number of that country stands here.
fn by_plan(digits: &[u8]) -> Option<(usize, Fit)> {
    if digits.len() > MOST {
        return None;
    }
    let splits = (1..=3).filter_map(|at| digits.split_at_checked(at));
    splits.filter_map(|(code, national)| Some((value_of(code), plan_of(code)?.fit(national)?))).next()
}

/// How many digits the assigned calling code at the front has, if there is one. No code begins another.
pub(in crate::detect) fn country_code(digits: &[u8]) -> Option<usize> {
    (1..=3).find(|&len| digits.get(..len).is_some_and(|code| plan_of(code).is_some()))
}

/// Whether a calling code with these digits is assigned at the front.
pub(super) fn starts_with_country(digits: &[u8]) -> bool {
    country_code(digits).is_some()
}

fn plan_of(code: &[u8]) -> Option<&'static Plan> {
    PLANS.get(value_of(code))?.as_ref()
}

fn value_of(code: &[u8]) -> usize {
    code.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit.wrapping_sub(b'0')))
}

impl Plan {
    fn fit(&self, national: &[u8]) -> Option<Fit> {
        let has = |set: u16, bit: usize| set >> bit.min(15) & 1 == 1;
        let first = usize::from(national.first()?.wrapping_sub(b'0'));
        let opens = || national.get(..2).is_none_or(|two| self.opens >> value_of(two).min(127) & 1 == 1);
        if has(self.mobile_lengths, national.len()) && opens() && self.is_mobile(national) {
            return Some(Fit::Checked);
        }
        (has(self.lengths, national.len()) && has(self.first, first)).then_some(Fit::Formed)
    }

    /// In North America there are hundreds of prefixes: those with two digits in common stand together.
    fn is_mobile(&self, national: &[u8]) -> bool {
        let begins = |prefix: &&[u8]| national.starts_with(prefix);
        let kin = national.get(..2).and_then(|two| {
            let at = self.mobile.partition_point(|prefix| *prefix < two);
            self.mobile.get(at..).map(|rest| rest.iter().take_while(move |prefix| prefix.starts_with(two)))
        });
        kin.into_iter().flatten().any(begins) || self.short.iter().any(begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_found_as_if_each_were_tried() {
        let fronts =
            (0..1000).flat_map(|front| [format!("{front}"), format!("{front:03}"), format!("{front:03}5550100")]);
        let (mut mobile, fronts) = (0, fronts.collect::<Vec<_>>());
        for plan in PLANS.iter().flatten() {
            for national in fronts.iter().map(String::as_bytes).chain([&b""[..]]) {
                let tried = plan.mobile.iter().chain(&plan.short).any(|prefix| national.starts_with(prefix));
                assert_eq!(plan.is_mobile(national), tried, "{}", String::from_utf8_lossy(national));
                mobile += usize::from(tried);
            }
        }
        assert!(mobile > 10_000, "{mobile}");
    }
}
