//! What do the pairs of cookies and queries carry?
//!
//! A run of digits there is a timestamp or somebody's analytics: only the key's words make a number of it, or a form
//! that nothing but a phone number has.

use std::ops::Range;

use super::{
    Detector, Subject,
    finding::{Confidence, Finding, Identifier, Severity},
    generalised,
    report::Place,
    signature::SignatureSet,
    value::{self, Fit},
    vocabulary::Strength,
    within,
    words::{self, Hint},
};
use crate::exchange::Direction;

/// How many telling pairs of one message are decoded.
pub(super) const DECODED: usize = 24;

/// Reads `Cookie`, and in responses `Set-Cookie`.
pub(super) struct Cookies;

impl Detector for Cookies {
    fn name(&self) -> &'static str {
        "cookie"
    }

    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Vec<Finding>) {
        let name = match subject.direction {
            Direction::Request => "cookie",
            Direction::Response => "set-cookie",
        };
        let mut budget = DECODED;
        for (index, field) in subject.fields.iter().enumerate().filter(|(_, field)| field.is(name)) {
            let place = Place::field(subject, self.name(), index, field).own();
            examine(&place, &field.value, 0..field.value.len(), b';', &mut budget, knowledge, found);
        }
    }
}

/// Judges every `key=value` between separators within `span` of `text`.
pub(super) fn examine(
    place: &Place<'_>,
    text: &[u8],
    span: Range<usize>,
    separator: u8,
    budget: &mut usize,
    knowledge: &SignatureSet,
    found: &mut Vec<Finding>,
) {
    let (mut start, end) = (span.start, span.end.min(text.len()));
    while let Some(rest) = text.get(start..end).filter(|rest| !rest.is_empty()) {
        let len = memchr::memchr(separator, rest).unwrap_or(rest.len());
        let pair = rest.get(..len).unwrap_or_default();
        if let Some(equals) = memchr::memchr(b'=', pair) {
            let (key, value) = (pair.get(..equals).unwrap_or_default(), pair.get(equals + 1..).unwrap_or_default());
            let (key, at) = (key.trim_ascii(), start + equals + 1);
            match judge(place, key, value, at, budget, knowledge) {
                Some(finding) => found.push(finding),
                None if *budget > 0 && holds_pairs(value) => {
                    *budget -= 1;
                    within::keyed(place, value, at, false, found);
                }
                None => {}
            }
        }
        start += len + 1;
    }
}

/// An address within an address, JSON within a cookie: keys in there stand before a sign that is encoded.
fn holds_pairs(value: &[u8]) -> bool {
    let signs = memchr::memchr_iter(b'%', value).filter_map(|at| value.get(at + 1..at + 3));
    value.len() >= 16 && signs.take(32).any(|sign| matches!(sign, [b'3', b'D' | b'd' | b'A' | b'a']))
}

/// Judges one pair whose value begins at `start` of the text.
pub(super) fn judge(
    place: &Place<'_>,
    key: &[u8],
    value: &[u8],
    start: usize,
    budget: &mut usize,
    knowledge: &SignatureSet,
) -> Option<Finding> {
    // The shortest number that counts has six digits.
    // As a field's name `min` may be the subscription of a CDMA phone; as a key it is where a range begins.
    if value.len() < 6 || value.len() > 1024 || key.eq_ignore_ascii_case(b"min") {
        return None;
    }
    let Some(hint) = words::classify(key).or_else(|| documented(key, knowledge)) else {
        let hit = value::unnamed_number(value)?;
        let span = start + hit.span.start..start + hit.span.end;
        return place.finding(Identifier::Msisdn, Severity::Critical, Confidence::Possible, span);
    };
    if names_account(hint) && value::is_account(value) {
        let whole = value::trimmed(value);
        let span = start + whole.start..start + whole.end;
        return place.finding(Identifier::Account, Severity::Critical, Confidence::Likely, span);
    }
    let decode = *budget > 0;
    *budget = budget.saturating_sub(1);
    let (identifier, hit) =
        generalised::number(hint, value, decode).filter(|(_, hit)| hint.network || hit.fit <= Fit::Odd)?;
    let confidence = if hit.fit <= Fit::Formed { Confidence::Likely } else { Confidence::Possible };
    let severity = if hit.fit == Fit::Opaque { Severity::High } else { Severity::Critical };
    place.finding(identifier, severity, confidence, start + hit.span.start..start + hit.span.end)
}

/// Whether a key is for the name that a network knows its user by; the address that a site asks for is none.
fn names_account(hint: Hint) -> bool {
    hint.network && hint.kinds.first() == Some(&Identifier::Account)
}

/// A field's name as a key: portals keep what the gateway told them.
fn documented(key: &[u8], knowledge: &SignatureSet) -> Option<Hint> {
    let signature = knowledge.lookup(key)?;
    let kinds: &'static [Identifier] = match signature.carries.first()? {
        Identifier::Msisdn => &[Identifier::Msisdn],
        Identifier::Imsi => &[Identifier::Imsi],
        Identifier::Imei => &[Identifier::Imei],
        Identifier::Iccid => &[Identifier::Iccid],
        _ => return None,
    };
    Some(Hint { strength: Strength::Strong, kinds, network: true, sealed: false })
}
