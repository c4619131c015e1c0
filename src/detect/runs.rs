//! Where do runs of such bytes stand?

use std::ops::Range;

/// A set of bytes.
pub(super) type Class = [bool; 256];

/// The runs of at least `least` bytes of a class, in order.
pub(super) struct Runs<'a> {
    text: &'a [u8],
    class: &'static Class,
    least: usize,
    at: usize,
}

impl<'a> Runs<'a> {
    /// Begins at the front; `least` is at least one.
    pub fn new(text: &'a [u8], class: &'static Class, least: usize) -> Self {
        Self { text, class, least, at: 0 }
    }

    fn has(&self, byte: u8) -> bool {
        self.class.get(usize::from(byte)) == Some(&true)
    }
}

impl Iterator for Runs<'_> {
    type Item = Range<usize>;

    /// Each window is read from its last byte: one that does not belong rules out every run that would cover it, so that
    /// most bytes are never read.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at;
            let window = self.text.get(start..start + self.least)?;
            if let Some(gap) = window.iter().rposition(|&byte| !self.has(byte)) {
                self.at = start + gap + 1;
                continue;
            }
            let rest = self.text.get(start + self.least..).unwrap_or_default();
            let more = rest.iter().position(|&byte| !self.has(byte)).unwrap_or(rest.len());
            let end = start + self.least + more;
            self.at = end + 1;
            return Some(start..end);
        }
    }
}
