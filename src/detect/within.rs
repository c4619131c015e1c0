//! What stands within a value under a name that does not tell?
//!
//! Gateways pack several things into one field, as `key=value`, as JSON, percent-encoded, as a list. There the keys tell,
//! or what stands beside a number and no site would write: an address inside the network, an access point.

use std::ops::Range;

use super::{
    account::Reason,
    finding::{Confidence, Identifier, Severity},
    found::{Found, Taken},
    generalised, plausible,
    report::{Place, severity_of},
    value::{self, Effort, Fit, Hit, Numbers},
    vocabulary::Strength,
    words::{self, Hint, Reading},
};

/// How many pairs of one value are looked at.
const PAIRS: usize = 32;

/// How many parts a list has at most that a gateway writes.
const PARTS: usize = 8;

/// The longest list.
const LIST: usize = 160;

/// What a number has to be where nothing but its company tells.
const ALONE: Hint =
    Hint { strength: Strength::Weak, kinds: &[Identifier::Msisdn], network: true, sealed: false, why: None };

/// Numbers that a field may hold which a network packed, the most telling first.
const PACKED: &[Identifier] = &[Identifier::Msisdn, Identifier::Imei, Identifier::Iccid, Identifier::Imsi];

/// Judges a field; `is_holder` if its name says that a network packed it.
pub(super) fn examine(place: &Place<'_>, value: &[u8], is_holder: bool, found: &mut Found) {
    let before = found.taken();
    keyed(place, value, 0, is_holder, found);
    if found.taken() > before {
        return;
    }
    if let Some(hit) = in_company(value) {
        let (identifier, severity) = (Identifier::Msisdn, Severity::Critical);
        let sure = (Confidence::Likely, "beside the number stands what only a network writes");
        found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
    } else if is_holder {
        packed(place, value, found);
    }
}

/// What keys within the text tell; `start` is where the text begins in the place's own.
pub(super) fn keyed(place: &Place<'_>, text: &[u8], start: usize, is_holder: bool, found: &mut Found) {
    for (key, span) in pairs(text).take(PAIRS) {
        let value = text.get(span.clone()).unwrap_or_default();
        let hint = words::classify(key).or_else(|| (is_holder && key.eq_ignore_ascii_case(b"sub")).then_some(ALONE));
        let Some(hint) = hint else { continue };
        let severity = Severity::Critical;
        let sure = (Confidence::Likely, "key and value agree");
        let number = generalised::number(hint, value, true).ok().filter(|(_, hit)| is_sound(hint, hit));
        if let Some((identifier, hit)) = number {
            let start = start + span.start;
            found.tell(place.text, key, || Reason::of(Reading::Telling(hint), key));
            found.take(place, Taken { key, value, identifier, severity, sure, hit, start });
        } else if let Some(identifier) = whole(hint, value, text) {
            let span = if identifier == Identifier::Location { 0..text.len() } else { span };
            let (severity, hit) = (severity_of(identifier), Hit::plain(span, Fit::Formed));
            found.tell(place.text, key, || Reason::of(Reading::Telling(hint), key));
            found.take(place, Taken { key, value: text, identifier, severity, sure, hit, start });
        }
    }
}

fn is_sound(hint: Hint, hit: &Hit) -> bool {
    hit.fit <= Fit::Formed || hit.fit == Fit::Odd && hint.network && hint.strength == Strength::Strong
}

/// An account under its key; or a cell, whose parts stand under several.
fn whole(hint: Hint, value: &[u8], text: &[u8]) -> Option<Identifier> {
    hint.kinds.iter().copied().find(|kind| match kind {
        Identifier::Account => value::is_account(value, true),
        Identifier::Location => hint.network && value::is_position(text, true),
        _ => false,
    })
}

/// A number beside what only a network writes: `447700900123, 10.1.2.3`, `GPRS,447700900123,wap.apn`.
fn in_company(value: &[u8]) -> Option<Hit> {
    let is_border = |byte| matches!(byte, b',' | b';' | b'|' | b'@' | b' ');
    // Most values have one part, which nothing stands beside.
    let value = Some(value).filter(|value| value.len() <= LIST && value.iter().any(|&byte| is_border(byte)))?;
    let parts = || value::parts(value, is_border);
    let number = parts().take(PARTS).find_map(|span| {
        let part = value.get(span.clone()).unwrap_or_default();
        let (_, hit) = generalised::number(ALONE, part, false).ok()?;
        (hit.span.len() == part.len()).then_some(Hit { span, ..hit })
    })?;
    let mut others = parts().filter(|span| *span != number.span).filter_map(|span| value.get(span));
    let tells = |part: &[u8]| {
        let inside = value::first_inside(part).is_some();
        inside || words::is_company(part)
    };
    (parts().count() <= PARTS && others.any(tells)).then_some(number)
}

/// What a field holds whose name says that a network packed it.
fn packed(place: &Place<'_>, value: &[u8], found: &mut Found) {
    let read = Numbers::of(value);
    let number = |kind: &Identifier| {
        let hit = read.find(*kind, Effort::Hinted).or_else(|| read.find(*kind, Effort::Named))?;
        Some((*kind, hit)).filter(|(_, hit)| hit.fit == Fit::Checked && !plausible::is_clock(value, hit))
    };
    let (identifier, hit, confidence) = if value::is_position(value, true) {
        (Identifier::Location, Hit::plain(value::trimmed(value), Fit::Formed), Confidence::Likely)
    } else if let Some((kind, hit)) = PACKED.iter().find_map(number) {
        (kind, hit, Confidence::Possible)
    } else {
        return;
    };
    let (severity, sure) = (Severity::Critical, (confidence, "by its name, a network packed the field"));
    found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
}

/// Keys and where their values stand: before and after `=` and `:`, in clear or percent-encoded.
fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], Range<usize>)> {
    let signs = memchr::memchr3_iter(b'=', b':', b'%', text);
    signs.filter_map(move |at| {
        let len = sign(text.get(at..)?)?;
        let key = key_before(text.get(..at)?)?;
        let start = at + len + opening(text.get(at + len..)?);
        let rest = text.get(start..)?;
        let end = (0..rest.len()).find(|&at| is_end(rest.get(at..).unwrap_or_default())).unwrap_or(rest.len());
        Some((key, start..start + end))
    })
}

fn sign(text: &[u8]) -> Option<usize> {
    match text {
        [b'=' | b':', ..] => Some(1),
        [b'%', b'3', b'D' | b'd' | b'A' | b'a', ..] => Some(3),
        _ => None,
    }
}

/// The name in front, without quotes.
fn key_before(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_end();
    let text = text
        .strip_suffix(b"%22")
        .or_else(|| text.strip_suffix(b"\""))
        .or_else(|| text.strip_suffix(b"'"))
        .unwrap_or(text);
    let len =
        text.iter().rev().take(40).take_while(|&&byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)).count();
    let start = text.len() - len;
    let escaped = start.checked_sub(1).and_then(|at| text.get(at)) == Some(&b'%');
    text.get(start + if escaped { 2 } else { 0 }..).filter(|key| key.len() >= 2)
}

/// Blanks and quotes in front of a value.
fn opening(text: &[u8]) -> usize {
    let blanks = text.iter().take_while(|&&byte| matches!(byte, b' ' | b'"' | b'\'')).count();
    let rest = text.get(blanks..).unwrap_or_default();
    blanks + if rest.starts_with(b"%22") { 3 } else { 0 }
}

fn is_end(text: &[u8]) -> bool {
    match text {
        [b'%', b'2', b'2' | b'6' | b'C' | b'c', ..] | [b'%', b'7', b'D' | b'd', ..] | [b'%', b'3', b'B' | b'b', ..] => {
            true
        }
        [byte, ..] => matches!(
            byte,
            b',' | b';' | b'&' | b'|' | b'"' | b'\'' | b'{' | b'}' | b'(' | b')' | b'<' | b'>' | b' ' | b'\t'
        ),
        [] => true,
    }
}
