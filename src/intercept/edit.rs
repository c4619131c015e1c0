//! How is a decision carried out on a head?
//!
//! Decisions speak of the head as it was received: fields by index, findings by span. They are collected first and
//! applied in one pass at the end, so that no edit moves the ground under the next.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;

use super::redact::Redaction;
use crate::{
    detect::{Finding, Part},
    exchange::Fields,
    policy::{Action, Matched},
};

/// What is to be edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A whole field line.
    Field(usize),
    /// Some bytes of a field's value.
    InField(usize, &'a Range<usize>),
    /// Some bytes of a field's name.
    InName(usize, &'a Range<usize>),
    /// Some bytes of the target.
    InTarget(&'a Range<usize>),
    /// A finding that is not there; nothing is done.
    Nowhere,
}

impl<'a> Place<'a> {
    /// The place of what a rule matched.
    pub fn of(matched: Matched, findings: &'a [Finding]) -> Self {
        let finding = match matched {
            Matched::Field(index) => return Self::Field(index),
            Matched::Finding(index) => findings.get(index),
        };
        match finding {
            Some(finding) if finding.location.part == Part::Target => Self::InTarget(&finding.span),
            Some(finding) if finding.location.in_name => Self::InName(finding.location.index, &finding.span),
            Some(finding) => Self::InField(finding.location.index, &finding.span),
            None => Self::Nowhere,
        }
    }

    /// What stands in the name of a field on which a rule decided as a whole.
    pub fn names(matched: Matched, part: Part, findings: &'a [Finding]) -> impl Iterator<Item = Self> {
        let in_name = move |finding: &&Finding| {
            let location = &finding.location;
            location.in_name && location.part == part && matched == Matched::Field(location.index)
        };
        findings.iter().filter(in_name).map(|finding| Self::InName(finding.location.index, &finding.span))
    }

    /// The index of the field line, unless it is the target.
    pub fn field(&self) -> Option<usize> {
        match self {
            Self::Field(index) | Self::InField(index, _) | Self::InName(index, _) => Some(*index),
            Self::InTarget(_) | Self::Nowhere => None,
        }
    }
}

/// A head after the edits.
#[derive(Clone, Debug)]
pub struct Edits {
    /// The fields to send on.
    pub fields: Fields,
    /// The target to send on, if it was edited.
    pub target: Option<Bytes>,
}

/// What is to become of one value.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Whole(Bytes),
    /// Spans and what takes their place, in any order.
    Spans(Vec<(Range<usize>, Bytes)>),
}

/// Collects changes to one head.
#[derive(Debug)]
pub struct Editor<'a> {
    fields: &'a Fields,
    target: Option<&'a Bytes>,
    changes: BTreeMap<usize, Change>,
    names: BTreeMap<usize, Vec<(Range<usize>, Bytes)>>,
    target_spans: Vec<(Range<usize>, Bytes)>,
}

impl<'a> Editor<'a> {
    /// Begins with the head as it was received.
    pub fn new(fields: &'a Fields, target: Option<&'a Bytes>) -> Self {
        Self { fields, target, changes: BTreeMap::new(), names: BTreeMap::new(), target_spans: Vec::new() }
    }

    /// Notes what an action does at a place.
    pub fn apply(&mut self, action: &Action, place: &Place<'_>, redaction: &Redaction<'_>) {
        match (action, place) {
            (Action::Keep, _) | (_, Place::Nowhere) => {}
            (Action::Strip | Action::Block(_), Place::Field(index)) => self.remove(*index),
            (Action::Strip | Action::Block(_), Place::InField(index, span)) => self.strip(*index, span),
            (Action::Replace(text), Place::Field(index) | Place::InField(index, _)) => {
                self.change(*index, Change::Whole(text.clone()));
            }
            (Action::Redact(how), Place::Field(index)) => {
                let Some(field) = self.fields.get(*index) else { return };
                self.change(*index, Change::Whole(redaction.of(*how, &field.value).into()));
            }
            (Action::Redact(how), Place::InField(index, span)) => {
                let found = self.fields.get(*index).and_then(|field| field.value.get((*span).clone()));
                let Some(found) = found else { return };
                self.span(*index, span, redaction.of(*how, found).into());
            }
            (Action::Redact(how), Place::InName(index, span)) => {
                let found = self.fields.get(*index).and_then(|field| field.name.get((*span).clone()));
                let Some(found) = found else { return };
                let with = redaction.of(*how, found).into();
                self.names.entry(*index).or_default().push(((*span).clone(), with));
            }
            // A text that was meant for a value makes no name.
            (Action::Strip | Action::Block(_) | Action::Replace(_), Place::InName(index, _)) => self.remove(*index),
            (action, Place::InTarget(span)) => self.target(action, span, redaction),
        }
    }

    /// The head with all changes, or nothing if there are none.
    pub fn finish(self) -> Option<Edits> {
        let target = self.target.filter(|_| !self.target_spans.is_empty());
        if self.changes.is_empty() && self.names.is_empty() && target.is_none() {
            return None;
        }
        let mut fields = self.fields.clone();
        for (index, spans) in self.names {
            if let Some(field) = fields.get_mut(index) {
                field.name = splice(&field.name, spans);
            }
        }
        let mut gone = Vec::new();
        for (index, change) in self.changes {
            let Some(field) = fields.get_mut(index) else { continue };
            match change {
                Change::Remove => gone.push(index),
                Change::Whole(value) => field.value = value,
                Change::Spans(spans) => field.value = splice(&field.value, spans),
            }
            if field.is("cookie") && field.value.is_empty() && !gone.contains(&index) {
                gone.push(index);
            }
        }
        fields.remove_all(&gone);
        Some(Edits { fields, target: target.map(|target| splice(target, self.target_spans)) })
    }

    fn remove(&mut self, index: usize) {
        self.changes.insert(index, Change::Remove);
    }

    /// A cookie pair goes alone, so that the others keep the user logged in; any other field goes as a whole.
    fn strip(&mut self, index: usize, span: &Range<usize>) {
        let Some(field) = self.fields.get(index) else { return };
        if field.is("cookie") {
            self.span(index, &pair_around(&field.value, span, b';', 0), Bytes::new());
        } else {
            self.remove(index);
        }
    }

    fn target(&mut self, action: &Action, span: &Range<usize>, redaction: &Redaction<'_>) {
        let Some(target) = self.target else { return };
        let Some(found) = target.get(span.clone()) else { return };
        let edit = match action {
            Action::Keep => return,
            Action::Replace(text) => (span.clone(), text.clone()),
            Action::Redact(how) => (span.clone(), redaction.of(*how, found).into()),
            Action::Strip | Action::Block(_) => strip_from_target(target, span),
        };
        self.target_spans.push(edit);
    }

    fn span(&mut self, index: usize, span: &Range<usize>, with: Bytes) {
        let change = self.changes.entry(index).or_insert_with(|| Change::Spans(Vec::new()));
        if let Change::Spans(spans) = change {
            spans.push((span.clone(), with));
        }
    }

    /// A field that is to go stays gone, whatever later decisions say about it.
    fn change(&mut self, index: usize, change: Change) {
        let present = self.changes.entry(index).or_insert_with(|| change.clone());
        if !matches!(present, Change::Remove) {
            *present = change;
        }
    }
}

/// A query parameter can be left out; a path segment cannot without naming another resource, so it is masked.
fn strip_from_target(target: &[u8], span: &Range<usize>) -> (Range<usize>, Bytes) {
    let query = target.iter().position(|&byte| byte == b'?').filter(|&mark| mark < span.start);
    match query {
        Some(mark) => (pair_around(target, span, b'&', mark + 1), Bytes::new()),
        None => (span.clone(), vec![b'*'; span.len()].into()),
    }
}

/// The pair that holds `span`, together with one separator beside it, in a list that begins at `from`. If the pair is
/// the only one in a query, the question mark goes with it.
fn pair_around(list: &[u8], span: &Range<usize>, separator: u8, from: usize) -> Range<usize> {
    let is_separator = |&byte: &u8| byte == separator;
    let before = list.get(from..span.start).unwrap_or_default().iter().rposition(is_separator);
    let after = list.get(span.end..).unwrap_or_default().iter().position(is_separator).map(|at| span.end + at);
    match (before, after) {
        (Some(before), after) => from + before..after.unwrap_or(list.len()),
        (None, Some(after)) => {
            let blank = list.get(after + 1..).unwrap_or_default().iter().take_while(|byte| **byte == b' ').count();
            from..after + 1 + blank
        }
        (None, None) => from.saturating_sub(1)..list.len(),
    }
}

/// Puts new bytes in the place of spans. Of two that overlap, the first one counts for the bytes that they share.
fn splice(value: &[u8], mut spans: Vec<(Range<usize>, Bytes)>) -> Bytes {
    spans.sort_by_key(|(span, _)| (span.start, span.end));
    let mut spliced = Vec::with_capacity(value.len());
    let mut at = 0;
    for (span, with) in spans {
        if span.end <= at && !span.is_empty() {
            continue;
        }
        spliced.extend_from_slice(value.get(at..span.start.max(at)).unwrap_or_default());
        spliced.extend_from_slice(&with);
        at = span.end.max(at);
    }
    spliced.extend_from_slice(value.get(at..).unwrap_or_default());
    spliced.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(list: &str, span: Range<usize>) -> String {
        let pair = pair_around(list.as_bytes(), &span, b';', 0);
        String::from_utf8(splice(list.as_bytes(), vec![(pair, Bytes::new())]).to_vec()).unwrap()
    }

    fn target_without(target: &str, number: &str) -> String {
        let start = target.find(number).unwrap();
        let edit = strip_from_target(target.as_bytes(), &(start..start + number.len()));
        String::from_utf8(splice(target.as_bytes(), vec![edit]).to_vec()).unwrap()
    }

    #[test]
    fn a_cookie_pair_goes_with_its_separator() {
        assert_eq!(without("m=123; b=2", 2..5), "b=2");
        assert_eq!(without("a=1; m=123; b=2", 7..10), "a=1; b=2");
        assert_eq!(without("a=1; m=123", 7..10), "a=1");
        assert_eq!(without("m=123", 2..5), "");
    }

    #[test]
    fn a_parameter_goes_and_a_segment_is_masked() {
        assert_eq!(target_without("/a?m=123&b=2", "123"), "/a?b=2");
        assert_eq!(target_without("/a?b=2&m=123", "123"), "/a?b=2");
        assert_eq!(target_without("/a?b=2&m=123&c=3", "123"), "/a?b=2&c=3");
        assert_eq!(target_without("/a?m=123", "123"), "/a");
        assert_eq!(target_without("/u/123/x?b=2", "123"), "/u/***/x?b=2");
    }

    #[test]
    fn overlapping_spans_leave_nothing_of_either() {
        let spans = vec![(2..6, Bytes::from("x")), (4..8, Bytes::from("y")), (3..5, Bytes::from("z"))];
        assert_eq!(splice(b"ab123456cd", spans), "abxycd");
    }
}
