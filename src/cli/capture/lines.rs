//! How are lines read that may be torn, endless or not text at all?

use std::io::{self, BufRead};

/// Longer lines are passed over.
pub(in crate::cli) const LONGEST: usize = 16 * 1024 * 1024;

/// What stands at the reader's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Line {
    /// Nothing more, for now.
    End,
    /// A line with its end, which is in the buffer as well.
    Whole,
    /// What stands after the last line's end.
    Torn,
    /// A line of more than [`LONGEST`] bytes; its beginning is in the buffer.
    TooLong,
}

/// Reads the next line into the buffer, after what is in it already.
pub(in crate::cli) fn next(input: &mut (impl BufRead + ?Sized), buffer: &mut Vec<u8>) -> io::Result<Line> {
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(if buffer.is_empty() { Line::End } else { Line::Torn });
        }
        let end = memchr::memchr(b'\n', available).map(|at| at + 1);
        let taken = end.unwrap_or(available.len());
        if buffer.len() <= LONGEST {
            buffer.extend_from_slice(available.get(..taken).unwrap_or_default());
        }
        input.consume(taken);
        if end.is_some() {
            return Ok(if buffer.len() > LONGEST { Line::TooLong } else { Line::Whole });
        }
    }
}

/// The line without its end, be it LF or CRLF.
pub(in crate::cli) fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_torn_or_too_long() {
        let text = [b"one\r\ntwo\n", &vec![b'x'; LONGEST + 1][..], b"\nthr"].concat();
        let mut input = io::BufReader::with_capacity(3, &text[..]);
        let mut read = Vec::new();
        loop {
            let mut buffer = Vec::new();
            match next(&mut input, &mut buffer).unwrap() {
                Line::End => break,
                Line::TooLong => read.push((Line::TooLong, vec![])),
                line => read.push((line, trim(&buffer).to_vec())),
            }
        }
        let expected = [
            (Line::Whole, b"one".to_vec()),
            (Line::Whole, b"two".to_vec()),
            (Line::TooLong, vec![]),
            (Line::Torn, b"thr".to_vec()),
        ];
        assert_eq!(read, expected);
    }
}
