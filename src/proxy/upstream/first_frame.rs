//! Has the origin said its settings yet?
//!
//! h2 tells what the settings hold, but not whether they have come. The first frame of a server is its settings, so it
//! is enough to see that frame go by.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::io::AsyncRead;
use tokio_util::io::InspectReader;

/// Length of a frame's header; its first three bytes are the payload's length (RFC 9113 §4.1).
const HEADER: usize = 9;

/// Watches a stream; the flag turns true once the whole first frame has been read.
pub fn watch<IO: AsyncRead>(io: IO, seen: Arc<AtomicBool>) -> InspectReader<IO, impl FnMut(&[u8]) + Send> {
    let mut frame = FirstFrame { length: [0; 3], count: 0, seen };
    InspectReader::new(io, move |bytes: &[u8]| frame.observe(bytes))
}

/// What has been read of the first frame.
#[derive(Debug)]
struct FirstFrame {
    length: [u8; 3],
    count: usize,
    seen: Arc<AtomicBool>,
}

impl FirstFrame {
    fn observe(&mut self, bytes: &[u8]) {
        if self.seen.load(Ordering::Relaxed) {
            return;
        }
        for (slot, byte) in self.length.iter_mut().skip(self.count).zip(bytes) {
            *slot = *byte;
        }
        self.count = self.count.saturating_add(bytes.len());
        let [high, middle, low] = self.length;
        let payload = u32::from_be_bytes([0, high, middle, low]) as usize;
        if self.count >= HEADER + payload {
            self.seen.store(true, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_seen_whole_or_not_at_all() {
        let frame = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1];
        for split in 0..frame.len() {
            let mut first = FirstFrame { length: [0; 3], count: 0, seen: Arc::default() };
            first.observe(&frame[..split]);
            assert!(!first.seen.load(Ordering::Acquire));
            first.observe(&frame[split..]);
            assert!(first.seen.load(Ordering::Acquire));
        }
    }
}
