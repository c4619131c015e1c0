//! What was held of each part of a message, and why?
//!
//! The reasons come from the detectors, which tell them while they decide. Here they are only put in order: every field
//! line, and the target, stands there exactly once.

mod reason;

#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;

pub use reason::About;
pub(super) use reason::{Reason, Refusal};

use super::{Finding, Part, Subject};

/// The account of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What [`super::Scanner::scan`] finds.
    pub findings: Vec<Finding>,
    /// The target, if there is one, then each field line in the order received.
    pub entries: Vec<Entry>,
}

/// One part of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which part it stands in.
    pub part: Part,
    /// Index of the field line; 0 for the target.
    pub index: usize,
    /// The field's name as spelt; empty for the target.
    pub name: Bytes,
    /// What came of it.
    pub verdict: Verdict,
    /// Which of the account's findings stand there.
    pub findings: Vec<usize>,
    /// Why, in the order in which it was decided.
    pub notes: Vec<Note>,
}

/// What came of a part of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something was found.
    Found,
    /// There was a reason to look closely, and nothing counts.
    Considered,
    /// Nothing in it tells.
    Quiet,
}

impl Verdict {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Considered => "considered",
            Self::Quiet => "quiet",
        }
    }
}

/// Why something was found there, or nothing. Printed, it holds nothing of a value but the code of its country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub(super) is_target: bool,
    pub(super) index: usize,
    /// The key of the pair that it is about; empty if it is about the whole.
    pub key: Bytes,
    pub(super) reason: Reason,
}

impl Note {
    /// What it is about.
    pub fn about(&self) -> About {
        self.reason.about()
    }

    /// Whether it says more than that nothing tells.
    pub fn is_telling(&self) -> bool {
        // Cookies are full of numbers and tokens; which of them tell, only the keys say.
        let is_any_pair = !self.key.is_empty() && self.reason.is_about_look();
        self.reason.is_telling() && !is_any_pair
    }

    /// Whether it says nothing beside what else there is to say of the field.
    pub fn is_aside(&self) -> bool {
        matches!(self.reason, Reason::Ordinary)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl Account {
    /// Puts in order what was found and told.
    pub(super) fn new(subject: &Subject<'_>, findings: Vec<Finding>, notes: Vec<Note>) -> Self {
        let target = subject.target.map(|_| (Part::Target, 0, Bytes::new()));
        let fields = subject.fields.iter().enumerate().map(|(at, field)| (subject.part, at, field.name.clone()));
        let mut entries: Vec<Entry> = target.into_iter().chain(fields).map(Entry::new).collect();
        let offset = usize::from(subject.target.is_some());
        let entry_at = |is_target: bool, index: usize| if is_target { 0 } else { index + offset };
        for (at, finding) in findings.iter().enumerate() {
            let is_target = finding.location.part == Part::Target;
            if let Some(entry) = entries.get_mut(entry_at(is_target, finding.location.index)) {
                entry.findings.push(at);
            }
        }
        for note in notes {
            if let Some(entry) = entries.get_mut(entry_at(note.is_target, note.index)) {
                entry.notes.push(note);
            }
        }
        entries.iter_mut().for_each(Entry::judge);
        Self { findings, entries }
    }
}

impl Entry {
    fn new((part, index, name): (Part, usize, Bytes)) -> Self {
        Self { part, index, name, verdict: Verdict::Quiet, findings: Vec::new(), notes: Vec::new() }
    }

    fn judge(&mut self) {
        self.verdict = match self.findings.is_empty() {
            false => Verdict::Found,
            true if self.notes.iter().any(Note::is_telling) => Verdict::Considered,
            true => Verdict::Quiet,
        };
    }
}
