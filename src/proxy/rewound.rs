//! How are bytes put back that were read to decide?

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that gives some bytes again before it goes on.
#[derive(Debug)]
pub struct Rewound<IO> {
    prefix: Bytes,
    io: IO,
}

impl<IO> Rewound<IO> {
    /// Puts `prefix` in front of what is still to be read.
    pub fn new(io: IO, prefix: Bytes) -> Self {
        Self { prefix, io }
    }

    /// Puts back what was read last.
    #[must_use]
    pub fn again(self, read: Bytes) -> Self {
        let prefix = if self.prefix.is_empty() { read } else { [read, self.prefix].concat().into() };
        Self { prefix, ..self }
    }

    /// The stream below, once all that was put in front of it has been read.
    pub fn rest(&self) -> Option<&IO> {
        self.prefix.is_empty().then_some(&self.io)
    }

    /// The stream below.
    pub fn get_ref(&self) -> &IO {
        &self.io
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Rewound<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let count = self.prefix.len().min(buffer.remaining());
        // Not `advance`: the last piece takes the room along.
        buffer.put_slice(&self.prefix.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Rewound<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn the_prefix_comes_first_however_it_is_read() {
        let (client, mut server) = tokio::io::duplex(64);
        tokio::io::AsyncWriteExt::write_all(&mut server, b"def").await.unwrap();
        drop(server);
        let mut rewound = Rewound::new(client, Bytes::from_static(b"abc"));
        let mut two = [0; 2];
        rewound.read_exact(&mut two).await.unwrap();
        let mut rest = Vec::new();
        rewound.read_to_end(&mut rest).await.unwrap();
        assert_eq!((&two, rest.as_slice()), (b"ab", b"cdef".as_slice()));
    }
}
