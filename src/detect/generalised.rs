//! What do fields carry whose names nobody has listed?

use super::{
    Detector, Subject,
    account::{Reason, Refusal},
    finding::{Confidence, Identifier, Severity},
    found::{Found, Sure, Taken},
    origin::Writer,
    report::{Place, Text, severity_of},
    share::Share,
    signature::SignatureSet,
    value::{self, Effort, Fit, Hit, Look},
    vocabulary::Strength,
    words::{self, Hint, Reading},
};
use crate::exchange::Field;

/// Reads the words of a name, and asks the value whether it agrees.
pub(super) struct Generalised;

/// What an opaque value must have at least, under a name that is not documented.
const CIPHER: usize = 16;

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

    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Found) {
        let unlisted = |field: &Field| !words::is_ordinary(&field.name) && knowledge.lookup(&field.name).is_none();
        let telling = |field: &&Field| unlisted(field) && words::classify(&field.name).is_some();
        let share = Share::among(|| subject.fields.iter().filter(telling).count());
        for (index, field) in subject.fields.iter().enumerate() {
            let text = Text::Field { index, field };
            if field.value.is_empty() {
                found.tell(text, b"", || Reason::Empty);
            } else if words::is_ordinary(&field.name) {
                found.tell(text, b"", || Reason::Ordinary);
            } else if knowledge.lookup(&field.name).is_none() {
                judge(Place::field(subject, self.name(), index, field), field, &|| share.bytes(), found);
            }
        }
    }
}

fn judge(place: Place<'_>, field: &Field, share: &dyn Fn() -> usize, found: &mut Found) {
    let reading = words::read(&field.name);
    found.tell(place.text, b"", || Reason::of(reading, &field.name));
    let Reading::Telling(hint) = reading else { return unnamed(&place, &field.value, found) };
    let writer = if hint.network { Writer::Trade } else { Writer::Anyone };
    let decode = field.value.len() <= share();
    examine(&place.by(writer), hint, field, decode, found);
}

fn unnamed(place: &Place<'_>, value: &[u8], found: &mut Found) {
    let Some(hit) = value::unnamed_number(value).or_else(|| value::number_uri(value)) else {
        let fails = || Reason::Fails { wanted: Vec::new(), refusal: Refusal::Unmarked, look: Look::at(value) };
        return found.tell(place.text, b"", fails);
    };
    let (identifier, severity, sure) = (Identifier::Msisdn, Severity::Critical, UNNAMED);
    found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
}

/// How sure a number is whose name tells nothing.
pub(super) const UNNAMED: Sure =
    (Confidence::Possible, "the name tells nothing, but nothing but a phone number looks like this");

fn examine(place: &Place<'_>, hint: Hint, field: &Field, decode: bool, found: &mut Found) {
    let value: &[u8] = &field.value;
    if !decode {
        found.tell(place.text, b"", || Reason::Exhausted);
    }
    let before = found.len();
    let number = number(hint, value, decode);
    let refusal = number.as_ref().err().copied().unwrap_or(Refusal::Shape);
    if let Ok((identifier, hit)) = number {
        let severity = if hit.fit == Fit::Opaque { Severity::High } else { Severity::Critical };
        let sure = confidence(hint, &hit);
        found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
    }
    for &identifier in hint.kinds.iter().filter(|kind| !value::is_number(**kind)) {
        let Some(hit) = other(hint.strength, identifier, value) else { continue };
        let (severity, sure) = (severity_of(identifier), (Confidence::Likely, "name and value agree"));
        found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
    }
    if found.len() == before {
        let wanted = || hint.kinds.to_vec();
        found.tell(place.text, b"", || Reason::Fails { wanted: wanted(), refusal, look: Look::at(value) });
    }
}

/// A field that says whose number it holds holds it in its national form or encrypted as well.
fn confidence(hint: Hint, hit: &Hit) -> Sure {
    let strong = hint.strength == Strength::Strong;
    match hit.fit {
        Fit::Checked | Fit::Formed => (Confidence::Likely, "name and value agree"),
        Fit::Opaque if strong => {
            (Confidence::Likely, "after a strong word, what is encrypted or hashed counts as well")
        }
        Fit::Odd if strong && hit.span.len() >= SPOKEN => {
            (Confidence::Likely, "after a strong word, a national number counts as well")
        }
        Fit::Odd | Fit::Opaque => (Confidence::Possible, "the name says so, but the value proves nothing"),
    }
}

/// A number under a name with these words. Shared with the pairs of cookies and queries.
pub(super) fn number(hint: Hint, value: &[u8], decode: bool) -> Result<(Identifier, Hit), Refusal> {
    let named = hint.strength < Strength::Weak && hint.kinds.first().is_some_and(|kind| value::is_number(*kind));
    let effort = match (decode, named) {
        (false, _) => Effort::Clear,
        (true, true) => Effort::Named,
        (true, false) => Effort::Hinted,
    };
    let numbers = hint.kinds.iter().copied().filter(|kind| value::is_number(*kind));
    let hits = numbers.filter_map(|kind| Some((kind, value::find(kind, value, effort)?)));
    let mut refused = Refusal::Shape;
    let fitting = hits.filter(|(_, hit)| {
        let refusal = refusal(hint, named, value, hit);
        refused = refusal.unwrap_or(refused);
        refusal.is_none()
    });
    let best = fitting.min_by_key(|(_, hit)| hit.fit).or_else(|| {
        let named = named || hint.sealed && hint.kinds.first() == Some(&Identifier::Msisdn);
        let kind = *hint.kinds.first().filter(|_| named && is_cipher(hint, value))?;
        Some((kind, Hit::plain(value::trimmed(value), Fit::Opaque)))
    });
    best.ok_or(refused)
}

/// Why a hit does not count under a name with these words, if it does not.
fn refusal(hint: Hint, named: bool, value: &[u8], hit: &Hit) -> Option<Refusal> {
    if is_date(hint, value, hit) {
        Some(Refusal::Date)
    } else if is_clock(hint, value, hit) {
        Some(Refusal::Clock)
    } else if !named && hit.fit != Fit::Checked {
        Some(Refusal::Unchecked)
    } else if !is_long_enough(hint, hit) {
        Some(Refusal::Length)
    } else if !is_plain_enough(hint, value, hit) {
        Some(Refusal::Plain)
    } else {
        None
    }
}

/// Everyday words stand for other things as well: there, fewer digits than most numbers have do not count.
fn is_long_enough(hint: Hint, hit: &Hit) -> bool {
    match hint.strength {
        Strength::Strong => true,
        // What is odd and longer than any number was found inside of something encoded.
        Strength::Firm => hit.span.len() >= SPOKEN && (hit.fit <= Fit::Formed || hit.span.len() <= LONGEST),
        Strength::Weak | Strength::Faint => hit.span.len() > SPOKEN,
    }
}

/// A word of everyday stands over orders, lines of code and rooms: a number there is written with its plus sign, or
/// with the zeros that stand for it.
fn is_plain_enough(hint: Hint, value: &[u8], hit: &Hit) -> bool {
    let (before, number) = value.split_at_checked(hit.span.start).unwrap_or_default();
    let marked = |mark: &[u8]| number.get(..mark.len()).is_some_and(|front| front.eq_ignore_ascii_case(mark));
    hint.strength < Strength::Faint || marked(b"+") || marked(b"00") || marked(b"%2B") || before.ends_with(b"+")
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
        Strength::Weak => hint.sealed && value::is_hash(value),
        Strength::Faint => false,
    }
}

/// What is no number, under a name that says so; where it only allows for it, the value has to say so as well.
fn other(strength: Strength, kind: Identifier, value: &[u8]) -> Option<Hit> {
    let whole = value::trimmed(value);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let strong = strength == Strength::Strong;
    let fits = match kind {
        Identifier::SubscriberId if strong => value::is_cipher(value, 8) || whole.len() == digits && digits > 5,
        Identifier::SubscriberId => value::is_cipher(value, PSEUDONYM),
        Identifier::Acr => value::whole(kind, value) == Some(Fit::Checked) || strong && value::is_cipher(value, 24),
        Identifier::Location => strong && digits > 3 && whole.len() < 64 || value::is_position(value),
        Identifier::Account => value::is_account(value),
        Identifier::ClientIp => return inside(value),
        _ => strong && value::whole(kind, value).is_some(),
    };
    fits.then(|| Hit::plain(whole, Fit::Formed))
}

fn inside(value: &[u8]) -> Option<Hit> {
    let (span, _) = value::first_address(value).filter(|(_, address)| value::is_inside(*address))?;
    Some(Hit::plain(span, Fit::Formed))
}
