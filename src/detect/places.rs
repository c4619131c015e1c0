//! What stands where the standards themselves leave room for it?
//!
//! Old phones wrote serial numbers into `User-Agent`; proxies write addresses into `X-Forwarded-For`, `Forwarded` and
//! `Via`; a network access identifier can be the user name of `Proxy-Authorization` or stand in `From`.

use super::{
    Detector, Subject,
    finding::{Confidence, Finding, Identifier, Severity},
    generalised,
    origin::Writer,
    report::Place,
    signature::SignatureSet,
    value::{self, Effort, Fit, Hit},
    vocabulary::Strength,
    words::{self, Hint},
};
use crate::exchange::{Direction, Field};

/// Reads fields with a meaning of their own.
pub(super) struct Places;

impl Detector for Places {
    fn name(&self) -> &'static str {
        "place"
    }

    fn detect(&self, subject: &Subject<'_>, _: &SignatureSet, found: &mut Vec<Finding>) {
        if subject.direction == Direction::Response {
            return;
        }
        for (index, field) in subject.fields.iter().enumerate() {
            let Some((read, writer)) = reader(&field.name) else { continue };
            read(&Place::field(subject, self.name(), index, field).by(writer), field, found);
        }
    }
}

/// Marks of phones that are words nowhere else.
const MARKS: &[(&str, &[Identifier])] =
    &[("ser", &[Identifier::Imei]), ("sn", &[Identifier::Imei]), ("icc", &[Identifier::Iccid])];

/// A number that nothing names.
const BARE: Hint = Hint { strength: Strength::Weak, kinds: &[Identifier::Msisdn], network: true, sealed: false };

type Reader = fn(&Place<'_>, &Field, &mut Vec<Finding>);

fn reader(name: &[u8]) -> Option<(Reader, Writer)> {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    match name.len() {
        4 if is("from") => Some((account, Writer::Phone)),
        3 if is("via") => Some((agent, Writer::Proxy)),
        9 if is("forwarded") => Some((forwarded, Writer::Proxy)),
        9 if is("x-real-ip") || is("client-ip") => Some((address, Writer::Anyone)),
        10 if is("user-agent") => Some((agent, Writer::Phone)),
        11 if is("x-client-ip") => Some((address, Writer::Anyone)),
        15 if is("x-forwarded-for") => Some((address, Writer::Anyone)),
        19 if is("proxy-authorization") => Some((account, Writer::Phone)),
        _ => None,
    }
}

/// Any proxy may tell an inner address: no more than a hint.
fn address(place: &Place<'_>, field: &Field, found: &mut Vec<Finding>) {
    if let Some(span) = bare_number(&field.value, |byte| matches!(byte, b',' | b' ' | b';' | b'"')) {
        found.extend(place.finding(Identifier::Msisdn, Severity::Critical, Confidence::Likely, span));
    }
    if let Some(span) = value::first_inside(&field.value) {
        let place = place.clone().by(Writer::Anyone);
        found.extend(place.finding(Identifier::ClientIp, Severity::Low, Confidence::Possible, span));
    }
}

/// A phone number that fills a part of the value.
fn bare_number(value: &[u8], is_border: impl Fn(u8) -> bool) -> Option<std::ops::Range<usize>> {
    value::parts(value, is_border).find(|span| {
        let part = value.get(span.clone()).unwrap_or_default();
        let plain = part.strip_prefix(b"+").unwrap_or(part);
        let hit = || generalised::number(BARE, part, false).filter(|(_, hit)| hit.span.len() == part.len());
        plain.len() > 9 && plain.iter().all(u8::is_ascii_digit) && hit().is_some()
    })
}

/// Its parameters may be anything (RFC 7239 §5.5), and so may the node (§6).
fn forwarded(place: &Place<'_>, field: &Field, found: &mut Vec<Finding>) {
    address(place, field, found);
    for span in value::parts(&field.value, |byte| matches!(byte, b';' | b',')) {
        let pair = field.value.get(span.clone()).unwrap_or_default();
        let Some(equals) = memchr::memchr(b'=', pair) else { continue };
        let (key, node) = (pair.get(..equals).unwrap_or_default(), pair.get(equals + 1..).unwrap_or_default());
        let hint = words::classify(key).filter(|hint| hint.strength == Strength::Strong);
        let named = hint.and_then(|hint| generalised::number(hint, node, true)).filter(|(_, hit)| hit.fit <= Fit::Odd);
        let number = || {
            let span = bare_number(node, |byte| matches!(byte, b'"' | b'_' | b'[' | b']' | b' '))?;
            Some((Identifier::Msisdn, Hit { span, fit: Fit::Checked }))
        };
        let Some((identifier, hit)) = named.or_else(number) else { continue };
        let start = span.start + equals + 1;
        let hit = start + hit.span.start..start + hit.span.end;
        found.extend(place.finding(identifier, Severity::Critical, Confidence::Likely, hit));
    }
}

/// `…/IMEI/490154203237518`, `ser490154203237518;icc8988…`: the marks are NTT DoCoMo's and those of early handsets.
fn agent(place: &Place<'_>, field: &Field, found: &mut Vec<Finding>) {
    for span in long_numbers(&field.value) {
        let Some(hint) = mark(&field.value, &span) else { continue };
        let hit = field.value.get(span.clone()).and_then(|number| generalised::number(hint, number, false));
        if let Some((identifier, hit)) = hit.filter(|(_, hit)| hit.fit <= Fit::Odd) {
            let span = span.start + hit.span.start..span.start + hit.span.end;
            found.extend(place.finding(identifier, Severity::Critical, Confidence::Likely, span));
        }
    }
}

/// The word in front of a number or behind it, or brackets around it.
fn mark(value: &[u8], span: &std::ops::Range<usize>) -> Option<Hint> {
    let before = value.get(span.start.saturating_sub(24)..span.start)?;
    let behind = value.get(span.end..)?;
    let word = last_word(before);
    let marked = MARKS.iter().find(|(mark, _)| word.eq_ignore_ascii_case(mark.as_bytes())).map(|(_, kinds)| *kinds);
    let strong = |kinds| Hint { strength: Strength::Strong, kinds, network: true, sealed: false };
    let named = || words::classify(word).filter(|hint| hint.kinds.first().is_some_and(|kind| value::is_number(*kind)));
    let suffix =
        || words::classify(first_word(behind.strip_prefix(b"/")?)).filter(|hint| hint.strength == Strength::Strong);
    let alone =
        || (before.ends_with(b"(") && behind.starts_with(b")") || word.eq_ignore_ascii_case(b"sub")).then_some(BARE);
    marked.map(strong).or_else(named).or_else(suffix).or_else(alone)
}

fn first_word(text: &[u8]) -> &[u8] {
    let len = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    text.get(..len).unwrap_or_default()
}

/// Runs of ten digits and more.
fn long_numbers(value: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    let runs = value.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()).map(move |run| {
        at += run.len();
        (at - run.len()..at, run)
    });
    runs.filter(|(_, run)| run.len() >= 10 && run.first().is_some_and(u8::is_ascii_digit)).map(|(span, _)| span).take(8)
}

fn last_word(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |at| at + 1);
    let text = text.get(..end).unwrap_or_default();
    let start = text.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default()
}

/// A person's address, in angle brackets or not. The standard asks robots for one (RFC 9110 §10.1.2): what they are
/// called, and mailboxes that belong to a role (RFC 2142), name nobody.
fn mailbox(value: &[u8]) -> Option<std::ops::Range<usize>> {
    const NOBODY: &[&str] = &[
        "bot",
        "crawl",
        "spider",
        "webmaster",
        "postmaster",
        "hostmaster",
        "admin",
        "support",
        "info",
        "contact",
        "abuse",
        "noc",
        "security",
        "noreply",
        "no-reply",
        "search",
        "research",
        "feed",
        "monitor",
        "hello",
        "help",
        "team",
    ];
    let mut parts = value::parts(value, |byte| matches!(byte, b'<' | b'>' | b' ' | b','));
    let span = parts.find(|span| value.get(span.clone()).is_some_and(value::is_account))?;
    let address = value.get(span.clone())?.to_ascii_lowercase();
    let nobody = |word: &&str| memchr::memmem::find(&address, word.as_bytes()).is_some();
    (!NOBODY.iter().any(nobody)).then_some(span)
}

/// An identifier of the network that stands before an `@`, as in 3GPP TS 23.003 §14, or a person's own address.
fn account(place: &Place<'_>, field: &Field, found: &mut Vec<Finding>) {
    let credentials = field.value.strip_prefix(b"Basic ");
    let start = field.value.len() - credentials.unwrap_or(&field.value).len();
    let text = field.value.get(start..).unwrap_or_default();
    let in_clear = text.contains(&b'@') || text.starts_with(b"+") || text.starts_with(b"<tel:");
    if credentials.is_none()
        && let Some(span) = mailbox(&field.value)
    {
        found.extend(place.finding(Identifier::Account, Severity::Critical, Confidence::Likely, span));
    }
    if credentials.is_none()
        && let Some(span) = bare_number(&field.value, |byte| matches!(byte, b'<' | b'>' | b'"' | b' '))
    {
        found.extend(place.finding(Identifier::Msisdn, Severity::Critical, Confidence::Likely, span));
    }
    if !in_clear && credentials.is_none() {
        return;
    }
    for identifier in [Identifier::Imsi, Identifier::Msisdn] {
        let hit = value::find(identifier, text, Effort::Hinted).filter(|hit| hit.fit == Fit::Checked);
        if let Some(hit) = hit {
            let span = start + hit.span.start..start + hit.span.end;
            found.extend(place.finding(identifier, Severity::Critical, Confidence::Likely, span));
            return;
        }
    }
}
