//! How do answers leave, and how does a connection end after the last one?

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Recorder, State};

/// For how long, and for how many bytes, what nobody wants any more is read after an early answer.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 256 * 1024;

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Recorder<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.writer.poll_write(this.io.get_mut(), cx, bytes);
        this.guard_write(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.writer.poll_write_vectored(this.io.get_mut(), cx, bytes);
        this.guard_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.get_ref().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = this.writer.poll_flush(this.io.get_mut(), cx);
        // hyper reads before it flushes, and asks for a flush when it has written all that it had.
        if this.may_rest && matches!(flushed, Poll::Ready(Ok(()))) {
            this.tape.rest();
        }
        this.guard_write(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let ended = this.writer.poll_shutdown(this.io.get_mut(), cx);
        ready!(this.guard_write(cx, ended))?;
        this.poll_linger(cx).map(Ok)
    }
}

impl<IO> Recorder<IO> {
    /// A client that takes nothing more is given up; a tunnel keeps its own time.
    fn guard_write<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(self.state, State::Tunnel) { written } else { self.writing.guard(cx, self.patience.body, written) }
    }
}

impl<IO: AsyncRead + Unpin> Recorder<IO> {
    /// After an answer that did not wait for the whole request: the rest is read and thrown away for a moment. If the
    /// connection were closed over unread bytes, TCP would reset it and the client might never see the answer
    /// (RFC 9112 §9.6).
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_ended || !matches!(self.state, State::Body(..) | State::Refused) {
            return Poll::Ready(());
        }
        self.io.set_limit(LINGER_BYTES.saturating_sub(self.lingered));
        let mut waste = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut waste);
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.lingered += buffer.filled().len() as u64,
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.reading.poll(cx, LINGER),
            }
        }
    }
}
