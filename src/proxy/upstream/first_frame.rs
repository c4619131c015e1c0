//! Does an origin take WebSocket over HTTP/2?
//!
//! It says so in its settings (RFC 8441 §3), and its settings are the first frame of a server (RFC 9113 §3.4). h2 tells
//! what they hold, but not when it has read them; so the frame is read as it goes by.

use tokio::{io::AsyncRead, sync::watch};
use tokio_util::io::InspectReader;

/// Length of a frame's header; its first three bytes are the payload's length, the fourth the type (RFC 9113 §4.1).
const HEADER: usize = 9;
const SETTINGS: u8 = 4;
/// SETTINGS_ENABLE_CONNECT_PROTOCOL
const ENABLE_CONNECT: u16 = 8;
/// No server has more to say than this.
const MAX_FRAME: usize = 4 * 1024;

/// Watches a stream and announces whether the origin takes the extended CONNECT once its settings have been read.
pub fn watch<IO: AsyncRead>(
    io: IO,
    announce: watch::Sender<Option<bool>>,
) -> InspectReader<IO, impl FnMut(&[u8]) + Send> {
    let mut frame = Vec::new();
    let mut announce = Some(announce);
    InspectReader::new(io, move |bytes: &[u8]| {
        if announce.is_none() {
            return;
        }
        frame.extend_from_slice(bytes.get(..MAX_FRAME).unwrap_or(bytes));
        if let Some(enabled) = extended_connect(&frame)
            && let Some(announce) = announce.take()
        {
            frame = Vec::new();
            // Nobody may be waiting for it any more.
            let _ = announce.send(Some(enabled));
        }
    })
}

/// What the first frame says, once it is there as a whole.
fn extended_connect(frame: &[u8]) -> Option<bool> {
    let [high, middle, low, kind] = *frame.first_chunk()?;
    let length = u32::from_be_bytes([0, high, middle, low]) as usize;
    if kind != SETTINGS || length > MAX_FRAME {
        return Some(false);
    }
    let payload = frame.get(HEADER..HEADER + length)?;
    let is_enabled =
        |setting: &[u8]| matches!(setting, [a, b, 0, 0, 0, 1] if u16::from_be_bytes([*a, *b]) == ENABLE_CONNECT);
    Some(payload.chunks(6).any(is_enabled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_read_whole_or_not_at_all() {
        let with = [0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 8, 0, 0, 0, 1];
        for end in 0..with.len() {
            assert_eq!(extended_connect(&with[..end]), None, "{end}");
        }
        assert_eq!(extended_connect(&with), Some(true));
        let without = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 4, 1];
        assert_eq!(extended_connect(&without), Some(false));
        assert_eq!(extended_connect(&[0, 0, 0, 4, 0, 0, 0, 0, 0]), Some(false));
        assert_eq!(extended_connect(b"HTTP/1.1 400"), Some(false));
    }
}
