//! Which numbers stand in a value in clear?
//!
//! A value is read once, whatever kinds are looked for: its parts are found, and their digits, when the first of them is
//! asked for.

use std::{cell::OnceCell, ops::Range};

use smallvec::SmallVec;

use super::{
    Fit, Hit,
    decode::LONGEST,
    imei, judge_digits,
    number::{self, Digits},
    opaque::trimmed,
    signs::{BLANK, BORDER, is_apart, kind, most_digits, signs},
};
use crate::detect::Identifier;

/// How many parts of a value are looked at between borders, and as many between borders and blanks. More than a leak
/// ever had; fewer than it takes to keep a proxy busy.
const PARTS: usize = 32;

/// Subscriptions have thirteen digits at least, cards eighteen; of a device, hexadecimal ones may be among them.
fn fewest(identifier: Identifier) -> usize {
    match identifier {
        Identifier::Imsi => 13,
        Identifier::Iccid => 18,
        _ => number::FEWEST,
    }
}

/// A part of the value that may be a number.
#[derive(Clone, Copy)]
struct Token {
    start: usize,
    end: usize,
    /// Its digits; nothing where hexadecimal ones are among them.
    digits: Option<Digits>,
}

/// All there are; as many as an ordinary value has fit on the stack.
type Tokens = SmallVec<[Token; 6]>;

/// What signs the value has.
#[derive(Clone, Copy)]
struct Signs {
    digits: usize,
    borders: bool,
    blanks: bool,
}

/// A value, as far as it was read.
pub(in crate::detect) struct Numbers<'a> {
    value: &'a [u8],
    signs: OnceCell<Signs>,
    /// How many digits stand between two borders.
    most: OnceCell<usize>,
    whole: OnceCell<Option<Token>>,
    parts: OnceCell<Tokens>,
}

impl<'a> Numbers<'a> {
    /// A value of which nothing was read yet, and of which no more is than decoders take.
    pub fn of(value: &'a [u8]) -> Self {
        let value = value.get(..LONGEST).unwrap_or(value);
        let (signs, most) = (OnceCell::new(), OnceCell::new());
        Self { value, signs, most, whole: OnceCell::new(), parts: OnceCell::new() }
    }

    /// What is read.
    pub(super) fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The best number that stands here as it is read. What is one number as a whole is never taken for less, even if a
    /// part of it fits better.
    pub(super) fn in_clear(&self, identifier: Identifier) -> Option<Hit> {
        if !self.may_hold(fewest(identifier)) {
            return None;
        }
        let Signs { borders, blanks, .. } = self.signs();
        let whole = self.whole().and_then(|token| self.judged(identifier, token));
        if whole.as_ref().is_some_and(|hit| hit.fit == Fit::Checked) || !borders && !blanks {
            return whole;
        }
        let part = best(self.parts().iter().filter_map(|token| self.judged(identifier, token)));
        match (whole, part) {
            (Some(whole), Some(part)) => {
                Some(Hit { fit: whole.fit.min(part.fit), country: whole.country.or(part.country), ..whole })
            }
            (whole, part) => whole.or(part),
        }
    }

    /// The first of these kinds of which a number stands here in clear that passes every check.
    pub fn checked(&self, kinds: &[Identifier]) -> Option<(Identifier, Hit)> {
        let has = |kind: &Identifier| {
            let is_one = |token: &Token| {
                let fit = token.digits.as_ref().and_then(|digits| judge_digits(*kind, digits));
                fit.is_some_and(|(fit, _)| fit == Fit::Checked)
            };
            self.may_hold(fewest(*kind)) && (self.whole().is_some_and(is_one) || self.parts().iter().any(is_one))
        };
        let kind = *kinds.iter().find(|kind| has(kind))?;
        self.in_clear(kind).map(|hit| (kind, hit))
    }

    /// Whether so many digits stand together.
    fn may_hold(&self, fewest: usize) -> bool {
        let Signs { digits, borders, .. } = self.signs();
        digits >= fewest && (!borders || *self.most.get_or_init(|| most_digits(self.value)) >= fewest)
    }

    fn signs(&self) -> Signs {
        *self.signs.get_or_init(|| {
            let (digits, borders, blanks) = signs(self.value);
            Signs { digits, borders, blanks }
        })
    }

    fn whole(&self) -> Option<&Token> {
        self.whole.get_or_init(|| self.token(trimmed(self.value))).as_ref()
    }

    /// What stands between borders, then what stands between blanks as well.
    fn parts(&self) -> &[Token] {
        let Signs { borders, blanks, .. } = self.signs();
        if !borders && !blanks {
            return &[];
        }
        self.parts.get_or_init(|| {
            let value = self.value;
            let is = |kinds: u8| move |byte: u8| kind(byte) & kinds != 0;
            let spaced = parts(value, is(BORDER)).filter(|_| borders);
            let close = parts(value, is(BORDER | BLANK)).filter(|span| blanks && !is_apart(value, span));
            spaced.chain(close).filter_map(|span| self.token(span)).collect()
        })
    }

    /// What may be a number of any kind.
    fn token(&self, span: Range<usize>) -> Option<Token> {
        let text = self.value.get(span.clone()).filter(|text| text.len() >= number::FEWEST)?;
        let digits = Digits::parse(text);
        let Range { start, end } = span;
        (digits.is_some() || imei::fit_meid(text).is_some()).then_some(Token { start, end, digits })
    }

    /// This token as a hit, if it is a number of this kind.
    fn judged(&self, identifier: Identifier, token: &Token) -> Option<Hit> {
        let span = token.start..token.end;
        if span.len() < fewest(identifier) {
            return None;
        }
        let (fit, country) = match &token.digits {
            Some(digits) => judge_digits(identifier, digits)?,
            None if identifier == Identifier::Imei => (imei::fit_meid(self.value.get(span.clone())?)?, None),
            None => return None,
        };
        Some(Hit { country, ..Hit::plain(span, fit) })
    }
}

/// The first of the best; nothing beats a checked one, so the search ends there.
pub(super) fn best(hits: impl Iterator<Item = Hit>) -> Option<Hit> {
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
