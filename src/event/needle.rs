//! Where does a found value stand once more?
//!
//! A number that was found in one field is looked for in every string of the event, as it was found, as bare digits, and
//! with percent-encoding put on and taken off. Case does not count: host names are lower-cased on the way. What covers
//! several numbers is looked for part by part.
//!
//! Looking has to cost little, whatever was found. Of a long value its beginning is looked for, and how far it goes on.
//! Where there is more to look for than people send, nothing is: every string is hidden instead.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use bytes::Bytes;
use memchr::memmem::Finder;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};

use super::search::Search;
use crate::detect::{Finding, numbers_in_name};

/// Shorter values stand in too many places by chance.
const SHORTEST: usize = 7;

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
    Some(Box<Search>),
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
    #[inline]
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
    #[inline]
    fn find(&self, text: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        match self {
            Self::None => {}
            Self::Some(search) => search.find(text, found),
            Self::All { digits } if text.len() >= SHORTEST && count(text) >= *digits => found(0..text.len()),
            Self::All { .. } => {}
        }
    }
}

/// What is to be looked for, while it is gathered.
#[derive(Default)]
struct Gathered {
    values: BTreeSet<Bytes>,
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
        let short = Search::of(self.values).map_or(Short::None, |search| Short::Some(Box::new(search)));
        let long = self.long.into_iter().filter_map(|value| {
            let beginning = Finder::new(value.get(..LONG)?).into_owned();
            Some(Long { beginning, rest: value.slice(LONG..) })
        });
        Needles { long: long.collect(), short }
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
        if value.len() <= SINGLE && is_bare(value) {
            return;
        }
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
            if spelling.len() < SHORTEST || count(&spelling) < self.digits || self.values.contains(&spelling) {
                return;
            }
            self.bytes += spelling.len();
            self.values.insert(spelling);
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

fn add_spellings(value: &Bytes, add: &mut dyn FnMut(Bytes)) {
    add(value.clone());
    if is_bare(value) {
        return;
    }
    let decoded = Cow::from(percent_decode(value));
    let digits = digits(&decoded);
    if let Cow::Owned(decoded) = decoded {
        add(decoded.into());
    }
    add(percent_encode(value, NON_ALPHANUMERIC).to_string().into());
    digits.into_iter().for_each(|digits| add(digits.into()));
}

/// Whether a value has no parts, and no other spelling than that it stands in.
fn is_bare(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_alphanumeric)
}

/// The digits of a number, without the signs that people put between them.
fn digits(value: &[u8]) -> Option<Vec<u8>> {
    let is_sign = |byte: &u8| matches!(byte, b'+' | b'-' | b'.' | b' ' | b'(' | b')' | b'/');
    let only_those = value.iter().all(|byte| byte.is_ascii_digit() || is_sign(byte));
    only_those.then(|| value.iter().copied().filter(u8::is_ascii_digit).collect())
}
