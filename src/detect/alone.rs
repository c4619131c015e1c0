//! Which values say enough under any name?
//!
//! The last resort of all, where no word of a name said anything. What is found here speaks for itself, but mostly it may
//! be anybody's: it is worth a line in the log.

use std::ops::RangeInclusive;

use super::{
    Subject,
    finding::{Confidence, Identifier, Severity},
    found::{Found, Sure, Taken},
    origin::Writer,
    plausible,
    report::{Place, severity_of},
    value::{self, Effort, Fit, Hit},
    words::Name,
};
use crate::exchange::Field;

/// Longer values are something else.
const LONGEST: usize = 256;

/// No phone and no gateway sends as many fields; what does is made to be slow.
const CROWD: usize = 32;

/// Whether a message has more fields than are looked at.
pub(super) fn is_crowd(subject: &Subject<'_>) -> bool {
    subject.fields.len() > CROWD
}

/// What needs no word of the name at all.
pub(super) fn examine(place: &Place<'_>, field: &Field, name: &Name<'_>, found: &mut Found) {
    if is_crowd(place.subject) || field.value.len() > LONGEST {
        return;
    }
    let opens = matches!(field.value.first(), Some(b'1' | b'f' | b'F' | b'[' | b'"'));
    if opens && ADDRESS.contains(&field.value.len()) {
        inner_address(place, field, name, found);
    }
    carriers_user(place, field, found);
    if let Some((identifier, hit, sure)) = spoken(field, name) {
        let severity = Severity::Low;
        found.take(place, Taken { key: b"", value: &field.value, identifier, severity, sure, hit, start: 0 });
    }
}

/// How long an address is.
const ADDRESS: RangeInclusive<usize> = 7..=45;

/// An address inside of a network and nothing else, under a name that tells no more: any proxy may tell one.
fn inner_address(place: &Place<'_>, field: &Field, name: &Name<'_>, found: &mut Found) {
    let value: &[u8] = &field.value;
    let whole = value::trimmed(value);
    let inside = value::first_inside(value).filter(|span| *span == whole);
    let Some(span) = inside.filter(|_| !name.is_machines()) else { return };
    let (identifier, severity, hit) = (Identifier::ClientIp, Severity::Low, Hit::plain(span, Fit::Formed));
    let sure = (Confidence::Possible, "an address inside of a network, and the name tells no machine of the site");
    found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
}

/// What stands in the realm of a network's user, and in no mailbox's domain.
const REALMS: &[&[u8]] = &[b"3gppnetwork", b"pdsn", b"wap", b"gprs", b"apn", b"pppoe", b"wlan", b"ims"];

/// A user of a network's realm and nothing else, whatever the name.
fn carriers_user(place: &Place<'_>, field: &Field, found: &mut Found) {
    let value: &[u8] = &field.value;
    if !is_carriers_user(value) {
        return;
    }
    let (identifier, hit) = (Identifier::Account, Hit::plain(value::trimmed(value), Fit::Formed));
    let sure = (Confidence::Possible, "the name tells nothing, but only a network has users of such a realm");
    let (place, severity) = (place.clone().by(Writer::Trade), severity_of(identifier));
    found.take(&place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
}

/// Whether it is a user of a network's realm (3GPP TS 23.003 §14 and §19).
pub(super) fn is_carriers_user(value: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'@', value) else { return false };
    let mut labels = value.get(at + 1..).unwrap_or_default().split(|&byte| byte == b'.');
    labels.any(|label| REALMS.iter().any(|realm| label.eq_ignore_ascii_case(realm))) && value::is_account(value, true)
}

/// How long digits are that may be the number of a subscriber with its country, a subscription or a card.
const DIGITS: RangeInclusive<usize> = 11..=20;

/// A number or a position and nothing else, under a name that makes nothing else of it.
fn spoken(field: &Field, name: &Name<'_>) -> Option<(Identifier, Hit, Sure)> {
    let value: &[u8] = &field.value;
    let whole = value::trimmed(value);
    let content = value.get(whole.clone())?;
    let digits = DIGITS.contains(&content.len()) && content.iter().all(u8::is_ascii_digit);
    if digits {
        let (identifier, hit) = number(value)?;
        return (!name.is_thing()).then_some((identifier, hit, NUMBER));
    }
    let position = content.len() >= 11 && content.contains(&b'.') && value::is_coordinates(content);
    (position && !name.is_machines()).then(|| (Identifier::Location, Hit::plain(whole, Fit::Formed), POSITION))
}

/// A number that passes every check: of a phone in the mobile range of its country, of a subscription, of a card.
fn number(value: &[u8]) -> Option<(Identifier, Hit)> {
    let kinds = [Identifier::Msisdn, Identifier::Imsi, Identifier::Iccid].into_iter();
    kinds.filter_map(|kind| Some((kind, value::find(kind, value, Effort::Clear)?))).find(|(kind, hit)| {
        let moment = *kind == Identifier::Msisdn && plausible::is_moment(value, hit);
        // With sixteen digits a subscription's has a sign in front, which only a name could tell.
        let signed = *kind == Identifier::Imsi && hit.span.len() > 15;
        hit.fit == Fit::Checked && !moment && !signed
    })
}

const NUMBER: Sure = (Confidence::Possible, "the name tells nothing, but the number passes every check there is");
const POSITION: Sure = (Confidence::Possible, "the name tells no place, but the value is a position on the map");
