//! What is there to be read in the name of a field?

use std::cell::OnceCell;

use super::{Folded, Reading, Rule, Sense, Told, read_folded, sort, told, trade};
use crate::detect::{
    quiet::{self, Question},
    vocabulary::VOCABULARY,
};

/// A name that several questions are asked of: it is folded and its words are classed once, and only if one of them needs
/// it.
pub(in crate::detect) struct Name<'a> {
    bytes: &'a [u8],
    /// What its words say, if that was read before.
    known: Option<Reading>,
    folded: OnceCell<Folded>,
    classes: OnceCell<u64>,
}

impl<'a> Name<'a> {
    /// A name as it was spelt.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::known(bytes, None)
    }

    /// A name of which it may be known what its words say.
    pub fn known(bytes: &'a [u8], known: Option<Reading>) -> Self {
        Self { bytes, known, folded: OnceCell::new(), classes: OnceCell::new() }
    }

    /// What its words say.
    pub fn read(&self) -> Reading {
        if let Some(known) = self.known {
            return known;
        }
        if VOCABULARY.may_stand_in(self.bytes) { read_folded(self.folded()) } else { Reading::Nothing }
    }

    /// Whether a field of this name holds several things that a network knows: `X-Wap-Info`, `X-Operator-Params`.
    pub fn is_holder(&self) -> bool {
        let has = |is_one: fn(&[u8]) -> bool| self.folded().tokens().any(is_one);
        has(|token| VOCABULARY.holders.has(token))
            && has(|token| VOCABULARY.trade.has(token) || VOCABULARY.network.has(token))
    }

    /// What its words say beside those of a network; `plain` if only what describes the network may stand under it, which
    /// does not tell without a network's name.
    pub fn sense(&self, plain: bool) -> Option<Sense> {
        if trade::is_moot(self.folded(), plain) {
            return None;
        }
        // Values of one name differ; that it says nothing stays.
        let known = quiet::recall(Question::Sense, 0, self.bytes, b"");
        if let Some((_, Some(_))) = known {
            return None;
        }
        let sense = trade::together(self.folded(), self.classes());
        if let Some((mark, None)) = known.filter(|_| sense.is_none()) {
            quiet::keep(mark, 0);
        }
        sense
    }

    /// Whether it speaks of a machine of the site's, or of something else that is nobody's.
    pub fn is_machines(&self) -> bool {
        sort::is_machines(self.classes())
    }

    /// Whether it speaks of a place.
    pub fn is_place(&self) -> bool {
        sort::may_be_place(self.folded()) && sort::is_place(self.classes())
    }

    /// Whether it speaks of a thing that has numbers of its own, or points at one: `X-Merchant-Id`, `Order-Number`.
    pub fn is_thing(&self) -> bool {
        sort::is_thing(self.folded()) || self.is_machines()
    }

    /// Whether it begins with that of a network, as it stands.
    pub fn is_branded(&self) -> bool {
        trade::is_branded(self.folded())
    }

    /// Which of its words told, for people who ask.
    pub fn told(&self, rule: Option<&Rule>) -> Told {
        told::told(self.folded(), rule)
    }

    /// The classes of its words.
    fn classes(&self) -> u64 {
        *self.classes.get_or_init(|| trade::LEXICON.read(self.folded()))
    }

    pub(super) fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| Folded::new(self.bytes))
    }
}
