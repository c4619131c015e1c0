//! How do bytes pass that nobody reads?

use std::{io, sync::Arc, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, copy_bidirectional_with_sizes},
    time::timeout,
};
use tokio_util::io::InspectReader;

use super::account::Account;

/// Buffer for each direction of a tunnel.
const BUFFER: usize = 16 * 1024;
/// The first bytes of a server that speaks first fit here.
const GREETING: usize = 4 * 1024;

/// Relays both ways until both sides have ended, or nothing has moved for `idle`. When one side ends its half, the
/// other half stays open (RFC 9110 §9.3.6).
pub async fn relay(
    client: impl AsyncRead + AsyncWrite + Unpin,
    origin: impl AsyncRead + AsyncWrite + Unpin,
    account: &Arc<Account>,
    idle: Duration,
) {
    let mut client = InspectReader::new(client, |bytes: &[u8]| account.sent(bytes.len() as u64));
    let mut origin = InspectReader::new(origin, |bytes: &[u8]| account.received(bytes.len() as u64));
    let ended = tokio::select! {
        // Both sides have ended, or one has broken off.
        ended = copy_bidirectional_with_sizes(&mut client, &mut origin, BUFFER, BUFFER) => ended.map(|_| ()),
        // Nothing has moved: both sides are dropped, nothing that was taken is lost unsent but by the stall itself.
        () = account.silence(idle) => Err(io::ErrorKind::TimedOut.into()),
    };
    if let Err(error) = ended {
        account.breaks(&error);
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
    let mut from_client = BytesMut::with_capacity(BUFFER);
    let mut from_origin = BytesMut::with_capacity(GREETING);
    let spoken = timeout(patience, async {
        tokio::select! {
            // Reading into a buffer of our own loses nothing when the other branch wins.
            biased;
            read = client.read_buf(&mut from_client) => read.map(|_| ()),
            read = origin.read_buf(&mut from_origin) => read.map(|_| ()),
        }
    });
    match spoken.await {
        Ok(Ok(())) if !from_client.is_empty() => FirstWords::Client(from_client),
        Ok(Ok(())) if !from_origin.is_empty() => FirstWords::Server(from_origin),
        _ => FirstWords::Nobody,
    }
}
