//! What does a ClientHello consist of, for somebody who wants to see it whole?
//!
//! Its parts in the order in which they were sent, GREASE included. Nothing is judged here.

use super::wire::Wire;

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

#[cfg(test)]
mod tests {
    use super::*;

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
