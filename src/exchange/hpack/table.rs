//! Which fields do the numbers in a header block refer to (RFC 7541 §2.3)?

use std::collections::VecDeque;

use bytes::Bytes;

use super::{CompressionFault, FIELD_OVERHEAD};
use crate::exchange::Field;

/// The fields that everybody knows (RFC 7541, Appendix A); the first has the number 1.
const KNOWN: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// What both sides remember of the fields so far, the newest first.
#[derive(Debug)]
pub struct Table {
    entries: VecDeque<Field>,
    size: usize,
    most: usize,
}

impl Table {
    /// An empty table that may come to hold so much.
    pub fn new(most: usize) -> Self {
        Self { entries: VecDeque::new(), size: 0, most }
    }

    /// The field with this number.
    ///
    /// # Errors
    /// [`CompressionFault::Index`] where there is none.
    pub fn field(&self, number: usize) -> Result<Field, CompressionFault> {
        let at = number.checked_sub(1).ok_or(CompressionFault::Index)?;
        if let Some((name, value)) = KNOWN.get(at) {
            return Ok(Field::new(Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes())));
        }
        self.entries.get(at - KNOWN.len()).cloned().ok_or(CompressionFault::Index)
    }

    /// Remembers a field; one that is larger than the table empties it (RFC 7541 §4.4).
    pub fn insert(&mut self, field: Field) {
        let size = size(&field);
        self.shrink(self.most.saturating_sub(size));
        if size <= self.most {
            self.size += size;
            self.entries.push_front(field);
        }
    }

    /// Everything that it holds.
    #[cfg(test)]
    pub fn entries(&self) -> impl Iterator<Item = &Field> {
        self.entries.iter()
    }

    /// Changes how much it may hold.
    pub fn resize(&mut self, most: usize) {
        self.most = most;
        self.shrink(most);
    }

    fn shrink(&mut self, most: usize) {
        while self.size > most
            && let Some(oldest) = self.entries.pop_back()
        {
            self.size -= size(&oldest);
        }
    }
}

/// RFC 7541 §4.1.
fn size(field: &Field) -> usize {
    field.name.len() + field.value.len() + FIELD_OVERHEAD
}
