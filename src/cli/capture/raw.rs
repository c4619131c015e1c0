//! How are requests read from HTTP/1.x as it went over the wire?
//!
//! Lines end in CRLF or LF. A body is passed over by its `Content-Length`; without one, everything up to the next line
//! that begins a message is. An answer belongs to the request before it, as in a dump of both directions. Ids are
//! `raw:<n>`, counted from one. Heads are read more leniently than the proxy reads them: a capture is there to be
//! looked at.

use std::{
    io::{self, BufRead, Read},
    mem,
};

use bytes::Bytes;
use serde_json::Value;

use super::{Captured, Malformed, Passage, Visit, lines, split_absolute};
use crate::{
    cli::Failure,
    exchange::{Fields, RequestHead, Scheme, Version},
};

/// Larger heads are not read.
const LARGEST_HEAD: usize = 1024 * 1024;

/// More field lines are not read.
const MOST_FIELDS: usize = 4096;

/// Reads message after message.
pub(super) fn read(
    input: Box<dyn BufRead>,
    visit: Visit<'_>,
    failed: &dyn Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let mut messages = Messages { input, line: 0, pending: Vec::new() };
    let mut waiting: Option<Result<Captured, Malformed>> = None;
    let mut count = 0;
    while let Some((line, head)) = messages.next_head().map_err(failed)? {
        let length = if head.starts_with(b"HTTP/") {
            let response = response(&head);
            let length = response.as_ref().and_then(content_length);
            if let Some(Ok(request)) = &mut waiting {
                request.response = response;
            }
            length
        } else {
            count += 1;
            let place = || format!("line {line}");
            let request = request(&head, count).map_err(|cause| Malformed { id: Value::Null, place: place(), cause });
            let length = request.as_ref().ok().and_then(|request| content_length(&request.head.fields));
            waiting.replace(request).map_or(Ok(()), &mut *visit)?;
            length
        };
        messages.skip(length.unwrap_or(0)).map_err(failed)?;
    }
    waiting.map_or(Ok(()), visit)
}

/// The request that a head holds; otherwise what is wrong with it. The empty line at the end may be missing.
pub(in crate::cli) fn request(head: &[u8], number: usize) -> Result<Captured, String> {
    let head = Bytes::from([head.trim_ascii_start(), b"\r\n\r\n"].concat());
    let mut headers = vec![httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).map_err(|error| format!("not an HTTP/1.x request: {error}"))?;
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err("not an HTTP/1.x request: it ends within the head".into());
    };
    let fields = fields(&head, request.headers);
    let method = head.slice_ref(method.as_bytes());
    let target = head.slice_ref(target.as_bytes());
    let host = || fields.first("host").map(|host| String::from_utf8_lossy(host).into_owned()).unwrap_or_default();
    let (scheme, authority, target) = match split_absolute(&target) {
        _ if method == "CONNECT" => (Scheme::Https, String::from_utf8_lossy(&target).into_owned(), target),
        Some((scheme, authority, target)) => (scheme, authority, target.into()),
        None => (Scheme::Http, host(), target),
    };
    let version = if version == 0 { Version::Http10 } else { Version::Http11 };
    let head = RequestHead { method, target, version, fields };
    Ok(Captured {
        id: format!("raw:{number}").into(),
        authority,
        scheme,
        head,
        response: None,
        passage: Passage::default(),
    })
}

fn response(head: &[u8]) -> Option<Fields> {
    let head = Bytes::from([head, b"\r\n\r\n"].concat());
    let mut headers = vec![httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(&head).ok()?;
    Some(fields(&head, response.headers))
}

fn fields(head: &Bytes, headers: &[httparse::Header<'_>]) -> Fields {
    let pair = |header: &httparse::Header<'_>| {
        (head.slice_ref(header.name.as_bytes()), head.slice_ref(header.value.trim_ascii()))
    };
    headers.iter().map(pair).collect()
}

fn content_length(fields: &Fields) -> Option<u64> {
    std::str::from_utf8(fields.first("content-length")?).ok()?.parse().ok()
}

/// Whether a line begins a request or an answer.
pub(super) fn is_start_line(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ');
    let is_version = |word: &[u8]| word.starts_with(b"HTTP/1.");
    match (words.next(), words.next(), words.next()) {
        (Some(version), Some(status), _) if is_version(version) => status.iter().all(u8::is_ascii_digit),
        (Some(method), Some(target), Some(version)) => {
            let is_method =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'!' | b'.' | b'+');
            !method.is_empty() && method.iter().all(is_method) && !target.is_empty() && is_version(version)
        }
        _ => false,
    }
}

/// The heads in a capture.
struct Messages {
    input: Box<dyn BufRead>,
    line: usize,
    /// A line that was read and not yet used.
    pending: Vec<u8>,
}

impl Messages {
    /// The next head, with the number of its first line. What stands before it belongs to no head.
    fn next_head(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let mut head = Vec::new();
        while let Some(line) = self.next_line()? {
            if is_start_line(lines::trim(&line)) {
                head = line;
                break;
            }
        }
        if head.is_empty() {
            return Ok(None);
        }
        let first = self.line;
        while let Some(line) = self.next_line()?.filter(|line| !lines::trim(line).is_empty()) {
            // A head that was cut off: the next message begins here.
            if is_start_line(lines::trim(&line)) {
                self.pending = line;
                break;
            }
            if head.len() + line.len() <= LARGEST_HEAD {
                head.extend(line);
            }
        }
        Ok(Some((first, lines::trim(&head).to_vec())))
    }

    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if !self.pending.is_empty() {
            return Ok(Some(mem::take(&mut self.pending)));
        }
        let mut line = Vec::new();
        let found = lines::next(&mut self.input, &mut line)?;
        self.line += usize::from(found != lines::Line::End);
        Ok((found != lines::Line::End).then_some(line))
    }

    /// Passes over a body, and counts its lines.
    fn skip(&mut self, mut length: u64) -> io::Result<()> {
        let mut chunk = [0; 8192];
        while length > 0 && self.pending.is_empty() {
            let want = usize::try_from(length).unwrap_or(usize::MAX).min(chunk.len());
            let count = self.input.read(chunk.get_mut(..want).unwrap_or_default())?;
            if count == 0 {
                break;
            }
            length -= count as u64;
            self.line += memchr::memchr_iter(b'\n', chunk.get(..count).unwrap_or_default()).count();
        }
        Ok(())
    }
}
