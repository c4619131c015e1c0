//! Which bytes of a vectored write were taken?

use std::io::IoSlice;

/// The first `count` bytes, slice by slice.
pub fn written<'a>(slices: &'a [IoSlice<'_>], count: usize) -> impl Iterator<Item = &'a [u8]> {
    let mut left = count;
    slices.iter().map(move |slice| {
        let taken = left.min(slice.len());
        left -= taken;
        slice.get(..taken).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_may_end_within_a_slice() {
        let slices = [IoSlice::new(b"abc"), IoSlice::new(b"def"), IoSlice::new(b"g")];
        let told = |count| written(&slices, count).collect::<Vec<_>>().concat();
        assert_eq!((told(0), told(4), told(7)), (b"".to_vec(), b"abcd".to_vec(), b"abcdefg".to_vec()));
    }
}
