//! What stood at the top of a message?
//!
//! The head as received, before anybody judged or edited it. Parsing bytes into heads is `proxy`'s part.

use std::fmt;

use bytes::Bytes;

use super::Fields;

/// The protocol version a message came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0 (RFC 1945)
    Http10,
    /// HTTP/1.1 (RFC 9112)
    Http11,
    /// HTTP/2 (RFC 9113)
    Http2,
}

impl Version {
    /// The name as it stands in events and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request's head as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// The method, case and all.
    pub method: Bytes,
    /// The target in origin-form (path and query), or the authority for `CONNECT`, or `*`.
    pub target: Bytes,
    /// The version on the client's side.
    pub version: Version,
    /// The header fields, in order and spelling.
    pub fields: Fields,
}

/// A response's head as the origin sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// The words behind it, byte for byte (RFC 9112 §4); HTTP/2 has none.
    pub reason: Bytes,
    /// The version on the origin's side.
    pub version: Version,
    /// The header fields, in order and spelling.
    pub fields: Fields,
}
