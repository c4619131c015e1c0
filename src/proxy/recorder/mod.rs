//! What exactly did the client send?
//!
//! A reader that keeps each request head's bytes and holds them to the strict grammar before anybody acts on them. Whoever
//! answers, `plain` or hyper, is handed the outline of one sound head at a time; the service takes the recorded twin from the
//! [`Tape`]. A head that is refused reaches hyper as a harmless stand-in, so that the refusal is an ordinary answer on an
//! ordinary connection.

mod next;
mod tape;
mod write;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};

use super::{
    outline,
    reading::{READ_SIZE, poll_some},
    stall::Stall,
    verbatim::HeadWriter,
};
pub use next::Next;
use tape::Expected;
pub use tape::{Recorded, Tape, UnderWay};

use crate::exchange::grammar::{
    BodyTracker, GrammarFault, HeadLimits, HeadScanner, ParsedHead, Scanned, parse_request,
};

/// What hyper is shown instead of a head that is refused. Nothing of it is forwarded.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused.invalid\r\nconnection: close\r\n\r\n";

/// How long a client that has ended its half may wait for an answer to begin. A client that has gone away looks the same.
const HALF_CLOSED: Duration = Duration::from_secs(5);

/// After so much silence between two requests a connection can be taken from hyper, see [`Tape::is_resting`].
pub const REST_AFTER: Duration = Duration::from_millis(300);

/// How long the recorder waits for a client.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a head, once its first byte has come.
    pub head: Duration,
    /// Between requests.
    pub idle: Duration,
    /// For the next bytes of a body, and for the client to take the next bytes of an answer.
    pub body: Duration,
}

/// A client's connection, recorded.
#[derive(Debug)]
pub struct Recorder<IO> {
    /// Limited only while the bytes of a body of known length go straight to hyper.
    io: Take<IO>,
    tape: Tape,
    limits: HeadLimits,
    patience: Patience,
    /// Bytes read from the client and not yet judged.
    held: BytesMut,
    /// Bytes judged and ready for hyper.
    ready: Bytes,
    state: State,
    reading: Stall,
    writing: Stall,
    /// Puts the heads of answers in their own spelling and order.
    writer: HeadWriter,
    /// The client has ended its half.
    has_ended: bool,
    /// Whether a head has come already, so that silence means an idle connection.
    has_spoken: bool,
    /// Bytes read and thrown away after the last answer.
    lingered: u64,
    /// Nothing was said for [`REST_AFTER`].
    may_rest: bool,
}

#[derive(Debug)]
enum State {
    /// Collecting a head.
    Head(HeadScanner),
    /// Passing a body on.
    Body(BodyTracker, bool),
    /// Behind a message that may switch protocols: what comes now waits for the service's word.
    Undecided,
    /// The protocol was switched: bytes pass unseen.
    Tunnel,
    /// A head was refused: nothing more is read.
    Refused,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Recorder<IO> {
    /// Wraps a connection; `prefix` is what was read from it already.
    pub fn new(io: IO, prefix: Bytes, limits: HeadLimits, patience: Patience) -> (Self, Tape) {
        let tape = Tape::default();
        let writer = HeadWriter::new(tape.next_head());
        let recorder = Self {
            io: io.take(u64::MAX),
            tape: tape.clone(),
            limits,
            patience,
            held: BytesMut::from(prefix),
            ready: Bytes::new(),
            state: State::Head(HeadScanner::default()),
            reading: Stall::default(),
            writing: Stall::default(),
            writer,
            has_ended: false,
            has_spoken: false,
            lingered: 0,
            may_rest: false,
        };
        (recorder, tape)
    }

    /// Judges what is held, as far as it goes. Afterwards either something is ready or more must be read.
    fn judge(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Head(scanner) => {
                let judged = scanner.advance(&self.held, self.limits);
                let lines = scanner.lines();
                match judged {
                    Ok(Scanned::Partial) => {}
                    Ok(Scanned::Complete { start, end }) => self.take_head(start, end, lines),
                    Err(fault) => self.refuse(fault),
                }
            }
            State::Body(tracker, may_switch) => {
                let taken = tracker.advance(&self.held).map_err(invalid)?;
                let next = tracker.is_done().then_some(*may_switch);
                self.ready = self.take_held(taken);
                if let Some(may_switch) = next {
                    self.end_message(may_switch);
                }
            }
            State::Undecided => match self.tape.take_word() {
                Some(true) => {
                    self.state = State::Tunnel;
                    return self.judge();
                }
                Some(false) => {
                    self.state = State::Head(HeadScanner::default());
                    return self.judge();
                }
                None => {}
            },
            State::Tunnel => self.ready = self.take_held(self.held.len()),
            State::Refused => self.held = BytesMut::new(),
        }
        Ok(())
    }

    fn take_head(&mut self, start: usize, end: usize, lines: usize) {
        self.held.advance(start);
        let head = self.take_held(end - start);
        // What has come of the body already is looked at as well: a chunk that is known to be broken begins nothing.
        let judged = parse_request(&head, lines)
            .and_then(|parsed| BodyTracker::new(parsed.framing).advance(&self.held).map(|_| parsed));
        match judged {
            Ok(parsed) => self.begin_message(parsed),
            Err(fault) => self.refuse(fault),
        }
    }

    /// The stream, from a connection that is resting: nothing is held of it then.
    pub fn into_inner(self) -> IO {
        self.io.into_inner()
    }

    /// The stream, from a connection that has left HTTP, and what was read of it and not passed on.
    pub fn into_parts(self) -> (IO, Bytes) {
        let Self { io, ready, held, .. } = self;
        let rest = if ready.is_empty() { held.freeze() } else { [&ready[..], &held].concat().into() };
        (io.into_inner(), rest)
    }

    /// Takes bytes out of what is held. With the last of them goes the room that they had.
    fn take_held(&mut self, count: usize) -> Bytes {
        let takes_all = count >= self.held.len();
        if takes_all { std::mem::take(&mut self.held).freeze() } else { self.held.split_to(count).freeze() }
    }

    fn begin_message(&mut self, parsed: ParsedHead) {
        self.has_spoken = true;
        self.reading.calm();
        let outline = outline::request(&parsed.head);
        self.ready = outline.bytes;
        self.state = State::Body(BodyTracker::new(parsed.framing), parsed.may_switch);
        self.tape.push(Recorded::Sound(parsed, outline.count));
        if let State::Body(tracker, may_switch) = &self.state
            && tracker.is_done()
        {
            self.end_message(*may_switch);
        }
    }

    fn end_message(&mut self, may_switch: bool) {
        self.state = if may_switch { State::Undecided } else { State::Head(HeadScanner::default()) };
    }

    fn refuse(&mut self, fault: GrammarFault) {
        self.tape.push(Recorded::Refused(fault));
        self.held = BytesMut::new();
        self.ready = Bytes::from_static(STAND_IN);
        self.state = State::Refused;
    }

    /// Reads once into `held`; `Ok(false)` is the end of the stream.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        self.io.set_limit(u64::MAX);
        let count = ready!(poll_some(&mut self.io, cx, &mut self.held))?;
        self.has_ended = count == 0;
        Poll::Ready(Ok(count > 0))
    }

    /// When hyper learns that the client has ended its half. It takes the end for a client that went away, so while an
    /// answer is under way it is not told: a client may end its half and still read (RFC 9112 §9.6). But an origin
    /// that says nothing is not waited for much longer.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self.state, State::Body(..) | State::Tunnel) {
            return Poll::Ready(());
        }
        match self.tape.expected(cx) {
            Expected::Nothing => Poll::Ready(()),
            Expected::Rest => Poll::Pending,
            Expected::Head => self.reading.poll(cx, HALF_CLOSED),
        }
    }

    /// Bytes that need no judgement go straight to hyper: a tunnel's, and those of a body of known length.
    fn poll_direct(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>, limit: u64) -> Poll<io::Result<usize>> {
        self.io.set_limit(limit);
        let before = buffer.filled().len();
        match Pin::new(&mut self.io).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                self.reading.calm();
                Poll::Ready(result.map(|()| buffer.filled().len() - before))
            }
            Poll::Pending => match self.patience(cx) {
                None => Poll::Pending,
                Some(patience) => self.reading.guard(cx, patience, Poll::Pending),
            },
        }
    }

    /// How many of the next bytes may go straight to hyper.
    fn direct(&self) -> Option<u64> {
        match self.state {
            _ if !self.held.is_empty() => None,
            State::Tunnel => Some(u64::MAX),
            State::Body(BodyTracker::Length(left), _) => Some(left),
            _ => None,
        }
    }

    fn passed(&mut self, count: usize) {
        let State::Body(BodyTracker::Length(left), may_switch) = &mut self.state else { return };
        *left = left.saturating_sub(count as u64);
        if *left == 0 {
            let may_switch = *may_switch;
            self.end_message(may_switch);
        }
    }

    /// Whether a request has come to its end and nothing of the next one is there.
    fn is_between(&self) -> bool {
        matches!(self.state, State::Head(_)) && self.held.is_empty() && self.has_spoken
    }

    /// How long the client may stay silent in the present state.
    fn patience(&self, cx: &Context<'_>) -> Option<Duration> {
        match self.state {
            // It is we, or the origin, who keep the client waiting.
            State::Head(_) if self.tape.is_busy(cx) => None,
            State::Head(_) if self.is_between() => Some(self.patience.idle),
            State::Head(_) => Some(self.patience.head),
            State::Body(..) => Some(self.patience.body),
            State::Undecided | State::Tunnel | State::Refused => None,
        }
    }

    /// Silence beyond patience: a head that was begun is refused with an answer, everything else just ends.
    fn lose_patience(&mut self) -> io::Result<()> {
        match self.state {
            State::Head(_) if !self.held.is_empty() => {
                self.refuse(GrammarFault::TooSlow);
                Ok(())
            }
            _ => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// One step towards something ready for hyper; `Ok(false)` is the end of the stream.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if matches!(self.state, State::Undecided) {
            // Registered before the look, so that a word in between is not missed.
            self.tape.wake_on_word(cx);
        }
        self.judge()?;
        match self.state {
            _ if !self.ready.is_empty() => Poll::Ready(Ok(true)),
            State::Refused => Poll::Ready(Ok(false)),
            _ if self.has_ended => Poll::Ready(Ok(false)),
            State::Undecided => self.poll_undecided(cx),
            _ => self.poll_wait(cx),
        }
    }

    /// Waits for the service's word, reading on within bounds, so that a client that goes away is noticed.
    fn poll_undecided(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.held.len() < READ_SIZE {
            if !ready!(self.poll_more(cx))? {
                return Poll::Ready(Ok(false));
            }
        }
        Poll::Pending
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        // A head's clock starts with its first byte and is not set back by the next ones.
        let starts_anew = self.held.is_empty() || !matches!(self.state, State::Head(_));
        self.may_rest = false;
        match self.poll_more(cx) {
            Poll::Ready(more) => {
                if starts_anew {
                    self.reading.calm();
                }
                Poll::Ready(more)
            }
            Poll::Pending => {
                let Some(patience) = self.patience(cx) else { return Poll::Pending };
                if self.is_between() {
                    ready!(self.reading.poll(cx, patience.min(REST_AFTER)));
                    self.may_rest = true;
                }
                ready!(self.reading.poll(cx, patience));
                self.reading.calm();
                self.lose_patience()?;
                Poll::Ready(Ok(true))
            }
        }
    }
}

fn invalid(fault: GrammarFault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Recorder<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.ready.is_empty() {
            if let Some(limit) = this.direct() {
                let count = ready!(this.poll_direct(cx, buffer, limit))?;
                this.passed(count);
                return Poll::Ready(Ok(()));
            }
            if !ready!(this.poll_step(cx))? {
                return this.poll_end(cx).map(Ok);
            }
        }
        let taken = this.ready.len().min(buffer.remaining());
        buffer.put_slice(&this.ready.split_to(taken));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
