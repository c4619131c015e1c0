//! Where do detectors put what they found, and why?
//!
//! One sink for both: whoever wants to know why gets the account from the code that decided. Scanning asks for no reasons,
//! and then none is made: what it costs is a look at an empty option.

use std::ops::{Deref, DerefMut};

use bytes::Bytes;

use super::{
    account::{Note, Reason},
    finding::{Confidence, Finding, Identifier, Part, Severity},
    report::{Place, Text},
    value::{Hit, Shape},
};

/// Findings, with reasons if they are asked for.
#[derive(Debug, Default)]
pub struct Found {
    findings: Vec<Finding>,
    notes: Option<Vec<Note>>,
}

impl Found {
    /// One that asks for reasons.
    pub(super) fn asking() -> Self {
        Self { findings: Vec::new(), notes: Some(Vec::new()) }
    }

    /// The findings and the reasons, in the order in which they were told.
    pub(super) fn into_parts(self) -> (Vec<Finding>, Vec<Note>) {
        (self.findings, self.notes.unwrap_or_default())
    }

    /// Tells why, of a field or of a pair in it, if anyone wants to know.
    pub(super) fn tell(&mut self, text: Text<'_>, key: &[u8], reason: impl FnOnce() -> Reason) {
        if let Some(notes) = &mut self.notes {
            let (is_target, index) = match text {
                Text::Field { index, .. } => (false, index),
                Text::Target(_) => (true, 0),
            };
            notes.push(Note { is_target, index, key: Bytes::copy_from_slice(key), reason: reason() });
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
        let Some(finding) = place.finding(identifier, severity, confidence, span) else { return };
        self.findings.push(finding);
        self.tell(place.text, key, || Reason::Fits {
            identifier,
            shape: Shape::of(identifier, value, &hit),
            confidence,
            grounds,
        });
    }
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
