//! What is this capture written in?

use std::io::{self, BufRead, Cursor, Read};

use super::{Format, lines};

/// How much is looked at.
const ENOUGH: u64 = 64 * 1024;

/// Reads the beginning, without a byte order mark, and tells what it looks like.
pub(super) fn begin(mut input: Box<dyn BufRead>) -> io::Result<(Box<dyn BufRead>, Option<Format>)> {
    let mut start = Vec::new();
    // A line or more is enough, and a pipe that stays open is not waited for beyond that.
    while start.len() < ENOUGH as usize && !has_a_line(&start) {
        let limit = ENOUGH - start.len() as u64;
        if input.by_ref().take(limit).read_until(b'\n', &mut start)? == 0 {
            break;
        }
    }
    start.drain(..start.len() - after_mark(&start).len());
    let format = guess(&start);
    Ok((Box::new(Cursor::new(start).chain(input)), format))
}

fn has_a_line(start: &[u8]) -> bool {
    start.ends_with(b"\n") && !start.trim_ascii().is_empty() && !(opens_object(start) && first_key(start).is_none())
}

fn guess(start: &[u8]) -> Option<Format> {
    // No request at all can be written in anything.
    if start.trim_ascii().is_empty() {
        return Some(Format::Jsonl);
    }
    if opens_object(start) {
        return Some(if first_key(start) == Some(b"log") { Format::Har } else { Format::Jsonl });
    }
    let first = start.trim_ascii_start().split(|&byte| byte == b'\n').next().map(lines::trim)?;
    super::raw::is_start_line(first).then_some(Format::Raw)
}

fn opens_object(start: &[u8]) -> bool {
    after_mark(start).trim_ascii_start().starts_with(b"{")
}

/// What follows a byte order mark, which some exporters write.
fn after_mark(start: &[u8]) -> &[u8] {
    start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start)
}

/// The first key of the object that the text opens with. A HAR has one key, `log` (HAR 1.2), and is mostly written over
/// many lines.
fn first_key(start: &[u8]) -> Option<&[u8]> {
    let inside = after_mark(start).trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    inside.split(|&byte| byte == b'"').next().filter(|key| key.len() < inside.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &'static str) -> Option<Format> {
        begin(Box::new(text.as_bytes())).unwrap().1
    }

    #[test]
    fn content_tells() {
        assert_eq!(told("{\"id\":1}\n"), Some(Format::Jsonl));
        assert_eq!(told("\n\n{ \"v\": 1 }"), Some(Format::Jsonl));
        assert_eq!(told("\u{feff}{\n\n  \"log\" : {\n"), Some(Format::Har));
        assert_eq!(told("{\"log\":{}}"), Some(Format::Har));
        assert_eq!(told("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Some(Format::Raw));
        assert_eq!(told("HTTP/1.1 200 OK\r\n\r\n"), Some(Format::Raw));
        assert_eq!(told("hello there"), None);
        assert_eq!(told("\n"), Some(Format::Jsonl));
    }

    #[test]
    fn nothing_is_lost_by_looking() {
        let (mut input, _) = begin(Box::new(&b"GET / HTTP/1.1\nHost: a\n\n"[..])).unwrap();
        let mut text = String::new();
        input.read_to_string(&mut text).unwrap();
        assert_eq!(text, "GET / HTTP/1.1\nHost: a\n\n");
    }
}
