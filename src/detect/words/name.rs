//! What is there to be read in the name of a field?

use std::cell::OnceCell;

use super::{Folded, Reading, Sense, read_folded, trade};
use crate::detect::vocabulary::VOCABULARY;

/// A name that several questions are asked of: it is folded once, and only if one of them needs it.
pub(in crate::detect) struct Name<'a> {
    bytes: &'a [u8],
    folded: OnceCell<Folded>,
}

impl<'a> Name<'a> {
    /// A name as it was spelt.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, folded: OnceCell::new() }
    }

    /// What its words say.
    pub fn read(&self) -> Reading {
        if VOCABULARY.may_stand_in(self.bytes) { read_folded(self.folded()) } else { Reading::Nothing }
    }

    /// Whether a field of this name holds several things that a network knows: `X-Wap-Info`, `X-Operator-Params`.
    pub fn is_holder(&self) -> bool {
        let has = |is_one: fn(&[u8]) -> bool| self.folded().tokens().any(is_one);
        has(|token| VOCABULARY.holders.has(token))
            && has(|token| VOCABULARY.trade.has(token) || VOCABULARY.network.has(token))
    }

    /// What its words say beside those of a network.
    pub fn sense(&self, plain: bool) -> Option<Sense> {
        trade::sense(self.folded(), plain)
    }

    /// Whether it speaks of a machine of the site's, or of something else that is nobody's.
    pub fn is_machines(&self) -> bool {
        trade::is_machines(self.folded())
    }

    fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| Folded::new(self.bytes))
    }
}
