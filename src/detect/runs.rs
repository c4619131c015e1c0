//! Where do runs of such bytes stand?

use std::ops::Range;

/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// The runs of at least `least` bytes of a class, in order.
///
/// Bytes become bits, 64 at a time and without a branch: most texts have no run that is long enough, and that shows in a
/// few steps for each block.
pub(super) struct Runs<'a, C> {
    text: &'a [u8],
    class: C,
    least: usize,
    /// Where this block begins.
    base: usize,
    /// Which bytes of this block belong, without those that were told, and which of the next.
    here: u64,
    next: u64,
}

impl<'a, C: Fn(u8) -> bool> Runs<'a, C> {
    /// Begins at the front; `least` is between one and 64. The class tells of each byte whether it belongs, zero does not.
    pub fn new(text: &'a [u8], class: C, least: usize) -> Self {
        let mut runs = Self { text, class, least, base: 0, here: 0, next: 0 };
        (runs.here, runs.next) = (runs.bits(0), runs.bits(BLOCK));
        runs
    }

    fn bits(&self, from: usize) -> u64 {
        let Some(rest) = self.text.get(from..).filter(|rest| !rest.is_empty()) else { return 0 };
        if let Some(block) = rest.first_chunk() {
            return bits(block, &self.class);
        }
        let mut block = [0; BLOCK];
        block.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
        bits(&block, &self.class)
    }

    fn advance(&mut self) {
        self.base += BLOCK;
        self.here = self.next;
        self.next = self.bits(self.base + BLOCK);
    }

    /// Where the run that begins here ends; nothing of it is told again.
    fn end(&mut self, start: usize) -> usize {
        let mut bit = start - self.base;
        loop {
            bit += (self.here >> bit).trailing_ones() as usize;
            if bit < BLOCK {
                self.here &= u64::MAX << bit;
                return self.base + bit;
            }
            self.advance();
            bit = 0;
            if self.base >= self.text.len() {
                return self.text.len();
            }
        }
    }
}

impl<C: Fn(u8) -> bool> Iterator for Runs<'_, C> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.base < self.text.len() {
            let starts = starts(u128::from(self.next) << BLOCK | u128::from(self.here), self.least);
            if starts != 0 {
                let start = self.base + starts.trailing_zeros() as usize;
                return Some(start..self.end(start));
            }
            self.advance();
        }
        None
    }
}

/// The bit of each byte, the first one lowest.
fn bits(block: &[u8; BLOCK], class: impl Fn(u8) -> bool) -> u64 {
    let flags = block.map(|byte| u8::from(class(byte)));
    let (eights, _) = flags.as_chunks();
    eights.iter().rev().fold(0, |bits, eight| {
        // The lowest bits of eight bytes come together in the highest byte of the product.
        bits << 8 | u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// Which of the first 64 bits are followed by enough others.
fn starts(bits: u128, least: usize) -> u64 {
    let (mut starts, mut len) = (bits, 1);
    while len < least {
        let more = len.min(least - len);
        starts &= starts >> more;
        len += more;
    }
    starts as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Byte by byte.
    fn simply(text: &[u8], least: usize) -> Vec<Range<usize>> {
        let (mut runs, mut start) = (Vec::new(), 0);
        for at in 0..=text.len() {
            if text.get(at).is_none_or(|byte| !byte.is_ascii_digit()) {
                runs.extend(Some(start..at).filter(|run| run.len() >= least));
                start = at + 1;
            }
        }
        runs
    }

    #[test]
    fn every_run_is_told_once_wherever_blocks_end() {
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..4000 {
            let (len, rare) = (random.usize(0..400), [2, 8, 30, 200][round % 4]);
            let text: Vec<u8> = (0..len).map(|_| if random.usize(0..rare) == 0 { b'-' } else { b'7' }).collect();
            let least = [1, 2, 8, 11, 64][round % 5];
            let runs: Vec<_> = Runs::new(&text, |byte| byte.is_ascii_digit(), least).collect();
            assert_eq!(runs, simply(&text, least), "{least}: {text:?}");
        }
    }
}
