//! Where does a message's body end?

use super::{
    GrammarFault,
    chunks::{Chunks, Part},
};
use crate::exchange::{Fields, ResponseHead, Version};

/// Whoever counts with a sign reads more than this as less than nothing.
pub(super) const MAX_LENGTH: u64 = i64::MAX as u64;

/// How a body is delimited (RFC 9112 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks, up to and including the trailer section.
    Chunked,
    /// All that comes before the end of the connection; of answers only.
    UntilClose,
}

impl Framing {
    /// Reads the framing fields of a request; a request without any has no body.
    ///
    /// # Errors
    /// [`GrammarFault`] unless there is exactly one well-formed framing field, or none.
    pub fn of_request(version: Version, fields: &Fields) -> Result<Self, GrammarFault> {
        let mut codings = fields.values("transfer-encoding");
        let mut lengths = fields.values("content-length");
        match (codings.next(), lengths.next()) {
            (None, None) => Ok(Self::None),
            (Some(_), Some(_)) => Err(GrammarFault::TwoFramings),
            (Some(coding), None) => {
                let sound = version == Version::Http11 && coding.eq_ignore_ascii_case(b"chunked");
                if sound && codings.next().is_none() { Ok(Self::Chunked) } else { Err(GrammarFault::TransferEncoding) }
            }
            (None, Some(length)) => {
                let length = decimal(length).ok_or(GrammarFault::ContentLength)?;
                if lengths.next().is_some() { Err(GrammarFault::ContentLength) } else { Ok(Self::Length(length)) }
            }
        }
    }

    /// Checks the framing fields of an answer. Where they are sound, the library that reads the body reads them alike;
    /// which of them counts depends on the request and the status (RFC 9112 §6.3).
    ///
    /// # Errors
    /// [`GrammarFault`] unless there is exactly one well-formed framing field, or none.
    pub fn check_response(version: Version, fields: &Fields) -> Result<(), GrammarFault> {
        Self::of_request(version, fields).map(|_| ())
    }

    /// How the body of an answer is delimited whose framing fields are sound; `is_bare` if the request was a HEAD.
    pub fn of_response(head: &ResponseHead, is_bare: bool) -> Self {
        let framing = Self::of_request(head.version, &head.fields).unwrap_or(Self::UntilClose);
        match head.status {
            _ if is_bare => Self::None,
            ..200 | 204 | 304 => Self::None,
            // A request without framing has no body; an answer has one then.
            _ if framing == Self::None => Self::UntilClose,
            _ => framing,
        }
    }
}

pub(super) fn decimal(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok().filter(|length| *length <= MAX_LENGTH)
}

/// Follows a body through the bytes that pass, so that the next head is found where it really begins.
#[derive(Clone, Copy, Debug)]
pub enum BodyTracker {
    /// So many bytes are still to come.
    Length(u64),
    /// Somewhere in a chunked body.
    Chunked(Chunks),
    /// Whatever comes.
    UntilClose,
}

impl BodyTracker {
    /// A tracker for a body that begins now.
    pub fn new(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Length(0),
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunks::default()),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_done(),
            Self::UntilClose => false,
        }
    }

    /// Takes the next bytes and tells how many of them belong to this body.
    ///
    /// # Errors
    /// [`GrammarFault::Chunk`] where the chunk grammar is broken.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<usize, GrammarFault> {
        self.advance_telling(bytes, |_| {})
    }

    /// The same, and tells what of them is content, without the framing of chunks.
    ///
    /// # Errors
    /// [`GrammarFault::Chunk`] where the chunk grammar is broken.
    pub fn advance_telling(&mut self, bytes: &[u8], mut tell: impl FnMut(&[u8])) -> Result<usize, GrammarFault> {
        self.advance_in_parts(bytes, |part| {
            if let Part::Content(content) = part {
                tell(content);
            }
        })
    }

    /// The same, and tells what is content and what a trailer section.
    ///
    /// # Errors
    /// [`GrammarFault::Chunk`] where the chunk grammar is broken.
    pub fn advance_in_parts(&mut self, bytes: &[u8], mut tell: impl FnMut(Part<'_>)) -> Result<usize, GrammarFault> {
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                tell(Part::Content(bytes.get(..taken).unwrap_or_default()));
                Ok(taken)
            }
            Self::Chunked(chunks) => chunks.advance_in_parts(bytes, tell),
            Self::UntilClose => {
                tell(Part::Content(bytes));
                Ok(bytes.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(version: Version, pairs: &[(&'static str, &'static str)]) -> Result<Framing, GrammarFault> {
        Framing::of_request(version, &pairs.iter().copied().collect())
    }

    #[test]
    fn one_framing_field_or_none() {
        let v11 = Version::Http11;
        assert_eq!(framing(v11, &[]), Ok(Framing::None));
        assert_eq!(framing(v11, &[("Content-Length", "0042")]), Ok(Framing::Length(42)));
        assert_eq!(framing(v11, &[("Content-Length", "9223372036854775807")]), Ok(Framing::Length(MAX_LENGTH)));
        assert_eq!(framing(v11, &[("transfer-encoding", "Chunked")]), Ok(Framing::Chunked));
        for value in
            ["", "+1", "-1", "0x1", "1,1", "1 1", "1;", "9223372036854775808", "99999999999999999999", "\u{661}"]
        {
            assert_eq!(framing(v11, &[("content-length", value)]), Err(GrammarFault::ContentLength), "{value}");
        }
        for value in ["", "gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;q=1"] {
            assert_eq!(framing(v11, &[("transfer-encoding", value)]), Err(GrammarFault::TransferEncoding), "{value}");
        }
    }

    #[test]
    fn content_is_told_without_its_framing_however_it_is_split() {
        let wire = b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\nnext";
        for split in 0..wire.len() - 4 {
            let mut tracker = BodyTracker::new(Framing::Chunked);
            let mut content = Vec::new();
            let taken = tracker.advance_telling(&wire[..split], |part| content.extend_from_slice(part)).unwrap();
            tracker.advance_telling(&wire[taken..], |part| content.extend_from_slice(part)).unwrap();
            assert_eq!((content.as_slice(), tracker.is_done()), (&b"abcde"[..], true), "{split}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let v11 = Version::Http11;
        let both = [("content-length", "1"), ("transfer-encoding", "chunked")];
        assert_eq!(framing(v11, &both), Err(GrammarFault::TwoFramings));
        let twice = [("content-length", "1"), ("content-length", "1")];
        assert_eq!(framing(v11, &twice), Err(GrammarFault::ContentLength));
        let chunked = [("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")];
        assert_eq!(framing(v11, &chunked), Err(GrammarFault::TransferEncoding));
        assert_eq!(framing(Version::Http10, &chunked[..1]), Err(GrammarFault::TransferEncoding));
    }
}
