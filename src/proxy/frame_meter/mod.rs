//! How much may a client's HTTP/2 frames cost?
//!
//! A layer below hyper that reads the header of every frame, in both directions, and leaves header blocks to the reader
//! in [`super::frames`]. h2 bounds what it keeps; this bounds what it is made to do: frames that carry nothing (control frames, tiny and empty data) and resets
//! are paid from allowances that time and useful bytes fill up again. Who spends more is told `ENHANCE_YOUR_CALM`
//! (RFC 9113 §10.5), and the connection ends; nobody else notices.

mod allowance;

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::{
    frames::{BlockReader, ENHANCE_YOUR_CALM, FrameHeader, Judge, Kind, Outline, Requests, go_away, written},
    stall::Stall,
};
use allowance::Allowance;

/// What a client says before its first frame (RFC 9113 §3.4).
const PREFACE: usize = 24;
/// Frames that carry nothing, at once and for each second. A fast download is acknowledged some hundred times a second.
const OVERHEAD: (u32, u32) = (10_000, 1_000);
/// So many bytes towards the client earn it one more such frame: windows are opened in pieces larger than that.
const EARNING: u64 = 4 * 1024;
/// Resets, at once and for each second: a page with all of its streams is left, and the next one.
const RESETS: (u32, u32) = (256, 32);
/// Data frames below this carry more frame than data.
const TINY: usize = 16;
/// For how long what nobody wants any more is read, so that TCP does not cut off the farewell.
const LINGER: Duration = Duration::from_secs(1);

/// Counts the frames that carry something, in both directions: as long as it moves, the connection is alive.
pub type Pulse = Arc<AtomicU64>;

/// A client's connection, metered.
#[derive(Debug)]
pub struct FrameMeter<IO> {
    io: IO,
    pulse: Pulse,
    patience: Duration,
    writing: Stall,
    incoming: Outline,
    outgoing: Outline,
    /// Boxed: what hyper holds has room for its parts several times over.
    blocks: Box<BlockReader<Requests>>,
    overhead: Allowance,
    resets: Allowance,
    earned: u64,
    last_stream: u32,
    end: End,
    lingering: Option<Pin<Box<Sleep>>>,
}

/// How far a connection has come that is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It is not.
    Open,
    /// So many bytes of the farewell, which has this code, are written; what hyper still writes goes nowhere.
    Farewell(u32, usize),
}

impl<IO> FrameMeter<IO> {
    /// Meters `io`, whose heads of up to `most` bytes go to `requests`. A client that takes nothing for `patience` is given
    /// up.
    pub fn new(io: IO, patience: Duration, most: usize, requests: Requests) -> (Self, Pulse) {
        let pulse = Pulse::default();
        let meter = Self {
            io,
            pulse: Arc::clone(&pulse),
            patience,
            writing: Stall::default(),
            incoming: Outline::behind(PREFACE),
            outgoing: Outline::behind(0),
            blocks: Box::new(BlockReader::new(PREFACE, most, requests)),
            overhead: Allowance::new(OVERHEAD.0, OVERHEAD.1),
            resets: Allowance::new(RESETS.0, RESETS.1),
            earned: 0,
            last_stream: 0,
            end: End::Open,
            lingering: None,
        };
        (meter, pulse)
    }

    /// Charges for what has come; whether the client can pay.
    fn charge(&mut self, bytes: &[u8]) -> bool {
        let Self { incoming, overhead, resets, last_stream, pulse, .. } = self;
        let mut can_pay = true;
        incoming.follow(bytes, |frame| {
            *last_stream = frame.stream.max(*last_stream);
            can_pay &= match frame.kind {
                Kind::Headers => true,
                Kind::Data if frame.length >= TINY || frame.ends_stream => true,
                Kind::Reset => resets.spend(),
                Kind::Data | Kind::Continuation | Kind::Other => overhead.spend(),
            };
            beat(pulse, frame);
        });
        can_pay
    }

    /// Takes what has come: how much of it passes at once, or the code with which the connection ends.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, u32> {
        if !self.charge(bytes) {
            tracing::debug!("a client floods its HTTP/2 connection, which ends");
            return Err(ENHANCE_YOUR_CALM);
        }
        let passed = self.blocks.pass(bytes);
        let read = self.blocks.read(bytes.get(passed..).unwrap_or_default());
        read.map(|()| passed).map_err(|unreadable| {
            tracing::debug!("a client's HTTP/2 connection ends: {unreadable}");
            unreadable.code()
        })
    }

    /// Notes what goes to the client, and what it earns by taking it.
    fn credit(&mut self, bytes: &[u8]) {
        let Self { outgoing, pulse, blocks, .. } = self;
        outgoing.follow(bytes, |frame| {
            beat(pulse, frame);
            if frame.kind == Kind::Reset {
                blocks.judge_mut().ended(frame.stream);
            }
        });
        self.earned += bytes.len() as u64;
        self.overhead.earn(self.earned / EARNING);
        self.earned %= EARNING;
    }
}

fn beat(pulse: &Pulse, frame: FrameHeader) {
    if matches!(frame.kind, Kind::Headers | Kind::Data) && (frame.length > 0 || frame.ends_stream) {
        pulse.fetch_add(1, Ordering::Relaxed);
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for FrameMeter<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.end == End::Open {
            if this.blocks.show(&mut *buffer) {
                return Poll::Ready(Ok(()));
            }
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(cx, buffer))?;
            let fresh = buffer.filled().get(before..).unwrap_or_default();
            if fresh.is_empty() {
                return Poll::Ready(Ok(()));
            }
            match this.take(fresh) {
                // What was kept back is shown in what follows, or waits for more.
                Ok(0) => buffer.set_filled(before),
                Ok(passed) => {
                    buffer.set_filled(before + passed);
                    return Poll::Ready(Ok(()));
                }
                Err(code) => {
                    buffer.set_filled(before);
                    // Behind half a frame there is nothing to be said.
                    let said = if this.outgoing.is_between_frames() { 0 } else { usize::MAX };
                    this.end = End::Farewell(code, said);
                }
            }
        }
        ready!(this.poll_end(cx))?;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the client's frames were given up")))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for FrameMeter<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.end != End::Open {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut this.io).poll_write(cx, bytes);
        let count = ready!(this.writing.guard(cx, this.patience, written))?;
        this.credit(bytes.get(..count).unwrap_or_default());
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.end != End::Open {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let outcome = Pin::new(&mut this.io).poll_write_vectored(cx, slices);
        let count = ready!(this.writing.guard(cx, this.patience, outcome))?;
        written(slices, count).for_each(|bytes| this.credit(bytes));
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.end != End::Open {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut this.io).poll_flush(cx);
        this.writing.guard(cx, this.patience, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let ended = this.poll_end(cx);
        this.writing.guard(cx, this.patience, ended)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> FrameMeter<IO> {
    /// Says what remains to be said, ends our half, and reads what still comes, all of it not for long.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let lingering = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if lingering.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_farewell(cx))?;
        ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        let mut waste = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut waste);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let End::Farewell(code, said) = self.end
            && let Some(rest) = go_away(self.last_stream, code).get(said..).filter(|rest| !rest.is_empty())
        {
            self.end = End::Farewell(code, said + ready!(Pin::new(&mut self.io).poll_write(cx, rest))?);
        }
        Poll::Ready(Ok(()))
    }
}
