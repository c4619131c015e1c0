//! How do bytes travel on one stream at the exit?
//!
//! A tunnel of RFC 9113 §8.5. The exit is given back as much of its window as was read, and what is written waits for
//! the exit's: a slow reader on either side holds the other back. Any reset is an error, never an end.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use h2::{Reason, RecvStream, SendStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Handle,
    time::timeout,
};

use crate::proxy::break_off::BreakOff;

/// The most that one write hands over.
const PIECE: usize = 16 * 1024;
/// How long the exit's end of a tunnel is waited for when we have ended ours.
const FAREWELL: Duration = Duration::from_secs(5);

/// A tunnel.
#[derive(Debug)]
pub struct Stream {
    send: SendStream<Bytes>,
    /// There until this is dropped.
    receive: Option<RecvStream>,
    read: Bytes,
    has_sent_all: bool,
    is_broken: AtomicBool,
    /// Counts this stream for as long as it lives.
    share: Arc<()>,
}

impl Stream {
    /// A tunnel that the exit has granted.
    pub fn new(send: SendStream<Bytes>, receive: RecvStream, share: Arc<()>) -> Self {
        Self {
            send,
            receive: Some(receive),
            read: Bytes::new(),
            has_sent_all: false,
            is_broken: AtomicBool::new(false),
            share,
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.has_sent_all {
            return Ok(());
        }
        self.has_sent_all = true;
        self.send.send_data(Bytes::new(), true).map_err(told)
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.read.is_empty() {
            let Some(receive) = &mut self.receive else { return Poll::Ready(Ok(())) };
            match ready!(receive.poll_data(cx)) {
                Some(data) => self.read = data.map_err(told)?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.read.len().min(buffer.remaining());
        buffer.put_slice(self.read.get(..count).unwrap_or_default());
        self.read.advance(count);
        if self.read.is_empty() {
            // The last piece takes the room along.
            self.read = Bytes::new();
        }
        let released = self.receive.as_mut().map(|receive| receive.flow_control().release_capacity(count));
        Poll::Ready(released.unwrap_or(Ok(())).map_err(told))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let wanted = bytes.len().min(PIECE);
        self.send.reserve_capacity(wanted);
        while self.send.capacity() == 0 {
            match ready!(self.send.poll_capacity(cx)) {
                Some(granted) => _ = granted.map_err(told)?,
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let count = self.send.capacity().min(wanted);
        let piece = Bytes::copy_from_slice(bytes.get(..count).unwrap_or_default());
        self.send.send_data(piece, false).map_err(told)?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The connection's own task writes as soon as it can.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.finish())
    }
}

impl BreakOff for Stream {
    fn break_off(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }
}

/// As a socket does it: an end if nobody said otherwise, a reset if the other side broke off.
impl Drop for Stream {
    fn drop(&mut self) {
        if self.is_broken.load(Ordering::Relaxed) {
            self.send.send_reset(Reason::CONNECT_ERROR);
            return;
        }
        let finished = self.finish();
        if let Some(receive) = self.receive.take().filter(|receive| finished.is_ok() && !receive.is_end_stream())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(see_off(receive, Arc::clone(&self.share)));
        }
    }
}

/// Waits a while for the exit's end. h2 resets a stream that is dropped before, and resets are bounded: whoever has many
/// tunnels that end at once would be taken for somebody who floods the exit.
async fn see_off(mut receive: RecvStream, share: Arc<()>) {
    let ended = async {
        while let Some(Ok(late)) = receive.data().await {
            // Nobody reads it any more; given back, or the exit could not come to an end.
            let _ = receive.flow_control().release_capacity(late.len());
        }
    };
    let _ = timeout(FAREWELL, ended).await;
    drop(share);
}

/// What h2 says, as a socket would.
fn told(error: h2::Error) -> io::Error {
    if error.is_io() {
        return error.into_io().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into());
    }
    let kind = if error.is_reset() { io::ErrorKind::ConnectionReset } else { io::ErrorKind::BrokenPipe };
    io::Error::new(kind, error)
}
