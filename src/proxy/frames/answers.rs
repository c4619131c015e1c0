//! What is hyper shown of an origin's answers?
//!
//! All that they say, if it is well formed. A head or trailers that are not (RFC 9113 §8.1.1) become ones that h2 refuses:
//! the stream is reset, and the client is told of a bad gateway, or that the answer broke off.

use std::{
    collections::BTreeSet,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    blocks::{BlockReader, Judge, Unreadable},
    header::{Kind, Outline},
    written::written,
};
use crate::exchange::{
    Version,
    grammar::{FieldList, Framing},
    hpack::literal,
};

/// What we say before our first frame (RFC 9113 §3.4).
const PREFACE: usize = 24;

/// Judges what an origin sends.
#[derive(Debug, Default)]
pub struct Answers {
    /// Streams on which the head of the answer has come, and its end has not.
    begun: BTreeSet<u32>,
}

impl Answers {
    fn is_sound(&mut self, stream: u32, list: &FieldList) -> bool {
        if list.is_too_large() {
            return false;
        }
        if self.begun.contains(&stream) {
            return list.check_trailers().is_ok();
        }
        let Ok(status) = list.status() else { return false };
        if status >= 200 {
            self.begun.insert(stream);
        }
        Framing::check_response(Version::Http11, list.fields()).is_ok()
    }
}

impl Judge for Answers {
    fn judge(&mut self, stream: u32, _: bool, list: FieldList, shown: &mut Vec<u8>) -> Result<(), Unreadable> {
        if !self.is_sound(stream, &list) {
            tracing::debug!("an origin's answer over HTTP/2 is malformed");
            // What h2 refuses in heads and trailers alike, as an error of the stream (RFC 9113 §8.2.2).
            literal(b"te", b"", shown);
            return Ok(());
        }
        for field in list.iter() {
            literal(&field.name, &field.value, shown);
        }
        Ok(())
    }

    fn ended(&mut self, stream: u32) {
        self.begun.remove(&stream);
    }
}

/// A connection to an origin whose answers are judged before hyper sees them.
#[derive(Debug)]
pub struct Judged<IO> {
    io: IO,
    /// Boxed: what hyper holds has room for its parts several times over.
    blocks: Box<BlockReader<Answers>>,
    outgoing: Outline,
}

impl<IO> Judged<IO> {
    /// Judges what comes from `io`; heads may have `most` bytes.
    pub fn new(io: IO, most: usize) -> Self {
        let blocks = Box::new(BlockReader::new(0, most, Answers::default()));
        Self { io, blocks, outgoing: Outline::behind(PREFACE) }
    }

    fn note(&mut self, bytes: &[u8]) {
        let Self { blocks, outgoing, .. } = self;
        outgoing.follow(bytes, |frame| {
            if frame.kind == Kind::Reset {
                blocks.judge_mut().ended(frame.stream);
            }
        });
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Judged<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.blocks.show(&mut *buffer) {
                return Poll::Ready(Ok(()));
            }
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(cx, buffer))?;
            let fresh = buffer.filled().get(before..).unwrap_or_default();
            if fresh.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let passed = this.blocks.pass(fresh);
            let read = this.blocks.read(fresh.get(passed..).unwrap_or_default());
            buffer.set_filled(before + passed);
            read.map_err(|unreadable| io::Error::new(io::ErrorKind::InvalidData, unreadable))?;
            if passed > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Judged<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let count = ready!(Pin::new(&mut this.io).poll_write(cx, bytes))?;
        this.note(bytes.get(..count).unwrap_or_default());
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let count = ready!(Pin::new(&mut this.io).poll_write_vectored(cx, slices))?;
        written(slices, count).for_each(|bytes| this.note(bytes));
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
