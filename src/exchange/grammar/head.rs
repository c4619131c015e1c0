//! Where does a head end, and what does it say?

use bytes::Bytes;
use memchr::{memchr, memchr_iter};
use smallvec::SmallVec;

use super::{GrammarFault, check_target, framing::Framing};
use crate::exchange::{Fields, Origin, RequestHead, ResponseHead, Version};

/// How many empty lines may stand before a request line (RFC 9112 §2.2 asks for at least one).
const LEADING_EMPTY_LINES: usize = 2;

/// How large a head may be.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Bytes from the request line to the empty line.
    pub bytes: usize,
    /// Field lines.
    pub fields: usize,
}

/// What the scanner knows after some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// The head is not complete yet.
    Partial,
    /// The head stands in `start..end` of the buffer; before it there were only empty lines.
    Complete {
        /// Where the request line begins.
        start: usize,
        /// One past the last byte of the empty line.
        end: usize,
    },
}

/// Looks for the end of a head in a growing buffer without reading any byte twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadScanner {
    start: usize,
    line: usize,
    scanned: usize,
    lines: usize,
    empty: usize,
}

impl HeadScanner {
    /// Looks at what has been appended to `buffer` since the last call.
    ///
    /// # Errors
    /// [`GrammarFault`] for a bare LF, endless empty lines, or a head beyond the limits.
    pub fn advance(&mut self, buffer: &[u8], limits: HeadLimits) -> Result<Scanned, GrammarFault> {
        let fresh = buffer.get(self.scanned..).unwrap_or_default();
        for offset in memchr_iter(b'\n', fresh) {
            let feed = self.scanned + offset;
            let line = buffer.get(self.line..feed).unwrap_or_default();
            let Some((b'\r', text)) = line.split_last() else { return Err(GrammarFault::BareLineFeed) };
            self.line = feed + 1;
            if let Some(complete) = self.end_line(text.is_empty(), limits)? {
                return Ok(complete);
            }
        }
        self.scanned = buffer.len();
        self.check_size(buffer.len(), limits)?;
        Ok(Scanned::Partial)
    }

    /// How many lines the head has so far, request line included.
    pub fn lines(&self) -> usize {
        self.lines
    }

    fn end_line(&mut self, is_empty: bool, limits: HeadLimits) -> Result<Option<Scanned>, GrammarFault> {
        match (is_empty, self.lines) {
            (true, 0) => {
                self.empty += 1;
                self.start = self.line;
                if self.empty > LEADING_EMPTY_LINES { Err(GrammarFault::EmptyLines) } else { Ok(None) }
            }
            (true, _) => {
                self.check_size(self.line, limits)?;
                Ok(Some(Scanned::Complete { start: self.start, end: self.line }))
            }
            (false, _) => {
                // The first line by itself, so that a long target is told from a long head.
                if self.lines == 0 {
                    self.check_size(self.line, limits)?;
                }
                self.lines += 1;
                if self.lines > limits.fields + 1 { Err(GrammarFault::TooManyFields) } else { Ok(None) }
            }
        }
    }

    fn check_size(&self, end: usize, limits: HeadLimits) -> Result<(), GrammarFault> {
        if end.saturating_sub(self.start) <= limits.bytes {
            return Ok(());
        }
        Err(if self.lines == 0 { GrammarFault::TargetTooLong } else { GrammarFault::HeadTooLarge })
    }
}

/// A request's head, judged to be sound.
#[derive(Clone, Debug)]
pub struct ParsedHead {
    /// The head with the target as it was received: absolute-form, origin-form, authority-form or `*`.
    pub head: RequestHead,
    /// How the body is delimited.
    pub framing: Framing,
    /// Whether `CONNECT` or an `Upgrade` makes it uncertain what the bytes after the message are.
    pub may_switch: bool,
}

/// Reads a complete head, from the request line to the empty line.
///
/// # Errors
/// [`GrammarFault`] for anything that two recipients could read in two ways.
pub fn parse_request(bytes: &Bytes, lines: usize) -> Result<ParsedHead, GrammarFault> {
    let mut headers: SmallVec<[httparse::Header<'_>; 32]> = SmallVec::from_elem(httparse::EMPTY_HEADER, lines);
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(bytes).map_err(|error| match error {
        httparse::Error::Version => GrammarFault::Version,
        httparse::Error::TooManyHeaders => GrammarFault::TooManyFields,
        _ => GrammarFault::Malformed,
    })?;
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(GrammarFault::Malformed);
    };
    // A shorter head than the one scanned would mean that the two readings differ.
    if parsed != httparse::Status::Complete(bytes.len()) {
        return Err(GrammarFault::Malformed);
    }
    check_target(target)?;
    let head = RequestHead {
        method: bytes.slice_ref(method.as_bytes()),
        target: bytes.slice_ref(target.as_bytes()),
        version: if version == 0 { Version::Http10 } else { Version::Http11 },
        fields: fields(bytes, request.headers),
    };
    check_host(&head)?;
    let framing = Framing::of_request(head.version, &head.fields)?;
    if head.method == "CONNECT" && !matches!(framing, Framing::None | Framing::Length(0)) {
        return Err(GrammarFault::ConnectContent);
    }
    let may_switch = head.method == "CONNECT" || head.fields.first("upgrade").is_some();
    Ok(ParsedHead { head, framing, may_switch })
}

/// Reads the complete head of an answer.
///
/// # Errors
/// [`GrammarFault`] for anything that two recipients could read in two ways.
pub fn parse_response(bytes: &Bytes, lines: usize) -> Result<ResponseHead, GrammarFault> {
    let mut headers: SmallVec<[httparse::Header<'_>; 32]> = SmallVec::from_elem(httparse::EMPTY_HEADER, lines);
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|_| GrammarFault::Malformed)?;
    let (Some(status), Some(version)) = (response.code, response.version) else {
        return Err(GrammarFault::Malformed);
    };
    if parsed != httparse::Status::Complete(bytes.len()) {
        return Err(GrammarFault::Malformed);
    }
    let head = ResponseHead {
        status,
        reason: reason(bytes),
        version: if version == 0 { Version::Http10 } else { Version::Http11 },
        fields: fields(bytes, response.headers),
    };
    Framing::check_response(head.version, &head.fields)?;
    Ok(head)
}

/// What follows version and status on the first line. The parser has judged it, and withholds one that is not ASCII.
fn reason(bytes: &Bytes) -> Bytes {
    const BEFORE: usize = "HTTP/1.1 200 ".len();
    let end = memchr(b'\r', bytes).unwrap_or(bytes.len());
    if end <= BEFORE { Bytes::new() } else { bytes.slice(BEFORE..end) }
}

fn fields(bytes: &Bytes, headers: &[httparse::Header<'_>]) -> Fields {
    headers
        .iter()
        .map(|header| (bytes.slice_ref(header.name.as_bytes()), bytes.slice_ref(header.value.trim_ascii())))
        .collect()
}

/// Exactly one valid `Host` in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112 §3.2). Empty means that the target has no
/// authority.
fn check_host(head: &RequestHead) -> Result<(), GrammarFault> {
    let mut hosts = head.fields.values("host");
    let sound = match (hosts.next(), hosts.next()) {
        (None, _) => head.version == Version::Http10,
        (Some(host), None) => host.is_empty() || Origin::is_authority(host),
        (Some(_), Some(_)) => false,
    };
    if sound { Ok(()) } else { Err(GrammarFault::Host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 1024, fields: 10 };

    fn scan(bytes: &[u8]) -> Result<Scanned, GrammarFault> {
        HeadScanner::default().advance(bytes, LIMITS)
    }

    fn parse(text: &str) -> Result<ParsedHead, GrammarFault> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        parse_request(&bytes, text.lines().count())
    }

    #[test]
    fn any_split_finds_the_same_end() {
        let text = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        let whole = scan(text).unwrap();
        assert_eq!(whole, Scanned::Complete { start: 2, end: 29 });
        for split in 0..29 {
            let mut scanner = HeadScanner::default();
            assert_eq!(scanner.advance(&text[..split], LIMITS), Ok(Scanned::Partial), "{split}");
            assert_eq!(scanner.advance(text, LIMITS), Ok(whole), "{split}");
        }
    }

    #[test]
    fn bare_line_feeds_and_empty_lines_are_refused() {
        assert_eq!(scan(b"GET / HTTP/1.1\nHost: a\n\n"), Err(GrammarFault::BareLineFeed));
        assert_eq!(scan(b"GET / HTTP/1.1\r\nHost: a\r\n\n"), Err(GrammarFault::BareLineFeed));
        assert_eq!(scan(b"\n"), Err(GrammarFault::BareLineFeed));
        assert_eq!(scan(b"\r\n\r\n\r\n"), Err(GrammarFault::EmptyLines));
    }

    #[test]
    fn limits_hold() {
        let long = [b'a'; 1025];
        assert_eq!(scan(&long), Err(GrammarFault::TargetTooLong));
        let long_line = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(1024));
        assert_eq!(scan(long_line.as_bytes()), Err(GrammarFault::TargetTooLong));
        let many = "GET / HTTP/1.1\r\n".to_string() + &"a: b\r\n".repeat(11);
        assert_eq!(scan(many.as_bytes()), Err(GrammarFault::TooManyFields));
        let large = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(1024));
        assert_eq!(scan(large.as_bytes()), Err(GrammarFault::HeadTooLarge));
    }

    #[test]
    fn spelling_order_and_bytes_are_kept() {
        let parsed = parse("gEt /a?b|{c} HTTP/1.1\r\nhOST: a\r\nX-B:  2 \r\nx-b:\r\nX-A: \u{e9}\r\n\r\n").unwrap();
        assert_eq!(parsed.head.method, "gEt");
        let fields: Vec<_> = parsed.head.fields.iter().map(|f| (f.name.clone(), f.value.clone())).collect();
        assert_eq!(fields[1], ("X-B".into(), "2".into()));
        assert_eq!(fields[2], ("x-b".into(), "".into()));
        assert_eq!(fields[3].1, "\u{e9}");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let refused = |text: &str| parse(text).unwrap_err();
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n"), GrammarFault::Malformed);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"), GrammarFault::Malformed);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"), GrammarFault::Malformed);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n"), GrammarFault::Malformed);
        assert_eq!(refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), GrammarFault::Version);
        assert_eq!(refused("GET /<> HTTP/1.1\r\nHost: a\r\n\r\n"), GrammarFault::Target);
        assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), GrammarFault::Host);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), GrammarFault::Host);
        assert_eq!(refused("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), GrammarFault::Host);
        assert!(parse("GET / HTTP/1.0\r\n\r\n").is_ok());
    }
}
