//! What do other fields of a message say about who writes one?

use smallvec::SmallVec;

use super::{
    Folded, Name,
    trade::{self, Said},
};

/// How many vendors are remembered of a message.
const VENDORS: usize = 4;

/// What other fields of a message say about who writes.
#[derive(Clone, Debug, Default)]
pub(in crate::detect) struct Company {
    /// Whether one of them is surely a network's.
    some: bool,
    /// What the names of those begin with, where it is no word: somebody's name.
    vendors: SmallVec<[Folded; VENDORS]>,
}

impl Company {
    /// Takes account of a field that is surely a network's.
    pub fn admit(&mut self, name: &Name<'_>) {
        self.some = true;
        let folded = name.folded();
        let vendor = folded.vendor().filter(|_| self.vendors.len() < VENDORS);
        if vendor.is_some_and(|vendor| trade::is_name(folded.piece(vendor))) {
            self.vendors.push(folded.clone());
        }
    }

    /// Whether one of them is surely a network's: if not, it says nothing of any field.
    pub fn is_some(&self) -> bool {
        self.some
    }

    /// Whether a field is one of the network's because its name begins as theirs do, or may be.
    pub fn says(&self, name: &Name<'_>) -> Option<Said> {
        if !self.some {
            return None;
        }
        let folded = name.folded();
        let vendor = folded.vendor().map(|vendor| folded.piece(vendor));
        let kin = |other: &Folded| vendor.is_some() && other.vendor().map(|vendor| other.piece(vendor)) == vendor;
        Some(if self.vendors.iter().any(kin) { Said::Here } else { Said::Elsewhere })
    }
}
