//! How do whole lines, and nothing but whole lines, get into a file?

use std::{
    fs::File,
    io::{self, Write},
};

/// What lines are appended to.
pub(super) trait Medium {
    /// Appends some of the bytes and says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts off what stands behind this length.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Medium for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Lines that could not be appended.
#[derive(Debug)]
pub(super) struct Failed {
    /// What the system said.
    pub cause: io::Error,
    /// How many bytes, all of them whole lines, were appended before.
    pub written: usize,
    /// Whether a part of a line stands at the end and cannot be taken away. Nothing may be appended behind it.
    pub is_torn: bool,
}

/// Appends lines to a medium of this length. A line that does not fit as a whole is cut off again.
pub(super) fn append(medium: &mut impl Medium, length: u64, lines: &[u8]) -> Result<(), Failed> {
    let mut at = 0;
    while let Some(rest) = lines.get(at..).filter(|rest| !rest.is_empty()) {
        match medium.write(rest) {
            Ok(0) => return Err(cut_back(medium, length, lines, at, io::ErrorKind::WriteZero.into())),
            Ok(count) => at += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(cut_back(medium, length, lines, at, error)),
        }
    }
    Ok(())
}

fn cut_back(medium: &mut impl Medium, length: u64, lines: &[u8], at: usize, cause: io::Error) -> Failed {
    let written = whole_lines(lines, at);
    let is_torn = written < at && medium.cut(length + written as u64).is_err();
    Failed { cause, written, is_torn }
}

/// How many of the first `limit` bytes are whole lines.
pub(super) fn whole_lines(lines: &[u8], limit: usize) -> usize {
    memchr::memrchr(b'\n', lines.get(..limit).unwrap_or(lines)).map_or(0, |at| at + 1)
}

/// How many lines these bytes hold.
pub(super) fn count(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `room` bytes, at most three at a time, and fails from then on.
    struct Small {
        bytes: Vec<u8>,
        room: usize,
        can_cut: bool,
    }

    impl Medium for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(3).min(self.room - self.bytes.len());
            self.bytes.extend(&bytes[..count]);
            if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.bytes.truncate(if self.can_cut { length as usize } else { usize::MAX });
            if self.can_cut { Ok(()) } else { Err(io::ErrorKind::ReadOnlyFilesystem.into()) }
        }
    }

    #[test]
    fn a_line_that_does_not_fit_leaves_nothing_behind() {
        for room in 0..12 {
            let mut medium = Small { bytes: b"before\n".to_vec(), room: 7 + room, can_cut: true };
            let failed = append(&mut medium, 7, b"one\ntwo\nthree\n").unwrap_err();
            let whole = [0, 4, 8][room / 4];
            assert_eq!((failed.written, failed.is_torn), (whole, false), "{room}");
            assert_eq!(medium.bytes, [b"before\n", &b"one\ntwo\n"[..whole]].concat());
        }
    }

    #[test]
    fn what_cannot_be_cut_off_is_told() {
        let mut medium = Small { bytes: vec![], room: 6, can_cut: false };
        let failed = append(&mut medium, 0, b"one\ntwo\n").unwrap_err();
        assert!(failed.is_torn);
        assert_eq!(medium.bytes, b"one\ntw");
    }

    #[test]
    fn short_writes_are_carried_on() {
        let mut medium = Small { bytes: vec![], room: 100, can_cut: true };
        append(&mut medium, 0, b"one\ntwo\nthree\n").unwrap();
        assert_eq!(medium.bytes, b"one\ntwo\nthree\n");
    }
}
