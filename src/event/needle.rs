//! Where does a found value stand once more?
//!
//! A number that was found in one field is looked for in every string of the event, as it was found, as bare digits, and
//! with percent-encoding put on and taken off. Case does not count: host names are lower-cased on the way.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::detect::{Finding, numbers_in_name};

/// Shorter values stand in too many places by chance.
const SHORTEST: usize = 7;

/// As many values without letters are looked for one by one, which spares building an automaton.
const FEW: usize = 4;

/// The values to look for. Without any, looking costs nothing.
#[derive(Default)]
pub(super) enum Needles {
    #[default]
    None,
    Few(Vec<Finder<'static>>),
    Many(Box<AhoCorasick>),
}

impl Needles {
    /// What was found, in all its spellings.
    pub(super) fn new(findings: &[Finding]) -> Self {
        let mut values = BTreeSet::new();
        findings.iter().for_each(|finding| add_spellings(&finding.value, &mut values));
        Self::of(values)
    }

    /// The same, and the numbers that stand in these names of hosts, found or not.
    pub(super) fn with_names<'a>(findings: &[Finding], names: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut values = BTreeSet::new();
        findings.iter().for_each(|finding| add_spellings(&finding.value, &mut values));
        names.flat_map(numbers_in_name).for_each(|number| add_spellings(number, &mut values));
        Self::of(values)
    }

    /// Those that hold a number: what is looked for in names that people chose, such as a rule's.
    pub(super) fn numbers(findings: &[Finding]) -> Self {
        let mut values = BTreeSet::new();
        findings.iter().for_each(|finding| add_spellings(&finding.value, &mut values));
        values.retain(|value| value.iter().filter(|byte| byte.is_ascii_digit()).count() >= SHORTEST);
        Self::of(values)
    }

    fn of(values: BTreeSet<Vec<u8>>) -> Self {
        if values.is_empty() {
            return Self::None;
        }
        if values.len() <= FEW && !values.iter().flatten().any(u8::is_ascii_alphabetic) {
            return Self::Few(values.iter().map(|value| Finder::new(value).into_owned()).collect());
        }
        let mut builder = AhoCorasick::builder();
        match builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(values) {
            Ok(matcher) => Self::Many(Box::new(matcher)),
            Err(error) => unreachable!("a head's values make less than 2^31 states: {error}"),
        }
    }

    /// Reports every place where one of the values stands.
    pub(super) fn find(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        match self {
            Self::None => {}
            Self::Few(finders) => finders.iter().for_each(|finder| {
                finder.find_iter(text).for_each(|at| found(at..at + finder.needle().len()));
            }),
            Self::Many(matcher) => matcher.find_iter(text).for_each(|place| found(place.range())),
        }
    }
}

fn add_spellings(value: &[u8], values: &mut BTreeSet<Vec<u8>>) {
    let mut add = |spelling: Cow<'_, [u8]>| {
        if spelling.len() >= SHORTEST {
            values.insert(spelling.into_owned());
        }
    };
    add(Cow::Borrowed(value));
    add(Cow::from(percent_decode(value)));
    add(Cow::Owned(percent_encode(value, NON_ALPHANUMERIC).to_string().into_bytes()));
    if let Some(digits) = digits(&Cow::from(percent_decode(value))) {
        add(Cow::Owned(digits));
    }
}

/// The digits of a number, without the signs that people put between them.
fn digits(value: &[u8]) -> Option<Vec<u8>> {
    let is_sign = |byte: &u8| matches!(byte, b'+' | b'-' | b'.' | b' ' | b'(' | b')' | b'/');
    let only_those = value.iter().all(|byte| byte.is_ascii_digit() || is_sign(byte));
    only_those.then(|| value.iter().copied().filter(u8::is_ascii_digit).collect())
}
