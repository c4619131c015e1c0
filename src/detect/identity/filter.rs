//! Could these digits be a form of one of the user's own?
//!
//! Answered from one bit, before they are digested: of the digits that stand in ordinary messages, next to none are. The
//! bits are set under a key of this process, like the digests.

/// Bits for each form: one in sixteen is set at most.
const SPARSE: usize = 16;

/// The bits.
#[derive(Default)]
pub(super) struct Filter {
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

    /// The product with a key, folded: every bit of it hangs on every digit.
    fn mixed(self, (one, other): (u64, u64)) -> usize {
        let product = u128::from(self.value ^ one ^ self.len.rotate_right(8)) * u128::from(other | 1);
        (product as u64 ^ (product >> 64) as u64) as usize
    }
}

impl Filter {
    /// Adds a form; it counts once the filter is sealed.
    pub fn add(&mut self, key: (u64, u64), sum: Sum) {
        self.added.push(sum.mixed(key) as u64);
    }

    /// Makes room for what was added, and sets its bits.
    pub fn seal(&mut self) {
        self.bits = vec![0; (self.added.len() * SPARSE).next_power_of_two().div_ceil(64)];
        for at in 0..self.added.len() {
            let mixed = self.added.get(at).map_or(0, |&mixed| mixed as usize);
            let (word, bit) = self.place(mixed);
            if let Some(word) = self.bits.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// Whether they may be one; if not, they are none.
    pub fn may_be(&self, key: (u64, u64), sum: Sum) -> bool {
        let (word, bit) = self.place(sum.mixed(key));
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The number of words is a power of two.
    fn place(&self, mixed: usize) -> (usize, u64) {
        ((mixed / 64) & self.bits.len().wrapping_sub(1), 1 << (mixed % 64))
    }
}
