//! Could this be a form of one of the user's own?
//!
//! Answered from two bits of one word, before anything is digested: of the digits and hashes that stand in ordinary
//! messages, next to none are. The bits are set under a key of this process, like the digests.

use super::forms::MOST_DIGITS;

/// Bits for each form: one in eight is set at most.
const SPARSE: usize = 16;

/// Words at least, so that a single number's forms are sparse as well.
const FEWEST: usize = 64;

/// The powers of ten, as far as forms have digits, without what runs over.
static POWERS: [u64; MOST_DIGITS + 1] = {
    let mut powers = [1_u64; MOST_DIGITS + 1];
    let mut at = 1;
    while at <= MOST_DIGITS {
        powers[at] = powers[at - 1].wrapping_mul(10);
        at += 1;
    }
    powers
};

/// The bits.
#[derive(Default)]
pub(super) struct Filter {
    key: (u64, u64),
    bits: Vec<u64>,
    added: Vec<u64>,
}

/// What is known of digits while they are read.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    value: u64,
    len: u64,
}

impl Sum {
    /// Takes one more digit.
    pub fn push(&mut self, digit: u8) {
        self.value = self.value.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')));
        self.len += 1;
    }

    /// How many digits were taken.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// The digits behind those that came before; of numbers that are no longer than a form may be.
    pub fn without(self, before: Self) -> Self {
        let len = self.len - before.len;
        let shift = POWERS.get(len as usize).copied().unwrap_or(0);
        Self { value: self.value.wrapping_sub(before.value.wrapping_mul(shift)), len }
    }

    /// The same without the last two; of sums that have not run over, which those of nineteen digits do not.
    pub fn without_two(self) -> Self {
        Self { value: self.value / 100, len: self.len.saturating_sub(2) }
    }

    /// The sum of these digits.
    pub fn of(digits: &[u8]) -> Self {
        let mut sum = Self::default();
        digits.iter().for_each(|&digit| sum.push(digit));
        sum
    }

    /// What stands for it in a filter.
    pub fn mark(self) -> u64 {
        self.value ^ self.len.rotate_right(8)
    }
}

impl Filter {
    /// An empty one under a key.
    pub fn new(key: (u64, u64)) -> Self {
        Self { key, ..Self::default() }
    }

    /// Adds a form by its mark; it counts once the filter is sealed.
    pub fn add(&mut self, mark: u64) {
        self.added.push(mark);
    }

    /// Makes room for what was added, and sets its bits.
    pub fn seal(&mut self) {
        let words = (self.added.len() * SPARSE).div_ceil(64).next_power_of_two();
        self.bits = vec![0; words.max(FEWEST)];
        for mark in std::mem::take(&mut self.added) {
            let (word, bits) = self.place(mark);
            if let Some(word) = self.bits.get_mut(word) {
                *word |= bits;
            }
        }
    }

    /// Whether a form may have this mark; if not, none has.
    pub fn may_be(&self, mark: u64) -> bool {
        let (word, bits) = self.place(mark);
        self.bits.get(word).is_some_and(|word| word & bits == bits)
    }

    /// The product with the key, folded: every bit of it hangs on every bit of the mark. The number of words is a power
    /// of two.
    fn place(&self, mark: u64) -> (usize, u64) {
        let (one, other) = self.key;
        let product = u128::from(mark ^ one) * u128::from(other | 1);
        let mixed = product as u64 ^ (product >> 64) as u64;
        let bits = 1 << (mixed >> 58) | 1 << (mixed >> 52 & 63);
        (mixed as usize & self.bits.len().wrapping_sub(1), bits)
    }
}
