//! What stands where the standards themselves leave room for it?
//!
//! Old phones wrote serial numbers into `User-Agent`; proxies write addresses into `X-Forwarded-For`, `Forwarded` and
//! `Via`; a network access identifier can be the user name of `Proxy-Authorization` or stand in `From`.

use std::{ops::Range, sync::LazyLock};

use smallvec::SmallVec;

use super::{
    Detector, Subject,
    account::Reason,
    finding::{Confidence, Identifier, Severity},
    found::{Found, Taken},
    generalised,
    origin::Writer,
    report::Place,
    runs::Runs,
    share::Share,
    shelf::Shelf,
    signature::SignatureSet,
    value::{self, Effort, Fit, Hit, Numbers},
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

    fn detect(&self, subject: &Subject<'_>, _: &SignatureSet, found: &mut Found) {
        if subject.direction == Direction::Response {
            return;
        }
        let all = subject.fields;
        let nodes = || all.iter().filter(|field| field.is("forwarded")).count();
        let accounts = || all.iter().filter(|field| field.is("from") || field.is("proxy-authorization")).count();
        let shares = Shares { nodes: Share::among(all.len(), &nodes), accounts: Share::among(all.len(), &accounts) };
        for (index, field) in all.iter().enumerate() {
            let Some((read, writer, sought)) = reader(&field.name) else { continue };
            let place = Place::field(subject, self.name(), index, field).by(writer);
            found.tell(place.text, b"", || Reason::Reserved(sought));
            read(&place, field, &shares, found);
        }
    }
}

/// How much of each field is decoded; counted once for all of them.
struct Shares<'a> {
    nodes: Share<&'a dyn Fn() -> usize>,
    accounts: Share<&'a dyn Fn() -> usize>,
}

/// Marks of phones that are words nowhere else.
const MARKS: &[(&str, &[Identifier])] =
    &[("ser", &[Identifier::Imei]), ("sn", &[Identifier::Imei]), ("icc", &[Identifier::Iccid])];

/// A number that nothing names.
const BARE: Hint =
    Hint { strength: Strength::Weak, kinds: &[Identifier::Msisdn], network: true, sealed: false, why: None };

type Reader = fn(&Place<'_>, &Field, &Shares<'_>, &mut Found);

const AGENT: &str = "serial numbers are looked for where old handsets wrote them";
const ADDRESS: &str = "an address inside the carrier is looked for";
const ACCOUNT: &str = "a number or an address as the name of a user is looked for";
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
fn address(place: &Place<'_>, field: &Field, _: &Shares<'_>, found: &mut Found) {
    let value: &[u8] = &field.value;
    if let Some(hit) = bare_number(value, |byte| matches!(byte, b',' | b' ' | b';' | b'"')) {
        take(place, Said { key: b"", value, start: 0 }, Identifier::Msisdn, hit, found);
    }
    if let Some(span) = value::first_inside(value) {
        let place = place.clone().by(Writer::Anyone);
        let (identifier, severity) = (Identifier::ClientIp, Severity::Low);
        let (sure, hit) =
            ((Confidence::Possible, "any proxy may tell an inner address"), Hit::plain(span, Fit::Formed));
        found.take(&place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
    }
}

/// A phone number that fills a part of the value.
fn bare_number(value: &[u8], is_border: impl Fn(u8) -> bool) -> Option<Hit> {
    value::parts(value, is_border).find_map(|span| {
        let part = value.get(span.clone()).unwrap_or_default();
        let plain = part.strip_prefix(b"+").unwrap_or(part);
        let is_plain = plain.len() > 9 && plain.iter().all(u8::is_ascii_digit);
        let (_, hit) = is_plain.then(|| generalised::number(BARE, part, false).ok())??;
        (hit.span.len() == part.len()).then_some(Hit { span, ..hit })
    })
}

/// Its parameters may be anything (RFC 7239 §5.5), and so may the node (§6).
fn forwarded(place: &Place<'_>, field: &Field, shares: &Shares<'_>, found: &mut Found) {
    address(place, field, shares, found);
    let share = &shares.nodes;
    // Of a chain of sixteen proxies, each with a line of its own, sixteen parts of each line.
    let most = (share.bytes() / 8).max(2);
    for span in value::parts(&field.value, |byte| matches!(byte, b';' | b',')).take(most) {
        let pair = field.value.get(span.clone()).unwrap_or_default();
        let Some(equals) = memchr::memchr(b'=', pair) else { continue };
        let (key, node) = (pair.get(..equals).unwrap_or_default(), pair.get(equals + 1..).unwrap_or_default());
        let hint = words::classify(key).filter(|hint| hint.strength == Strength::Strong);
        let decode = || share.allows(field.value.len());
        let named = hint.and_then(|hint| generalised::number(hint, node, decode()).ok());
        let named = named.filter(|(_, hit)| hit.fit <= Fit::Odd);
        let number = || {
            let hit = bare_number(node, |byte| matches!(byte, b'"' | b'_' | b'[' | b']' | b' '))?;
            Some((Identifier::Msisdn, hit))
        };
        if let Some((identifier, hit)) = named.or_else(number) {
            take(place, Said { key, value: node, start: span.start + equals + 1 }, identifier, hit, found);
        }
    }
}

/// `…/IMEI/490154203237518`, `ser490154203237518;icc8988…`: the marks are NTT DoCoMo's and those of early handsets.
fn agent(place: &Place<'_>, field: &Field, _: &Shares<'_>, found: &mut Found) {
    for span in long_numbers(&field.value) {
        let Some(hint) = mark(&field.value, &span) else { continue };
        let value = field.value.get(span.clone()).unwrap_or_default();
        let number = generalised::number(hint, value, false).ok();
        if let Some((identifier, hit)) = number.filter(|(_, hit)| hit.fit <= Fit::Odd) {
            take(place, Said { key: b"", value, start: span.start }, identifier, hit, found);
        }
    }
}

/// A part of a field, and what it stands under.
struct Said<'a> {
    key: &'a [u8],
    value: &'a [u8],
    /// Where in the field it begins.
    start: usize,
}

fn take(place: &Place<'_>, said: Said<'_>, identifier: Identifier, hit: Hit, found: &mut Found) {
    let Said { key, value, start } = said;
    let (severity, sure) = (Severity::Critical, (Confidence::Likely, "it stands where such things are written"));
    found.take(place, Taken { key, value, identifier, severity, sure, hit, start });
}

/// The word in front of a number or behind it, or brackets around it.
fn mark(value: &[u8], span: &Range<usize>) -> Option<Hint> {
    let before = value.get(span.start.saturating_sub(24)..span.start)?;
    let behind = value.get(span.end..)?;
    let word = last_word(before);
    let marked = MARKS.iter().find(|(mark, _)| word.eq_ignore_ascii_case(mark.as_bytes())).map(|(_, kinds)| *kinds);
    let strong = |kinds| Hint { strength: Strength::Strong, kinds, network: true, sealed: false, why: None };
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
fn long_numbers(value: &[u8]) -> impl Iterator<Item = Range<usize>> {
    Runs::new(value, |byte| byte.is_ascii_digit(), 10).take(8)
}

fn last_word(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |at| at + 1);
    let text = text.get(..end).unwrap_or_default();
    let start = text.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default()
}

/// A person's address, in angle brackets or not. The standard asks robots for one (RFC 9110 §10.1.2): what they are
/// called, and mailboxes that belong to a role (RFC 2142), name nobody.
fn mailbox(value: &[u8], decode: bool) -> Option<Range<usize>> {
    let mut parts = value::parts(value, |byte| matches!(byte, b'<' | b'>' | b' ' | b','));
    let span = parts.find(|span| value.get(span.clone()).is_some_and(|part| value::is_account(part, decode)))?;
    let address: SmallVec<[u8; 512]> = value.get(span.clone())?.iter().map(u8::to_ascii_lowercase).collect();
    let mut rests = (0..address.len()).filter_map(|at| address.get(at..));
    (!rests.any(|rest| NOBODY.fronts(rest).next().is_some())).then_some(span)
}

/// What stands in the addresses of robots and of roles.
static NOBODY: LazyLock<Shelf<(), 32>> = LazyLock::new(|| {
    let words = "bot crawl spider webmaster postmaster hostmaster admin support info contact abuse noc security noreply \
                 no-reply search research feed monitor hello help team";
    Shelf::new(words.split_whitespace().map(|word| (Box::from(word), ())))
});

/// An identifier of the network that stands before an `@`, as in 3GPP TS 23.003 §14, or a person's own address.
fn account(place: &Place<'_>, field: &Field, shares: &Shares<'_>, found: &mut Found) {
    let credentials = field.value.strip_prefix(b"Basic ");
    let start = field.value.len() - credentials.unwrap_or(&field.value).len();
    let text = field.value.get(start..).unwrap_or_default();
    let in_clear = text.contains(&b'@') || text.starts_with(b"+") || text.starts_with(b"<tel:");
    let value: &[u8] = &field.value;
    let whole = || Said { key: b"", value, start: 0 };
    let decode = shares.accounts.allows(value.len());
    if credentials.is_none()
        && let Some(span) = mailbox(value, decode)
    {
        take(place, whole(), Identifier::Account, Hit::plain(span, Fit::Formed), found);
    }
    if credentials.is_none()
        && let Some(hit) = bare_number(value, |byte| matches!(byte, b'<' | b'>' | b'"' | b' '))
    {
        take(place, whole(), Identifier::Msisdn, hit, found);
    }
    if !in_clear && credentials.is_none() {
        return;
    }
    let read = Numbers::of(text);
    for identifier in [Identifier::Imsi, Identifier::Msisdn] {
        let effort = if decode { Effort::Hinted } else { Effort::Clear };
        let hit = read.find(identifier, effort).filter(|hit| hit.fit == Fit::Checked);
        if let Some(hit) = hit {
            return take(place, Said { key: b"", value: text, start }, identifier, hit, found);
        }
    }
}
