//! Where does a chunked body end, and is every byte of it where the grammar wants it (RFC 9112 §7.1)?

use super::{GrammarFault, framing::MAX_LENGTH};

/// Bytes of extensions that one chunk header may have.
const MAX_EXTENSION: u16 = 1024;
/// Bytes that the trailer section may have.
const MAX_TRAILERS: u16 = 16 * 1024;

/// What a byte of a chunked body is, if not framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Of the message itself.
    Content(&'a [u8]),
    /// Of the trailer section, with its line ends and the empty line that closes it.
    Trailer(u8),
}

/// A chunked body's state between two bytes.
#[derive(Clone, Copy, Debug)]
pub struct Chunks {
    state: State,
    size: u64,
    count: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { digits: u8 },
    Extension,
    SizeFeed,
    Data,
    DataReturn,
    DataFeed,
    TrailerStart,
    Trailer,
    TrailerFeed,
    EndFeed,
    Done,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { state: State::Size { digits: 0 }, size: 0, count: 0 }
    }
}

impl Chunks {
    /// Whether the last byte of the trailer section has passed.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes bytes up to the end of the body and tells how many belonged to it.
    ///
    /// # Errors
    /// [`GrammarFault::Chunk`] at the first byte that does not fit.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<usize, GrammarFault> {
        self.advance_in_parts(bytes, |_| {})
    }

    /// The same, and tells what of them is not framing.
    ///
    /// # Errors
    /// [`GrammarFault::Chunk`] at the first byte that does not fit.
    pub fn advance_in_parts(&mut self, bytes: &[u8], mut tell: impl FnMut(Part<'_>)) -> Result<usize, GrammarFault> {
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken) {
            match self.state {
                State::Done => break,
                State::Data => {
                    let skipped = self.skip_data(bytes.len() - taken);
                    tell(Part::Content(bytes.get(taken..taken + skipped).unwrap_or_default()));
                    taken += skipped;
                }
                before => {
                    self.state = self.step(byte)?;
                    if matches!(before, State::TrailerStart | State::Trailer | State::TrailerFeed | State::EndFeed) {
                        tell(Part::Trailer(byte));
                    }
                    taken += 1;
                }
            }
        }
        Ok(taken)
    }

    fn skip_data(&mut self, available: usize) -> usize {
        let skipped = usize::try_from(self.size).unwrap_or(usize::MAX).min(available);
        self.size -= skipped as u64;
        if self.size == 0 {
            self.state = State::DataReturn;
        }
        skipped
    }

    fn step(&mut self, byte: u8) -> Result<State, GrammarFault> {
        let next = match (self.state, byte) {
            (State::Size { digits }, _) => return self.size_byte(digits, byte),
            (State::Extension, b'\r') => State::SizeFeed,
            (State::Extension, _) => return self.counted(byte, MAX_EXTENSION, State::Extension),
            (State::SizeFeed, b'\n') => self.begin_chunk(),
            (State::DataReturn, b'\r') => State::DataFeed,
            (State::DataFeed, b'\n') => State::Size { digits: 0 },
            (State::TrailerStart, b'\r') => State::EndFeed,
            // A folded or nameless first byte is left to the field parser, which refuses it.
            (State::TrailerStart, _) => return self.counted(byte, MAX_TRAILERS, State::Trailer),
            (State::Trailer, b'\r') => State::TrailerFeed,
            (State::Trailer, _) => return self.counted(byte, MAX_TRAILERS, State::Trailer),
            (State::TrailerFeed, b'\n') => State::TrailerStart,
            (State::EndFeed, b'\n') => State::Done,
            _ => return Err(GrammarFault::Chunk),
        };
        Ok(next)
    }

    fn size_byte(&mut self, digits: u8, byte: u8) -> Result<State, GrammarFault> {
        if let Some(digit) = (byte as char).to_digit(16) {
            let size = self.size.checked_mul(16).map(|size| size | u64::from(digit));
            self.size = size.filter(|size| *size <= MAX_LENGTH).ok_or(GrammarFault::Chunk)?;
            // Leading zeros are legal but nobody sends more than a word of them.
            return if digits < 16 { Ok(State::Size { digits: digits + 1 }) } else { Err(GrammarFault::Chunk) };
        }
        match byte {
            b'\r' if digits > 0 => Ok(State::SizeFeed),
            b';' if digits > 0 => {
                self.count = 0;
                Ok(State::Extension)
            }
            _ => Err(GrammarFault::Chunk),
        }
    }

    fn begin_chunk(&mut self) -> State {
        self.count = 0;
        if self.size == 0 { State::TrailerStart } else { State::Data }
    }

    fn counted(&mut self, byte: u8, limit: u16, state: State) -> Result<State, GrammarFault> {
        self.count += 1;
        let sound = (byte >= b' ' && byte != 0x7f) || byte == b'\t';
        if sound && self.count <= limit { Ok(state) } else { Err(GrammarFault::Chunk) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"5\r\nhello\r\nA;name=\"v\"\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n";

    #[test]
    fn any_split_ends_at_the_same_byte() {
        let whole = [BODY, b"GET /"].concat();
        for split in 0..BODY.len() {
            let mut chunks = Chunks::default();
            assert_eq!(chunks.advance(&whole[..split]), Ok(split));
            assert!(!chunks.is_done());
            assert_eq!(chunks.advance(&whole[split..]), Ok(BODY.len() - split));
            assert!(chunks.is_done());
        }
    }

    #[test]
    fn a_byte_out_of_place_is_refused() {
        let bodies: &[&[u8]] = &[
            b"\r\n",
            b"x\r\n",
            b"0x5\r\n",
            b" 5\r\n",
            b"5 \r\n",
            b"-5\r\n",
            b"5\nhello",
            b"5\r\nhelloX",
            b"5\r\nhello\n",
            b"5;a\nb\r\n",
            b"FFFFFFFFFFFFFFFFF\r\n",
            b"00000000000000000\r\n",
            b"0\r\nX: y\n\r\n",
            b"0\r\n\n",
            b"0\r\nX: \0\r\n",
        ];
        for body in bodies {
            assert_eq!(
                Chunks::default().advance(body),
                Err(GrammarFault::Chunk),
                "{:?}",
                body.escape_ascii().to_string()
            );
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let mut chunks = Chunks::default();
        let extension = [b"5;".as_slice(), &[b'a'; 2000]].concat();
        assert_eq!(chunks.advance(&extension), Err(GrammarFault::Chunk));
        let trailers = [b"0\r\n".as_slice(), &b"X-Y: z\r\n".repeat(4000)].concat();
        assert_eq!(Chunks::default().advance(&trailers), Err(GrammarFault::Chunk));
    }
}
