//! What of an event may be written down?
//!
//! `masked`, the default: what a finding covers shows its ends only, and shows them nowhere else in the same event
//! either; credentials are hidden whole. `names`: no field value at all, and no query. `full`: everything, except what
//! `Authorization` and `Proxy-Authorization` hold. Which bytes are credentials is judged in `credential`.
//!
//! A run of at least ten digits keeps the first five and the last two: enough to tell country and operator, not whose it
//! is. Any other value of twelve bytes or more keeps two and two, a shorter one nothing. As many bullets as hidden bytes
//! stand between, at most 64. Three bullets stand for a credential and one for a value in `names`, whatever their length.

use std::{ops::Range, str::FromStr};

use smallvec::SmallVec;

use super::{
    credential,
    json::put_hex,
    needle::Needles,
    text::{Hidden, Shown},
};
use crate::{
    detect::{Finding, Identifier},
    exchange::{Field, InstallationKey},
};

/// How much of the values is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Values {
    /// Findings show their ends only, credentials nothing.
    #[default]
    Masked,
    /// All but the credentials in `Authorization` and `Proxy-Authorization`.
    Full,
    /// Names only.
    Names,
    /// Names only, and neither targets nor digests: for clients that are private. No word of the configuration.
    Withheld,
}

impl Values {
    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Masked => "masked",
            Self::Full => "full",
            Self::Names => "names",
            Self::Withheld => "withheld",
        }
    }
}

impl FromStr for Values {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Masked, Self::Full, Self::Names].into_iter().find(|values| values.as_str() == text).ok_or(())
    }
}

/// Knows what to hide, and under which key equal values get equal digests.
#[derive(Clone, Debug)]
pub struct Redactor {
    values: Values,
    key: InstallationKey,
}

/// What is hidden of one string; most strings have nothing to hide.
pub(super) type HiddenSpans = SmallVec<[Hidden; 2]>;

/// A string that is ready to be written.
pub(super) type Text<'a> = Shown<'a, HiddenSpans>;

impl Redactor {
    /// A redactor for this much openness and the installation's key.
    pub fn new(values: Values, key: InstallationKey) -> Self {
        Self { values, key }
    }

    /// A redactor for somebody of whom nothing but hosts and names is to be kept.
    pub(super) fn withholding(&self) -> Self {
        Self { values: Values::Withheld, key: self.key.clone() }
    }

    /// Whether targets and digests are withheld as well.
    pub(super) fn withholds(&self) -> bool {
        self.values == Values::Withheld
    }

    /// Whether all but credentials may be told.
    pub(super) fn tells_all(&self) -> bool {
        self.values == Values::Full
    }

    /// `hmac:` and half of an HMAC-SHA-256 over identifier and value: equal values of one kind have equal digests.
    pub fn digest(&self, identifier: Identifier, value: &[u8]) -> String {
        let mut out = Vec::new();
        self.put_digest(identifier, value, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// The same, appended.
    pub(super) fn put_digest(&self, identifier: Identifier, value: &[u8], out: &mut Vec<u8>) {
        let digest = self.key.digest("event", &[identifier.as_str().as_bytes(), value]);
        out.extend_from_slice(b"hmac:");
        put_hex(out, digest.get(..16).unwrap_or_default());
    }

    /// What was found, as it may be shown to a person.
    pub fn found(&self, finding: &Finding) -> String {
        let whole = Span { range: 0..finding.value.len(), kind: Kind::Found };
        let hidden = match self.values {
            Values::Masked => hide(&finding.value, &mut SmallVec::from_iter([whole])),
            Values::Full => HiddenSpans::new(),
            Values::Names | Values::Withheld => one_bullet(0..finding.value.len()),
        };
        Shown { bytes: &finding.value, hidden }.to_string()
    }

    /// A value of which nobody knows whose it is, as if it had been found whole.
    pub fn covered(&self, value: &[u8]) -> String {
        let whole = Span { range: 0..value.len(), kind: Kind::Found };
        let hidden = hide(value, &mut SmallVec::from_iter([whole]));
        Shown { bytes: value, hidden }.to_string()
    }

    /// A text that stands beside these findings, in which what was found must not stand once more.
    pub fn text(&self, text: &str, findings: &[Finding]) -> String {
        self.other(text.as_bytes(), &Needles::new(findings)).to_string()
    }

    /// The value of this field, in which some of `findings` stand at `spans`.
    pub fn field(&self, field: &Field, spans: &[Range<usize>], findings: &[Finding]) -> String {
        self.value(field, spans, &Needles::new(findings)).to_string()
    }

    /// This request target, in which some of `findings` stand at `spans`.
    pub fn path(&self, target: &[u8], spans: &[Range<usize>], findings: &[Finding]) -> String {
        self.target(target, spans, &Needles::new(findings)).to_string()
    }

    /// A field's value, where findings cover `found`.
    pub(super) fn value<'a>(&self, field: &'a Field, found: &[Range<usize>], needles: &Needles) -> Text<'a> {
        let bytes = &field.value[..];
        let hidden = match self.values {
            Values::Masked => {
                let mut spans = Spans::new();
                cover(bytes, found, needles, &mut spans);
                credential::in_field(field, &mut |range| spans.push(Span { range, kind: Kind::Secret }));
                hide(bytes, &mut spans)
            }
            Values::Full if credential::is_authorization(field) => {
                let secret = Span { range: credential::authorization(bytes), kind: Kind::Secret };
                hide(bytes, &mut SmallVec::from_iter([secret]))
            }
            Values::Full => HiddenSpans::new(),
            Values::Names | Values::Withheld => one_bullet(0..bytes.len()),
        };
        Shown { bytes, hidden }
    }

    /// A request target, where findings cover `found`.
    pub(super) fn target<'a>(&self, bytes: &'a [u8], found: &[Range<usize>], needles: &Needles) -> Text<'a> {
        if self.values == Values::Withheld {
            let kept = usize::from(bytes.starts_with(b"/"));
            return Shown { bytes, hidden: one_bullet(kept..bytes.len()) };
        }
        if self.values == Values::Full {
            let mut secrets = Spans::new();
            credential::in_authority(bytes, &mut |range| secrets.push(Span { range, kind: Kind::Secret }));
            return Shown { bytes, hidden: hide(bytes, &mut secrets) };
        }
        let mut spans = Spans::new();
        cover(bytes, found, needles, &mut spans);
        credential::in_target(bytes, &mut |range| spans.push(Span { range, kind: Kind::Secret }));
        let mut hidden = hide(bytes, &mut spans);
        if let Some(mark) = memchr::memchr(b'?', bytes).filter(|_| self.values == Values::Names) {
            hidden.retain(|hidden| hidden.range.end <= mark + 1);
            hidden.extend(one_bullet(mark + 1..bytes.len()));
        }
        Shown { bytes, hidden }
    }

    /// A string in which nothing can stand that was found.
    pub(super) fn whole<'a>(&self, bytes: &'a [u8]) -> Text<'a> {
        Shown { bytes, hidden: HiddenSpans::new() }
    }

    /// Any other string, in which what was found elsewhere must not stand.
    pub(super) fn other<'a>(&self, bytes: &'a [u8], needles: &Needles) -> Text<'a> {
        let hidden = match self.values {
            Values::Full => HiddenSpans::new(),
            Values::Masked | Values::Names | Values::Withheld => {
                let mut spans = Spans::new();
                cover(bytes, &[], needles, &mut spans);
                hide(bytes, &mut spans)
            }
        };
        Shown { bytes, hidden }
    }
}

/// Why a stretch is hidden, which decides what is left of it. Ordered: the stricter kind is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Found,
    Secret,
}

#[derive(Clone, Debug)]
struct Span {
    range: Range<usize>,
    kind: Kind,
}

type Spans = SmallVec<[Span; 8]>;

/// What findings cover, and where their values stand once more.
#[inline]
fn cover(bytes: &[u8], found: &[Range<usize>], needles: &Needles, spans: &mut Spans) {
    for range in found.iter().filter(|range| range.start < range.end && range.end <= bytes.len()) {
        spans.push(Span { range: range.clone(), kind: Kind::Found });
    }
    needles.find(bytes, &mut |range| spans.push(Span { range, kind: Kind::Found }));
}

/// Merges what overlaps, then takes away the ends that may be seen.
// Inlined for the sake of the strings in which nothing is hidden, which is nearly all of them.
#[inline]
fn hide(bytes: &[u8], spans: &mut Spans) -> HiddenSpans {
    if spans.is_empty() { HiddenSpans::new() } else { merge(bytes, spans) }
}

fn merge(bytes: &[u8], spans: &mut Spans) -> HiddenSpans {
    let mut hidden = HiddenSpans::new();
    spans.retain(|span| !span.range.is_empty());
    spans.sort_unstable_by_key(|span| span.range.start);
    let mut spans = spans.drain(..);
    let Some(mut last) = spans.next() else { return hidden };
    for span in spans {
        if span.range.start < last.range.end {
            last.range.end = last.range.end.max(span.range.end);
            last.kind = last.kind.max(span.kind);
        } else {
            hidden.push(shorten(bytes, std::mem::replace(&mut last, span)));
        }
    }
    hidden.push(shorten(bytes, last));
    hidden
}

fn shorten(bytes: &[u8], span: Span) -> Hidden {
    if span.kind == Kind::Secret {
        return Hidden { range: span.range, bullets: 3 };
    }
    let (front, back) = ends(bytes.get(span.range.clone()).unwrap_or_default());
    let range = span.range.start + front..span.range.end - back;
    Hidden { bullets: range.len().min(64), range }
}

/// How many bytes of a found value may be seen at its ends. Never all of them.
fn ends(value: &[u8]) -> (usize, usize) {
    let sign = usize::from(value.first() == Some(&b'+'));
    let digits = value.get(sign..).unwrap_or_default();
    match value.len() {
        _ if digits.len() >= 10 && digits.iter().all(u8::is_ascii_digit) => (sign + 5, 2),
        12.. => (2, 2),
        _ => (0, 0),
    }
}

fn one_bullet(range: Range<usize>) -> HiddenSpans {
    (!range.is_empty()).then_some(Hidden { range, bullets: 1 }).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str, found: &[(usize, usize)]) -> String {
        let found: Vec<_> = found.iter().map(|&(start, end)| start..end).collect();
        let mut spans = Spans::new();
        cover(text.as_bytes(), &found, &Needles::default(), &mut spans);
        Shown { bytes: text.as_bytes(), hidden: hide(text.as_bytes(), &mut spans) }.to_string()
    }

    #[test]
    fn numbers_keep_country_and_operator() {
        assert_eq!(masked("447700900123", &[(0, 12)]), "44770•••••23");
        assert_eq!(masked("+447700900123", &[(0, 13)]), "+44770•••••23");
        assert_eq!(masked("001010123456789", &[(0, 15)]), "00101••••••••89");
        assert_eq!(masked("id=447700900123;x", &[(3, 15)]), "id=44770•••••23;x");
    }

    #[test]
    fn other_values_keep_little_or_nothing() {
        assert_eq!(masked("NDQ3NzAwOTAwMTIz", &[(0, 16)]), "ND••••••••••••Iz");
        assert_eq!(masked("123456789", &[(0, 9)]), "•••••••••");
        assert_eq!(masked("me@a.example", &[(0, 12)]), "me••••••••le");
        assert_eq!(masked("", &[(0, 0)]), "");
    }

    #[test]
    fn what_overlaps_is_one_stretch() {
        assert_eq!(masked("447700900123;447700900456", &[(0, 12), (6, 18)]), "44••••••••••••••700900456");
        assert_eq!(masked("447700900123447700900456", &[(0, 12), (12, 24)]), "44770•••••2344770•••••56");
    }

    #[test]
    fn a_span_outside_the_value_hides_nothing_and_harms_nothing() {
        assert_eq!(masked("abc", &[(2, 9), (3, 2)]), "abc");
    }
}
