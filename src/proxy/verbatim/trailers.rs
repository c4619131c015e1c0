//! How do trailers pass that nobody announced?
//!
//! hyper writes only the trailer fields that a `Trailer` field announces, but no sender has to announce any (RFC 9110
//! §6.6.2), and nobody knows their names before they come. So hyper is told of one field that nobody could send, for its
//! value is a secret of this process; and on the wire that line is replaced by the trailers.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;
use ulid::Ulid;

/// The field that stands in the place of all trailers.
pub const PLACE: HeaderName = HeaderName::from_static("clir-trailers");

/// Twice 80 bits of randomness.
static SECRET: LazyLock<String> = LazyLock::new(|| format!("{}{}", Ulid::new(), Ulid::new()));
static LINE: LazyLock<String> = LazyLock::new(|| format!("{PLACE}: {}\r\n", *SECRET));

/// What hyper is given to write.
pub fn stand_in() -> HeaderMap {
    HeaderValue::from_str(&SECRET).into_iter().map(|secret| (PLACE, secret)).collect()
}

/// Where the stand-in begins and ends, if it is there.
pub fn find(bytes: &[u8]) -> Option<(usize, usize)> {
    memmem::find(bytes, LINE.as_bytes()).map(|at| (at, at + LINE.len()))
}

/// The lines that take its place.
pub fn lines(trailers: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in trailers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    lines
}
