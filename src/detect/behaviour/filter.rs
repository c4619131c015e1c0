//! Which names were seen where nobody can add any?
//!
//! A set of digests in two kibibytes (Bloom 1970). It may hold a name too many, which keeps clir silent. So that this
//! stays rare however long it runs, there are two generations: when the younger has taken in what it can, it becomes the
//! older one.

use serde::{Deserialize, Serialize};

/// Words of one generation.
const WORDS: usize = 128;
/// So many words take as much room as one value under observation.
const WORDS_OF_ONE: usize = 50;
/// Bits set in a word of a name's.
const BITS: usize = 4;
/// Names of one generation: a fifth of its bits are set then, and one name in six hundred is there by chance.
const NAMES: u32 = 450;

/// A set of names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    young: Vec<u64>,
    old: Vec<u64>,
    added: u32,
}

impl Filter {
    /// Takes in a name; answers whether it is new.
    pub fn add(&mut self, name: u64) -> bool {
        if has(&self.young, name) {
            return false;
        }
        let is_new = !has(&self.old, name);
        if self.added >= NAMES {
            self.old = std::mem::take(&mut self.young);
            self.added = 0;
        }
        self.young.resize(WORDS, 0);
        self.added += 1;
        for (word, bit) in places(name) {
            if let Some(word) = self.young.get_mut(word) {
                *word |= bit;
            }
        }
        is_new
    }

    pub fn has(&self, name: u64) -> bool {
        has(&self.young, name) || has(&self.old, name)
    }

    /// How much room it takes, as so many values under observation.
    pub fn weight(&self) -> usize {
        (self.young.len() + self.old.len()) / WORDS_OF_ONE
    }

    /// Makes sound what was read from a file.
    pub fn repair(&mut self) {
        self.young.truncate(WORDS);
        self.old.truncate(WORDS);
    }
}

fn has(words: &[u64], name: u64) -> bool {
    !words.is_empty() && places(name).all(|(word, bit)| words.get(word).is_some_and(|word| word & bit != 0))
}

fn places(name: u64) -> impl Iterator<Item = (usize, u64)> {
    let parts = (0..BITS).map(move |turn| (name >> (turn * 16)) as u16);
    parts.map(|part| (usize::from(part >> 6) % WORDS, 1 << (part & 63)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests are evenly spread.
    fn name(turn: u64) -> u64 {
        let mixed = (turn + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ mixed >> 31
    }

    #[test]
    fn it_stays_sharp_however_much_it_takes_in() {
        let mut filter = Filter::default();
        let new = (0..10_000).filter(|&turn| filter.add(name(turn))).count();
        assert!(new > 9_900, "{new}");
        assert!((9_900..10_000).all(|turn| filter.has(name(turn))), "what came last is there");
        let wrong = (20_000..30_000).filter(|&turn| filter.has(name(turn))).count();
        assert!(wrong < 200, "{wrong} of 10000");
        assert!(!filter.add(name(9_999)) && filter.add(name(5)), "long ago");
    }
}
