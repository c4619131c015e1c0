//! How is a name found among hundreds in a few nanoseconds?
//!
//! Open addressing over a power of two of slots, and a short list of prefixes. Names are folded on the stack.

use super::super::fold::{FoldedName, LONGEST_NAME};

/// What CGI puts in front (RFC 3875 §4.1.18), folded.
const CGI: &[u8] = b"http-";

/// Names, and which signature each belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Folded name and signature; the place is the name's hash, or the next free slot after it.
    slots: Vec<Option<(Box<[u8]>, usize)>>,
    prefixes: Vec<(Box<[u8]>, usize)>,
    /// For each length, which [`openers`] names of that length have: nearly all others are turned away by it.
    openers: Vec<u64>,
}

impl Index {
    /// Builds it. Names are those of the files; a trailing `*` makes a prefix.
    pub fn new<'a>(names: impl Iterator<Item = (&'a str, usize)>) -> Self {
        let (prefixes, exact): (Vec<_>, Vec<_>) = names.partition(|(name, _)| name.ends_with('*'));
        let slots = vec![None; (exact.len() * 4).next_power_of_two()];
        let mut index = Self { slots, prefixes: Vec::new(), openers: vec![0; LONGEST_NAME + 1] };
        for (name, signature) in exact {
            if let Some(folded) = FoldedName::new(name.as_bytes()) {
                index.insert(folded.as_bytes(), signature);
            }
        }
        for (name, signature) in prefixes {
            if let Some(folded) = FoldedName::new(name.trim_end_matches('*').as_bytes()) {
                let prefix = folded.as_bytes();
                (prefix.len()..=LONGEST_NAME).for_each(|len| index.open(prefix, len));
                index.prefixes.push((prefix.into(), signature));
            }
        }
        // The longest prefix says most.
        index.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        index
    }

    /// Lets names of this length that begin like `name` pass, in their CGI spelling as well.
    fn open(&mut self, name: &[u8], len: usize) {
        // Behind a prefix of two letters may stand anything.
        let own = if name.len() == len || name.len() > 2 { openers(name) } else { u64::MAX };
        for (at, opener) in [(len, own), (len + CGI.len(), openers(CGI))] {
            self.openers.get_mut(at).into_iter().for_each(|set| *set |= opener);
        }
    }

    fn insert(&mut self, name: &[u8], signature: usize) {
        self.open(name, name.len());
        let free = self.probe(name).find(|&at| matches!(self.slots.get(at), Some(None)));
        if let Some(slot) = free.and_then(|at| self.slots.get_mut(at)) {
            *slot = Some((name.into(), signature));
        }
    }

    /// The signature for a name as it was spelt.
    #[inline]
    pub fn lookup(&self, name: &[u8]) -> Option<usize> {
        let opens = self.openers.get(name.len()).is_some_and(|set| set & openers(name) != 0);
        if opens { self.search(name) } else { None }
    }

    /// Kept apart from what turns most names away.
    #[inline(never)]
    fn search(&self, name: &[u8]) -> Option<usize> {
        let folded = FoldedName::new(name)?;
        let name = folded.as_bytes();
        let cgi = || name.strip_prefix(CGI).filter(|rest| rest.starts_with(b"x-"));
        self.exact(name).or_else(|| self.by_prefix(name)).or_else(|| {
            let name = cgi()?;
            self.exact(name).or_else(|| self.by_prefix(name))
        })
    }

    fn exact(&self, name: &[u8]) -> Option<usize> {
        let mut entries = self.probe(name).map_while(|at| self.slots.get(at)?.as_ref());
        entries.find(|(entry, _)| **entry == *name).map(|(_, signature)| *signature)
    }

    fn by_prefix(&self, name: &[u8]) -> Option<usize> {
        self.prefixes.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, signature)| *signature)
    }

    /// Slots in the order in which a name may stand in them.
    fn probe(&self, name: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len().wrapping_sub(1);
        let start = hash(name);
        (0..self.slots.len()).map(move |step| start.wrapping_add(step) & mask)
    }
}

/// A bit for the first character and the third, which stands behind the `x-` of most. They count by their last five bits,
/// in which letters of both cases are alike; `_` is `-`.
fn openers(name: &[u8]) -> u64 {
    let letter = |at: usize| name.get(at).map_or(0, |&byte| if byte == b'_' { b'-' } else { byte } & 31);
    1 << ((letter(0) ^ letter(2) << 2) & 63)
}

/// FNV-1a over eight bytes at a time. Whoever sends names that collide gains at most a walk over a table that is three
/// quarters empty.
fn hash(name: &[u8]) -> usize {
    let (words, rest) = name.as_chunks();
    let rest = rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain([rest]);
    let hash = words.fold(0xcbf2_9ce4_8422_2325_u64, |hash, word| {
        let product = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        product ^ product >> 29
    });
    hash as usize
}
