//! Which bytes does a Huffman code stand for (RFC 7541 §5.2)?
//!
//! The code is canonical: words of one length are consecutive numbers, in the order of their symbols. So the lengths
//! alone say everything, and a word is found by its length and its distance from the first of that length.

use super::CompressionFault;

/// The length of each symbol's word in bits (RFC 7541, Appendix B); the last symbol ends a string.
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];
const SYMBOLS: usize = 257;
const END: u16 = 256;
const LONGEST: usize = 30;
/// Words of up to so many bits are looked up at once: nearly all that a head is made of.
const QUICK: u32 = 8;

static CODE: Code = Code::new();

/// The code, from its words to its symbols.
struct Code {
    /// Symbols in the order of their words.
    symbols: [u16; SYMBOLS],
    /// For each length: its first word, how many words it has, and where their symbols begin.
    lengths: [(u32, u32, usize); LONGEST + 1],
    /// For each beginning of [`QUICK`] bits: the symbol and the length of its word, or nothing.
    quick: [(u16, u8); 1 << QUICK],
}

impl Code {
    const fn new() -> Self {
        let mut code = Self { symbols: [0; SYMBOLS], lengths: [(0, 0, 0); LONGEST + 1], quick: [(0, 0); 1 << QUICK] };
        let (mut word, mut at, mut length) = (0, 0, 1);
        while length <= LONGEST {
            word <<= 1;
            code.lengths[length] = (word, 0, at);
            let mut symbol = 0;
            while symbol < SYMBOLS {
                if LENGTHS[symbol] as usize == length {
                    code.symbols[at] = symbol as u16;
                    code.note_quick(symbol as u16, word, length as u32);
                    code.lengths[length].1 += 1;
                    (word, at) = (word + 1, at + 1);
                }
                symbol += 1;
            }
            length += 1;
        }
        code
    }

    const fn note_quick(&mut self, symbol: u16, word: u32, length: u32) {
        if length > QUICK {
            return;
        }
        let free = QUICK - length;
        let mut beginning = (word << free) as usize;
        while beginning < ((word + 1) << free) as usize {
            self.quick[beginning] = (symbol, length as u8);
            beginning += 1;
        }
    }

    /// The symbol whose word these bits begin with, and how long the word is.
    fn find(&self, bits: u32) -> Option<(u16, u32)> {
        match self.quick.get((bits >> (32 - QUICK)) as usize) {
            Some((symbol, length @ 1..)) => Some((*symbol, (*length).into())),
            _ => self.find_long(bits),
        }
    }

    fn find_long(&self, bits: u32) -> Option<(u16, u32)> {
        (1..).zip(self.lengths.iter().skip(1)).skip(QUICK as usize).find_map(|(length, (first, count, at))| {
            let distance = (bits >> (32 - length)).checked_sub(*first).filter(|distance| distance < count)?;
            Some((*self.symbols.get(at + distance as usize)?, length))
        })
    }
}

/// Appends what `string` stands for.
///
/// # Errors
/// [`CompressionFault::Huffman`] for the end within a string, and for padding that is not the beginning of the end's word
/// or has a byte or more.
pub fn decode(string: &[u8], out: &mut Vec<u8>) -> Result<(), CompressionFault> {
    let mut bytes = string.iter();
    let (mut window, mut filled) = (0_u64, 0_u32);
    loop {
        while filled <= 56
            && let Some(byte) = bytes.next()
        {
            window = window << 8 | u64::from(*byte);
            filled += 8;
        }
        if filled == 0 {
            return Ok(());
        }
        // What is missing is ones, as the padding is.
        let bits = (window << (64 - filled) | u64::MAX.checked_shr(filled).unwrap_or_default()) >> 32;
        let bits = u32::try_from(bits).unwrap_or(u32::MAX);
        match CODE.find(bits) {
            Some((symbol, length)) if length <= filled && symbol != END => {
                out.push(symbol.to_le_bytes()[0]);
                filled -= length;
            }
            _ if filled < 8 && bits == u32::MAX => return Ok(()),
            _ => return Err(CompressionFault::Huffman),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(string: &[u8]) -> Result<Vec<u8>, CompressionFault> {
        let mut out = Vec::new();
        decode(string, &mut out).map(|()| out)
    }

    /// RFC 7541, Appendix C.4 and C.6.
    #[test]
    fn the_standards_examples_are_read() {
        assert_eq!(decoded(b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff").unwrap(), b"www.example.com");
        assert_eq!(decoded(b"\x64\x02").unwrap(), b"302");
        assert_eq!(decoded(b"\xae\xc3\x77\x1a\x4b").unwrap(), b"private");
        assert_eq!(decoded(b"").unwrap(), b"");
    }

    #[test]
    fn every_symbol_has_a_word_and_every_word_a_symbol() {
        for symbol in 0..=255_u8 {
            let length = u32::from(LENGTHS[usize::from(symbol)]);
            let (first, _, at) = CODE.lengths[length as usize];
            let place = CODE.symbols.iter().position(|known| *known == u16::from(symbol)).unwrap();
            let word = first + u32::try_from(place - at).unwrap();
            let padded = (u64::from(word) << (64 - length) | u64::MAX >> length).to_be_bytes();
            assert_eq!(decoded(&padded[..length.div_ceil(8) as usize]).unwrap(), [symbol]);
        }
    }

    #[test]
    fn bad_padding_and_the_end_within_are_refused() {
        for string in [b"\xff".as_slice(), b"\x00", b"\x1f\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\xfc\x07"] {
            assert_eq!(decoded(string), Err(CompressionFault::Huffman), "{string:x?}");
        }
    }
}
