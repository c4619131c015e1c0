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

/// How many fields of one message are decoded.
const DECODED: usize = 24;

/// How many digits a number has at least, where the word is one of everyday.
const SPOKEN: usize = 9;

/// With spaces, dashes and brackets, no written number is longer.
const LONGEST: usize = 20;

/// What a pseudonym must have at least, where the word is one of everyday.
const PSEUDONYM: usize = 16;

impl Detector for Generalised {
    fn name(&self) -> &'static str {
        "name"
    }

    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Vec<Finding>) {
        let mut budget = DECODED;
        for (index, field) in subject.fields.iter().enumerate() {
            if field.value.is_empty() || words::is_ordinary(&field.name) || knowledge.lookup(&field.name).is_some() {
                continue;
            }
            let place = Place::field(subject, self.name(), index, field);
            match words::classify(&field.name) {
                Some(hint) => {
                    examine(&place, hint, field, budget > 0, found);
                    budget = budget.saturating_sub(1);
                }
                None => found.extend(unnamed(&place, &field.value)),
            }
        }
    }
}

fn unnamed(place: &Place<'_>, value: &[u8]) -> Option<Finding> {
    let hit = value::unnamed_number(value).or_else(|| value::number_uri(value))?;
    place.finding(Identifier::Msisdn, Severity::Critical, Confidence::Possible, hit.span)
}

fn examine(place: &Place<'_>, hint: Hint, field: &Field, decode: bool, found: &mut Vec<Finding>) {
    let value = &field.value;
    if let Some((identifier, hit)) = number(hint, value, decode) {
        let severity = if hit.fit == Fit::Opaque { Severity::High } else { Severity::Critical };
        found.extend(place.finding(identifier, severity, confidence(hint, &hit), hit.span));
    }
    let others = hint.kinds.iter().filter(|kind| !value::is_number(**kind));
    found.extend(others.filter_map(|&kind| other(place, hint.strength, kind, value)));
}

/// A field that says whose number it holds holds it in its national form or encrypted as well.
fn confidence(hint: Hint, hit: &Hit) -> Confidence {
    let told = hint.strength == Strength::Strong && (hit.fit == Fit::Opaque || hit.span.len() >= SPOKEN);
    if hit.fit <= Fit::Formed || told { Confidence::Likely } else { Confidence::Possible }
}

/// A number under a name with these words. Shared with the pairs of cookies and queries.
pub(super) fn number(hint: Hint, value: &[u8], decode: bool) -> Option<(Identifier, Hit)> {
    let named = hint.strength < Strength::Weak && hint.kinds.first().is_some_and(|kind| value::is_number(*kind));
    let effort = match (decode, named) {
        (false, _) => Effort::Clear,
        (true, true) => Effort::Named,
        (true, false) => Effort::Hinted,
    };
    let numbers = hint.kinds.iter().copied().filter(|kind| value::is_number(*kind));
    let hits = numbers.filter_map(|kind| Some((kind, value::find(kind, value, effort)?)));
    let fitting = hits.filter(|(_, hit)| {
        (named || hit.fit == Fit::Checked)
            && is_long_enough(hint, hit)
            && !is_date(hint, value, hit)
            && !is_clock(hint, value, hit)
    });
    fitting.min_by_key(|(_, hit)| hit.fit).or_else(|| {
        let kind = *hint.kinds.first().filter(|_| named && is_cipher(hint, value))?;
        Some((kind, Hit { span: value::trimmed(value), fit: Fit::Opaque }))
    })
}

/// Everyday words stand for other things as well: there, fewer digits than most numbers have do not count.
fn is_long_enough(hint: Hint, hit: &Hit) -> bool {
    match hint.strength {
        Strength::Strong => true,
        // What is odd and longer than any number was found inside of something encoded.
        Strength::Firm => hit.span.len() >= SPOKEN && (hit.fit <= Fit::Formed || hit.span.len() <= LONGEST),
        Strength::Weak => hit.span.len() > SPOKEN,
    }
}

/// `201511151230` is the time of a build before it is an Egyptian's number; `201001234567` has no such hour.
fn is_date(hint: Hint, value: &[u8], hit: &Hit) -> bool {
    let Some(digits @ [b'2', b'0', ..]) = value.get(hit.span.clone()) else { return false };
    let two = |at: usize| digits.get(at..at + 2).and_then(|pair| std::str::from_utf8(pair).ok()?.parse::<u8>().ok());
    let within = |at: usize, range: std::ops::RangeInclusive<u8>| two(at).is_some_and(|part| range.contains(&part));
    hint.strength == Strength::Weak
        && digits.len() == 12
        && within(4, 1..=12)
        && within(6, 1..=31)
        && within(8, 0..=23)
        && within(10, 0..=59)
}

/// `phone_verified=1700000000`: seconds, or thousandths of them, since 1970, of the years from 2001 to 2033. No number
/// with its country has as many digits behind a one.
fn is_clock(hint: Hint, value: &[u8], hit: &Hit) -> bool {
    let digits = value.get(hit.span.clone()).unwrap_or_default();
    hint.strength > Strength::Strong
        && matches!((digits.len(), digits.first()), (10 | 13, Some(b'1')))
        && digits.iter().all(u8::is_ascii_digit)
}

fn is_cipher(hint: Hint, value: &[u8]) -> bool {
    match hint.strength {
        Strength::Strong => value::is_cipher(value, CIPHER),
        Strength::Firm => value::is_hash(value),
        Strength::Weak => false,
    }
}

/// What is no number, under a name that says so; where it only allows for it, the value has to say so as well.
fn other(place: &Place<'_>, strength: Strength, kind: Identifier, value: &[u8]) -> Option<Finding> {
    let whole = value::trimmed(value);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let strong = strength == Strength::Strong;
    let fits = match kind {
        Identifier::SubscriberId if strong => value::is_cipher(value, 8) || whole.len() == digits && digits > 5,
        Identifier::SubscriberId => value::is_cipher(value, PSEUDONYM),
        Identifier::Acr => value::whole(kind, value) == Some(Fit::Checked) || strong && value::is_cipher(value, 24),
        Identifier::Location => strong && digits > 3 && whole.len() < 64 || value::is_position(value),
        Identifier::Account => value::is_account(value),
        Identifier::ClientIp => return inside(place, value),
        _ => strong && value::whole(kind, value).is_some(),
    };
    fits.then(|| place.finding(kind, severity_of(kind), Confidence::Likely, whole))?
}

fn inside(place: &Place<'_>, value: &[u8]) -> Option<Finding> {
    let span = value::first_inside(value)?;
    place.finding(Identifier::ClientIp, Severity::Medium, Confidence::Likely, span)
}
