//! How do heads pass as they are?
//!
//! hyper frames messages, and does it well; but it keeps a head's fields in a map, which loses their spelling and the
//! order of repeated ones. So hyper is given only what frames the message. Below it, the head that it writes is replaced
//! by the one that is to be sent, and the head that it reads is kept beside it.

mod reader;
mod rewrite;
pub mod trailers;
mod writer;

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::exchange::{
    Fields, ResponseHead,
    grammar::{GrammarFault, HeadLimits},
};
use reader::HeadReader;
pub use writer::{HeadWriter, NextHead};

/// A connection to an origin on which heads pass as they are.
#[derive(Debug)]
pub struct Verbatim<IO> {
    io: IO,
    writer: HeadWriter,
    reader: HeadReader,
}

/// Says what head to send, and tells what head came back.
#[derive(Clone, Debug)]
pub struct Heads {
    next: NextHead,
    answer: Answer,
}

/// What is known of the latest request and its answer.
#[derive(Clone, Debug, Default)]
struct Answer(Arc<Mutex<Latest>>);

#[derive(Debug, Default)]
struct Latest {
    asked: Asked,
    interim: VecDeque<ResponseHead>,
    head: Option<Result<ResponseHead, GrammarFault>>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// An answer that may have a body.
    #[default]
    Body,
    /// A head alone.
    Head,
}

impl<IO> Verbatim<IO> {
    /// Wraps a connection on which requests will be sent.
    pub fn new(io: IO, limits: HeadLimits) -> (Self, Heads) {
        let heads = Heads { next: NextHead::default(), answer: Answer::default() };
        let writer = HeadWriter::new(heads.next.clone());
        let reader = HeadReader::new(heads.answer.clone(), limits);
        (Self { io, writer, reader }, heads)
    }
}

impl Heads {
    /// The next request goes out with these fields. What an earlier answer left behind is forgotten.
    pub fn send(&self, fields: Fields, asked: Asked) {
        *self.answer.lock() = Latest { asked, ..Latest::default() };
        self.next.set(fields);
    }

    /// What is written on this connection next.
    pub fn next(&self) -> NextHead {
        self.next.clone()
    }

    /// The head of the answer, as it came.
    pub fn answer(&self) -> Option<Result<ResponseHead, GrammarFault>> {
        self.answer.lock().head.take()
    }

    /// The next head of an interim answer, as it came.
    pub fn interim(&self) -> Option<ResponseHead> {
        self.answer.lock().interim.pop_front()
    }
}

impl Answer {
    fn lock(&self) -> MutexGuard<'_, Latest> {
        // Heads are put there whole or not at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Verbatim<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buffer))?;
        if this.writer.has_written_head() {
            this.reader.begin();
        }
        let observed = this.reader.observe(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(observed.map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault)))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Verbatim<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.writer.poll_write(&mut this.io, cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.writer.poll_write_vectored(&mut this.io, cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.writer.poll_flush(&mut this.io, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.writer.poll_shutdown(&mut this.io, cx)
    }
}
