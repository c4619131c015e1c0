//! How do heads pass as they are?
//!
//! hyper frames messages, and does it well; but it keeps a head's fields in a map, which loses their spelling and the
//! order of repeated ones. So hyper is given only what frames the message. Below it, the head that it writes is replaced
//! by the one that is to be sent, and the head that comes is kept beside it, which is shown its outline.

mod final_head;
mod lines;
mod reader;
mod rewrite;
pub mod trailers;
mod writer;

use std::{
    fmt::Debug,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use http::Method;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::exchange::{
    ResponseHead,
    grammar::{GrammarFault, HeadLimits},
};
pub use final_head::{FinalHead, Found};
pub use lines::Lines;
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
    /// Until the final head has come.
    ears: Option<Arc<dyn Ears>>,
    head: Option<Result<Read, GrammarFault>>,
}

/// A head that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The head.
    pub head: ResponseHead,
    /// How many fields hyper was shown of it.
    pub shown: usize,
}

/// Whoever hears of interim answers to a request, which hyper is not shown.
pub trait Ears: Debug + Send + Sync {
    /// The head of the next one, as it came.
    fn hear(&self, head: &ResponseHead);
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

impl Asked {
    /// What a request of this method asks for.
    pub fn by(method: &Method) -> Self {
        if method == Method::HEAD { Self::Head } else { Self::Body }
    }
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
    pub fn send(&self, lines: Lines, asked: Asked, ears: Arc<dyn Ears>) {
        *self.answer.lock() = Latest { asked, ears: Some(ears), head: None };
        self.next.set(lines);
    }

    /// What is written on this connection next.
    pub fn next(&self) -> NextHead {
        self.next.clone()
    }

    /// The head of the answer, as it came. Nothing more is heard of interim ones.
    pub fn answer(&self) -> Option<Result<Read, GrammarFault>> {
        let mut latest = self.answer.lock();
        latest.ears = None;
        latest.head.take()
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
        if this.reader.hand_on(buffer) {
            return Poll::Ready(Ok(()));
        }
        loop {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(cx, buffer))?;
            if this.writer.has_written_head() {
                this.reader.begin();
            }
            let shown = this.reader.observe(buffer, before);
            if shown.map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))? {
                return Poll::Ready(Ok(()));
            }
        }
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
