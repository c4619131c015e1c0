//! What followed the head?
//!
//! Content is counted and digested as it arrives, and dropped.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    exchange::{
        Version,
        grammar::{BodyTracker, Framing, GrammarFault, ParsedHead},
    },
    proxy::read_some,
    reflect::Body,
};

/// More is not read.
const MOST: u64 = 1024 * 1024;
/// From the head to the last byte.
const DEADLINE: Duration = Duration::from_secs(30);

/// A request without a body.
pub(super) fn none() -> Body {
    Body { bytes: 0, sha256: Sha256::digest([]).into(), is_complete: true }
}

/// Reads the body that this head announces; `held` are the bytes that came with it.
///
/// # Errors
/// The framing is broken, or it took too long.
pub(super) async fn read<IO>(io: &mut IO, held: &mut BytesMut, parsed: &ParsedHead) -> Result<Body, GrammarFault>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    match parsed.framing {
        Framing::None => return Ok(none()),
        Framing::Length(length) if length > MOST => return Ok(Body { is_complete: false, ..none() }),
        Framing::Length(_) | Framing::Chunked | Framing::UntilClose => {}
    }
    let reading = async {
        if expects(parsed) && held.is_empty() {
            // A client that has gone is noticed when it is read from.
            let _ = io.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
            let _ = io.flush().await;
        }
        digest(io, held, BodyTracker::new(parsed.framing)).await
    };
    timeout(DEADLINE, reading).await.unwrap_or(Err(GrammarFault::TooSlow))
}

/// RFC 9110 §10.1.1
fn expects(parsed: &ParsedHead) -> bool {
    let mut values = parsed.head.fields.values("expect");
    parsed.head.version == Version::Http11 && values.any(|value| value.eq_ignore_ascii_case(b"100-continue"))
}

async fn digest<IO>(io: &mut IO, held: &mut BytesMut, mut tracker: BodyTracker) -> Result<Body, GrammarFault>
where
    IO: AsyncRead + Unpin,
{
    let mut digest = Sha256::new();
    let (mut bytes, mut on_wire) = (0, 0);
    loop {
        let taken = tracker.advance_telling(held, |content| {
            bytes += content.len() as u64;
            digest.update(content);
        })?;
        held.advance(taken);
        on_wire += taken as u64;
        // Twice as much with chunks of one byte is still let through.
        let is_complete = tracker.is_done();
        if is_complete || bytes > MOST || on_wire > 8 * MOST {
            return Ok(Body { bytes, sha256: digest.finalize().into(), is_complete: is_complete && bytes <= MOST });
        }
        if !matches!(read_some(io, held).await, Ok(count) if count > 0) {
            return Err(GrammarFault::TooSlow);
        }
    }
}
