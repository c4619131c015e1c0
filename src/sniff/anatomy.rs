//! What does a ClientHello consist of, for somebody who wants to see it whole?
//!
//! Its parts in the order in which they were sent, GREASE included. Nothing is judged here.

use super::{extensions, wire, wire::Wire};

/// The largest record (RFC 8446 §5.1).
const RECORD: usize = 1 << 14;
/// What stands before the session's identifier: type, length, version, random.
const FIXED: usize = 1 + 3 + 2 + 32;

/// A ClientHello, part by part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anatomy {
    /// `legacy_version` (RFC 8446 §4.1.2).
    pub version: u16,
    /// `supported_versions`, in the client's order; empty where the client sends none.
    pub versions: Vec<u16>,
    /// The cipher suites, in the client's order.
    pub ciphers: Vec<u16>,
    /// The extensions, in the client's order: type and content.
    pub extensions: Vec<(u16, Vec<u8>)>,
}

/// Takes apart the hello at the beginning of these records; nothing where it is not there as a whole.
pub fn anatomy(records: &[u8]) -> Option<Anatomy> {
    let wire = Wire::read(records)?;
    let versions = wire.versions();
    let Wire { version, ciphers, extensions } = wire;
    Some(Anatomy { version, versions, ciphers, extensions })
}

/// The hello at the beginning of these records as it was before somebody put extensions into it that no client is known to
/// send; nothing where there are none. What both sides compute over it agrees again, if that is what happened.
pub fn without_unknown(records: &[u8]) -> Option<Vec<u8>> {
    let parts = anatomy(records)?;
    let is_known = |(kind, _): &&(u16, Vec<u8>)| extensions::is_known(*kind);
    let kept: Vec<_> = parts.extensions.iter().filter(is_known).collect();
    if kept.len() == parts.extensions.len() {
        return None;
    }
    let content = |(kind, content): &&(u16, Vec<u8>)| {
        // It stood behind two bytes of length.
        let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
        [&kind.to_be_bytes(), &length.to_be_bytes(), content.as_slice()].concat()
    };
    let written = |list: &[&(u16, Vec<u8>)]| list.iter().flat_map(content).collect::<Vec<u8>>();
    let all = parts.extensions.iter().collect::<Vec<_>>();
    let body = wire::message(records)?;
    let before = body.len().checked_sub(written(&all).len() + 2).filter(|at| *at + 6 >= FIXED)?;
    let extensions = written(&kept);
    let length = u16::try_from(extensions.len()).ok()?;
    let body = [body.get(..before)?, &length.to_be_bytes(), &extensions].concat();
    let length = u32::try_from(body.len()).ok()?.to_be_bytes();
    let message = [&[1], length.get(1..)?, &body].concat();
    let head =
        |part: &[u8]| [&[22, 3, 1], u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes().as_slice()].concat();
    Some(message.chunks(RECORD).flat_map(|part| [head(part).as_slice(), part].concat()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 0x01, 1, 0, 0, u8::try_from(extensions.len()).unwrap()]);
        body.extend(extensions);
        let message = [&[1, 0, 0, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
        [&[22, 3, 1, 0, u8::try_from(message.len()).unwrap()], message.as_slice()].concat()
    }

    #[test]
    fn what_was_inserted_is_taken_out_again_wherever_it_stands() {
        let (one, two, inserted) = (&b"\x1a\x1a\0\0"[..], &b"\0\x2b\0\x03\x02\x03\x04"[..], &b"\x44\x6c\0\x02ab"[..]);
        let before = hello(&[one, two].concat());
        for parts in [[one, two, inserted], [inserted, one, two], [one, inserted, two]] {
            assert_eq!(without_unknown(&hello(&parts.concat())).as_ref(), Some(&before));
        }
        assert_eq!(without_unknown(&before), None);
        assert_eq!(without_unknown(b"\x16\x03\x01"), None);
    }

    #[test]
    fn order_and_grease_are_kept() {
        let versions = b"\0\x2b\0\x05\x04\x3a\x3a\x03\x04";
        let extensions = [b"\x1a\x1a\0\0".as_slice(), versions, b"\x44\x6c\0\x02ab"].concat();
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 4, 0x1a, 0x1a, 0x13, 0x01, 1, 0, 0, u8::try_from(extensions.len()).unwrap()]);
        body.extend(extensions);
        let message = [&[1, 0, 0, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
        let bytes = [&[22, 3, 1, 0, u8::try_from(message.len()).unwrap()], message.as_slice()].concat();
        let parts = anatomy(&bytes).unwrap();
        assert_eq!((parts.version, parts.versions), (0x0303, vec![0x3a3a, 0x0304]));
        assert_eq!(parts.ciphers, [0x1a1a, 0x1301]);
        assert_eq!(parts.extensions.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [0x1a1a, 43, 17_516]);
        assert_eq!(anatomy(&bytes[..bytes.len() - 1]), None);
    }
}
