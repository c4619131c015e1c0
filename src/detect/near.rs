//! Where does a byte stand that is surely near?
//!
//! `memchr` is made for long texts: to begin costs it as much as to look at fifty bytes. Pairs of cookies and their keys
//! are shorter.

/// So many words of eight bytes are looked at before `memchr` takes over.
const WORDS: usize = 8;

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// The first place of a byte.
pub(super) fn first(byte: u8, text: &[u8]) -> Option<usize> {
    let (words, _) = text.as_chunks();
    let mut at = 0;
    for word in words.iter().take(WORDS) {
        let differs = u64::from_le_bytes(*word) ^ (u64::from(byte) * ONES);
        // The lowest bit is that of the first byte that is zero; those above it may be wrong.
        let zeros = differs.wrapping_sub(ONES) & !differs & HIGH;
        if zeros != 0 {
            return Some(at + zeros.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = text.get(at..)?;
    let place = if rest.len() < 8 { rest.iter().position(|&one| one == byte) } else { memchr::memchr(byte, rest) };
    place.map(|place| at + place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_first_one_wherever_it_stands() {
        for len in 0..100 {
            for at in 0..len {
                let mut text: Vec<u8> = (0..len).map(|at| [b';', b'<', 0, 0xff, b':'][at % 5] ^ 0x80).collect();
                assert_eq!(first(b'=', &text), None);
                text[at] = b'=';
                text[len - 1] = b'=';
                assert_eq!(first(b'=', &text), Some(at), "{at} of {len}");
            }
        }
    }
}
