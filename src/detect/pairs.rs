//! What do the pairs of cookies and queries carry?
//!
//! A run of digits there is a timestamp or somebody's analytics: only the key's words make a number of it, or a form
//! that nothing but a phone number has.

use std::ops::Range;

use super::{
    Detector, Subject,
    account::{Reason, Refusal},
    finding::{Confidence, Identifier, Severity},
    found::{Found, Sure, Taken},
    generalised, near,
    quiet::{self, Question},
    report::Place,
    share::Share,
    signature::SignatureSet,
    value::{self, Fit, Hit, Look},
    vocabulary::Strength,
    within,
    words::{self, Hint, Reading},
};
use crate::exchange::Direction;

/// Reads `Cookie`, and in responses `Set-Cookie`.
pub(super) struct Cookies;

impl Detector for Cookies {
    fn name(&self) -> &'static str {
        "cookie"
    }

    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Found) {
        let name = match subject.direction {
            Direction::Request => "cookie",
            Direction::Response => "set-cookie",
        };
        let all = subject.fields;
        let share = Share::among(all.len(), || all.iter().filter(|field| field.is(name)).count());
        for (index, field) in subject.fields.iter().enumerate().filter(|(_, field)| field.is(name)) {
            let place = Place::field(subject, self.name(), index, field).own();
            let budget = share.bytes();
            let terms = knowledge.edition() << 16 | budget as u64;
            // Why something is none is not remembered.
            let known = || quiet::recall(Question::Cookie, terms, b"", &field.value);
            let known = (!found.asks_why()).then(known).flatten();
            if let Some((_, Some(_))) = known {
                continue;
            }
            let before = found.taken();
            examine(&place, &field.value, 0..field.value.len(), b';', &mut { budget }, knowledge, found);
            if let Some((mark, None)) = known.filter(|_| found.taken() == before) {
                quiet::keep(mark, 0);
            }
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
    found: &mut Found,
) {
    let (mut start, end) = (span.start, span.end.min(text.len()));
    while let Some(rest) = text.get(start..end).filter(|rest| !rest.is_empty()) {
        let len = near::first(separator, rest).unwrap_or(rest.len());
        let pair = rest.get(..len).unwrap_or_default();
        if let Some(equals) = near::first(b'=', pair) {
            let (key, value) = (pair.get(..equals).unwrap_or_default(), pair.get(equals + 1..).unwrap_or_default());
            let (key, at) = (trimmed(key), start + equals + 1);
            let before = found.taken();
            judge(place, &Pair { key, value, start: at }, |key| read(key, knowledge), budget, found);
            if found.taken() == before
                && holds_pairs(value)
                && let Some(left) = budget.checked_sub(value.len())
            {
                *budget = left;
                within::keyed(place, value, at, false, found);
            }
        }
        start += len + 1;
    }
}

/// Without blanks around it, of which there is one in front at most, nearly always.
fn trimmed(key: &[u8]) -> &[u8] {
    let key = key.strip_prefix(b" ").unwrap_or(key);
    let is_blank = |byte: Option<&u8>| byte.is_some_and(|byte| *byte <= b' ');
    if is_blank(key.first()) || is_blank(key.last()) { key.trim_ascii() } else { key }
}

/// An address within an address, JSON within a cookie: keys in there stand before a sign that is encoded.
fn holds_pairs(value: &[u8]) -> bool {
    let signs = memchr::memchr_iter(b'%', value).filter_map(|at| value.get(at + 1..at + 3));
    value.len() >= 16 && signs.take(32).any(|sign| matches!(sign, [b'3', b'D' | b'd' | b'A' | b'a']))
}

/// A key and what it stands for.
pub(super) struct Pair<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    /// Where in the text the value begins.
    pub start: usize,
}

/// Judges one pair, by what is read in its key.
pub(super) fn judge(
    place: &Place<'_>,
    pair: &Pair<'_>,
    read: impl FnOnce(&[u8]) -> Reading,
    budget: &mut usize,
    found: &mut Found,
) {
    let &Pair { key, value, start } = pair;
    // The shortest number that counts has six digits.
    // As a field's name `min` may be the subscription of a CDMA phone; as a key it is where a range begins.
    if value.len() < 6 || value.len() > 1024 || key.eq_ignore_ascii_case(b"min") {
        let fails = || Reason::Fails { wanted: Vec::new(), refusal: Refusal::Size, look: Look::Text(value.len()) };
        return found.tell(place.text, key, fails);
    }
    let reading = read(key);
    found.tell(place.text, key, || Reason::of(reading, key));
    let hint = if let Reading::Telling(hint) = &reading { Some(hint) } else { None };
    let promised = hint.and_then(|hint| hint.kinds.first());
    if promised.is_some_and(|kind| found.cover(place, *kind, start..start + value.len())) {
        return;
    }
    let told = match hint.and_then(|hint| account(hint, value, *budget >= value.len())) {
        Some(hit) => Ok((Identifier::Account, hit, AGREED)),
        None => number(hint, value, budget),
    };
    match told {
        Ok((identifier, hit, sure)) => {
            let severity = if hit.fit == Fit::Opaque { Severity::High } else { Severity::Critical };
            found.take(place, Taken { key, value, identifier, severity, sure, hit, start });
        }
        Err(_) if is_pseudonym(reading, value) => {
            let (identifier, severity, hit) =
                (Identifier::SubscriberId, Severity::Low, Hit::plain(value::trimmed(value), Fit::Opaque));
            found.take(place, Taken { key, value, identifier, severity, sure: KEPT, hit, start });
        }
        Err(refusal) => found.tell(place.text, key, || {
            let wanted = hint.map_or(&[][..], |hint| hint.kinds);
            Reason::Fails { wanted: wanted.to_vec(), refusal, look: Look::at(value) }
        }),
    }
}

/// How sure what the key promises is, if the value keeps it.
const AGREED: Sure = (Confidence::Likely, "key and value agree");

/// How sure a pseudonym is that a site may have made itself.
const KEPT: Sure = (Confidence::Possible, "words that networks use, but sites make such values as well");

/// What a pseudonym has at least.
const PSEUDONYM: usize = 16;

/// A pseudonym under a key of networks' words: portals keep what the gateway told them.
fn is_pseudonym(reading: Reading, value: &[u8]) -> bool {
    let Reading::Telling(hint) = reading else { return false };
    let told = hint.network && hint.strength <= Strength::Firm;
    told && hint.kinds.first() == Some(&Identifier::SubscriberId) && value::is_cipher(value, PSEUDONYM)
}

fn read(key: &[u8], knowledge: &SignatureSet) -> Reading {
    match words::read(key) {
        Reading::Telling(hint) => Reading::Telling(hint),
        other => documented(key, knowledge).map_or(other, Reading::Telling),
    }
}

/// The name that a network knows its user by; the address that a site asks for is none of these.
fn account(hint: &Hint, value: &[u8], decode: bool) -> Option<Hit> {
    let told = hint.network && hint.kinds.first() == Some(&Identifier::Account);
    (told && value::is_account(value, decode)).then(|| Hit::plain(value::trimmed(value), Fit::Formed))
}

fn number(hint: Option<&Hint>, value: &[u8], budget: &mut usize) -> Result<(Identifier, Hit, Sure), Refusal> {
    let Some(&hint) = hint else {
        let hit = value::unnamed_number(value).ok_or(Refusal::Unmarked)?;
        return Ok((Identifier::Msisdn, hit, generalised::UNNAMED));
    };
    let left = budget.checked_sub(value.len());
    *budget = left.unwrap_or(*budget);
    let decode = left.is_some();
    let (identifier, hit) = generalised::number(hint, value, decode)?;
    let sure = match hit.fit {
        Fit::Checked | Fit::Formed => AGREED,
        Fit::Opaque if !hint.network => return Err(Refusal::Opaque),
        Fit::Odd | Fit::Opaque => (Confidence::Possible, "the key says so, but the value proves nothing"),
    };
    Ok((identifier, hit, sure))
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
    Some(Hint { strength: Strength::Strong, kinds, network: true, sealed: false, why: None })
}
