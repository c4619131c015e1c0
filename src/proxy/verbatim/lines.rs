//! How do fields stand on the wire?

use std::{fmt, ops::Range};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body::Body;
use smallvec::SmallVec;

use super::trailers::PLACE;

/// The version, and the end of the first line.
const BARE: &[u8] = b"HTTP/1.1\r\n";

/// Field lines as they will be written, in their order and spelling.
#[derive(Clone, Default)]
pub struct Lines {
    /// Method and target, where the first line is not left to hyper.
    request: Vec<u8>,
    bytes: Vec<u8>,
    /// Lines by which hyper frames the message, or learns about the connection.
    marks: SmallVec<[Mark; 2]>,
}

/// A line that hyper has its say about.
#[derive(Clone)]
pub(super) struct Mark {
    pub kind: Kind,
    pub line: Range<usize>,
    value: Range<usize>,
}

/// What hyper has its say about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Length,
    Coding,
    Connection,
}

impl Kind {
    pub fn of(name: &[u8]) -> Option<Self> {
        let (known, kind) = match name.len() {
            10 => ("connection", Self::Connection),
            14 => ("content-length", Self::Length),
            17 => ("transfer-encoding", Self::Coding),
            _ => return None,
        };
        name.eq_ignore_ascii_case(known.as_bytes()).then_some(kind)
    }

    fn name(self) -> HeaderName {
        match self {
            Self::Length => header::CONTENT_LENGTH,
            Self::Coding => header::TRANSFER_ENCODING,
            Self::Connection => header::CONNECTION,
        }
    }
}

impl Lines {
    /// No lines yet, and room for so many bytes of them.
    pub fn with_capacity(room: usize) -> Self {
        Self { bytes: Vec::with_capacity(room), ..Self::default() }
    }

    /// Says what stands before the version in the first line of a request.
    pub fn asking(&mut self, method: &[u8], target: &[u8]) {
        self.request.reserve_exact(method.len() + target.len() + 2);
        for part in [method, b" ", target, b" "] {
            self.request.extend_from_slice(part);
        }
    }

    /// Adds a line. An empty value has no space before it, as most clients write it.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.reserve(name.len() + value.len() + 4);
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(b": ");
        if value.is_empty() {
            self.bytes.pop();
        }
        let value_start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        let value = value_start..self.bytes.len();
        self.bytes.extend_from_slice(b"\r\n");
        if let Some(kind) = Kind::of(name) {
            self.marks.push(Mark { kind, line: start..self.bytes.len(), value });
        }
    }

    /// What hyper has to know to frame the message; the head itself is written from the lines.
    pub fn framing(&self) -> HeaderMap {
        self.told(|_| true)
    }

    fn told(&self, is_told: impl Fn(Kind) -> bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for mark in self.marks.iter().filter(|mark| is_told(mark.kind)) {
            let value = self.bytes.get(mark.value.clone()).unwrap_or_default();
            // What the strict grammar let through is a legal value.
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(mark.kind.name(), value);
            }
        }
        headers
    }

    /// The same of a message that may have a body: trailers that nobody announced may come with it.
    pub fn framing_of_body(&self) -> HeaderMap {
        let mut headers = self.framing();
        if !self.has(Kind::Length) {
            headers.insert(header::TRAILER, HeaderValue::from_name(PLACE));
        }
        headers
    }

    /// The same of a message with this body: hyper is not told a length that the body says.
    pub fn framing_of(&self, body: &impl Body) -> HeaderMap {
        let says_length = !body.is_end_stream() && body.size_hint().exact().is_some_and(|length| length > 0);
        if says_length && self.has(Kind::Length) {
            self.told(|kind| kind == Kind::Connection)
        } else {
            self.framing_of_body()
        }
    }

    /// The head of a request of HTTP/1.1 that has no body and needs no framing, as it stands on the wire. Nothing unless it was
    /// said what it asks for.
    pub fn bare_request(&self) -> Option<Vec<u8>> {
        let is_framed = self.has(Kind::Length) || self.has(Kind::Coding);
        if self.request.is_empty() || is_framed {
            return None;
        }
        let mut head = Vec::with_capacity(self.len() + BARE.len() + 2);
        for part in [&self.request[..], BARE, &self.bytes, b"\r\n"] {
            head.extend_from_slice(part);
        }
        Some(head)
    }

    /// How many bytes they are.
    pub(super) fn len(&self) -> usize {
        self.request.len() + self.bytes.len()
    }

    pub(super) fn has(&self, kind: Kind) -> bool {
        self.marks.iter().any(|mark| mark.kind == kind)
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub(super) fn request(&self) -> &[u8] {
        &self.request
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Values may be anybody's: only how many bytes there are is shown.
impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lines(<{} bytes>)", self.bytes.len())
    }
}
