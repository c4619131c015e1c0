//! Where in a text does one of several values stand?
//!
//! What is sought is sought in one event only, so what is quickly built is quicker than what quickly searches. A few values are
//! sought with one table of skips for all of them (Horspool 1980): of a text that has no such bytes only every so many-th is
//! read. Where a text is laid out so that much has to be compared, a search that takes linear time does it over.

use std::{cell::OnceCell, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use bytes::Bytes;
use memchr::memmem::Finder;
use smallvec::SmallVec;

/// As many values without letters are sought each for itself: they may overlap.
const APART: usize = 4;

/// As many values are sought with a table.
const FEW: usize = 8;

/// As many bytes may be compared as a text has, and so many more.
const EFFORT: usize = 2048;

/// Several values, case aside. Where they are together, the longest of those that stand first counts, and the search goes on
/// behind it.
pub(super) struct Search {
    values: SmallVec<[Bytes; APART]>,
    is_apart: bool,
    shortest: usize,
    /// What comparing them all costs.
    effort: usize,
    /// How far on the next place may be, by the byte that would end the shortest of them here.
    skips: [u8; 256],
    linear: OnceCell<Linear>,
}

enum Linear {
    Apart(Vec<Finder<'static>>),
    Together(Box<AhoCorasick>),
}

impl Search {
    /// For these values; nothing where there is none.
    pub(super) fn of(values: impl IntoIterator<Item = Bytes>) -> Option<Self> {
        let values: SmallVec<[Bytes; APART]> = values.into_iter().collect();
        let shortest = values.iter().map(Bytes::len).min().filter(|shortest| *shortest > 0)?;
        let is_apart = values.len() <= APART && !values.iter().flatten().any(u8::is_ascii_alphabetic);
        let skips = if values.len() <= FEW { skips(&values, shortest) } else { [0; 256] };
        let effort = values.iter().map(Bytes::len).sum();
        Some(Self { values, is_apart, shortest, effort, skips, linear: OnceCell::new() })
    }

    /// Reports every place where one of the values stands; some perhaps twice.
    #[inline]
    pub(super) fn find(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        if text.len() >= self.shortest {
            self.find_in_long(text, found);
        }
    }

    fn find_in_long(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let is_done = self.values.len() <= FEW && self.skip_through(text, found);
        if !is_done {
            self.linear.get_or_init(|| Linear::of(&self.values, self.is_apart)).find(text, found);
        }
    }

    /// Whether it came to the end.
    fn skip_through(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) -> bool {
        let mut left = EFFORT + text.len();
        let mut ends = [0; FEW];
        let mut at = self.shortest - 1;
        while let Some(byte) = text.get(at) {
            let skip = self.skips[usize::from(*byte)];
            at += usize::from(skip);
            if skip > 0 {
                continue;
            }
            let Some(rest) = left.checked_sub(self.effort) else { return false };
            left = rest;
            let start = at + 1 - self.shortest;
            at = self.compare(text, start, &mut ends, found) + self.shortest - 1;
        }
        true
    }

    /// Reports what stands at `start`, and returns where the next may stand.
    fn compare(
        &self,
        text: &[u8],
        start: usize,
        ends: &mut [usize; FEW],
        found: &mut dyn FnMut(Range<usize>),
    ) -> usize {
        let behind = text.get(start..).unwrap_or_default();
        let is_here = |value: &Bytes| behind.get(..value.len()).is_some_and(|text| text.eq_ignore_ascii_case(value));
        if !self.is_apart {
            let longest = self.values.iter().filter(|value| is_here(value)).map(Bytes::len).max();
            longest.into_iter().for_each(|length| found(start..start + length));
            return start + longest.unwrap_or(1);
        }
        for (value, end) in self.values.iter().zip(ends) {
            if *end <= start && is_here(value) {
                *end = start + value.len();
                found(start..*end);
            }
        }
        start + 1
    }
}

fn skips(values: &[Bytes], shortest: usize) -> [u8; 256] {
    let reach = shortest.min(usize::from(u8::MAX));
    let mut skips = [u8::try_from(reach).unwrap_or(u8::MAX); 256];
    for value in values {
        let window = value.get(shortest - reach..shortest).unwrap_or_default();
        for (byte, left) in window.iter().rev().zip(0..u8::MAX) {
            for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                let skip = &mut skips[usize::from(byte)];
                *skip = left.min(*skip);
            }
        }
    }
    skips
}

impl Linear {
    fn of(values: &[Bytes], is_apart: bool) -> Self {
        if is_apart {
            return Self::Apart(values.iter().map(|value| Finder::new(value).into_owned()).collect());
        }
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
        match builder.kind(Some(AhoCorasickKind::NoncontiguousNFA)).build(values) {
            Ok(matcher) => Self::Together(Box::new(matcher)),
            Err(error) => unreachable!("a head's values make less than 2^31 states: {error}"),
        }
    }

    fn find(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        match self {
            Self::Apart(finders) => finders.iter().for_each(|finder| {
                finder.find_iter(text).for_each(|at| found(at..at + finder.needle().len()));
            }),
            Self::Together(matcher) => matcher.find_iter(text).for_each(|place| found(place.range())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Every place once.
    fn places(find: impl FnOnce(&mut dyn FnMut(Range<usize>))) -> BTreeSet<(usize, usize)> {
        let mut places = BTreeSet::new();
        find(&mut |range| places.extend([(range.start, range.end)]));
        places
    }

    fn agree(values: &[Vec<u8>], text: &[u8]) {
        let search = Search::of(values.iter().cloned().map(Bytes::from)).unwrap();
        let linear = Linear::of(&search.values, search.is_apart);
        let expected = places(|found| linear.find(text, found));
        assert_eq!(places(|found| search.find(text, found)), expected, "{values:?} {text:?}");
    }

    #[test]
    fn what_has_to_be_compared_everywhere_is_found_as_well() {
        let text = "0".repeat(5_000) + "10000000";
        agree(&[b"00000000".to_vec(), b"10000000".to_vec()], text.as_bytes());
        agree(&[b"a0000000".to_vec(), b"10000000".to_vec()], text.as_bytes());
        agree(&["x".repeat(256).into_bytes(), "1".repeat(300).into_bytes()], "1x".repeat(400).as_bytes());
    }

    proptest! {
        #[test]
        fn skipping_finds_what_a_linear_search_finds(
            values in vec("[abAB01]{1,5}", 1..=FEW + 1), digits in vec("[01+]{1,4}", 1..=APART), text in "[abAB01+]{0,200}",
        ) {
            for values in [values, digits] {
                let values: Vec<_> = values.into_iter().map(String::into_bytes).collect();
                agree(&values, text.as_bytes());
            }
        }
    }
}
