//! How is the head that hyper writes replaced by the one that is to be sent?

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use http::{HeaderMap, StatusCode};
use memchr::memchr_iter;
use tokio::io::AsyncWrite;

use super::{Lines, rewrite::rewrite, trailers};

/// Up to so many bytes a head and the beginning of its body go out together.
const TOGETHER: usize = 16 * 1024;

/// The fields of the head that hyper will write next, and what goes out before it.
#[derive(Clone, Debug, Default)]
pub struct NextHead(Arc<Mutex<Next>>);

#[derive(Debug, Default)]
struct Next {
    lines: Option<Lines>,
    /// Lines that take the place of the trailers' stand-in.
    trailers: Option<Vec<u8>>,
    /// Heads of interim answers, which hyper does not write.
    interim: Vec<u8>,
    /// Whoever flushed last, and may flush again.
    flusher: Option<Waker>,
}

impl NextHead {
    /// The next head goes out with these fields.
    pub fn set(&self, lines: Lines) {
        let mut next = self.lock();
        next.lines = Some(lines);
        // Those of an earlier message that were not wanted.
        next.trailers = None;
    }

    /// These trailers go out where hyper writes their stand-in.
    pub fn set_trailers(&self, fields: &HeaderMap) {
        self.lock().trailers = Some(trailers::lines(fields));
    }

    fn has_trailers(&self) -> bool {
        self.lock().trailers.is_some()
    }

    /// An interim answer goes out before the next head, and at once.
    pub fn precede(&self, status: StatusCode, reason: &[u8], lines: &Lines) {
        let mut next = self.lock();
        let line = [b"HTTP/1.1 ", status.as_str().as_bytes(), b" ", reason].concat();
        rewrite(&line, lines, &mut next.interim);
        if let Some(flusher) = next.flusher.take() {
            flusher.wake();
        }
    }

    /// What stands before the next head; whoever flushes is woken when more does.
    fn interim_or_wake(&self, cx: &Context<'_>) -> Vec<u8> {
        let mut next = self.lock();
        if !next.flusher.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            next.flusher = Some(cx.waker().clone());
        }
        std::mem::take(&mut next.interim)
    }

    fn lock(&self) -> MutexGuard<'_, Next> {
        // Sound after any partial change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands between hyper and a stream.
#[derive(Debug)]
pub struct HeadWriter {
    next: NextHead,
    /// Taken from hyper, or written in the place of what it wrote, and not yet sent.
    pending: Vec<u8>,
    sent: usize,
    /// The beginning of a head whose end hyper has not written yet.
    partial: Vec<u8>,
    has_written_head: bool,
}

impl HeadWriter {
    /// A writer that replaces each head for which there are fields.
    pub fn new(next: NextHead) -> Self {
        Self { next, pending: Vec::new(), sent: 0, partial: Vec::new(), has_written_head: false }
    }

    /// Whether a head was replaced since this was last asked.
    pub fn has_written_head(&mut self) -> bool {
        std::mem::take(&mut self.has_written_head)
    }

    /// Takes bytes from hyper, as `AsyncWrite::poll_write` does.
    pub fn poll_write<IO>(&mut self, io: &mut IO, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>
    where
        IO: AsyncWrite + Unpin,
    {
        match self.absorb(bytes) {
            0 => {
                ready!(self.poll_pending(io, cx))?;
                Pin::new(io).poll_write(cx, bytes)
            }
            count => Poll::Ready(Ok(count)),
        }
    }

    /// Takes bytes from hyper, as `AsyncWrite::poll_write_vectored` does.
    pub fn poll_write_vectored<IO>(
        &mut self,
        io: &mut IO,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>
    where
        IO: AsyncWrite + Unpin,
    {
        let mut count = 0;
        for slice in slices {
            let absorbed = self.absorb(slice);
            count += absorbed;
            if absorbed < slice.len() {
                break;
            }
        }
        if count > 0 {
            return Poll::Ready(Ok(count));
        }
        ready!(self.poll_pending(io, cx))?;
        match slices.iter().find(|slice| !slice.is_empty()) {
            // The stand-in may be in a later slice, so only this one may go.
            Some(first) if self.next.has_trailers() => Pin::new(io).poll_write(cx, first),
            _ => Pin::new(io).poll_write_vectored(cx, slices),
        }
    }

    /// Sends what is pending, then flushes. hyper flushes whenever it is woken, so this is where an interim answer goes out.
    pub fn poll_flush<IO: AsyncWrite + Unpin>(&mut self, io: &mut IO, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pending.extend(self.next.interim_or_wake(cx));
        ready!(self.poll_pending(io, cx))?;
        Pin::new(io).poll_flush(cx)
    }

    /// Sends what is pending, then ends the stream.
    pub fn poll_shutdown<IO: AsyncWrite + Unpin>(&mut self, io: &mut IO, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pending(io, cx))?;
        Pin::new(io).poll_shutdown(cx)
    }

    /// Takes what belongs to a head, and a little of what follows it, so that both go out in one piece.
    fn absorb(&mut self, bytes: &[u8]) -> usize {
        let Self { next, pending, partial, has_written_head, .. } = self;
        let mut next = next.lock();
        let head = match next.lines.take() {
            Some(lines) => {
                let begun = Begun { partial, pending, interim: &mut next.interim };
                let (taken, left) = begun.absorb_head(bytes, lines);
                *has_written_head |= left.is_none();
                next.lines = left;
                taken
            }
            None => 0,
        };
        let rest = bytes.get(head..).unwrap_or_default();
        if next.trailers.is_some()
            && let Some((at, end)) = trailers::find(rest)
        {
            pending.extend_from_slice(rest.get(..at).unwrap_or_default());
            pending.extend(next.trailers.take().unwrap_or_default());
            return head + end;
        }
        let is_between = !pending.is_empty() && next.lines.is_none();
        if is_between && pending.len() + rest.len() <= TOGETHER {
            pending.extend_from_slice(rest);
            return bytes.len();
        }
        head
    }

    fn poll_pending<IO: AsyncWrite + Unpin>(&mut self, io: &mut IO, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.pending.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut *io).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.sent += count,
            }
        }
        // Given back, so that an idle connection holds nothing.
        self.pending = Vec::new();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

/// A head that hyper is writing.
struct Begun<'a> {
    partial: &'a mut Vec<u8>,
    pending: &'a mut Vec<u8>,
    interim: &'a mut Vec<u8>,
}

impl Begun<'_> {
    /// Takes bytes up to the end of a head, and gives the lines back that have not been used yet. An interim answer (100)
    /// passes as hyper wrote it; the head comes after it.
    fn absorb_head(self, bytes: &[u8], lines: Lines) -> (usize, Option<Lines>) {
        let Self { partial, pending, interim } = self;
        let begun = std::mem::take(partial);
        let seen = begun.len();
        // Mostly all of it comes at once.
        let joined = if seen == 0 { None } else { Some([&begun, bytes].concat()) };
        let written = joined.as_deref().unwrap_or(bytes);
        let Some(end) = head_end(written) else {
            *partial = joined.unwrap_or_else(|| bytes.to_vec());
            return (bytes.len(), Some(lines));
        };
        let taken = end.saturating_sub(seen);
        let head = written.get(..end).unwrap_or_default();
        if head.get(8..).is_some_and(|status| status.starts_with(b" 100")) {
            pending.extend_from_slice(head);
            return (taken, Some(lines));
        }
        pending.append(interim);
        // What may follow goes along.
        let follows = bytes.len().saturating_sub(taken);
        pending.reserve(end + lines.len() + if follows <= TOGETHER { follows } else { 0 });
        rewrite(head, &lines, pending);
        (taken, None)
    }
}

/// Where the head ends that begins here: behind its empty line.
fn head_end(written: &[u8]) -> Option<usize> {
    memchr_iter(b'\n', written)
        .map(|at| at + 1)
        .find(|&end| written.get(..end).is_some_and(|head| head.ends_with(b"\r\n\r\n")))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn lines(fields: &[(&str, &str)]) -> Lines {
        let mut lines = Lines::default();
        for (name, value) in fields {
            lines.push(name.as_bytes(), value.as_bytes());
        }
        lines
    }

    /// Writes the pieces one by one and tells what came out.
    async fn written(pieces: &[&[u8]], fields: Option<Lines>) -> String {
        let next = NextHead::default();
        if let Some(fields) = fields {
            next.set(fields);
        }
        let mut writer = HeadWriter::new(next);
        let mut out = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let count = poll_fn(|cx| writer.poll_write(&mut out, cx, rest)).await.unwrap();
                rest = &rest[count..];
            }
        }
        poll_fn(|cx| writer.poll_flush(&mut out, cx)).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    #[tokio::test]
    async fn a_head_is_replaced_wherever_it_is_cut() {
        let fields = lines(&[("X-B", "1"), ("x-b", "2")]);
        let message = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        for cut in 1..message.len() {
            let (one, two) = message.split_at(cut);
            let out = written(&[one, two], Some(fields.clone())).await;
            assert_eq!(out, "HTTP/1.1 200 OK\r\nX-B: 1\r\nx-b: 2\r\ncontent-length: 3\r\n\r\nabc", "{cut}");
        }
    }

    #[tokio::test]
    async fn an_interim_answer_comes_first_as_it_is() {
        let fields = lines(&[("A", "b")]);
        let message = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        let expected = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nA: b\r\n\r\n";
        assert_eq!(written(&[message], Some(fields.clone())).await, expected);
        assert_eq!(written(&[&message[..25], &message[25..]], Some(fields)).await, expected);
    }

    #[tokio::test]
    async fn an_interim_answer_of_the_origin_goes_out_at_once() {
        let next = NextHead::default();
        let mut writer = HeadWriter::new(next.clone());
        let mut out = Vec::new();
        poll_fn(|cx| writer.poll_flush(&mut out, cx)).await.unwrap();
        next.precede(StatusCode::EARLY_HINTS, b"Early Hints", &lines(&[("Link", "x")]));
        poll_fn(|cx| writer.poll_flush(&mut out, cx)).await.unwrap();
        assert_eq!(out, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    }

    #[tokio::test]
    async fn trailers_take_the_place_of_their_stand_in() {
        let stand_in = trailers::stand_in();
        let line = trailers::lines(&stand_in);
        let body = [b"5\r\nhello\r\n0\r\n".as_slice(), &line, b"\r\n"].concat();
        let sums: HeaderMap = [("x-sum", "1"), ("x-other", "2")]
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .into_iter()
            .collect();
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice();
        for pieces in [vec![head, &body], vec![&[head, &body].concat()]] {
            let next = NextHead::default();
            next.set(Lines::default());
            next.set_trailers(&sums);
            let mut writer = HeadWriter::new(next);
            let mut out = Vec::new();
            for mut rest in pieces {
                while !rest.is_empty() {
                    let count = poll_fn(|cx| writer.poll_write_vectored(&mut out, cx, &[IoSlice::new(rest)])).await;
                    rest = &rest[count.unwrap()..];
                }
            }
            poll_fn(|cx| writer.poll_flush(&mut out, cx)).await.unwrap();
            let expected = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\nx-other: 2\r\n\r\n";
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn without_fields_nothing_is_touched() {
        let message = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        assert_eq!(written(&[message], None).await.as_bytes(), message);
    }
}
