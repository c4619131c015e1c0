//! How is a silent peer waited for without holding room for what it may say?
//!
//! Room is taken on the stack, and only what has come is kept: an idle connection holds no buffer.

use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};

/// How much is read at once.
pub const READ_SIZE: usize = 8 * 1024;

/// Reads once and adds what came to `held`; zero is the end of the stream.
pub fn poll_some<IO>(io: &mut IO, cx: &mut Context<'_>, held: &mut BytesMut) -> Poll<io::Result<usize>>
where
    IO: AsyncRead + Unpin,
{
    let mut room = [MaybeUninit::uninit(); READ_SIZE];
    let mut buffer = ReadBuf::uninit(&mut room);
    ready!(Pin::new(io).poll_read(cx, &mut buffer))?;
    held.extend_from_slice(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

/// The same as a future. Cancelled, it has read nothing.
pub async fn some<IO: AsyncRead + Unpin>(io: &mut IO, held: &mut BytesMut) -> io::Result<usize> {
    poll_fn(|cx| poll_some(io, cx, held)).await
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn what_comes_is_added_and_silence_costs_nothing() {
        let (mut client, mut server) = tokio::io::duplex(64);
        let mut held = BytesMut::new();
        let silent = tokio::time::timeout(std::time::Duration::ZERO, some(&mut server, &mut held)).await;
        assert!(silent.is_err() && held.capacity() == 0);
        for part in [b"one ".as_slice(), b"two"] {
            client.write_all(part).await.unwrap();
            assert_eq!(some(&mut server, &mut held).await.unwrap(), part.len());
        }
        drop(client);
        assert_eq!(some(&mut server, &mut held).await.unwrap(), 0);
        assert_eq!(held, b"one two".as_slice());
    }
}
