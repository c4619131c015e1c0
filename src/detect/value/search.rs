//! Where in a value does a number of the wanted kind stand, in clear or encoded?

use std::ops::Range;

use super::{
    Fit, Hit,
    coats::{Coat, Coats},
    decode::{self, Buffer, DEPTH, LONGEST},
    judge, judge_digits,
    number::Digits,
    opaque::trimmed,
    shape::country,
};
use crate::detect::Identifier;

/// How many parts of a value are looked at in clear, and how many are decoded. More than a leak ever had; fewer than
/// it takes to keep a proxy busy.
const PARTS: usize = 32;
const ENCODED_PARTS: usize = 6;

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
    let value = value.get(..LONGEST).unwrap_or(value);
    let clear = in_clear(identifier, value);
    if clear.as_ref().is_some_and(|hit| hit.fit <= Fit::Formed) {
        return clear;
    }
    if effort == Effort::Clear {
        return clear;
    }
    let encoded = encoded(identifier, value, effort, DEPTH);
    [clear, encoded].into_iter().flatten().min_by_key(|hit| hit.fit)
}

/// A phone number under a name that tells nothing. Only a form that nothing but a phone number has counts: a plus sign
/// and the mobile range of a country, or such a number that somebody bothered to encode.
pub(in crate::detect) fn unnamed_number(value: &[u8]) -> Option<Hit> {
    let span = trimmed(value);
    let token = value.get(span.clone()).filter(|token| (12..=64).contains(&token.len()))?;
    let promising = matches!(token.first()?, b'+' | b'%' | b'3' | b'2' | b'K' | b'M' | b'N' | b'O');
    let coats = promising.then(|| peels_to_number(token, false, DEPTH))??;
    Some(Hit { coats, ..Hit::plain(span, Fit::Checked) })
}

/// `tel:+447700900123` and `<sip:+447700900123@ims.example>` (RFC 3966, RFC 3261 §19.1): a scheme tells what stands here.
pub(in crate::detect) fn number_uri(value: &[u8]) -> Option<Hit> {
    let value = value.get(..LONGEST).unwrap_or(value);
    let is_scheme = |before: &[u8]| before.eq_ignore_ascii_case(b"tel") || before.eq_ignore_ascii_case(b"sip");
    let after_scheme = |at: &usize| {
        let before = value.get(at.saturating_sub(4)..*at).unwrap_or_default();
        before.eq_ignore_ascii_case(b"sips") || before.get(before.len().saturating_sub(3)..).is_some_and(is_scheme)
    };
    let start = memchr::memmem::find_iter(value, b":+").find(after_scheme)? + 1;
    let rest = value.get(start..)?;
    let len = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count() + 1;
    let fit = judge(Identifier::Msisdn, rest.get(..len)?).filter(|fit| *fit <= Fit::Formed)?;
    Some(Hit::plain(start..start + len, fit))
}

/// First bytes that base64 (`K`, `M`, `N`, `O`) and hexadecimal (`2`, `3`) make of a plus sign and of digits.
fn peels_to_number(token: &[u8], telling: bool, depth: usize) -> Option<Coats> {
    let plain = token.strip_prefix(b"+").unwrap_or(token);
    if plain.iter().all(u8::is_ascii_digit) && plain.len() >= 10 && (telling || plain.len() < token.len()) {
        return (judge(Identifier::Msisdn, token) == Some(Fit::Checked)).then(Coats::default);
    }
    let mut buffer: Buffer = [0; LONGEST];
    let deeper = depth.checked_sub(1)?;
    decode::TEXT.iter().find_map(|(coat, decoder)| {
        let len = decoder(token, &mut buffer)?;
        let coats = peels_to_number(buffer.get(..len)?, telling || *coat != Coat::Percent, deeper)?;
        Some(coats.within(*coat))
    })
}

/// The best number that stands here as it is read.
fn in_clear(identifier: Identifier, value: &[u8]) -> Option<Hit> {
    let whole = std::iter::once(trimmed(value));
    let spaced = parts(value, is_border);
    let close = parts(value, |byte| byte == b' ' || is_border(byte));
    let hits = whole
        .chain(spaced)
        .chain(close)
        .filter_map(|span| number(identifier, &Digits::parse(value.get(span.clone())?)?, span));
    best(hits)
}

/// The best number that stands here encoded; its span is that of the encoded form.
fn encoded(identifier: Identifier, value: &[u8], effort: Effort, depth: usize) -> Option<Hit> {
    let whole = std::iter::once(trimmed(value));
    let tokens =
        parts(value, is_token_border).take(ENCODED_PARTS).flat_map(|span| [after_equals(value, &span), Some(span)]);
    let hits = whole.chain(tokens.flatten()).filter_map(|span| {
        let token = value.get(span.clone()).filter(|token| token.len() >= 8)?;
        let filled = token.len() >= 10 && matches!(token, [.., b'f' | b'F', _]);
        let swapped = || (effort == Effort::Named || filled).then(|| turned(identifier, token))?;
        let inner = decoded(identifier, token, effort, depth).or_else(swapped)?;
        Some(Hit { span, ..inner })
    });
    best(hits)
}

fn decoded(identifier: Identifier, token: &[u8], effort: Effort, depth: usize) -> Option<Hit> {
    let mut buffer: Buffer = [0; LONGEST];
    let deeper = depth.checked_sub(1)?;
    // What a token of ordinary sign-in says is looked at only where the name promises a number.
    let decoders = if effort == Effort::Named { decode::TEXT } else { decode::PLAIN_TEXT };
    let hits = decoders.iter().filter_map(|(coat, decoder)| {
        let len = decoder(token, &mut buffer)?;
        let inner = buffer.get(..len)?;
        let hit = in_clear(identifier, inner).or_else(|| encoded(identifier, inner, effort, deeper))?;
        Some(Hit { coats: hit.coats.within(*coat), ..hit })
    });
    hits.min_by_key(|hit| hit.fit)
}

/// Swapped pairs and reversed digits, which have to pass the checks: any digits can be turned.
fn turned(identifier: Identifier, token: &[u8]) -> Option<Hit> {
    let as_if = |coat: Coat, digits: Digits| {
        let hit = number(identifier, &digits, 0..token.len())?;
        Some(Hit { coats: hit.coats.within(coat), ..hit })
    };
    let swapped = decode::swapped(token).and_then(|(digits, len)| {
        let digits = Digits::from_plain(digits.into_iter().take(len))?;
        as_if(Coat::Swapped, digits).filter(|hit| hit.fit <= Fit::Formed)
    });
    let reversed = || {
        let plain = token.len() >= 10 && token.iter().all(u8::is_ascii_digit);
        let digits = plain.then(|| Digits::from_plain(token.iter().rev().copied()))??;
        as_if(Coat::Reversed, digits).filter(|hit| hit.fit == Fit::Checked)
    };
    swapped.or_else(reversed)
}

/// These digits as a hit, if they are a number of this kind.
fn number(identifier: Identifier, digits: &Digits, span: Range<usize>) -> Option<Hit> {
    let fit = judge_digits(identifier, digits)?;
    Some(Hit { country: country(identifier, digits), ..Hit::plain(span, fit) })
}

/// The first of the best; nothing beats a checked one, so the search ends there.
fn best(hits: impl Iterator<Item = Hit>) -> Option<Hit> {
    let mut best: Option<Hit> = None;
    for hit in hits {
        let better = best.as_ref().is_none_or(|best| hit.fit < best.fit);
        if better {
            let done = hit.fit == Fit::Checked;
            best = Some(hit);
            if done {
                break;
            }
        }
    }
    best
}

/// The parts of a value between borders, without blanks around them.
pub(in crate::detect) fn parts(value: &[u8], is_border: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let spans = value.split(move |&byte| is_border(byte)).map(move |part| {
        let start = at;
        at += part.len() + 1;
        let inner = trimmed(part);
        start + inner.start..start + inner.end
    });
    spans.filter(|span| !span.is_empty()).take(PARTS)
}

/// What stands after the first equals sign, unless that is padding.
fn after_equals(value: &[u8], span: &Range<usize>) -> Option<Range<usize>> {
    let equals = value.get(span.clone())?.iter().position(|&byte| byte == b'=')?;
    let start = span.start + equals + 1;
    value.get(start..span.end).is_some_and(|rest| rest.len() >= 8).then_some(start..span.end)
}

/// What never stands inside a written number: borders of lists, pairs, JSON, URIs, addresses in brackets.
fn is_border(byte: u8) -> bool {
    matches!(byte, b'=' | b'/' | b'_' | b'%' | 0x80..) || is_token_border(byte)
}

/// What never stands inside an encoded token.
fn is_token_border(byte: u8) -> bool {
    matches!(
        byte,
        b',' | b';'
            | b'|'
            | b'&'
            | b'<'
            | b'>'
            | b'"'
            | b'\''
            | b'{'
            | b'}'
            | b'['
            | b']'
            | b':'
            | b'@'
            | b'\t'
            | b'#'
            | b'?'
    )
}
