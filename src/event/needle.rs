//! Where does a found value stand once more?
//!
//! A number that was found in one field is looked for in every string of the event, as it was found, as bare digits, and
//! with percent-encoding put on and taken off. Case does not count: host names are lower-cased on the way. What covers
//! several numbers is looked for part by part.
//!
//! Looking has to cost little, whatever was found. Of a long value its beginning is looked for, and how far it goes on.
//! Where there is more to look for than people send, nothing is: every string is hidden instead.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use bytes::Bytes;
use memchr::memmem::Finder;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::detect::{Finding, numbers_in_name};

/// Shorter values stand in too many places by chance.
const SHORTEST: usize = 7;

/// As many values without letters are looked for one by one, which spares building an automaton.
const FEW: usize = 4;

/// Longer values are looked for by their beginnings, of so many bytes.
const LONG: usize = 256;

/// What is longer is more than one number.
const SINGLE: usize = 64;

/// So many long ones are looked for, and of the others so many bytes in all their spellings.
const MOST_LONG: usize = 8;
const MOST_BYTES: usize = 16 << 10;

/// What to look for. Without anything, looking costs nothing.
#[derive(Default)]
pub(super) struct Needles {
    short: Short,
    long: Vec<Long>,
}

#[derive(Default)]
enum Short {
    #[default]
    None,
    Few(Vec<Finder<'static>>),
    Many(Box<AhoCorasick>),
    /// Too many to look for: every string that is not shorter and has so many digits may hold one of them.
    All {
        digits: usize,
    },
}

/// A value too long to be written twice by chance.
struct Long {
    beginning: Finder<'static>,
    rest: Bytes,
}

impl Needles {
    /// What was found, in all its spellings.
    pub(super) fn new(findings: &[Finding]) -> Self {
        Self::of(findings, std::iter::empty(), 0)
    }

    /// The same, and the numbers that stand in these names of hosts, found or not.
    pub(super) fn with_names<'a>(findings: &[Finding], names: impl Iterator<Item = &'a [u8]>) -> Self {
        Self::of(findings, names, 0)
    }

    /// These values, in all their spellings.
    pub(super) fn of_values(values: &[Bytes]) -> Self {
        let mut gathered = Gathered::default();
        for value in values {
            gathered.add(value);
        }
        gathered.into_needles()
    }

    /// Those that hold a number: what is looked for in names that people chose, such as a rule's.
    pub(super) fn numbers(findings: &[Finding]) -> Self {
        Self::of(findings, std::iter::empty(), SHORTEST)
    }

    /// Whether any of [`Needles::numbers`] may stand in this text, whatever was found.
    pub(super) fn may_hold_number(text: &[u8]) -> bool {
        text.len() >= LONG || count(text) >= SHORTEST
    }

    /// Those with so many digits.
    fn of<'a>(findings: &[Finding], names: impl Iterator<Item = &'a [u8]>, digits: usize) -> Self {
        let mut gathered = Gathered { digits, ..Gathered::default() };
        names.flat_map(numbers_in_name).for_each(|number| gathered.one(&Bytes::copy_from_slice(number)));
        for finding in findings {
            gathered.add(&finding.value);
            if gathered.is_too_much() {
                break;
            }
        }
        gathered.into_needles()
    }

    /// Reports every place where one of the values stands.
    pub(super) fn find(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        self.long.iter().for_each(|long| long.find(text, found));
        self.short.find(text, found);
    }
}

impl Long {
    /// What was covered once is not read again.
    fn find(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let mut from = 0;
        while let Some(at) = self.beginning.find(text.get(from..).unwrap_or_default()) {
            let behind = text.get(from + at + LONG..).unwrap_or_default();
            let same = behind.iter().zip(&self.rest).take_while(|(one, other)| one == other).count();
            let place = from + at..from + at + LONG + same;
            from = place.end;
            found(place);
        }
    }
}

impl Short {
    fn of(values: BTreeSet<Vec<u8>>) -> Self {
        if values.is_empty() {
            return Self::None;
        }
        if values.len() <= FEW && !values.iter().flatten().any(u8::is_ascii_alphabetic) {
            return Self::Few(values.iter().map(|value| Finder::new(value).into_owned()).collect());
        }
        // An automaton is used for one event: what is quickly built is quicker than what quickly searches.
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
        match builder.kind(Some(AhoCorasickKind::NoncontiguousNFA)).build(values) {
            Ok(matcher) => Self::Many(Box::new(matcher)),
            Err(error) => unreachable!("a head's values make less than 2^31 states: {error}"),
        }
    }

    fn find(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        match self {
            Self::None => {}
            Self::Few(finders) => finders.iter().for_each(|finder| {
                finder.find_iter(text).for_each(|at| found(at..at + finder.needle().len()));
            }),
            Self::Many(matcher) => matcher.find_iter(text).for_each(|place| found(place.range())),
            Self::All { digits } if text.len() >= SHORTEST && count(text) >= *digits => found(0..text.len()),
            Self::All { .. } => {}
        }
    }
}

/// What is to be looked for, while it is gathered.
#[derive(Default)]
struct Gathered {
    values: BTreeSet<Vec<u8>>,
    long: BTreeSet<Bytes>,
    bytes: usize,
    /// Values with fewer digits are left out.
    digits: usize,
}

impl Gathered {
    fn into_needles(self) -> Needles {
        if self.is_too_much() {
            return Needles { short: Short::All { digits: self.digits }, long: Vec::new() };
        }
        let long = self.long.into_iter().filter_map(|value| {
            let beginning = Finder::new(value.get(..LONG)?).into_owned();
            Some(Long { beginning, rest: value.slice(LONG..) })
        });
        Needles { long: long.collect(), short: Short::of(self.values) }
    }

    fn add(&mut self, value: &Bytes) {
        self.with_parts(value);
        // What is encoded as a whole may be several as well.
        if value.len() > SINGLE && value.contains(&b'%') {
            self.with_parts(&Cow::from(percent_decode(value)).into_owned().into());
        }
    }

    fn with_parts(&mut self, value: &Bytes) {
        self.one(value);
        for part in parts(value) {
            if self.is_too_much() {
                return;
            }
            self.one(&value.slice_ref(part));
        }
    }

    fn one(&mut self, value: &Bytes) {
        // Whoever fills a head mostly repeats himself.
        if self.values.contains(&value[..]) {
            return;
        }
        if value.len() > LONG {
            self.long.insert(value.clone());
            return;
        }
        add_spellings(value, &mut |spelling| {
            if spelling.len() < SHORTEST || count(&spelling) < self.digits || self.values.contains(&*spelling) {
                return;
            }
            self.bytes += spelling.len();
            self.values.insert(spelling.into_owned());
        });
    }

    fn is_too_much(&self) -> bool {
        self.bytes > MOST_BYTES || self.long.len() > MOST_LONG
    }
}

/// The parts of a value that covers several numbers, addresses or tokens, which hold digits or an `@`: what stands
/// between signs that none of them has. What is longer than any number is split at all other signs as well.
fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let told = |part: &&[u8]| part.len() >= SHORTEST && (count(part) > 3 || part.contains(&b'@'));
    let apart = |byte: &u8| b";,&=|\"'<>{}[]\t".contains(byte);
    let fine = |stretch: &'_ [u8]| stretch.len() > SINGLE;
    let stretches = value.split(apart).filter(told);
    stretches.flat_map(move |stretch| {
        let words = fine(stretch).then(|| stretch.split(|byte| !byte.is_ascii_alphanumeric()).filter(told));
        let names = fine(stretch).then(|| stretch.split(|byte| matches!(byte, b' ' | b'/')).filter(told));
        let all = names.into_iter().flatten().chain(words.into_iter().flatten());
        std::iter::once(stretch.trim_ascii()).chain(all)
    })
}

/// How many digits stand there.
fn count(text: &[u8]) -> usize {
    text.iter().filter(|byte| byte.is_ascii_digit()).count()
}

fn add_spellings<'v>(value: &'v [u8], add: &mut dyn FnMut(Cow<'v, [u8]>)) {
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
