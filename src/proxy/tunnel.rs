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

use super::{
    account::Account,
    bare::Bare,
    break_off::BreakOff,
    reading,
    splice::{Pipe, Pipes},
};

/// How much is read at once in each direction of a tunnel.
const BUFFER: usize = 32 * 1024;
/// Whoever brings less at once costs less copied than spliced.
const BULK: usize = 16 * 1024;
/// How often one direction reads before others have their turn.
const TURNS: usize = 8;

/// Relays both ways until both sides have ended, or nothing has moved for `idle`. When one side ends its half, the
/// other half stays open (RFC 9110 §9.3.6); when one breaks off, so does the other. What is much goes by way of `pipes`
/// where both sides are sockets.
pub async fn relay<C, O>(mut client: C, mut origin: O, account: &Arc<Account>, pipes: &Pipes, idle: Duration)
where
    C: AsyncRead + AsyncWrite + Bare + BreakOff + Unpin,
    O: AsyncRead + AsyncWrite + Bare + BreakOff + Unpin,
{
    if let Err(error) = pass(&mut client, &mut origin, account, Some(pipes), idle).await {
        client.break_off();
        origin.break_off();
        account.breaks(&error);
    }
}

/// The same between sides that have an end of their own for what is cut short, as frames and WebSocket have.
pub async fn relay_framed(
    mut client: impl AsyncRead + AsyncWrite + Bare + Unpin,
    mut origin: impl AsyncRead + AsyncWrite + Bare + Unpin,
    account: &Arc<Account>,
    idle: Duration,
) {
    if let Err(error) = pass(&mut client, &mut origin, account, None, idle).await {
        account.breaks(&error);
    }
}

async fn pass(
    client: &mut (impl AsyncRead + AsyncWrite + Bare + Unpin),
    origin: &mut (impl AsyncRead + AsyncWrite + Bare + Unpin),
    account: &Arc<Account>,
    pipes: Option<&Pipes>,
    idle: Duration,
) -> io::Result<()> {
    let flow = || Flow { pipes, ..Flow::default() };
    let (mut up, mut down) = (flow(), flow());
    let flows = poll_fn(|cx| {
        let has_gone_up = up.poll(cx, client, origin, |count| account.sent(count))?;
        let has_come_down = down.poll(cx, origin, client, |count| account.received(count))?;
        account.passed(up.passed + down.passed);
        if has_gone_up.is_ready() && has_come_down.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    });
    tokio::select! {
        // Both sides have ended, or one has broken off.
        ended = flows => ended,
        // Nothing has moved: both sides are dropped, nothing that was taken is lost unsent but by the stall itself.
        () = account.silence(idle) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// One direction of a tunnel. Bytes go from one side to the other by way of the stack, or where there are many and both
/// sides are sockets, by way of a pipe: only what the other does not take at once is kept, so that an idle tunnel holds
/// nothing.
#[derive(Debug, Default)]
struct Flow<'a> {
    pipes: Option<&'a Pipes>,
    /// What was read and has not been taken.
    rest: Bytes,
    /// The same, if it was not read but spliced.
    pipe: Option<Pipe>,
    /// So many bytes of either have been taken since.
    passed: u64,
    /// What came last was much: more of it is likely.
    is_bulk: bool,
    wants_flush: bool,
    /// The side that is read has ended.
    has_ended: bool,
    /// The other has been told.
    is_done: bool,
}

impl Flow<'_> {
    /// Ready when everything, and the end, has been passed on.
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        count: impl Fn(u64),
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Bare + Unpin,
        W: AsyncWrite + Bare + Unpin,
    {
        let mut turns = 0;
        while !self.is_done {
            ready!(self.poll_rest(cx, to))?;
            if self.has_ended {
                ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                self.is_done = true;
            } else if turns == TURNS {
                cx.waker().wake_by_ref();
                return self.poll_flush(cx, to);
            } else if self.poll_pass(cx, from, to, &count)?.is_pending() {
                return self.poll_flush(cx, to);
            }
            turns += 1;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes once what has come.
    fn poll_pass<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        count: &impl Fn(u64),
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Bare + Unpin,
        W: AsyncWrite + Bare + Unpin,
    {
        let is_spliced = self.is_bulk && ready!(self.poll_splice(cx, from, to, count))?;
        if is_spliced { Poll::Ready(Ok(())) } else { self.poll_copy(cx, from, to, count) }
    }

    /// Takes what has come into a pipe, or the end; false where it has to be read.
    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        from: &impl Bare,
        to: &impl Bare,
        count: &impl Fn(u64),
    ) -> Poll<io::Result<bool>> {
        let (Some(pipes), Some(from), Some(_)) = (self.pipes, from.socket(), to.socket()) else {
            return Poll::Ready(Ok(false));
        };
        ready!(from.poll_read_ready(cx))?;
        let Some(mut pipe) = pipes.take() else { return Poll::Ready(Ok(false)) };
        let taken = pipe.fill(from)?;
        self.has_ended = taken == Some(0);
        match taken {
            None | Some(0) => pipes.put(pipe),
            Some(taken) => {
                count(taken as u64);
                self.is_bulk = taken >= BULK;
                self.pipe = Some(pipe);
            }
        }
        Poll::Ready(Ok(taken.is_some()))
    }

    /// Reads once, and writes what came.
    fn poll_copy<R, W>(
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
        self.is_bulk |= bytes.len() == BUFFER;
        let taken = match Pin::new(to).poll_write(cx, bytes)? {
            Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(taken) => taken,
            Poll::Pending => 0,
        };
        self.wants_flush = true;
        self.rest = Bytes::copy_from_slice(bytes.get(taken..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }

    /// Ready when all that was taken from the one side has gone to the other.
    fn poll_rest<W: AsyncWrite + Bare + Unpin>(&mut self, cx: &mut Context<'_>, to: &mut W) -> Poll<io::Result<()>> {
        ready!(self.poll_pipe(cx, to))?;
        while !self.rest.is_empty() {
            match ready!(Pin::new(&mut *to).poll_write(cx, &self.rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                taken => {
                    self.rest.advance(taken);
                    self.passed += taken as u64;
                }
            }
            if self.rest.is_empty() {
                self.rest = Bytes::new();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_pipe(&mut self, cx: &mut Context<'_>, to: &impl Bare) -> Poll<io::Result<()>> {
        let Some(pipe) = &mut self.pipe else { return Poll::Ready(Ok(())) };
        // Only for a socket is a pipe taken, and it remains one.
        let Some(to) = to.socket() else { return Poll::Ready(Err(io::ErrorKind::Unsupported.into())) };
        ready!(pipe.poll_drain(cx, to, &mut self.passed))?;
        self.pipe.take().into_iter().zip(self.pipes).for_each(|(pipe, pipes)| pipes.put(pipe));
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
    #[cfg(target_os = "linux")]
    use {
        socket2::SockRef,
        tokio::{net::TcpStream, sync::Notify},
    };

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
        // All but the first seven bytes of what was read at once had to wait.
        assert!((1..100_000).contains(&flow.passed), "{}", flow.passed);
    }

    #[cfg(target_os = "linux")]
    async fn connected() -> (TcpStream, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn much_between_sockets_goes_by_way_of_a_pipe_and_holds_none_afterwards() {
        let ((mut near, mut from), (mut to, mut far)) = (connected().await, connected().await);
        SockRef::from(&to).set_send_buffer_size(BUFFER).unwrap();
        SockRef::from(&far).set_recv_buffer_size(BUFFER).unwrap();
        let (pipes, is_held, counted) = (Pipes::default(), Notify::new(), AtomicU64::new(0));
        let mut flow = Flow { pipes: Some(&pipes), ..Flow::default() };
        let sent: Vec<u8> = (0..u8::MAX).cycle().take(8 << 20).collect();
        let sending = async {
            near.write_all(&sent).await.unwrap();
            near.shutdown().await.unwrap();
        };
        let passing = poll_fn(|cx| {
            let polled = flow.poll(cx, &mut from, &mut to, |bytes| _ = counted.fetch_add(bytes, Ordering::Relaxed));
            if flow.pipe.is_some() {
                is_held.notify_one();
            }
            polled
        });
        let receiving = async {
            // Until then nothing is taken, so that it must come to be held.
            is_held.notified().await;
            let mut received = Vec::new();
            far.read_to_end(&mut received).await.unwrap();
            received
        };
        let ((), passed, received) = tokio::join!(sending, passing, receiving);
        assert!(passed.is_ok() && received == sent && counted.into_inner() == sent.len() as u64);
        assert!(flow.pipe.is_none() && flow.rest.is_empty() && flow.passed > 0);
    }
}
