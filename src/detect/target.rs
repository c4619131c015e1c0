//! What does the target of a request carry, and the address of the page before it or after it?

use std::ops::Range;

use super::{
    Detector, Subject, count,
    found::Found,
    origin::Writer,
    pairs::{self, Pair},
    report::{Place, Text},
    share::Share,
    signature::SignatureSet,
    vocabulary::Strength,
    words::{self, Reading},
};
use crate::exchange::Direction;

/// Reads path and query of the target and of `Referer`, and in responses of `Location`.
pub(super) struct Target;

impl Detector for Target {
    fn name(&self) -> &'static str {
        "target"
    }

    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Found) {
        let field = match subject.direction {
            Direction::Request => "referer",
            Direction::Response => "location",
        };
        let others = || subject.fields.iter().enumerate().filter(|(_, other)| other.is(field));
        let count = || usize::from(subject.target.is_some()) + others().count();
        let share = Share::among(subject.fields.len() + 1, count);
        if let Some(target) = subject.target {
            let (writer, text) = (Writer::Phone, Text::Target(target));
            let place = Place { subject, detector: self.name(), signature: None, writer, text };
            examine(&place, target, share.bytes(), knowledge, found);
        }
        for (index, other) in others() {
            examine(&Place::field(subject, field, index, other).own(), &other.value, share.bytes(), knowledge, found);
        }
    }
}

fn examine(place: &Place<'_>, target: &[u8], mut budget: usize, knowledge: &SignatureSet, found: &mut Found) {
    let path = memchr::memchr2(b'?', b'#', target).unwrap_or(target.len());
    if path < target.len() {
        pairs::examine(place, target, path + 1..target.len(), b'&', &mut budget, knowledge, found);
    }
    segments(place, target, 0..path, &mut budget, knowledge, found);
}

/// `/msisdn/447700900123` and `/447700900123;type=…`: a segment is the key of the next one if its word is strong.
fn segments(
    place: &Place<'_>,
    target: &[u8],
    path: Range<usize>,
    budget: &mut usize,
    knowledge: &SignatureSet,
    found: &mut Found,
) {
    let mut start = path.start;
    let mut before: &[u8] = b"";
    let path = target.get(path).unwrap_or_default();
    let has_pairs = memchr::memchr(b'=', path).is_some();
    if !has_pairs && !could_be_number(path) {
        return;
    }
    for segment in path.split(|&byte| byte == b'/') {
        if has_pairs && memchr::memchr(b'=', segment).is_some() {
            pairs::examine(place, target, start..start + segment.len(), b';', budget, knowledge, found);
        } else if could_be_number(segment)
            && let Some(reading) = strong(before)
        {
            pairs::judge(place, &Pair { key: before, value: segment, start }, |_| reading, budget, found);
        }
        before = segment;
        start += segment.len() + 1;
    }
}

fn could_be_number(segment: &[u8]) -> bool {
    count::digits(segment) >= 6
}

fn strong(key: &[u8]) -> Option<Reading> {
    words::classify(key).filter(|hint| hint.strength == Strength::Strong).map(Reading::Telling)
}
