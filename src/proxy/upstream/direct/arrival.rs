//! How does the body of such an answer arrive?

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use tokio_util::io::poll_read_buf;

use super::Direct;
use crate::exchange::grammar::{BodyTracker, Framing, GrammarFault, Part};

/// Bytes that are read at once: as many as have been coming.
const LEAST: usize = 8 * 1024;
const MOST: usize = 64 * 1024;
/// Fields that a trailer section may have.
const MOST_TRAILERS: usize = 100;

/// The body of an answer, read as it is asked for. At its end the connection is free again; dropped before, it takes the
/// connection along.
#[derive(Debug)]
pub struct Arrival {
    connection: Direct,
    tracker: BodyTracker,
    /// Whether the connection may serve another request after this.
    stays: bool,
    is_done: bool,
    /// How it broke off, until that is told.
    broken: Option<io::Error>,
    /// What has come and was not asked for yet.
    ready: Option<Bytes>,
    trailers: Vec<u8>,
    buffer: BytesMut,
    /// How much is read at once.
    room: usize,
}

impl Arrival {
    /// A body that begins with what came behind its head.
    ///
    /// # Errors
    /// [`GrammarFault::Chunk`] if it begins with what is no chunk.
    pub(super) fn new(connection: Direct, framing: Framing, stays: bool, begun: Bytes) -> Result<Self, GrammarFault> {
        let (tracker, trailers, buffer) = (BodyTracker::new(framing), Vec::new(), BytesMut::new());
        let mut arrival = Self {
            connection,
            tracker,
            stays,
            is_done: false,
            broken: None,
            ready: None,
            trailers,
            buffer,
            room: LEAST,
        };
        arrival.take(begun)?;
        Ok(arrival)
    }

    /// Takes what came. What follows the body was not asked for: its connection serves no other request.
    fn take(&mut self, bytes: Bytes) -> Result<(), GrammarFault> {
        let mut content = Content::default();
        let trailers = &mut self.trailers;
        let taken = self.tracker.advance_in_parts(&bytes, |part| match part {
            Part::Content(part) => content.push(&bytes, part),
            Part::Trailer(byte) => trailers.push(byte),
        })?;
        self.ready = content.into_bytes();
        if self.tracker.is_done() {
            self.end(self.stays && taken == bytes.len());
        }
        Ok(())
    }

    fn end(&mut self, is_free: bool) {
        self.is_done = true;
        self.connection.finish(is_free);
    }

    /// What is left when all content has been given out.
    fn farewell(&mut self) -> Option<io::Result<Frame<Bytes>>> {
        let section = std::mem::take(&mut self.trailers);
        if section.len() <= EMPTY.len() {
            return None;
        }
        let read = trailers(&section).map(Frame::trailers).ok_or_else(|| invalid(GrammarFault::Chunk));
        Some(read)
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.buffer.capacity() < self.left().min(self.room / 2) {
            self.buffer.reserve(self.left().min(self.room));
        }
        let spare = self.buffer.capacity();
        let count = {
            let mut connection = self.connection.lock();
            ready!(poll_read_buf(Pin::new(&mut connection.stream), cx, &mut self.buffer))?
        };
        if count == spare {
            self.room = (self.room * 2).min(MOST);
        }
        match self.tracker {
            _ if count > 0 => {
                let bytes = self.buffer.split().freeze();
                self.take(bytes).map_err(invalid)?;
            }
            BodyTracker::UntilClose => self.end(false),
            BodyTracker::Length(_) | BodyTracker::Chunked(_) => {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, CUT_SHORT)));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Room for what is still to come, as far as that is known. One byte more, for a read that fills all of its room leaves
    /// open whether there is more to read.
    fn left(&self) -> usize {
        match self.tracker {
            BodyTracker::Length(left) => usize::try_from(left).unwrap_or(usize::MAX).saturating_add(1),
            BodyTracker::Chunked(_) | BodyTracker::UntilClose => usize::MAX,
        }
    }
}

impl Body for Arrival {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        loop {
            if let Some(bytes) = this.ready.take() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if this.is_done {
                return Poll::Ready(this.farewell());
            }
            if let Some(error) = this.broken.take() {
                return Poll::Ready(Some(Err(error)));
            }
            if let Err(error) = ready!(this.poll_more(cx)) {
                // Later: what came before shall have gone out, for the connection to the client ends with this.
                this.broken = Some(error);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_done && self.ready.is_none() && self.trailers.len() <= EMPTY.len()
    }

    fn size_hint(&self) -> SizeHint {
        let ready = self.ready.as_ref().map_or(0, |bytes| bytes.len() as u64);
        match self.tracker {
            BodyTracker::Length(left) => SizeHint::with_exact(ready + left),
            // Whatever has come of it: its framing stays what it is.
            BodyTracker::Chunked(_) | BodyTracker::UntilClose => SizeHint::default(),
        }
    }
}

/// What an origin did that ends in the middle.
const CUT_SHORT: &str = "the connection ended before the body did";
/// A trailer section without fields.
const EMPTY: &[u8] = b"\r\n";

fn invalid(fault: GrammarFault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

/// The content in some bytes: a piece of them where it lies in one, a copy where it lies in several.
#[derive(Default)]
struct Content {
    one: Bytes,
    several: Vec<u8>,
}

impl Content {
    fn push(&mut self, bytes: &Bytes, part: &[u8]) {
        match () {
            () if part.is_empty() => {}
            () if self.one.is_empty() && self.several.is_empty() => self.one = bytes.slice_ref(part),
            () => {
                let one = std::mem::take(&mut self.one);
                self.several.extend_from_slice(&one);
                self.several.extend_from_slice(part);
            }
        }
    }

    fn into_bytes(self) -> Option<Bytes> {
        let bytes = if self.several.is_empty() { self.one } else { self.several.into() };
        Some(bytes).filter(|bytes| !bytes.is_empty())
    }
}

/// The fields of a trailer section.
fn trailers(section: &[u8]) -> Option<HeaderMap> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_TRAILERS];
    let httparse::Status::Complete((_, fields)) = httparse::parse_headers(section, &mut fields).ok()? else {
        return None;
    };
    let mut map = HeaderMap::new();
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        map.append(name, HeaderValue::from_bytes(field.value).ok()?);
    }
    Some(map)
}
