//! Where in a text does one of the user's own stand, in clear or encoded?

use std::ops::Range;

use super::{
    decode::{self, Decoded},
    digits,
    forms::{Form, Forms, Role},
    mail, token, wide,
};

/// How many encodings are undone, one inside the other.
pub(super) const DEPTH: usize = 3;

/// How much one message may cost: a byte decoded is one, a look-up counts as sixteen. A hundred times what an
/// ordinary message needs, and well under a millisecond.
const BUDGET: usize = 64 << 10;
const LOOKUP: usize = 16;

/// What a text counts for that was decoded, whatever its length: to begin with one costs as much as to decode so much.
const TEXT: usize = 32;

/// What a stretch with escapes counts for, beside its length.
const STRETCH: usize = 16;

/// What a text counts for when the budget is divided. The least is enough for a short one that is encoded thrice.
pub(super) fn weight(length: usize) -> usize {
    length + 64
}

/// How many places of one stretch are told.
const MOST: usize = 16;

/// Told of each place with what stands there.
pub(super) type Found<'f> = dyn FnMut(Range<usize>, Form) + 'f;

/// Looks through one message.
pub(super) struct Search<'a> {
    forms: &'a Forms,
    budget: usize,
}

impl<'a> Search<'a> {
    /// Begins a text of this weight, in a message whose texts weigh so much together: each has its share of the budget,
    /// wherever it stands.
    pub fn new(forms: &'a Forms, weight: usize, whole: usize) -> Self {
        Self { forms, budget: BUDGET * weight / whole.max(1) }
    }

    /// What is looked for.
    pub fn forms(&self) -> &'a Forms {
        self.forms
    }

    /// Looks something up, as long as the message has not cost too much already.
    pub fn lookup(&mut self, role: Role, bytes: &[u8]) -> Option<Form> {
        if self.spend(LOOKUP) { self.forms.lookup(role, bytes) } else { None }
    }

    /// Whether so much more may be spent; if so, it is.
    pub fn spend(&mut self, cost: usize) -> bool {
        let left = self.budget.checked_sub(cost);
        self.budget = left.unwrap_or(self.budget);
        left.is_some()
    }

    /// Tells every place of the text; `depth` encodings are undone.
    pub fn text(&mut self, text: &[u8], depth: usize, found: &mut Found<'_>) {
        if depth < DEPTH && !self.spend(TEXT) {
            return;
        }
        if self.forms.has_numbers() {
            digits::search(self, text, found);
        }
        token::search(self, text, depth, found);
        // No field has a zero in it; what is decoded may.
        if !text.is_ascii() || depth < DEPTH && memchr::memchr(0, text).is_some() {
            wide::search(self, text, depth, found);
        }
        if memchr::memchr3(b'@', b'%', b'\\', text).is_none() {
            return;
        }
        if self.forms.has_accounts() {
            mail::search(self, text, found);
        }
        if depth > 0 {
            for mark in [b'%', b'\\'] {
                escaped(self, text, mark, depth - 1, found);
            }
        }
    }
}

/// Stretches with percent signs or backslashes, each decoded as a whole; places are those of the escaped text.
fn escaped(search: &mut Search<'_>, text: &[u8], mark: u8, depth: usize, found: &mut Found<'_>) {
    let mut start = 0;
    while let Some(at) = memchr::memchr(mark, text.get(start..).unwrap_or_default()) {
        let at = start + at;
        let before = text.get(start..at).unwrap_or_default();
        let begin = before.iter().rposition(|&byte| is_gap(byte)).map_or(start, |gap| start + gap + 1);
        let end = text.iter().skip(at).position(|&byte| is_gap(byte)).map_or(text.len(), |gap| at + gap);
        let stretch = text.get(begin..end).unwrap_or_default();
        if !search.spend(stretch.len() + STRETCH) {
            return;
        }
        let mut inner = Decoded::new();
        if decode::unescape(stretch, mark, &mut inner).is_some() {
            let mut told = 0;
            search.text(&inner, depth, &mut |span, form| {
                told += 1;
                if told <= MOST {
                    let span = decode::unescaped_place(stretch, mark, span);
                    found(begin + span.start..begin + span.end, form);
                }
            });
        }
        start = end.max(at + 1);
    }
}

/// What stands on the other side of these was read as it is.
fn is_gap(byte: u8) -> bool {
    matches!(byte, b';' | b'&' | b',' | b' ' | b'=')
}
