//! How is an exit that speaks HTTP/1.1 asked for a tunnel?
//!
//! The head of the CONNECT is written and the head of its answer read on the connection itself, which is the tunnel from
//! then on. What came behind the head belongs to the tunnel.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::{exchange::Sensitive, proxy::reading};

/// A head longer than this is none.
const LONGEST_HEAD: usize = 16 * 1024;
/// Fields that an answer may have.
const MOST_FIELDS: usize = 64;

/// Sends a head, and gives back the status of the answer with what was read behind its head.
///
/// # Errors
/// The connection broke, or what came is no answer.
pub async fn ask<IO>(io: &mut IO, head: &Sensitive<Vec<u8>>) -> io::Result<(u16, Bytes)>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    io.write_all(head.expose()).await?;
    io.flush().await?;
    let mut bytes = BytesMut::new();
    loop {
        if reading::some(io, &mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some((status, length)) = answer(&bytes)? {
            return Ok((status, bytes.split_off(length).freeze()));
        }
        if bytes.len() > LONGEST_HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the head of the answer has no end"));
        }
    }
}

/// Status and length of the head, once it is there as a whole. Interim answers are passed over.
fn answer(bytes: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let mut from = 0;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response.parse(bytes.get(from..).unwrap_or_default());
        let parsed = parsed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        match (parsed, response.code) {
            (httparse::Status::Complete(length), Some(100..=199)) => from += length,
            (httparse::Status::Complete(length), Some(status)) => return Ok(Some((status, from + length))),
            _ => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_whole_and_what_is_behind_it_left() {
        let bytes = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\n220 mail";
        let end = bytes.len() - b"220 mail".len();
        for length in 0..end {
            assert_eq!(answer(&bytes[..length]).unwrap(), None, "{length}");
        }
        assert_eq!(answer(bytes).unwrap(), Some((200, end)));
        assert!(answer(b"SSH-2.0-x\r\n").is_err());
    }
}
