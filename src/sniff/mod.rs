//! Which protocol are these bytes?
//!
//! A pure decision over the first bytes of a connection; it may answer that it needs more. It consumes nothing.

mod hello;

pub use hello::{ClientHello, Hello, MAX_HELLO, read_hello};

/// The HTTP/2 connection preface (RFC 9113 §3.4).
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The longest method that is believed to be one; `UPDATEREDIRECTREF` is the longest registered (17).
const MAX_METHOD: usize = 24;

/// What the first bytes of a connection look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// Too few bytes to tell.
    NeedMore,
    /// A request line of HTTP/1.
    Http1,
    /// The preface of HTTP/2 in cleartext.
    Http2,
    /// A TLS record with a handshake in it.
    Tls,
    /// None of these.
    Unknown,
}

/// Decides by the bytes that have arrived so far.
///
/// 1. A handshake record of TLS (type 22, major version 3) is TLS.
/// 2. The whole preface of HTTP/2 is HTTP/2; a beginning of it needs more.
/// 3. A method token, a space and one more byte are HTTP/1; so is an empty line, which servers skip (RFC 9112 §2.2).
/// 4. A token that is still open needs more, up to the longest method there is.
/// 5. Everything else is unknown.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    match bytes {
        [] | [22] => Sniffed::NeedMore,
        [22, 3, ..] => Sniffed::Tls,
        [b'\r', ..] => Sniffed::Http1,
        _ if bytes.starts_with(H2_PREFACE) => Sniffed::Http2,
        _ if H2_PREFACE.starts_with(bytes) => Sniffed::NeedMore,
        _ => sniff_method(bytes),
    }
}

fn sniff_method(bytes: &[u8]) -> Sniffed {
    let token = bytes.iter().take_while(|byte| is_method_byte(**byte)).count();
    match bytes.get(token) {
        None if token <= MAX_METHOD => Sniffed::NeedMore,
        Some(b' ') if token > 0 && token <= MAX_METHOD => Sniffed::Http1,
        _ => Sniffed::Unknown,
    }
}

/// Methods in use are letters, with `-` and `_` here and there; the whole token grammar would take line noise for HTTP.
fn is_method_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_bytes_are_told_apart() {
        assert_eq!(sniff(b"GET / HTTP/1.1"), Sniffed::Http1);
        assert_eq!(sniff(b"M-SEARCH * HTTP/1.1"), Sniffed::Http1);
        assert_eq!(sniff(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Sniffed::Http2);
        assert_eq!(sniff(b"PRI * HTTP/2.0\r\n"), Sniffed::NeedMore);
        assert_eq!(sniff(b"PRI * HTTP/1.1\r\n"), Sniffed::Http1);
        assert_eq!(sniff(&[22, 3, 1, 2, 0]), Sniffed::Tls);
        assert_eq!(sniff(&[5, 1, 0]), Sniffed::Unknown);
        assert_eq!(sniff(b"SSH-2.0-OpenSSH"), Sniffed::Unknown);
        assert_eq!(sniff(b" GET /"), Sniffed::Unknown);
    }

    proptest! {
        /// Once decided, more bytes change nothing: any split of the input sniffs alike.
        #[test]
        fn a_decision_stands(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in "[A-Z]{0,30}[ \r/a-z:]{0,8}") {
            for input in [bytes.as_slice(), text.as_bytes()] {
                let whole = sniff(input);
                for end in 0..input.len() {
                    let early = sniff(&input[..end]);
                    prop_assert!(early == Sniffed::NeedMore || early == whole);
                }
            }
        }
    }
}
