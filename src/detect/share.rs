//! How much of this field is decoded?
//!
//! Decoding costs a hundred times what reading costs, so a message has a bounded amount of it. It is divided among the
//! fields that ask for it, all alike: which of them are decoded hangs on how many there are, never on their order.

use std::cell::OnceCell;

/// Bytes of a message that one detector decodes. What gateways insert together is a tenth of it.
const MOST: usize = 2048;

/// One field's share.
pub(super) struct Share<F> {
    bytes: OnceCell<usize>,
    most: usize,
    count: F,
}

impl<F: Fn() -> usize> Share<F> {
    /// `count` tells how many fields divide it, `most` at most; it is asked when that is not enough to know.
    pub fn among(most: usize, count: F) -> Self {
        Self { bytes: OnceCell::new(), most, count }
    }

    /// Whether a field with so many bytes may be decoded: a short one is, however many others there are.
    pub fn allows(&self, len: usize) -> bool {
        len <= MOST / self.most.max(1) || len <= MOST && len <= self.bytes()
    }

    /// How many bytes of each field may be decoded.
    pub fn bytes(&self) -> usize {
        *self.bytes.get_or_init(|| MOST / (self.count)().max(1))
    }
}
