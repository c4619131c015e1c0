//! Where do detectors put what they found, and why?
//!
//! One sink for both: whoever wants to know why gets the account from the code that decided. Scanning asks for no reasons,
//! and then none is made: what it costs is a look at an empty option.
//!
//! Of one place only so many findings stand for themselves. What else is found there is covered by one of its kind, so
//! that a head full of numbers costs little, and none of them escapes.

use std::ops::{Deref, DerefMut, Range};

use bytes::Bytes;

use super::{
    Subject,
    account::{Note, Reason},
    finding::{Confidence, Finding, Identifier, Part, Severity},
    report::{Place, Text},
    value::{Hit, Shape},
};
use crate::exchange::Field;

/// How many findings of one message stand for themselves, and of one place, for each detector: as many of each, so that
/// the order of fields does not count.
const MOST: usize = 768;
const MOST_OF_ONE: usize = 64;
const FEWEST: usize = 4;

/// The detector, whether it is the target, which field line, and whether its name.
type Spot = (&'static str, bool, usize, bool);

/// Findings, with reasons if they are asked for.
#[derive(Debug)]
pub struct Found {
    findings: Vec<Finding>,
    notes: Option<Vec<Note>>,
    /// How many of one place stand for themselves.
    most: usize,
    /// How many were put in, whether they stand for themselves or not.
    taken: usize,
    /// The place that was last found at, and which was its first finding.
    here: Option<Spot>,
    first: usize,
}

impl Found {
    /// Nothing yet of this message; reasons only if they are asked for.
    pub(super) fn new(subject: &Subject<'_>, asks: bool) -> Self {
        let most = (MOST / subject.fields.len().max(1)).clamp(FEWEST, MOST_OF_ONE);
        Self { findings: Vec::new(), notes: asks.then(Vec::new), most, taken: 0, here: None, first: 0 }
    }

    /// How often something was found.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// The findings and the reasons, in the order in which they were told.
    pub(super) fn into_parts(self) -> (Vec<Finding>, Vec<Note>) {
        (self.findings, self.notes.unwrap_or_default())
    }

    /// Whether anyone wants to know why.
    pub(super) fn asks_why(&self) -> bool {
        self.notes.is_some()
    }

    /// Tells why, of a field or of a pair in it, if anyone wants to know.
    pub(super) fn tell(&mut self, text: Text<'_>, key: &[u8], reason: impl FnOnce() -> Reason) {
        if let Some(notes) = &mut self.notes {
            let (is_target, index) = text.position();
            notes.push(Note { is_target, index, key: Bytes::copy_from_slice(key), reason: reason() });
        }
    }

    /// Tells of the whole field what its name says, instead of that it says nothing.
    pub(super) fn tell_better(&mut self, text: Text<'_>, reason: impl FnOnce() -> Reason) {
        let Some(notes) = &mut self.notes else { return };
        let here = text.position();
        let silent = |note: &&mut Note| (note.is_target, note.index) == here && note.reason == Reason::NoWord;
        match notes.iter_mut().rfind(silent) {
            Some(note) => note.reason = reason(),
            None => self.tell(text, b"", reason),
        }
    }

    /// Tells that a finding gives way to a better one, which reads the same bytes as something else.
    pub(super) fn tell_covered(&mut self, finding: &Finding, better: Identifier) {
        if let Some(notes) = self.notes.as_mut().filter(|_| better != finding.identifier) {
            let is_target = finding.location.part == Part::Target;
            let reason = Reason::Covered { identifier: finding.identifier, better };
            notes.push(Note { is_target, index: finding.location.index, key: Bytes::new(), reason });
        }
    }

    /// Puts a hit among the findings, and tells what speaks for it.
    pub(super) fn take(&mut self, place: &Place<'_>, taken: Taken<'_>) {
        let Taken { key, value, identifier, severity, sure: (confidence, grounds), hit, start } = taken;
        let span = start + hit.span.start..start + hit.span.end;
        if self.put(place, identifier, severity, confidence, span) {
            self.tell(place.text, key, || Reason::Fits {
                identifier,
                shape: Shape::of(identifier, value, &hit),
                confidence,
                grounds,
            });
        }
    }

    /// Puts something among the findings; true if it stands for itself.
    pub(super) fn put(
        &mut self,
        place: &Place<'_>,
        identifier: Identifier,
        severity: Severity,
        confidence: Confidence,
        span: Range<usize>,
    ) -> bool {
        if let Some(rest) = self.rest(place, identifier) {
            stretch(rest, span);
            rest.severity = rest.severity.max(severity);
            rest.confidence = rest.confidence.max(confidence);
            self.taken += 1;
            return false;
        }
        let finding = place.finding(identifier, severity, confidence, span);
        let counts = finding.is_some();
        self.findings.extend(finding);
        self.taken += usize::from(counts);
        if counts && self.findings.len() == self.first + self.most + 1 {
            self.tell(place.text, b"", || Reason::Crowd);
        }
        counts
    }

    /// Whether so much of this kind was found at this place that what else promises it is covered without a look; it is.
    pub(super) fn cover(&mut self, place: &Place<'_>, identifier: Identifier, span: Range<usize>) -> bool {
        let Some(rest) = self.rest(place, identifier) else { return false };
        stretch(rest, span);
        self.taken += 1;
        true
    }

    /// The finding that covers what does not stand for itself.
    fn rest(&mut self, place: &Place<'_>, identifier: Identifier) -> Option<&mut Finding> {
        let (is_target, index) = place.text.position();
        let here = Some((place.detector, is_target, index, place.text.is_name()));
        if self.here != here {
            (self.here, self.first) = (here, self.findings.len());
        }
        let crowd = self.findings.get_mut(self.first + self.most..)?;
        crowd.iter_mut().find(|rest| rest.identifier == identifier)
    }

    /// Gives findings that cover several places the bytes of all of them.
    pub(super) fn fill(&mut self, subject: &Subject<'_>) {
        let stretched = |finding: &&mut Finding| is_stretched(finding);
        for finding in self.findings.iter_mut().filter(stretched) {
            let in_name = finding.location.in_name;
            let text_of = |field: &Field| if in_name { field.name.clone() } else { field.value.clone() };
            let field = || subject.fields.get(finding.location.index).map(text_of);
            let target = || subject.target.map(Bytes::copy_from_slice);
            let text = if finding.location.part == Part::Target { target() } else { field() };
            finding.value = text.unwrap_or_default().slice(finding.span.clone());
        }
    }
}

fn stretch(finding: &mut Finding, span: Range<usize>) {
    finding.span = finding.span.start.min(span.start)..finding.span.end.max(span.end);
}

/// Whether it covers several places, of which it has the bytes of one.
pub(super) fn is_stretched(finding: &Finding) -> bool {
    finding.value.len() < finding.span.len()
}

/// A hit that counts.
pub(super) struct Taken<'a> {
    /// The key of the pair that it stands in, if it does.
    pub key: &'a [u8],
    /// What was searched.
    pub value: &'a [u8],
    pub identifier: Identifier,
    pub severity: Severity,
    /// How sure, and on what grounds.
    pub sure: Sure,
    pub hit: Hit,
    /// Where in the text the value begins.
    pub start: usize,
}

/// How sure we are, and why: a sentence for people, without anything of the message.
pub(super) type Sure = (Confidence, &'static str);

impl Deref for Found {
    type Target = Vec<Finding>;

    fn deref(&self) -> &Vec<Finding> {
        &self.findings
    }
}

impl DerefMut for Found {
    fn deref_mut(&mut self) -> &mut Vec<Finding> {
        &mut self.findings
    }
}
