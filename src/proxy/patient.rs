//! For how long may an origin refuse to take what we send?

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stall::Stall;

/// A stream that gives up when the peer takes nothing for a while. Silence in the other direction is judged where it is
/// known what is being waited for.
#[derive(Debug)]
pub struct Patient<IO> {
    io: IO,
    patience: Duration,
    writing: Stall,
    /// The peer takes nothing any more, but what it said before may still be there to be read.
    is_deaf: bool,
    /// All that it said has been read.
    has_ended: bool,
}

impl<IO> Patient<IO> {
    /// Wraps a stream.
    pub fn new(io: IO, patience: Duration) -> Self {
        Self { io, patience, writing: Stall::default(), is_deaf: false, has_ended: false }
    }

    /// An origin that answers early and closes resets what is still being sent to it. Its answer stands all the same: so
    /// the end is left to the reader to find, and writing only waits.
    fn settle<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let is_reset =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
        let written = match written {
            Poll::Ready(Err(error)) if self.has_ended => Poll::Ready(Err(error)),
            Poll::Ready(Err(error)) if is_reset(&error) && !self.is_deaf => {
                self.is_deaf = true;
                // Reading is due now: whoever waits for the answer looks again.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Err(_)) if self.is_deaf => Poll::Pending,
            written => written,
        };
        self.writing.guard(cx, self.patience, written)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Patient<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        self.has_ended |= match &read {
            Poll::Ready(Ok(())) => buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Patient<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(cx, bytes);
        this.settle(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(cx, bytes);
        this.settle(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(cx);
        this.settle(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
