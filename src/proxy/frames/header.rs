//! Where do frames begin, and what do their headers say?

/// Length of a frame's header (RFC 9113 §4.1).
pub const LENGTH: usize = 9;
/// The flag of `DATA` and `HEADERS` that ends a stream.
pub const END_STREAM: u8 = 1;
/// The flag of the frame that ends a header block.
pub const END_HEADERS: u8 = 4;
/// The flag of a frame with padding.
pub const PADDED: u8 = 8;
/// The flag of `HEADERS` that begin with what HTTP/2 once thought of priorities.
pub const PRIORITY: u8 = 0x20;
/// `GOAWAY` (RFC 9113 §6.8).
const GO_AWAY: u8 = 7;
/// The error code for a header block that cannot be read (RFC 9113 §7).
pub const COMPRESSION_ERROR: u32 = 9;
/// The error code for a peer whose load is excessive.
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// What a frame is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Data,
    Headers,
    Reset,
    Continuation,
    Other,
}

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    pub kind: Kind,
    /// Bytes of payload.
    pub length: usize,
    pub ends_stream: bool,
    pub flags: u8,
    pub stream: u32,
}

impl FrameHeader {
    /// Reads a header.
    pub fn parse([high, middle, low, kind, flags, stream @ ..]: [u8; LENGTH]) -> Self {
        let kind = match kind {
            0 => Kind::Data,
            1 => Kind::Headers,
            3 => Kind::Reset,
            9 => Kind::Continuation,
            _ => Kind::Other,
        };
        Self {
            kind,
            length: usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low),
            ends_stream: matches!(kind, Kind::Data | Kind::Headers) && flags & END_STREAM != 0,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        }
    }
}

/// The header of a frame of `HEADERS`, or of `CONTINUATION`.
pub fn block_header(is_first: bool, length: usize, flags: u8, stream: u32) -> [u8; LENGTH] {
    let [_, high, middle, low] = u32::try_from(length).unwrap_or_default().to_be_bytes();
    let [a, b, c, d] = stream.to_be_bytes();
    [high, middle, low, if is_first { 1 } else { 9 }, flags, a, b, c, d]
}

/// The bytes of a `GOAWAY`.
pub fn go_away(last_stream: u32, code: u32) -> [u8; 17] {
    let mut frame = [0; 17];
    let [_, _, length, kind, _, _, _, _, _, rest @ ..] = &mut frame;
    (*length, *kind) = (8, GO_AWAY);
    let (stream, error) = rest.split_at_mut(4);
    stream.copy_from_slice(&last_stream.to_be_bytes());
    error.copy_from_slice(&code.to_be_bytes());
    frame
}

/// Follows a stream of bytes from frame to frame.
#[derive(Debug)]
pub struct Outline {
    /// Bytes until the next header.
    skip: usize,
    header: [u8; LENGTH],
    /// How much of it is there.
    filled: usize,
}

impl Outline {
    /// Frames begin behind so many bytes.
    pub fn behind(skip: usize) -> Self {
        Self { skip, header: [0; LENGTH], filled: 0 }
    }

    /// Whether the last frame has come to its end.
    pub fn is_between_frames(&self) -> bool {
        self.skip == 0 && self.filled == 0
    }

    /// Goes through `bytes`, and calls for each header that they complete.
    pub fn follow(&mut self, mut bytes: &[u8], mut each: impl FnMut(FrameHeader)) {
        while !bytes.is_empty() {
            let passed = self.skip.min(bytes.len());
            self.skip -= passed;
            bytes = bytes.get(passed..).unwrap_or_default();
            let free = self.header.get_mut(self.filled..).unwrap_or_default();
            let taken = free.len().min(bytes.len());
            for (slot, byte) in free.iter_mut().zip(bytes) {
                *slot = *byte;
            }
            bytes = bytes.get(taken..).unwrap_or_default();
            self.filled += taken;
            if self.filled == LENGTH {
                let header = FrameHeader::parse(self.header);
                (self.filled, self.skip) = (0, header.length);
                each(header);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pieces: &[&[u8]]) -> (Vec<FrameHeader>, bool) {
        let mut outline = Outline::behind(3);
        let mut seen = Vec::new();
        for piece in pieces {
            outline.follow(piece, |frame| seen.push(frame));
        }
        (seen, outline.is_between_frames())
    }

    #[test]
    fn any_split_gives_the_same_frames() {
        let bytes = b"PRI\x00\x00\x02\x00\x01\x00\x00\x00\x07hi\x00\x00\x04\x03\x00\x80\x00\x00\x09code\x00\x00\x00\x04\x01\x00\x00\x00\x00";
        let expected = [
            FrameHeader { kind: Kind::Data, length: 2, ends_stream: true, flags: 1, stream: 7 },
            FrameHeader { kind: Kind::Reset, length: 4, ends_stream: false, flags: 0, stream: 9 },
            FrameHeader { kind: Kind::Other, length: 0, ends_stream: false, flags: 1, stream: 0 },
        ];
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(seen(&[head, tail]), (expected.to_vec(), true), "split at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(seen(&single), (expected.to_vec(), true));
        assert!(!seen(&[&bytes[..bytes.len() - 1]]).1, "a header is not complete");
        assert!(!seen(&[&bytes[..13]]).1, "a payload is not complete");
    }

    #[test]
    fn a_farewell_is_a_frame() {
        let bytes = go_away(5, ENHANCE_YOUR_CALM);
        assert_eq!(bytes, [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 11]);
    }
}
