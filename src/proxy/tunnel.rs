//! How do bytes pass that nobody reads?

use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};

use super::{account::Account, break_off::BreakOff, reading};

/// How much is read at once in each direction of a tunnel.
const BUFFER: usize = 32 * 1024;

/// Relays both ways until both sides have ended, or nothing has moved for `idle`. When one side ends its half, the
/// other half stays open (RFC 9110 §9.3.6); when one breaks off, so does the other.
pub async fn relay<C, O>(mut client: C, mut origin: O, account: &Arc<Account>, idle: Duration)
where
    C: AsyncRead + AsyncWrite + BreakOff + Unpin,
    O: AsyncRead + AsyncWrite + BreakOff + Unpin,
{
    if let Err(error) = pass(&mut client, &mut origin, account, idle).await {
        client.break_off();
        origin.break_off();
        account.breaks(&error);
    }
}

/// The same between sides that have an end of their own for what is cut short, as frames and WebSocket have.
pub async fn relay_framed(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut origin: impl AsyncRead + AsyncWrite + Unpin,
    account: &Arc<Account>,
    idle: Duration,
) {
    if let Err(error) = pass(&mut client, &mut origin, account, idle).await {
        account.breaks(&error);
    }
}

async fn pass(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut origin: impl AsyncRead + AsyncWrite + Unpin,
    account: &Arc<Account>,
    idle: Duration,
) -> io::Result<()> {
    let (mut up, mut down) = (Flow::default(), Flow::default());
    let flows = poll_fn(|cx| {
        let up = up.poll(cx, &mut client, &mut origin, |count| account.sent(count))?;
        let down = down.poll(cx, &mut origin, &mut client, |count| account.received(count))?;
        if up.is_ready() && down.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    });
    tokio::select! {
        // Both sides have ended, or one has broken off.
        ended = flows => ended,
        // Nothing has moved: both sides are dropped, nothing that was taken is lost unsent but by the stall itself.
        () = account.silence(idle) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// One direction of a tunnel. Bytes go from one side to the other by way of the stack: only what the other does not take
/// at once is kept, so that an idle tunnel holds nothing.
#[derive(Debug, Default)]
struct Flow {
    rest: Bytes,
    wants_flush: bool,
    /// The side that is read has ended.
    has_ended: bool,
    /// The other has been told.
    is_done: bool,
}

impl Flow {
    /// Ready when everything, and the end, has been passed on.
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        count: impl Fn(u64),
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        while !self.is_done {
            ready!(self.poll_rest(cx, to))?;
            if self.has_ended {
                ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                self.is_done = true;
            } else if self.poll_pass(cx, from, to, &count)?.is_pending() {
                return self.poll_flush(cx, to);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once, and writes what came.
    fn poll_pass<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        count: &impl Fn(u64),
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut room = [MaybeUninit::uninit(); BUFFER];
        let mut buffer = ReadBuf::uninit(&mut room);
        ready!(Pin::new(from).poll_read(cx, &mut buffer))?;
        let bytes = buffer.filled();
        self.has_ended = bytes.is_empty();
        if self.has_ended {
            return Poll::Ready(Ok(()));
        }
        count(bytes.len() as u64);
        let taken = match Pin::new(to).poll_write(cx, bytes)? {
            Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(taken) => taken,
            Poll::Pending => 0,
        };
        self.wants_flush = true;
        self.rest = Bytes::copy_from_slice(bytes.get(taken..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }

    fn poll_rest<W: AsyncWrite + Unpin>(&mut self, cx: &mut Context<'_>, to: &mut W) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            match ready!(Pin::new(&mut *to).poll_write(cx, &self.rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                taken => self.rest.advance(taken),
            }
            if self.rest.is_empty() {
                self.rest = Bytes::new();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing more comes for now: what was written goes out.
    fn poll_flush<W: AsyncWrite + Unpin>(&mut self, cx: &mut Context<'_>, to: &mut W) -> Poll<io::Result<()>> {
        if self.wants_flush {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.wants_flush = false;
        }
        Poll::Pending
    }
}

/// Who spoke first in a tunnel, and what.
#[derive(Debug)]
pub enum FirstWords {
    /// The client; the bytes have been read and must be put back.
    Client(BytesMut),
    /// The server; likewise.
    Server(BytesMut),
    /// One side ended, or nobody spoke.
    Nobody,
}

/// Waits for the first bytes of either side.
pub async fn first_words(
    client: &mut (impl AsyncRead + Unpin),
    origin: &mut (impl AsyncRead + Unpin),
    patience: Duration,
) -> FirstWords {
    let (mut from_client, mut from_origin) = (BytesMut::new(), BytesMut::new());
    let spoken = timeout(patience, async {
        tokio::select! {
            // Either has read nothing when the other wins.
            biased;
            read = reading::some(client, &mut from_client) => read.map(|_| ()),
            read = reading::some(origin, &mut from_origin) => read.map(|_| ()),
        }
    });
    match spoken.await {
        Ok(Ok(())) if !from_client.is_empty() => FirstWords::Client(from_client),
        Ok(Ok(())) if !from_origin.is_empty() => FirstWords::Server(from_origin),
        _ => FirstWords::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn everything_arrives_however_little_the_other_side_takes() {
        let (mut near, mut from) = duplex(64 * 1024);
        let (mut to, mut far) = duplex(7);
        let sent: Vec<u8> = (0..u8::MAX).cycle().take(100_000).collect();
        let bytes = sent.clone();
        tokio::spawn(async move {
            near.write_all(&bytes).await.unwrap();
            near.shutdown().await.unwrap();
            near
        });
        let mut flow = Flow::default();
        let passing = tokio::spawn(async move {
            let counted = AtomicU64::new(0);
            let count = |bytes| _ = counted.fetch_add(bytes, Ordering::Relaxed);
            poll_fn(|cx| flow.poll(cx, &mut from, &mut to, count)).await.unwrap();
            (counted.into_inner(), flow)
        });
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.unwrap();
        let (counted, flow) = passing.await.unwrap();
        assert!(received == sent && counted == 100_000 && flow.rest.is_empty());
    }
}
