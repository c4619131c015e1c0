//! How many bytes are of a kind?

/// Sums of so many bytes fit into one, which lets the processor add sixteen at a time.
const CHUNK: usize = 128;

/// How many of them are. The question is best put without a branch.
pub(super) fn count(text: &[u8], is_one: impl Fn(u8) -> bool) -> usize {
    let ones = |chunk: &[u8]| chunk.iter().fold(0, |sum: u8, &byte| sum.wrapping_add(u8::from(is_one(byte))));
    text.chunks(CHUNK).map(|chunk| usize::from(ones(chunk))).sum()
}

/// How many are digits.
pub(super) fn digits(text: &[u8]) -> usize {
    count(text, |byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_lost_where_sums_end() {
        for len in [0, 1, 127, 128, 129, 255, 256, 257, 5000] {
            assert_eq!(digits(&vec![b'7'; len]), len);
            assert_eq!((digits(&vec![b'/'; len]), digits(&vec![b':'; len])), (0, 0));
        }
    }
}
