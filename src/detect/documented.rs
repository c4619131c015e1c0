//! What do fields carry whose names are documented?

use std::cell::OnceCell;

use super::{
    Detector, Subject,
    account::{Reason, Refusal},
    finding::{Confidence, Identifier, InsertedBy, Severity},
    found::{Found, Sure, Taken},
    origin::Writer,
    plausible,
    report::{Place, severity_of},
    share::Share,
    signature::{Class, Signature, SignatureSet},
    value::{self, Effort, Fit, Hit, Look, Numbers},
};
use crate::exchange::Field;

/// Looks names up among the signatures, and judges the value by what the signature carries.
pub(super) struct Documented;

/// What a value under a number's name must have at least to pass for ciphertext.
const CIPHER: usize = 8;

impl Detector for Documented {
    fn name(&self) -> &'static str {
        "signature"
    }

    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Found) {
        let documented = |field: &&Field| knowledge.lookup(&field.name).is_some();
        let share = Share::among(subject.fields.len(), || subject.fields.iter().filter(documented).count());
        let asked = OnceCell::new();
        let company = || *asked.get_or_init(|| has_company(subject, knowledge));
        for (index, field) in subject.fields.iter().enumerate() {
            if let Some(signature) = knowledge.lookup(&field.name) {
                let decode = share.allows(field.value.len());
                let writer = Writer::Documented(signature.inserted_by);
                let mut place = Place::field(subject, self.name(), index, field).by(writer);
                place.signature = Some(signature.id.clone());
                found.tell(place.text, b"", || documentation(signature));
                let common = signature.class == Class::Generic && !is_carriers(&field.value, decode) && !company();
                examine(&place, signature, field, Terms { decode, common }, found);
            }
        }
    }
}

/// Whether a value has a shape that networks give and interfaces do not: a number, or a user of a realm.
fn is_carriers(value: &[u8], decode: bool) -> bool {
    let read = Numbers::of(value);
    let number = |kind| {
        let hit = read.find(kind, Effort::Clear).filter(|hit| hit.fit == Fit::Checked);
        hit.is_some_and(|hit| !plausible::is_clock(value, &hit))
    };
    value::is_account(value, decode) || number(Identifier::Msisdn) || number(Identifier::Imsi)
}

/// Whether the message holds another field that a carrier is known to insert.
fn has_company(subject: &Subject<'_>, knowledge: &SignatureSet) -> bool {
    subject
        .fields
        .iter()
        .filter_map(|field| knowledge.lookup(&field.name))
        .any(|signature| signature.class != Class::Generic && signature.inserted_by == InsertedBy::Carrier)
}

fn documentation(signature: &Signature) -> Reason {
    let Signature { id, carries, source, .. } = signature.clone();
    Reason::Documented { id, carries, source }
}

/// On what terms a field is examined.
#[derive(Clone, Copy)]
struct Terms {
    /// Whether there is work left for decoding.
    decode: bool,
    /// Whether any interface may send it: worth a line in the log.
    common: bool,
}

fn examine(place: &Place<'_>, signature: &Signature, field: &Field, terms: Terms, found: &mut Found) {
    if !terms.decode {
        found.tell(place.text, b"", || Reason::Exhausted);
    }
    let effort = |effort| if terms.decode { effort } else { Effort::Clear };
    let before = found.taken();
    let read = Numbers::of(&field.value);
    for (rank, &identifier) in signature.carries.iter().enumerate() {
        let severity = signature.severity.filter(|_| rank == 0).unwrap_or(severity_of(identifier));
        let hit = match rank {
            0 => first(identifier, &field.value, &read, effort(Effort::Named)),
            _ => further(identifier, &field.value, &read, effort(Effort::Hinted)),
        };
        let Some((identifier, hit)) = hit else { continue };
        let severity = if hit.fit == Fit::Opaque { severity.min(Severity::High) } else { severity };
        let (severity, sure) = if terms.common { COMMON } else { (severity, sure(rank, identifier, &hit)) };
        found.take(place, Taken { key: b"", value: &field.value, identifier, severity, sure, hit, start: 0 });
    }
    if found.taken() == before {
        let wanted = || signature.carries.clone();
        let look = || Look::at(&field.value);
        found.tell(place.text, b"", || Reason::Fails { wanted: wanted(), refusal: Refusal::Shape, look: look() });
    }
}

/// What ordinary interfaces send as well.
const COMMON: (Severity, Sure) =
    (Severity::Low, (Confidence::Possible, "documented name, but ordinary interfaces use it as well"));

fn sure(rank: usize, identifier: Identifier, hit: &Hit) -> Sure {
    match hit.fit {
        _ if rank > 0 && value::is_number(identifier) => {
            (Confidence::Likely, "documented name, which usually carries something else")
        }
        Fit::Checked | Fit::Formed => (Confidence::Certain, "documented name, and the value has the right shape"),
        Fit::Odd => (Confidence::Likely, "documented name, but the value is not quite of the right shape"),
        Fit::Opaque => (Confidence::Likely, "documented name, but the value is encrypted or hashed"),
    }
}

/// The identifier that the name promises.
fn first(identifier: Identifier, value: &[u8], read: &Numbers<'_>, effort: Effort) -> Option<(Identifier, Hit)> {
    if !value::is_number(identifier) {
        return further(identifier, value, read, effort);
    }
    let hit = read.find(identifier, effort);
    let sound = hit.as_ref().is_some_and(|hit| hit.fit <= Fit::Formed || identifier != Identifier::Msisdn);
    if !sound && let Some(other) = another_number(read) {
        return Some(other);
    }
    hit.or_else(|| cipher(value)).map(|hit| (identifier, hit))
}

/// Gateways put one number where the name promises another: fifteen digits that start with a country's code for
/// subscriptions are no phone number.
fn another_number(read: &Numbers<'_>) -> Option<(Identifier, Hit)> {
    read.checked(&[Identifier::Imsi, Identifier::Iccid])
}

fn cipher(value: &[u8]) -> Option<Hit> {
    value::is_cipher(value, CIPHER).then(|| Hit::plain(value::trimmed(value), Fit::Opaque))
}

/// What the value carries besides, or as a whole.
fn further(identifier: Identifier, value: &[u8], read: &Numbers<'_>, effort: Effort) -> Option<(Identifier, Hit)> {
    let hit = match identifier {
        Identifier::ClientIp => value::inside_or_first(value).map(|span| Hit::plain(span, Fit::Checked)),
        number if value::is_number(number) => read.find(number, effort).filter(|hit| hit.fit == Fit::Checked),
        other => value::whole(other, value, effort != Effort::Clear).map(|fit| Hit::plain(value::trimmed(value), fit)),
    };
    hit.map(|hit| (identifier, hit))
}
