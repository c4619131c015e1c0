//! Where in a value does a number of the wanted kind stand, in clear or encoded?

use std::ops::Range;

use super::{
    Fit, Hit,
    coats::{Coat, Coats},
    decode::{self, ATTEMPT, Buffer, DEPTH, LONGEST},
    judge, judge_digits,
    number::Digits,
    numbers::{Numbers, best, parts},
    opaque::{is_around, trimmed},
    signs::is_token_border,
};
use crate::detect::Identifier;

/// How many parts of a value are decoded: more than a leak ever had.
const ENCODED_PARTS: usize = 8;

/// Nothing that is encoded is shorter: six octets in base64.
const TOKEN: usize = 8;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::detect) enum Effort {
    /// The name says what stands here: swapped and reversed digits are tried, odd numbers count.
    Named,
    /// The name only hints: swapping digits until they fit would find numbers in any digits.
    Hinted,
    /// Much was looked at already: what is encoded stays so.
    Clear,
}

/// The best place where a number of this kind stands.
pub(in crate::detect) fn find(identifier: Identifier, value: &[u8], effort: Effort) -> Option<Hit> {
    Numbers::of(value).find(identifier, effort)
}

impl Numbers<'_> {
    /// The best place where a number of this kind stands.
    pub fn find(&self, identifier: Identifier, effort: Effort) -> Option<Hit> {
        let clear = self.in_clear(identifier);
        if effort == Effort::Clear || clear.as_ref().is_some_and(|hit| hit.fit <= Fit::Formed) {
            return clear;
        }
        let value = self.value();
        let encoded = Search { identifier, effort, work: decode::work(value.len()) }.encoded(value, DEPTH);
        match (clear, encoded) {
            (Some(clear), Some(encoded)) if overlap(&clear.span, &encoded.span) => {
                let span = clear.span.start.min(encoded.span.start)..clear.span.end.max(encoded.span.end);
                surest(Some(clear), Some(encoded)).map(|hit| Hit { span, ..hit })
            }
            (clear, encoded) => surest(clear, encoded),
        }
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// A phone number under a name that tells nothing. Only a form that nothing but a phone number has counts: a plus sign
/// and the mobile range of a country, or such a number that somebody bothered to encode.
pub(in crate::detect) fn unnamed_number(value: &[u8]) -> Option<Hit> {
    let start = value.iter().position(|&byte| !is_around(byte)).filter(|_| value.len() >= 12)?;
    value.get(start).filter(|first| is_promising(**first))?;
    let span = trimmed(value);
    let token = value.get(span.clone()).filter(|token| (12..=64).contains(&token.len()))?;
    let coats = peels_to_number(token, false, DEPTH)?;
    Some(Hit { coats, ..Hit::plain(span, Fit::Checked) })
}

/// What base64 (`K`, `M`, `N`, `O`) and hexadecimal (`2`, `3`) make of a plus sign and of digits.
fn is_promising(first: u8) -> bool {
    matches!(first, b'+' | b'%' | b'3' | b'2' | b'K' | b'M' | b'N' | b'O')
}

/// `tel:+447700900123` and `<sip:+447700900123@ims.example>` (RFC 3966, RFC 3261 §19.1): a scheme tells what stands here.
pub(in crate::detect) fn number_uri(value: &[u8]) -> Option<Hit> {
    let value = value.get(..LONGEST).unwrap_or(value);
    let is_scheme = |before: &[u8]| before.eq_ignore_ascii_case(b"tel") || before.eq_ignore_ascii_case(b"sip");
    let after_scheme = |at: &usize| {
        let before = value.get(at.saturating_sub(4)..*at).unwrap_or_default();
        before.eq_ignore_ascii_case(b"sips") || before.get(before.len().saturating_sub(3)..).is_some_and(is_scheme)
    };
    let before_plus = |at: &usize| value.get(at + 1) == Some(&b'+');
    let start = memchr::memchr_iter(b':', value).filter(before_plus).find(after_scheme)? + 1;
    let rest = value.get(start..)?;
    let len = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count() + 1;
    let fit = judge(Identifier::Msisdn, rest.get(..len)?).filter(|fit| *fit <= Fit::Formed)?;
    Some(Hit::plain(start..start + len, fit))
}

/// What has to be undone to come to a phone number, if there is one.
fn peels_to_number(token: &[u8], telling: bool, depth: usize) -> Option<Coats> {
    let plain = token.strip_prefix(b"+").unwrap_or(token);
    if plain.iter().all(u8::is_ascii_digit) && plain.len() >= 10 && (telling || plain.len() < token.len()) {
        return (judge(Identifier::Msisdn, token) == Some(Fit::Checked)).then(Coats::default);
    }
    let mut buffer: Buffer = [0; LONGEST];
    let deeper = depth.checked_sub(1)?;
    decode::COMMON.iter().find_map(|(coat, decoder)| {
        let len = decoder(token, &mut buffer)?;
        let coats = peels_to_number(buffer.get(..len)?, telling || *coat != Coat::Percent, deeper)?;
        Some(coats.within(*coat))
    })
}

/// The search for what is encoded, within bounds.
struct Search {
    identifier: Identifier,
    effort: Effort,
    work: usize,
}

impl Search {
    /// The best number that stands here encoded; its span is that of the encoded form.
    fn encoded(&mut self, value: &[u8], depth: usize) -> Option<Hit> {
        let whole = trimmed(value);
        let tokens = parts(value, is_token_border).filter(|span| span.len() >= TOKEN);
        let inner = tokens.flat_map(|span| std::iter::once(span.clone()).chain(joined(value, span)));
        let inner = inner.filter(|span| *span != whole).take(ENCODED_PARTS);
        let hits = std::iter::once(whole.clone()).chain(inner).filter_map(|span| {
            let token = value.get(span.clone()).filter(|token| token.len() >= TOKEN)?;
            let inner = surest(self.decoded(token, depth), self.turned(token))?;
            Some(Hit { span, ..inner })
        });
        best(hits)
    }

    fn decoded(&mut self, token: &[u8], depth: usize) -> Option<Hit> {
        let mut buffer: Buffer = [0; LONGEST];
        let deeper = depth.checked_sub(1)?;
        // What a token of ordinary sign-in says is looked at only where the name promises a number.
        let decoders = if self.effort == Effort::Named { decode::TEXT } else { decode::PLAIN_TEXT };
        let mut best: Option<Hit> = None;
        for (coat, decoder) in decoders {
            let Some(left) = self.work.checked_sub(ATTEMPT) else { break };
            self.work = left;
            let Some(inner) = decoder(token, &mut buffer).and_then(|len| buffer.get(..len)) else { continue };
            self.work = self.work.saturating_sub(inner.len());
            let hit = self.inner(inner, deeper).map(|hit| hit.within(*coat));
            best = surest(best, hit);
            if best.as_ref().is_some_and(|hit| hit.fit <= Fit::Formed) {
                break;
            }
        }
        best
    }

    fn inner(&mut self, inner: &[u8], depth: usize) -> Option<Hit> {
        let clear = Numbers::of(inner).in_clear(self.identifier);
        if clear.as_ref().is_some_and(|hit| hit.fit <= Fit::Formed) {
            return clear;
        }
        surest(clear, self.encoded(inner, depth))
    }

    /// Swapped pairs, packed and reversed digits, which have to pass the checks: any digits can be turned.
    fn turned(&self, token: &[u8]) -> Option<Hit> {
        let filled = token.len() >= 10 && matches!(token, [.., b'f' | b'F', _]);
        if self.effort != Effort::Named && !filled {
            return None;
        }
        let judge =
            |digits: &[u8]| number(self.identifier, &Digits::from_plain(digits.iter().copied())?, 0..token.len());
        let formed = |digits: &[u8]| judge(digits).filter(|hit| hit.fit <= Fit::Formed);
        let checked = |digits: &[u8]| judge(digits).filter(|hit| hit.fit == Fit::Checked);
        let swapped = |token: &[u8]| {
            let whole = decode::swapped(token).and_then(|(digits, len)| formed(digits.get(..len)?));
            let hit = whole.or_else(|| {
                let (digits, len) = decode::swapped(without_type(self.identifier, token)?)?;
                let digits = digits.get(..len)?;
                checked(if self.identifier == Identifier::Imsi { digits.strip_prefix(b"9")? } else { digits })
            });
            Some(hit?.within(Coat::Swapped))
        };
        let packed = || {
            let (digits, len) = decode::packed(token)?;
            let digits = digits.get(..len)?;
            Some(formed(digits).or_else(|| swapped(digits))?.within(Coat::Packed))
        };
        let reversed = || {
            let mut digits = [0; 22];
            let digits = digits.get_mut(..token.len()).filter(|_| token.len() >= 10)?;
            digits.copy_from_slice(token);
            digits.reverse();
            let hit = digits.iter().all(u8::is_ascii_digit).then(|| checked(digits))?;
            Some(hit?.within(Coat::Reversed))
        };
        swapped(token).or_else(packed).or_else(reversed)
    }
}

/// The parts of a token that may hold several: `id=…`, `Basic …`, a value with its signature behind a dot.
fn joined(value: &[u8], token: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let is_join = |byte| matches!(byte, b'=' | b' ' | b'.');
    let text = value.get(token.clone()).unwrap_or_default();
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let text = text.get(..text.len() - padding).filter(|text| text.iter().any(|byte| is_join(*byte)));
    let inner = parts(text.unwrap_or_default(), is_join).filter(|span| span.len() >= TOKEN);
    inner.map(move |span| token.start + span.start..token.start + span.end)
}

/// Without the octet for an international number (3GPP TS 24.008 §10.5.4.7), or the length of a subscription's; the digit
/// that tells its parity stays (§10.5.1.4).
fn without_type(identifier: Identifier, token: &[u8]) -> Option<&[u8]> {
    match identifier {
        Identifier::Msisdn => token.strip_prefix(b"91"),
        Identifier::Imsi => Some(token.strip_prefix(b"08").filter(|rest| rest.len() == 16).unwrap_or(token)),
        _ => None,
    }
}

/// These digits as a hit, if they are a number of this kind.
fn number(identifier: Identifier, digits: &Digits, span: Range<usize>) -> Option<Hit> {
    let (fit, country) = judge_digits(identifier, digits)?;
    Some(Hit { country, ..Hit::plain(span, fit) })
}

/// The better of two, the first if they are alike.
fn surest(first: Option<Hit>, second: Option<Hit>) -> Option<Hit> {
    [first, second].into_iter().flatten().min_by_key(|hit| hit.fit)
}
