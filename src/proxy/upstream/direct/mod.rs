//! How is a request without a body sent over HTTP/1, and its answer read?
//!
//! By whoever waits for the answer: nothing has to be written while it is read, so the connection needs no task of its own, and
//! no channels to it. Most requests are of this kind. What has a body, or may switch to another protocol, is hyper's to send:
//! the connection is handed over then, and stays with hyper.

mod arrival;

use std::{
    fmt, io,
    mem::MaybeUninit,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use arrival::Arrival;

use crate::{
    exchange::{
        ResponseHead,
        grammar::{Framing, GrammarFault, HeadLimits},
    },
    proxy::{
        outline,
        verbatim::{Asked, Ears, FinalHead, Found},
    },
};

/// Bytes that are read at once as long as the head has not come: it mostly comes whole, with the beginning of the body.
const ROOM: usize = 8 * 1024;

/// What bytes of a connection travel on.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<IO: AsyncRead + AsyncWrite + Send + Unpin> Stream for IO {}

/// A connection of HTTP/1 that requests without bodies are sent on, one at a time. Clones are the same connection.
#[derive(Clone)]
pub struct Direct(Arc<Mutex<Connection>>);

struct Connection {
    stream: Box<dyn Stream>,
    limits: HeadLimits,
    /// An exchange is under way, or has left it in a state in which it can serve no other.
    is_spent: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The origin ended the connection before there was one.
    Closed(io::Error),
    /// Its head breaks the grammar.
    Grammar(GrammarFault),
    /// Something else.
    Io(io::Error),
}

impl Direct {
    /// A connection on which nothing was said yet.
    pub fn new(stream: impl Stream + 'static, limits: HeadLimits) -> Self {
        Self(Arc::new(Mutex::new(Connection { stream: Box::new(stream), limits, is_spent: false })))
    }

    /// Whether it can serve no request: it has ended, the origin said something unasked, or an exchange is under way.
    pub fn is_closed(&self) -> bool {
        let mut connection = self.lock();
        connection.is_spent |= connection.has_news();
        connection.is_spent
    }

    /// The stream, for somebody else to send on; nothing is held of what came on it.
    pub fn give_away(&self) -> (Box<dyn Stream>, HeadLimits) {
        let mut connection = self.lock();
        connection.is_spent = true;
        (std::mem::replace(&mut connection.stream, Box::new(tokio::io::empty())), connection.limits)
    }

    /// Sends the head of a request, and reads that of its answer. `ears` hear of interim answers. Dropped before its end, it
    /// takes the connection along.
    ///
    /// # Errors
    /// A [`Failure`], after which the connection is of no more use.
    pub async fn send(
        &self,
        request: &[u8],
        asked: Asked,
        ears: &dyn Ears,
    ) -> Result<(ResponseHead, Arrival), Failure> {
        self.lock().is_spent = true;
        let mut sending = Sending { request, reading: FinalHead::default() };
        let (head, begun) = std::future::poll_fn(|cx| self.lock().poll_exchange(cx, &mut sending, ears)).await?;
        let framing = Framing::of_response(&head, asked == Asked::Head);
        // An answer that did not wait for the request leaves a part of it unsent.
        let stays = sending.request.is_empty() && framing != Framing::UntilClose && outline::stays(&head);
        let arrival = Arrival::new(self.clone(), framing, stays, begun).map_err(Failure::Grammar)?;
        Ok((head, arrival))
    }

    /// The answer has come to its end; `is_free` if the connection may serve another request.
    fn finish(&self, is_free: bool) {
        self.lock().is_spent = !is_free;
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // One exchange at a time: nobody waits here. A panic leaves it spent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is still to be sent, and what is looked for.
struct Sending<'a> {
    request: &'a [u8],
    reading: FinalHead,
}

impl Connection {
    /// Whether anything came that nobody asked for; the end is such a thing.
    fn has_news(&mut self) -> bool {
        let mut room = [0];
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(&mut self.stream).poll_read(&mut cx, &mut ReadBuf::new(&mut room)).is_ready()
    }

    /// Writes, and reads beside it: an origin that has enough of a request may answer early.
    fn poll_exchange(
        &mut self,
        cx: &mut Context<'_>,
        sending: &mut Sending<'_>,
        ears: &dyn Ears,
    ) -> Poll<Result<(ResponseHead, Bytes), Failure>> {
        if let Poll::Ready(Err(error)) = self.poll_write(cx, &mut sending.request) {
            return Poll::Ready(Err(Failure::of(error)));
        }
        loop {
            let mut room = [MaybeUninit::uninit(); ROOM];
            let mut buffer = ReadBuf::uninit(&mut room);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)).map_err(Failure::of)?;
            let fresh = buffer.filled();
            if fresh.is_empty() {
                return Poll::Ready(Err(Failure::Closed(io::ErrorKind::UnexpectedEof.into())));
            }
            let found = sending.reading.find(fresh, self.limits, |head| ears.hear(head)).map_err(Failure::Grammar)?;
            if let Some(Found { head, end, .. }) = found {
                let held = sending.reading.held();
                let bytes = if held.is_empty() { fresh } else { &held };
                let begun = Bytes::copy_from_slice(bytes.get(end..).unwrap_or_default());
                return Poll::Ready(Ok((head, begun)));
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, request: &mut &[u8]) -> Poll<io::Result<()>> {
        while !request.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, request))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => *request = request.get(count..).unwrap_or_default(),
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // As far as it goes without waiting: TLS says farewell, so that the origin sees no truncation.
        let _ = Pin::new(&mut self.stream).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}

impl Failure {
    fn of(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => Self::Closed(error),
            _ => Self::Io(error),
        }
    }
}

/// What travels may be anybody's.
impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
