//! Has the origin said its settings yet?
//!
//! h2 tells what the settings hold, but not whether they have come. The first frame of a server is its settings, so it
//! is enough to see that frame go by.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Length of a frame's header; its first three bytes are the payload's length (RFC 9113 §4.1).
const HEADER: usize = 9;

/// A stream that notices when its first frame has been read.
#[derive(Debug)]
pub struct FirstFrame<IO> {
    io: IO,
    length: [u8; 3],
    count: usize,
    seen: Arc<AtomicBool>,
}

impl<IO> FirstFrame<IO> {
    /// Watches a stream; the flag turns true once the whole first frame has been read.
    pub fn watch(io: IO) -> (Self, Arc<AtomicBool>) {
        let seen = Arc::new(AtomicBool::new(false));
        (Self { io, length: [0; 3], count: 0, seen: Arc::clone(&seen) }, seen)
    }

    fn observe(&mut self, bytes: &[u8]) {
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

impl<IO: AsyncRead + Unpin> AsyncRead for FirstFrame<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        if !self.seen.load(Ordering::Relaxed) {
            self.observe(buffer.filled().get(before..).unwrap_or_default());
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for FirstFrame<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_seen_whole_or_not_at_all() {
        let frame = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1];
        for split in 0..frame.len() {
            let (mut stream, seen) = FirstFrame::watch(());
            stream.observe(&frame[..split]);
            assert!(!seen.load(Ordering::Acquire));
            stream.observe(&frame[split..]);
            assert!(seen.load(Ordering::Acquire));
        }
    }
}
