//! What do fields carry whose names nobody has listed?

use super::{
    Detector, Subject,
    finding::{Confidence, Finding, Identifier, Severity},
    report::{Place, severity_of},
    signature::SignatureSet,
    value::{self, Effort, Fit, Hit},
    vocabulary::Strength,
    words::{self, Hint},
};
use crate::exchange::Field;

/// Reads the words of a name, and asks the value whether it agrees.
pub(super) struct Generalised;

/// What an opaque value must have at least, under a name that is not documented.
const CIPHER: usize = 16;

/// How many digits a number has at least, where the word is one of everyday.
const SPOKEN: usize = 9;

impl Detector for Generalised {
    fn name(&self) -> &'static str {
        "name"
    }

    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Vec<Finding>) {
        for (index, field) in subject.fields.iter().enumerate() {
            if field.value.is_empty() || words::is_ordinary(&field.name) || knowledge.lookup(&field.name).is_some() {
                continue;
            }
            let place = Place::field(subject, self.name(), index, field);
            match words::classify(&field.name) {
                Some(hint) => examine(&place, hint, field, found),
                None => found.extend(unnamed(&place, &field.value)),
            }
        }
    }
}

fn unnamed(place: &Place<'_>, value: &[u8]) -> Option<Finding> {
    let hit = value::unnamed_number(value)?;
    place.finding(Identifier::Msisdn, Severity::Critical, Confidence::Possible, hit.span)
}

fn examine(place: &Place<'_>, hint: Hint, field: &Field, found: &mut Vec<Finding>) {
    let value = &field.value;
    if let Some((identifier, hit)) = number(hint, value) {
        let confidence = if hit.fit <= Fit::Formed { Confidence::Likely } else { Confidence::Possible };
        let severity = if hit.fit == Fit::Opaque { Severity::High } else { Severity::Critical };
        found.extend(place.finding(identifier, severity, confidence, hit.span));
    }
    if hint.strength == Strength::Strong {
        let others = hint.kinds.iter().filter(|kind| !value::is_number(**kind));
        found.extend(others.filter_map(|&kind| other(place, kind, value)));
    }
}

/// A number under a name with these words. Shared with the pairs of cookies and queries.
pub(super) fn number(hint: Hint, value: &[u8]) -> Option<(Identifier, Hit)> {
    let named = hint.strength < Strength::Weak && hint.kinds.first().is_some_and(|kind| value::is_number(*kind));
    let effort = if named { Effort::Named } else { Effort::Hinted };
    let numbers = hint.kinds.iter().copied().filter(|kind| value::is_number(*kind));
    let hits = numbers.filter_map(|kind| Some((kind, value::find(kind, value, effort)?)));
    let fitting = hits.filter(|(_, hit)| (named || hit.fit == Fit::Checked) && is_long_enough(hint, hit));
    fitting.min_by_key(|(_, hit)| hit.fit).or_else(|| {
        let kind = *hint.kinds.first().filter(|_| named && is_cipher(hint, value))?;
        Some((kind, Hit { span: value::trimmed(value), fit: Fit::Opaque }))
    })
}

/// Everyday words stand for other things as well: there, fewer digits than most numbers have do not count.
fn is_long_enough(hint: Hint, hit: &Hit) -> bool {
    hint.strength == Strength::Strong || hit.span.len() >= SPOKEN
}

fn is_cipher(hint: Hint, value: &[u8]) -> bool {
    match hint.strength {
        Strength::Strong => value::is_cipher(value, CIPHER),
        Strength::Firm => value::is_hash(value),
        Strength::Weak => false,
    }
}

/// What is no number, under a name that says so.
fn other(place: &Place<'_>, kind: Identifier, value: &[u8]) -> Option<Finding> {
    let whole = value::trimmed(value);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let (fits, severity) = match kind {
        Identifier::SubscriberId => (value::is_cipher(value, 8) || whole.len() == digits && digits > 5, Severity::High),
        Identifier::Acr => {
            (value::whole(kind, value) == Some(Fit::Checked) || value::is_cipher(value, 24), Severity::High)
        }
        Identifier::Location => (digits > 3 && whole.len() < 64, Severity::Critical),
        Identifier::ClientIp => return inside(place, value),
        _ => (value::whole(kind, value).is_some(), severity_of(kind)),
    };
    fits.then(|| place.finding(kind, severity, Confidence::Likely, whole))?
}

fn inside(place: &Place<'_>, value: &[u8]) -> Option<Finding> {
    let (span, _) = value::first_address(value).filter(|(_, address)| value::is_inside(*address))?;
    place.finding(Identifier::ClientIp, Severity::Medium, Confidence::Likely, span)
}
