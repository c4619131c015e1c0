//! What does hyper have to see of a head?
//!
//! What frames the message, and nothing else: nothing more is ever asked of hyper, since the head that was kept beside it
//! is the one that is judged and sent on. So hyper is spared reading every field a second time into a map. What it would
//! have to put together from several lines it is told in one, so that there are never more than a few.

use bytes::Bytes;
use memchr::memchr;

use super::special::lists;
use crate::exchange::{Fields, RequestHead, ResponseHead, Version};

/// The whole outline of most requests: nothing frames a body, and nothing is asked of the connection.
pub const PLAIN: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

/// A head as hyper is shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The head.
    pub bytes: Bytes,
    /// How many fields are in it.
    pub count: usize,
}

/// A request's: a target is not asked of hyper either.
pub fn request(head: &RequestHead) -> Outline {
    let told = Told::of(&head.fields);
    if told.is_nothing(head.version) && head.version == Version::Http11 && head.method == "GET" {
        return Outline { bytes: Bytes::from_static(PLAIN), count: 0 };
    }
    let version: &[u8] = if head.version == Version::Http10 { b" / HTTP/1.0\r\n" } else { b" / HTTP/1.1\r\n" };
    told.below(&[&head.method, version], head.version, true)
}

/// An answer's; `bytes` are the head as it came, with its own first line.
pub fn response(bytes: &[u8], head: &ResponseHead) -> Outline {
    let line = memchr(b'\n', bytes).map_or(bytes, |at| bytes.get(..=at).unwrap_or_default());
    Told::of(&head.fields).below(&[line], head.version, false)
}

/// Whether the connection that an answer came on may serve another request (RFC 9112 §9.3).
pub fn stays(head: &ResponseHead) -> bool {
    match (Told::of(&head.fields).connection(head.version), head.version) {
        (None, Version::Http10) => false,
        (word, _) => word != Some(b"close"),
    }
}

/// What hyper looks at.
#[derive(Default)]
struct Told<'a> {
    length: Option<&'a [u8]>,
    coding: Option<&'a [u8]>,
    closes: bool,
    keeps: bool,
    /// The last line of these counts.
    expect: Option<&'a [u8]>,
    upgrade: Option<&'a [u8]>,
    takes_trailers: bool,
}

impl<'a> Told<'a> {
    fn of(fields: &'a Fields) -> Self {
        let mut told = Self::default();
        for field in fields {
            let value = Some(&field.value[..]);
            match field.name.len() {
                2 if field.is("te") => told.takes_trailers |= lists(&field.value, b"trailers"),
                6 if field.is("expect") => told.expect = value,
                7 if field.is("upgrade") => told.upgrade = value,
                10 if field.is("connection") => {
                    told.closes |= lists(&field.value, b"close");
                    told.keeps |= lists(&field.value, b"keep-alive");
                }
                14 if field.is("content-length") => told.length = value,
                17 if field.is("transfer-encoding") => told.coding = value,
                _ => {}
            }
        }
        told
    }

    /// The word on whether the connection stays, where it does not go without saying.
    fn connection(&self, version: Version) -> Option<&'static [u8]> {
        match (self.closes, self.keeps) {
            (true, _) => Some(b"close"),
            (false, true) if version == Version::Http10 => Some(b"keep-alive"),
            _ => None,
        }
    }

    fn is_nothing(&self, version: Version) -> bool {
        let values = [self.length, self.coding, self.connection(version), self.expect, self.upgrade];
        !self.takes_trailers && values.iter().all(Option::is_none)
    }

    fn below(&self, line: &[&[u8]], version: Version, is_request: bool) -> Outline {
        let of_request = |value| if is_request { value } else { None };
        let fields: [(&[u8], Option<&[u8]>); 6] = [
            (b"content-length:", self.length),
            (b"transfer-encoding:", self.coding),
            (b"connection:", self.connection(version)),
            (b"expect:", of_request(self.expect)),
            (b"upgrade:", of_request(self.upgrade)),
            (b"te:", of_request(self.takes_trailers.then_some(b"trailers"))),
        ];
        let shown = || fields.iter().filter_map(|(name, value)| Some((name, (*value)?)));
        let room = shown().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
        let mut bytes = Vec::with_capacity(line.iter().map(|part| part.len()).sum::<usize>() + room + 2);
        line.iter().for_each(|part| bytes.extend_from_slice(part));
        for (name, value) in shown() {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        Outline { bytes: bytes.into(), count: shown().count() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::grammar::{parse_request, parse_response};

    fn asked(head: &'static str) -> (String, usize) {
        let bytes = Bytes::from_static(head.as_bytes());
        let outline = request(&parse_request(&bytes, head.lines().count()).unwrap().head);
        (String::from_utf8(outline.bytes.to_vec()).unwrap(), outline.count)
    }

    fn answered(head: &'static str) -> (String, usize) {
        let bytes = Bytes::from_static(head.as_bytes());
        let outline = response(&bytes, &parse_response(&bytes, head.lines().count()).unwrap());
        (String::from_utf8(outline.bytes.to_vec()).unwrap(), outline.count)
    }

    #[test]
    fn method_and_framing_stay_and_all_else_goes() {
        let plain =
            "GET http://a.example/a?b HTTP/1.1\r\nHost: a.example\r\nCookie: x=1\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(asked(plain), (String::from_utf8(PLAIN.to_vec()).unwrap(), 0));
        let post = "POST /a?b HTTP/1.1\r\nHost: a.example\r\nCONTENT-length: 5\r\nCookie: x=1\r\nconnection: X, close\r\nTE:\r\n\r\n";
        assert_eq!(asked(post), ("POST / HTTP/1.1\r\ncontent-length:5\r\nconnection:close\r\n\r\n".into(), 2));
        let old = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
        assert_eq!(asked(old), ("GET / HTTP/1.0\r\nconnection:keep-alive\r\n\r\n".into(), 1));
        let odd = "M / HTTP/1.1\r\nHost: a\r\nTE: gzip\r\nTE: x, Trailers\r\nUpgrade: a\r\nUpgrade: b\r\nExpect: 1\r\nExpect: 2\r\n\r\n";
        assert_eq!(asked(odd), ("M / HTTP/1.1\r\nexpect:2\r\nupgrade:b\r\nte:trailers\r\n\r\n".into(), 3));
    }

    #[test]
    fn an_answer_keeps_its_first_line() {
        let head = "HTTP/1.1 200 Fine\r\nServer: x\r\nContent-Length: 5\r\nTE: trailers\r\nUpgrade: a\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(answered(head), ("HTTP/1.1 200 Fine\r\ncontent-length:5\r\n\r\n".into(), 1));
        let head = "HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\nConnection: a\r\nConnection: Close\r\n\r\n";
        let outline = "HTTP/1.1 200\r\ntransfer-encoding:Chunked\r\nconnection:close\r\n\r\n";
        assert_eq!(answered(head), (outline.into(), 2));
    }
}
