//! What do fields carry whose names nobody has listed?

use std::cell::{OnceCell, RefCell};

use smallvec::SmallVec;

use super::{
    Detector, Subject,
    account::{Reason, Refusal},
    alone, browsing,
    finding::{Confidence, Identifier, InsertedBy, Severity},
    found::{Found, Sure, Taken},
    origin::Writer,
    plausible,
    quiet::{self, Asked, Question},
    report::{Place, Text, severity_of},
    share::Share,
    signature::{Class, SignatureSet},
    traded,
    value::{self, Effort, Fit, Hit, Look, Numbers},
    vocabulary::Strength,
    within,
    words::{self, Company, Hint, Name, Reading, Said},
};
use crate::exchange::Field;

/// Reads the words of a name, and asks the value whether it agrees.
pub(super) struct Generalised;

/// What the names of all fields say, where somebody asked: no name is read twice. On the stack for as many fields as the
/// proxy takes in unless told otherwise; filled in place, since to move it would cost more than to read a name.
type Readings = SmallVec<[Reading; 256]>;

/// What an opaque value must have at least, under a name that is not documented.
const CIPHER: usize = 16;

/// What a pseudonym must have at least, where the word is one of everyday.
const PSEUDONYM: usize = 16;

impl Detector for Generalised {
    fn name(&self) -> &'static str {
        "name"
    }

    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Found) {
        let unlisted = |field: &Field| !words::is_ordinary(&field.name) && knowledge.lookup(&field.name).is_none();
        let holding = |field: &&Field| could_hold(&field.value) && unlisted(field);
        let read = |field: &Field| if unlisted(field) { words::read(&field.name) } else { Reading::Nothing };
        let readings = RefCell::new(Readings::new());
        let telling = || {
            let mut all = readings.borrow_mut();
            all.extend(subject.fields.iter().map(read));
            all.iter().filter(|reading| reading.hint().is_some()).count()
        };
        let all = subject.fields.len();
        let holding = || subject.fields.iter().filter(holding).count();
        let (told, held) = (Share::among(all, telling), Share::among(all, holding));
        let asked = OnceCell::new();
        let company = || asked.get_or_init(|| company(subject, knowledge));
        let browsers = OnceCell::new();
        let browsing = || *browsers.get_or_init(|| browsing::is_browsing(subject));
        let (told, held) = (|len| told.allows(len), |len| held.allows(len));
        let terms =
            Terms { told: &told, held: &held, company: &company, browsing: &browsing, asked: &Asked::default() };
        for (index, field) in subject.fields.iter().enumerate() {
            let text = Text::Field { index, field };
            if field.value.is_empty() {
                found.tell(text, b"", || Reason::Empty);
            } else if words::is_ordinary(&field.name) {
                found.tell(text, b"", || Reason::Ordinary);
            } else if knowledge.lookup(&field.name).is_none() {
                let reading = readings.borrow().get(index).copied();
                let name = Name::known(&field.name, reading);
                judge_once(&Place::field(subject, self.name(), index, field), field, &name, terms, found);
            }
        }
    }
}

/// The fields that are surely a network's: by their documentation, by their words, or by their brand.
fn company(subject: &Subject<'_>, knowledge: &SignatureSet) -> Company {
    let mut company = Company::default();
    for Field { name: bytes, .. } in subject.fields.iter().filter(|field| !words::is_ordinary(&field.name)) {
        let name = Name::new(bytes);
        let says = || name.read().hint().is_some_and(|hint| hint.is_number_of_trade()) || name.is_branded();
        let sure = match knowledge.lookup(bytes) {
            Some(signature) => signature.class != Class::Generic && signature.inserted_by == InsertedBy::Carrier,
            None => quiet::of(Question::Networks, bytes, says),
        };
        if sure {
            company.admit(&name);
        }
    }
    company
}

/// On what terms a field is judged.
#[derive(Clone, Copy)]
struct Terms<'a> {
    /// Whether so many bytes may be decoded for what its name tells.
    told: &'a dyn Fn(usize) -> bool,
    /// Whether so many may be for what stands within it.
    held: &'a dyn Fn(usize) -> bool,
    /// The fields that are a network's.
    company: &'a dyn Fn() -> &'a Company,
    /// Whether a browser sends the message by itself.
    browsing: &'a dyn Fn() -> bool,
    /// Which of these were asked.
    asked: &'a Asked,
}

/// Numbers of the terms, as questions.
const TOLD: u32 = 0;
const HELD: u32 = 1;
const COMPANY: u32 = 2;
const BROWSING: u32 = 3;

impl Terms<'_> {
    fn told(&self, len: usize) -> bool {
        self.asked.hear(TOLD, (self.told)(len))
    }

    fn held(&self, len: usize) -> bool {
        self.asked.hear(HELD, (self.held)(len))
    }

    /// Whether other fields say that a field of this name is a network's.
    fn company(&self, name: &Name<'_>) -> Option<Said> {
        let company = (self.company)();
        self.asked.hear(COMPANY, company.is_some()).then(|| company.says(name))?
    }

    fn browsing(&self) -> bool {
        self.asked.hear(BROWSING, (self.browsing)())
    }

    /// Whether what was found to hold nothing on other terms does so on these. What company says of a name hangs on who it
    /// is, so nothing is remembered that was judged in any.
    fn are_those(&self, kept: u8, len: usize) -> bool {
        let (told, held, company) = (|| (self.told)(len), || (self.held)(len), || (self.company)().is_some());
        quiet::is_answered_alike(kept, &[&told, &held, &company, self.browsing])
    }
}

/// Judges a field, unless it is known to hold nothing.
fn judge_once(place: &Place<'_>, field: &Field, name: &Name<'_>, terms: Terms<'_>, found: &mut Found) {
    // In a crowd less is looked at, and why a field holds nothing is not remembered.
    let recall = || quiet::recall(Question::Field, 0, &field.name, &field.value);
    let known = (!found.asks_why() && !alone::is_crowd(place.subject)).then(recall).flatten();
    if let Some((_, Some(kept))) = known
        && terms.are_those(kept, field.value.len())
    {
        return;
    }
    let before = found.taken();
    terms.asked.take();
    judge(place, field, name, terms, found);
    let asked = terms.asked.take();
    if let Some((mark, _)) = known
        && found.taken() == before
        && !Asked::has_heard(asked, COMPANY)
    {
        quiet::keep(mark, asked);
    }
}

fn judge(place: &Place<'_>, field: &Field, name: &Name<'_>, terms: Terms<'_>, found: &mut Found) {
    let len = field.value.len();
    let reading = name.read();
    let hint = reading.hint();
    found.tell(place.text, b"", || Reason::of(reading, &field.name));
    let (before, taken) = (found.len(), found.taken());
    let refusal = if let Some(hint) = hint {
        let writer = if hint.network { Writer::Trade } else { Writer::Anyone };
        examine(&place.clone().by(writer), hint, field, name, terms.told(len), found)
    } else {
        unnamed(place, &field.value, found)
    };
    let told = found.iter().skip(before).any(|finding| finding.identifier != Identifier::Network);
    if !told && could_hold(&field.value) && terms.held(len) {
        let is_holder = name.is_holder();
        let writer = if is_holder { Writer::Trade } else { Writer::Anyone };
        within::examine(&place.clone().by(writer), &field.value, is_holder, found);
    }
    if found.taken() == taken {
        let (decode, browsing) = (&|| terms.held(len), &|| terms.browsing());
        let terms = traded::Terms { hint, company: &|name| terms.company(name), decode, browsing };
        traded::examine(place, field, name, terms, found);
    }
    if found.taken() == taken {
        alone::examine(place, field, name, found);
    }
    if found.taken() == taken {
        let wanted = hint.map_or(&[][..], |hint| hint.kinds);
        let fails = || Reason::Fails { wanted: wanted.to_vec(), refusal, look: Look::at(&field.value) };
        found.tell(place.text, b"", fails);
    }
}

/// Anything worth the search has eight signs that are not letters only.
fn could_hold(value: &[u8]) -> bool {
    value.len() >= 10 && value.iter().any(u8::is_ascii_digit)
}

/// A number whose name tells nothing; why not, if nothing is found.
fn unnamed(place: &Place<'_>, value: &[u8], found: &mut Found) -> Refusal {
    if let Some(hit) = value::unnamed_number(value).or_else(|| value::number_uri(value)) {
        let (identifier, severity, sure) = (Identifier::Msisdn, Severity::Critical, UNNAMED);
        found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
    }
    Refusal::Unmarked
}

/// How sure a number is whose name tells nothing.
pub(super) const UNNAMED: Sure =
    (Confidence::Possible, "the name tells nothing, but nothing but a phone number looks like this");

/// How sure what the name promises is, if the value keeps it.
const AGREED: Sure = (Confidence::Likely, "name and value agree");

/// What the name promises; why not, if nothing is found.
fn examine(place: &Place<'_>, hint: Hint, field: &Field, name: &Name<'_>, decode: bool, found: &mut Found) -> Refusal {
    let value: &[u8] = &field.value;
    if !decode {
        found.tell(place.text, b"", || Reason::Exhausted);
    }
    let number = number(hint, value, decode);
    let refusal = number.as_ref().err().copied().unwrap_or(Refusal::Shape);
    if let Ok((identifier, hit)) = number {
        let severity = if hit.fit == Fit::Opaque { Severity::High } else { Severity::Critical };
        let sure = confidence(hint, &hit);
        found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
    }
    for &identifier in hint.kinds.iter().filter(|kind| !value::is_number(**kind)) {
        let Some(hit) = other(hint.strength, identifier, value, decode) else { continue };
        // Whose place it is, the name tells as well.
        let place_of = || name.is_place() && value::is_position(value, decode);
        let identifier =
            if identifier == Identifier::SubscriberId && place_of() { Identifier::Location } else { identifier };
        let (severity, sure) = (severity_of(identifier), AGREED);
        found.take(place, Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
    }
    refusal
}

/// A field that says whose number it holds holds it in its national form or encrypted as well.
fn confidence(hint: Hint, hit: &Hit) -> Sure {
    let strong = hint.strength == Strength::Strong;
    match hit.fit {
        Fit::Checked | Fit::Formed => AGREED,
        Fit::Opaque if strong => {
            (Confidence::Likely, "after a strong word, what is encrypted or hashed counts as well")
        }
        Fit::Odd if strong && hit.span.len() >= plausible::SPOKEN => {
            (Confidence::Likely, "after a strong word, a national number counts as well")
        }
        Fit::Odd | Fit::Opaque => (Confidence::Possible, "the name says so, but the value proves nothing"),
    }
}

/// A number under a name with these words, or why there is none. Shared with the pairs of cookies and queries.
pub(super) fn number(hint: Hint, value: &[u8], decode: bool) -> Result<(Identifier, Hit), Refusal> {
    let read = Numbers::of(value);
    let named = hint.strength < Strength::Weak && hint.kinds.first().is_some_and(|kind| value::is_number(*kind));
    let effort = match (decode, named) {
        (false, _) => Effort::Clear,
        (true, true) => Effort::Named,
        (true, false) => Effort::Hinted,
    };
    let numbers = hint.kinds.iter().copied().filter(|kind| value::is_number(*kind));
    let hits = numbers.filter_map(|kind| Some((kind, read.find(kind, effort)?)));
    let mut refused = Refusal::Shape;
    let fitting = hits.filter(|(kind, hit)| {
        // Nothing else that stands under a card's words has as many digits behind 89; some print no check digit.
        let card = *kind == Identifier::Iccid && (19..=20).contains(&hit.span.len());
        let unchecked = || (!named && !card && hit.fit != Fit::Checked).then_some(Refusal::Unchecked);
        let refusal = plausible::refusal(hint, value, hit).or_else(unchecked);
        refused = refusal.unwrap_or(refused);
        refusal.is_none()
    });
    let best = fitting.min_by_key(|(_, hit)| hit.fit).or_else(|| {
        let named = named || hint.sealed && hint.kinds.first() == Some(&Identifier::Msisdn);
        let kind = *hint.kinds.first().filter(|_| named && is_cipher(hint, value))?;
        Some((kind, Hit::plain(value::trimmed(value), Fit::Opaque)))
    });
    let sound = best.as_ref().is_some_and(|(_, hit)| hit.fit <= Fit::Formed);
    let ask = hint.strength == Strength::Strong && named && !sound;
    ask.then(|| another_number(hint, &read)).flatten().or(best).ok_or(refused)
}

/// Gateways put one number where the name promises another.
fn another_number(hint: Hint, read: &Numbers<'_>) -> Option<(Identifier, Hit)> {
    let others = [Identifier::Imsi, Identifier::Imei, Identifier::Iccid].into_iter();
    let others: SmallVec<[_; 3]> = others.filter(|kind| !hint.kinds.contains(kind)).collect();
    read.checked(&others)
}

fn is_cipher(hint: Hint, value: &[u8]) -> bool {
    match hint.strength {
        Strength::Strong => {
            value::is_cipher(value, CIPHER) && (hint.network || value.iter().any(u8::is_ascii_alphabetic))
        }
        Strength::Firm => value::is_hash(value) || hint.sealed && value::is_cipher(value, CIPHER),
        Strength::Weak if hint.network => hint.sealed && value::is_cipher(value, CIPHER),
        Strength::Weak => hint.sealed && value::is_hash(value),
        Strength::Faint => false,
    }
}

/// What is no number, under a name that says so; where it only allows for it, the value has to say so as well.
fn other(strength: Strength, kind: Identifier, value: &[u8], decode: bool) -> Option<Hit> {
    let whole = value::trimmed(value);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let strong = strength == Strength::Strong;
    let fits = match kind {
        Identifier::SubscriberId if strong => value::is_cipher(value, 8) || whole.len() == digits && digits > 5,
        Identifier::SubscriberId => strength < Strength::Faint && value::is_cipher(value, PSEUDONYM),
        Identifier::Acr => {
            value::whole(kind, value, decode) == Some(Fit::Checked) || strong && value::is_cipher(value, 24)
        }
        Identifier::Location if strong && is_cell_number(value) => true,
        Identifier::Location => value::is_position(value, decode),
        Identifier::Account => value::is_account(value, decode) || value::is_account(without_scheme(value), decode),
        Identifier::ClientIp => return address(strong, value),
        _ => strong && value::whole(kind, value, decode).is_some(),
    };
    fits.then(|| Hit::plain(whole, Fit::Formed))
}

/// The number of a cell alone: digits, perhaps hexadecimal, and what joins them.
fn is_cell_number(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let value = value.strip_prefix(b"0x").or_else(|| value.strip_prefix(b"0X")).unwrap_or(value);
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

/// An address inside the network; under a name that can mean nothing else, any.
fn address(strong: bool, value: &[u8]) -> Option<Hit> {
    let any = || value::first_address(value).map(|(span, _)| span).filter(|_| strong);
    Some(Hit::plain(value::first_inside(value).or_else(any)?, Fit::Formed))
}
