//! What stands where the standards themselves leave room for it?
//!
//! Old phones wrote serial numbers into `User-Agent`; proxies write addresses into `X-Forwarded-For`, `Forwarded` and
//! `Via`; a network access identifier can be the user name of `Proxy-Authorization` or stand in `From`.

use std::ops::Range;

use super::{
    Detector, Subject,
    account::Reason,
    finding::{Confidence, Identifier, Severity},
    found::{Found, Taken},
    generalised,
    origin::Writer,
    report::Place,
    runs::{Class, Runs},
    share::Share,
    signature::SignatureSet,
    value::{self, Effort, Fit, Hit},
    vocabulary::Strength,
    words,
};
use crate::exchange::{Direction, Field};

/// Reads fields with a meaning of their own.
pub(super) struct Places;

impl Detector for Places {
    fn name(&self) -> &'static str {
        "place"
    }

    fn detect(&self, subject: &Subject<'_>, _: &SignatureSet, found: &mut Found) {
        if subject.direction == Direction::Response {
            return;
        }
        for (index, field) in subject.fields.iter().enumerate() {
            let Some((read, writer, sought)) = reader(&field.name) else { continue };
            let place = Place::field(subject, self.name(), index, field).by(writer);
            found.tell(place.text, b"", || Reason::Reserved(sought));
            read(&place, field, found);
        }
    }
}

type Reader = fn(&Place<'_>, &Field, &mut Found);

const AGENT: &str = "serial numbers are looked for where old handsets wrote them";
const ADDRESS: &str = "an address inside the carrier is looked for";
const ACCOUNT: &str = "a number as the name of a user is looked for";
const FORWARDED: &str = "addresses and numbers of its parameters are looked for";

/// How the field of this name is read, who writes it, and what is looked for.
fn reader(name: &[u8]) -> Option<(Reader, Writer, &'static str)> {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    match name.len() {
        4 if is("from") => Some((account, Writer::Phone, ACCOUNT)),
        3 if is("via") => Some((agent, Writer::Proxy, AGENT)),
        9 if is("forwarded") => Some((forwarded, Writer::Proxy, FORWARDED)),
        9 if is("x-real-ip") || is("client-ip") => Some((address, Writer::Anyone, ADDRESS)),
        10 if is("user-agent") => Some((agent, Writer::Phone, AGENT)),
        11 if is("x-client-ip") => Some((address, Writer::Anyone, ADDRESS)),
        15 if is("x-forwarded-for") => Some((address, Writer::Anyone, ADDRESS)),
        19 if is("proxy-authorization") => Some((account, Writer::Phone, ACCOUNT)),
        _ => None,
    }
}

/// Any proxy may tell an inner address: no more than a hint.
fn address(place: &Place<'_>, field: &Field, found: &mut Found) {
    let value: &[u8] = &field.value;
    if let Some((span, address)) = value::first_address(value)
        && value::is_inside(address)
    {
        let (identifier, severity) = (Identifier::ClientIp, Severity::Low);
        let (sure, hit) =
            ((Confidence::Possible, "any proxy may tell an inner address"), Hit::plain(span, Fit::Formed));
        found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
    }
}

/// Its parameters may be anything (RFC 7239 §5.5), and so may the node (§6).
fn forwarded(place: &Place<'_>, field: &Field, found: &mut Found) {
    address(place, field, found);
    let share = Share::among(|| place.subject.fields.iter().filter(|other| other.is("forwarded")).count());
    // Of a chain of sixteen proxies, each with a line of its own, sixteen parts of each line.
    let most = (share.bytes() / 8).max(2);
    for span in value::parts(&field.value, |byte| matches!(byte, b';' | b',')).take(most) {
        let pair = field.value.get(span.clone()).unwrap_or_default();
        let Some(equals) = memchr::memchr(b'=', pair) else { continue };
        let (key, node) = (pair.get(..equals).unwrap_or_default(), pair.get(equals + 1..).unwrap_or_default());
        let hint = words::classify(key).filter(|hint| hint.strength == Strength::Strong);
        let decode = || field.value.len() <= share.bytes();
        let named = hint.and_then(|hint| generalised::number(hint, node, decode()).ok());
        let named = named.filter(|(_, hit)| hit.fit <= Fit::Odd);
        let number = || Some((Identifier::Msisdn, value::unnamed_number(node).filter(|_| node.contains(&b'+'))?));
        if let Some((identifier, hit)) = named.or_else(number) {
            take(place, key, node, identifier, hit, span.start + equals + 1, found);
        }
    }
}

/// `…/IMEI/490154203237518`, `ser490154203237518;icc8988…`: the marks are NTT DoCoMo's and those of early handsets.
fn agent(place: &Place<'_>, field: &Field, found: &mut Found) {
    const MARKS: &[(&str, Identifier)] = &[
        ("imei", Identifier::Imei),
        ("ser", Identifier::Imei),
        ("sn", Identifier::Imei),
        ("icc", Identifier::Iccid),
        ("imsi", Identifier::Imsi),
        ("msisdn", Identifier::Msisdn),
    ];
    for span in long_numbers(&field.value) {
        let before = field.value.get(span.start.saturating_sub(12)..span.start).unwrap_or_default();
        let word = last_word(before);
        let Some((_, identifier)) = MARKS.iter().find(|(mark, _)| word.eq_ignore_ascii_case(mark.as_bytes())) else {
            continue;
        };
        let number = field.value.get(span.clone()).unwrap_or_default();
        if let Some(hit) = value::find(*identifier, number, Effort::Hinted).filter(|hit| hit.fit <= Fit::Odd) {
            take(place, word, number, *identifier, hit, span.start, found);
        }
    }
}

/// A number behind its mark, in text that begins at `start`.
fn take(
    place: &Place<'_>,
    key: &[u8],
    value: &[u8],
    identifier: Identifier,
    hit: Hit,
    start: usize,
    found: &mut Found,
) {
    let (severity, sure) = (Severity::Critical, (Confidence::Likely, "a number where such numbers stand"));
    found.take(place, Taken { key, value, identifier, severity, sure, hit, start });
}

/// Runs of ten digits and more.
fn long_numbers(value: &[u8]) -> impl Iterator<Item = Range<usize>> {
    Runs::new(value, &DIGITS, 10).take(8)
}

static DIGITS: Class = {
    let mut class = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = (byte as u8).is_ascii_digit();
        byte += 1;
    }
    class
};

fn last_word(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |at| at + 1);
    let text = text.get(..end).unwrap_or_default();
    let start = text.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default()
}

/// Only an identifier of the network that stands before an `@`, as in 3GPP TS 23.003 §14: a mail address in `From` is
/// what the standard asks of robots.
fn account(place: &Place<'_>, field: &Field, found: &mut Found) {
    let credentials = field.value.strip_prefix(b"Basic ");
    let start = field.value.len() - credentials.unwrap_or(&field.value).len();
    let text = field.value.get(start..).unwrap_or_default();
    let in_clear = text.contains(&b'@') || text.starts_with(b"+") || text.starts_with(b"<tel:");
    if !in_clear && credentials.is_none() {
        return;
    }
    for identifier in [Identifier::Imsi, Identifier::Msisdn] {
        let hit = value::find(identifier, text, Effort::Hinted).filter(|hit| hit.fit == Fit::Checked);
        if let Some(hit) = hit {
            return take(place, b"", text, identifier, hit, start, found);
        }
    }
}
