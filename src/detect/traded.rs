//! Does a value agree with what everyday words say beside those of a network?
//!
//! The last resort for a field that nothing else found anything in: its words say little, and only who writes it makes
//! them tell. So the value has to look the part, whole.

use super::{
    account::Reason,
    alone,
    finding::{Confidence, Identifier, Severity},
    found::{Found, Sure, Taken},
    generalised,
    origin::Writer,
    plausible,
    report::{Place, severity_of},
    value::{self, Fit, Hit, Look},
    vocabulary::Strength,
    words::{self, Hint, Name, Rule, Said, Sense},
};
use crate::exchange::Field;

/// Longer values are something else.
const LONGEST: usize = 256;

/// A token of which nothing tells what it is, is as long as ciphertext.
const LONG: usize = 20;

/// What points at somebody, where only the place tells that it does.
const TOKEN: usize = 12;

/// No account number is longer; where a network's name stands beside it, it may be.
const ACCOUNT: usize = 12;

/// A number with its country has as many digits at least, almost everywhere.
const E164: usize = 11;

/// What describes the network or the device is a word or two.
const SHORT: usize = 40;

/// Numbers that may stand under a name that begins with a network's and tells nothing else.
const ANY: &[Identifier] = &[Identifier::Msisdn, Identifier::Imsi, Identifier::Iccid, Identifier::Imei];

/// Who says that a network writes a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Its own name, or another field whose name begins alike.
    Networks,
    /// Another field of the message.
    Accompanied,
    /// Nobody, but it is none that a browser writes by itself.
    NoBrowsers,
    /// Nobody.
    Anyones,
}

/// On what terms a field is judged.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    /// What else its name says.
    pub hint: Option<Hint>,
    /// What other fields say about who wrote one of this name.
    pub company: &'a dyn Fn(&Name<'_>) -> Option<Said>,
    /// Whether its value may be decoded.
    pub decode: &'a dyn Fn() -> bool,
    /// Whether a browser sends the message by itself.
    pub browsing: &'a dyn Fn() -> bool,
}

/// Judges a field.
pub(super) fn examine(place: &Place<'_>, field: &Field, name: &Name<'_>, terms: Terms<'_>, found: &mut Found) {
    let value: &[u8] = &field.value;
    if value.len() > LONGEST || alone::is_crowd(place.subject) {
        return;
    }
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).take(2).count();
    let plain = digits < 2 && !value.contains(&b'@');
    let Some(sense) = name.sense(plain) else { return };
    let whose = whose(sense, name, terms);
    let hint = terms.hint.filter(|hint| whose == Whose::Networks && names_number(hint.kinds));
    let decode = (terms.decode)();
    let named = || number(Asked { kinds: hint?.kinds, strength: Strength::Strong, sealed: false }, value, decode);
    let Some((identifier, hit)) = meant(sense, whose, value, decode).or_else(named) else { return };
    let content = value.get(hit.span.clone()).unwrap_or_default();
    let Some(proof) = proof(sense, whose, identifier, content) else { return };
    let severity = match proof {
        Proof::Doubtful | Proof::Foreign => Severity::Low,
        Proof::Enough => sense.rule.and_then(|rule| rule.severity).unwrap_or(severity_of(identifier)),
    };
    let severity = if hit.fit == Fit::Opaque { severity.min(Severity::High) } else { severity };
    let sure = sure(whose, proof, hit.fit);
    found.tell_better(place.text, || Reason::Trade(name.told(sense.rule)));
    let writer = if proof == Proof::Enough { Writer::Trade } else { Writer::Anyone };
    found.take(&place.clone().by(writer), Taken { key: b"", value, identifier, severity, sure, hit, start: 0 });
}

fn whose(sense: Sense, name: &Name<'_>, terms: Terms<'_>) -> Whose {
    let said = if sense.said == Said::Here { Some(Said::Here) } else { (terms.company)(name) };
    match said {
        Some(Said::Here) => Whose::Networks,
        Some(_) if sense.said != Said::Kin => Whose::Accompanied,
        _ if sense.rule.is_some_and(points) && !name.is_machines() && (terms.browsing)() => Whose::NoBrowsers,
        _ => Whose::Anyones,
    }
}

/// Whether what the words allow for points at somebody: nothing else counts for more where no browser writes it.
fn points(rule: &Rule) -> bool {
    rule.kinds.iter().any(|kind| POINTING.contains(kind))
}

/// What points at somebody without being a number.
const POINTING: [Identifier; 2] = [Identifier::SubscriberId, Identifier::Account];

fn sure(whose: Whose, proof: Proof, fit: Fit) -> Sure {
    match (whose, fit) {
        (Whose::Networks, Fit::Odd) => {
            (Confidence::Possible, "a network's name and everyday words, and the value may be one")
        }
        (Whose::Networks, _) => (Confidence::Likely, "a network's name and everyday words, and the value agrees"),
        (Whose::Accompanied, _) => {
            (Confidence::Possible, "everyday words, but another field is a network's, and the value agrees")
        }
        _ if proof == Proof::Foreign => {
            (Confidence::Possible, "everyday words, but no browser writes such a field by itself")
        }
        _ => (Confidence::Possible, "everyday words, but the value speaks for itself"),
    }
}

/// What the value is, of all that the words allow for.
fn meant(sense: Sense, whose: Whose, value: &[u8], decode: bool) -> Option<(Identifier, Hit)> {
    let Some(rule) = sense.rule else { return unsaid(sense, value, decode) };
    let strong = rule.strong && whose == Whose::Networks;
    let strength = if strong && names_number(&rule.kinds) { Strength::Strong } else { Strength::Weak };
    let kinds = rule.kinds.iter().filter(|kind| !value::is_number(**kind));
    let other = || kinds.copied().find_map(|kind| Some((kind, other(kind, rule, whose, value, decode)?)));
    number(Asked { kinds: &rule.kinds, strength, sealed: rule.sealed }, value, decode).or_else(other)
}

fn names_number(kinds: &[Identifier]) -> bool {
    kinds.first().is_some_and(|kind| value::is_number(*kind))
}

/// What stands under a network's name and words that nobody knows: what speaks for itself, or a long token.
fn unsaid(sense: Sense, value: &[u8], decode: bool) -> Option<(Identifier, Hit)> {
    if !sense.branded {
        return None;
    }
    let whole = value::trimmed(value);
    let content = value.get(whole.clone()).unwrap_or_default();
    let other = || {
        let opaque = || matches!(Look::at(content), Look::Hash(..) | Look::Token(_)) && value::is_cipher(content, LONG);
        let kind = match () {
            () if value::is_position(content, decode) => Identifier::Location,
            () if opaque() && !is_labelled(content) => Identifier::SubscriberId,
            () => return None,
        };
        Some((kind, Hit::plain(whole.clone(), Fit::Odd)))
    };
    number(Asked { kinds: ANY, strength: Strength::Weak, sealed: false }, value, decode).or_else(other)
}

/// What a value is worth under the words of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// It says whose it is, or another field does.
    Enough,
    /// It is worth a line in the log: everyday words, or a network's name that is a word of everyday itself.
    Doubtful,
    /// As little, and only because no browser writes the field.
    Foreign,
}

/// What it is worth, if anything; nothing more is asked where a network is known to write the field.
fn proof(sense: Sense, whose: Whose, identifier: Identifier, content: &[u8]) -> Option<Proof> {
    let networks_user = || identifier == Identifier::Account && alone::is_carriers_user(content);
    if matches!(whose, Whose::Networks | Whose::Accompanied) || networks_user() {
        return Some(Proof::Enough);
    }
    let rule = sense.rule?;
    let may_prove = sense.said == Said::Nowhere && rule.proven.contains(&identifier);
    if may_prove && proves(identifier, content) {
        let checked = matches!(identifier, Identifier::Imei | Identifier::Iccid);
        return Some(if rule.doubtful && !checked { Proof::Doubtful } else { Proof::Enough });
    }
    let suggests = match identifier {
        Identifier::Location => {
            let position = is_plain_cell(content) || value::is_coordinates(content);
            may_prove && (position || rule.doubtful && is_degree(content))
        }
        _ if sense.perhaps && rule.kinds.first() == Some(&identifier) => match identifier {
            Identifier::SubscriberId => is_pseudonym(content, false),
            Identifier::Msisdn => value::is_cipher(content, LONG),
            _ => false,
        },
        Identifier::SubscriberId => may_prove && rule.doubtful && is_pseudonym(content, true),
        _ => false,
    };
    let foreign = whose == Whose::NoBrowsers && POINTING.contains(&identifier);
    if suggests { Some(Proof::Doubtful) } else { foreign.then_some(Proof::Foreign) }
}

/// Whether a value is enough where nothing but everyday words speak: a cell of an assigned network, an address inside.
fn proves(identifier: Identifier, content: &[u8]) -> bool {
    match identifier {
        Identifier::Location if value::is_glued_cell(content) => content.iter().any(u8::is_ascii_alphabetic),
        Identifier::Location if is_area_and_cell(content) => false,
        Identifier::Location => (!content.contains(&b'.') || is_dotted(content)) && value::is_position(content, true),
        Identifier::SubscriberId => is_pseudonym(content, false),
        // What passed every check, and is written with its country.
        Identifier::Msisdn | Identifier::Imsi => content.len() >= E164,
        Identifier::ClientIp => value::first_inside(content).is_some(),
        // The checks that got them here are theirs alone: the check digit, and who assigned the number.
        Identifier::Imei | Identifier::Iccid => true,
        Identifier::Account => value::is_account(content, true),
        Identifier::Network => words::is_company(content),
        _ => false,
    }
}

/// Country, network, area and cell: `001.01.4325.43489`.
fn is_dotted(content: &[u8]) -> bool {
    content.split(|&byte| byte == b'.').filter(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit)).count()
        == 4
}

/// Which numbers a name allows for.
struct Asked {
    kinds: &'static [Identifier],
    strength: Strength,
    /// Whether hashed ones.
    sealed: bool,
}

/// A number; where the name's words are strong, its hash as well.
fn number(asked: Asked, value: &[u8], decode: bool) -> Option<(Identifier, Hit)> {
    let Asked { kinds, strength, sealed } = asked;
    let hint = Hint { strength, kinds, network: true, sealed, why: None };
    let (identifier, hit) = generalised::number(hint, value, decode).ok()?;
    let sound = hit.fit <= Fit::Formed || hit.span.len() >= plausible::SPOKEN;
    sound.then_some((identifier, hit))
}

/// What is no number.
fn other(kind: Identifier, rule: &Rule, whose: Whose, value: &[u8], decode: bool) -> Option<Hit> {
    let (severity, strong) = (rule.severity, rule.strong && whose == Whose::Networks);
    let whole = value::trimmed(value);
    let content = value.get(whole.clone()).unwrap_or_default();
    let digits = content.iter().filter(|byte| byte.is_ascii_digit()).count();
    let described = matches!(kind, Identifier::Network | Identifier::Device) && severity.is_none();
    if !described && value::is_nothing(content) {
        return None;
    }
    let pointed = whose == Whose::NoBrowsers && !is_clock(content);
    let token = pointed && value::is_cipher(content, TOKEN) && content.iter().any(u8::is_ascii_alphabetic);
    let fits = match kind {
        Identifier::SubscriberId => is_pseudonym(content, strong || rule.doubtful) || token && !is_labelled(content),
        Identifier::Account if (strong || pointed) && is_login(content) => true,
        Identifier::Account => {
            value::is_account(content, decode)
                || is_account_number(content) && (strong || content.len() <= ACCOUNT && !is_clock(content))
        }
        Identifier::Location if strong && is_code(content) => true,
        Identifier::Location if is_plain_cell(content) => rule.strong || !content.contains(&b','),
        Identifier::Location if rule.doubtful && is_degree(content) => true,
        Identifier::Location => value::is_position(content, decode) || strong && is_place(content),
        Identifier::ClientIp => return address(value, strong),
        Identifier::Network if severity.is_some() && strong => digits >= 6 && content.iter().copied().all(is_reference),
        Identifier::Network if severity.is_some() => return address(value, true),
        Identifier::Device if severity.is_some() => is_pseudonym(content, strong),
        Identifier::Network | Identifier::Device => {
            content.len() <= SHORT && value::whole(kind, content, decode).is_some()
        }
        _ => false,
    };
    fits.then(|| Hit::plain(whole, Fit::Formed))
}

/// A token of the usual length; after words that say enough, a short one and a plain number as well.
fn is_pseudonym(content: &[u8], strong: bool) -> bool {
    if is_labelled(content) {
        return false;
    }
    let content = without_realm(content);
    let plain = content.len() >= 6 && content.iter().all(u8::is_ascii_digit);
    if strong { plain || value::is_cipher(content, 8) } else { value::is_cipher(content, 16) }
}

/// `Zk3v9Qm1xyT0aB77Lq8w@wap.example`: whose token it is.
fn without_realm(content: &[u8]) -> &[u8] {
    let at = memchr::memchr(b'@', content).filter(|&at| value::is_cipher(content.get(..at).unwrap_or_default(), 16));
    at.and_then(|at| content.get(..at)).unwrap_or(content)
}

/// `cus_9f8e7d6c5b4a`: interfaces say in front what the rest is of, gateways do not.
fn is_labelled(content: &[u8]) -> bool {
    let label = content.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    (2..=6).contains(&label) && content.get(label) == Some(&b'_')
}

/// Digits that may be an area and a cell, and whatever else has two numbers or a long one.
fn is_plain_cell(content: &[u8]) -> bool {
    is_area_and_cell(content) || value::is_glued_cell(content)
}

/// The numbers of an area of 16 bits and a cell of 28: `4325-43489`.
fn is_area_and_cell(content: &[u8]) -> bool {
    let mut parts = content.split(|byte| matches!(byte, b'-' | b':' | b',')).map(|part| {
        let digits = std::str::from_utf8(part).ok().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        digits.filter(|digits| digits.len() >= 3)?.parse::<u32>().ok()
    });
    let (area, cell) = (parts.next().flatten(), parts.next().flatten());
    area.is_some_and(|area| area < 1 << 16) && cell.is_some_and(|cell| cell < 1 << 28) && parts.next().is_none()
}

fn is_clock(content: &[u8]) -> bool {
    matches!(Look::at(content), Look::Clock(_))
}

/// `jsmith99`, `sub_8841`: a name with a digit or a joint in it, too short for a token.
fn is_login(content: &[u8]) -> bool {
    let joins = |byte: &u8| byte.is_ascii_digit() || b"-_.".contains(byte);
    let letters = content.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    let digits = content.iter().filter(|byte| byte.is_ascii_digit()).count();
    let large = content.iter().skip(1).any(u8::is_ascii_uppercase);
    (4..=20).contains(&content.len())
        && letters >= 3
        && digits <= 6
        && !large
        && content.first().is_some_and(u8::is_ascii_alphabetic)
        && content.iter().any(joins)
        && content.iter().all(|byte| joins(byte) || byte.is_ascii_alphabetic())
}

/// `1-2345678`, `C12345678`, `1.2345678`.
fn is_account_number(content: &[u8]) -> bool {
    let digits = content.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = content.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    (5..=16).contains(&digits) && letters <= 3 && content.iter().copied().all(is_reference)
}

/// The number or the name of a cell, an area, a zone; a degree of latitude.
fn is_place(content: &[u8]) -> bool {
    let digits = content.iter().filter(|byte| byte.is_ascii_digit()).count();
    let opaque = value::is_cipher(content, LONG) || digits == content.len() && digits > 10;
    digits >= 2
        && !opaque
        && content.len() <= SHORT
        && content.iter().all(|byte| is_reference(*byte) || b",;| ".contains(byte))
}

/// Degrees with four decimals and more, ten metres, alone.
fn is_degree(content: &[u8]) -> bool {
    let (front, decimals) = match memchr::memchr(b'.', content) {
        Some(at) => content.split_at(at),
        None => return false,
    };
    let degrees = std::str::from_utf8(front).ok().and_then(|front| front.parse::<i16>().ok());
    let decimals = decimals.get(1..).unwrap_or_default();
    degrees.is_some_and(|degrees| degrees.abs() <= 180)
        && (4..=15).contains(&decimals.len())
        && decimals.iter().all(u8::is_ascii_digit)
}

/// The short name of a place: `MUM`, `KE-NBO`.
fn is_code(content: &[u8]) -> bool {
    (2..=8).contains(&content.len()) && content.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-')
}

fn is_reference(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte)
}

/// An address; under words that need company, one inside of a network.
fn address(value: &[u8], strong: bool) -> Option<Hit> {
    let any = || value::first_address(value).map(|(span, _)| span).filter(|_| strong);
    Some(Hit::plain(value::first_inside(value).or_else(any)?, Fit::Formed))
}
