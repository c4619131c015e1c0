//! What do fields carry whose names nobody has listed?

use super::{
    Detector, Subject,
    finding::{Confidence, Finding, Identifier, Severity},
    origin::Writer,
    plausible,
    report::{Place, severity_of},
    signature::SignatureSet,
    value::{self, Effort, Fit, Hit},
    vocabulary::Strength,
    within,
    words::{self, Hint},
};
use crate::exchange::Field;

/// Reads the words of a name, and asks the value whether it agrees.
pub(super) struct Generalised;

/// What an opaque value must have at least, under a name that is not documented.
const CIPHER: usize = 16;

/// How many fields of one message are decoded.
const DECODED: usize = 24;

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
            let before = found.len();
            let hint = words::classify(&field.name);
            match hint {
                Some(hint) => {
                    let writer = if hint.network { Writer::Trade } else { Writer::Anyone };
                    examine(&place.by(writer), hint, field, budget > 0, found);
                    budget = budget.saturating_sub(1);
                }
                None => found.extend(unnamed(&place, &field.value)),
            }
            let told = found.iter().skip(before).any(|finding| finding.identifier != Identifier::Network);
            if !told && budget > 0 && could_hold(&field.value) {
                let is_holder = words::is_holder(&field.name);
                let writer = if is_holder { Writer::Trade } else { Writer::Anyone };
                budget -= 1;
                within::examine(
                    &Place::field(subject, self.name(), index, field).by(writer),
                    &field.value,
                    is_holder,
                    found,
                );
            }
        }
    }
}

/// Anything worth the search has eight signs that are not letters only.
fn could_hold(value: &[u8]) -> bool {
    value.len() >= 10 && value.iter().any(u8::is_ascii_digit)
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
    let told = hint.strength == Strength::Strong && (hit.fit == Fit::Opaque || hit.span.len() >= plausible::SPOKEN);
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
    let fitting = hits.filter(|(_, hit)| (named || hit.fit == Fit::Checked) && plausible::is_number(hint, value, hit));
    let best = fitting.min_by_key(|(_, hit)| hit.fit).or_else(|| {
        let named = named || hint.sealed && hint.kinds.first() == Some(&Identifier::Msisdn);
        let kind = *hint.kinds.first().filter(|_| named && is_cipher(hint, value))?;
        Some((kind, Hit { span: value::trimmed(value), fit: Fit::Opaque }))
    });
    let sound = best.as_ref().is_some_and(|(_, hit)| hit.fit <= Fit::Formed);
    let ask = hint.strength == Strength::Strong && named && !sound;
    ask.then(|| another_number(hint, value)).flatten().or(best)
}

/// Gateways put one number where the name promises another.
fn another_number(hint: Hint, value: &[u8]) -> Option<(Identifier, Hit)> {
    let others = [Identifier::Imsi, Identifier::Imei, Identifier::Iccid].into_iter();
    others.filter(|kind| !hint.kinds.contains(kind)).find_map(|kind| {
        let hit = value::find(kind, value, Effort::Clear).filter(|hit| hit.fit == Fit::Checked)?;
        Some((kind, hit))
    })
}

fn is_cipher(hint: Hint, value: &[u8]) -> bool {
    match hint.strength {
        Strength::Strong => {
            value::is_cipher(value, CIPHER) && (hint.network || value.iter().any(u8::is_ascii_alphabetic))
        }
        Strength::Firm => value::is_hash(value) || hint.sealed && value::is_cipher(value, CIPHER),
        Strength::Weak => hint.sealed && value::is_hash(value),
        Strength::Faint => false,
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
        Identifier::Location if strong && is_cell_number(value) => true,
        Identifier::Location => value::is_position(value),
        Identifier::Account => value::is_account(value) || value::is_account(without_scheme(value)),
        Identifier::ClientIp => return inside(place, value),
        _ => strong && value::whole(kind, value).is_some(),
    };
    fits.then(|| place.finding(kind, severity_of(kind), Confidence::Likely, whole))?
}

/// The number of a cell alone: digits, perhaps hexadecimal, and what joins them.
fn is_cell_number(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let joins = |byte: &u8| byte.is_ascii_hexdigit() || b"-:.,;/_ \"".contains(byte);
    digits > 3 && value.len() <= 24 && value.iter().all(joins) && (digits < value.len() || digits <= 10)
}

/// `sip:jane@ims.example`, `<mailto:jane@mail.example>`.
fn without_scheme(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    let value = value.strip_prefix(b"<").and_then(|inner| inner.strip_suffix(b">")).unwrap_or(value);
    let schemes: [&[u8]; 4] = [b"sip:", b"sips:", b"mailto:", b"acct:"];
    schemes.iter().find_map(|scheme| value.strip_prefix(*scheme)).unwrap_or(value)
}

fn inside(place: &Place<'_>, value: &[u8]) -> Option<Finding> {
    let span = value::first_inside(value)?;
    place.finding(Identifier::ClientIp, Severity::Medium, Confidence::Likely, span)
}
