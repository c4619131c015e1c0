//! Which protocol are these bytes?
//!
//! A pure decision over the first bytes of a connection; it may answer that it needs more. It consumes nothing.

mod alpn;
mod anatomy;
mod extensions;
mod hello;
mod ja4;
mod ssl2;
mod wire;

pub use alpn::Offer;
pub use anatomy::{Anatomy, anatomy, without_unknown};
pub use extensions::{is_grease, name as extension_name};
pub use hello::{ClientHello, Extension, Hello, MAX_HELLO, read_hello};
pub use ssl2::PROTOCOL_VERSION;

/// The HTTP/2 connection preface (RFC 9113 §3.4).
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A request line of HTTP/1 that begins with an unusual method is believed only as a whole, and only up to this length.
const MAX_LINE: usize = 8 * 1024;
/// No method is longer, by far: the longest that is registered has 17 letters. Who says something else without a space, such
/// as a line of base64, shall not be kept waiting for one.
const MAX_METHOD: usize = 64;

/// Methods that no other protocol has (RFC 9110 §9, RFC 5789).
const METHODS: [&[u8]; 8] = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"TRACE", b"PATCH"];

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
    /// A hello in the form of SSL 2, which TLS servers must not answer any more (RFC 6176 §3).
    Ssl2,
    /// None of these.
    Unknown,
}

/// Decides by the bytes that have arrived so far.
///
/// 1. A handshake record of TLS (type 22, major version 3) is TLS.
/// 2. So is, in old clothes, a hello of SSL 2; it is believed only as a whole head.
/// 3. The whole preface of HTTP/2 is HTTP/2; a beginning of it needs more.
/// 4. A method that only HTTP knows and a space are HTTP/1; so is an empty line, which servers skip (RFC 9112 §2.2).
/// 5. Any other token and a space are HTTP/1 if the last word of the line begins with `HTTP/`: methods may be any token,
///    but so may the first word of another protocol, such as SSH's greeting, `NICK` of IRC and `OPTIONS` of RTSP.
/// 6. What may still become one of these needs more.
/// 7. Everything else is unknown.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    match bytes {
        [] | [22] => Sniffed::NeedMore,
        [22, 3, ..] => Sniffed::Tls,
        [0x80..=0xff, ..] => ssl2::sniff(bytes),
        [b'\r', ..] => Sniffed::Http1,
        _ if bytes.starts_with(H2_PREFACE) => Sniffed::Http2,
        _ if H2_PREFACE.starts_with(bytes) => Sniffed::NeedMore,
        _ => sniff_request_line(bytes),
    }
}

fn sniff_request_line(bytes: &[u8]) -> Sniffed {
    let token = bytes.iter().take_while(|byte| is_token_byte(**byte)).count();
    let is_usual = bytes.get(..token).is_some_and(|token| METHODS.contains(&token));
    match bytes.get(token) {
        _ if token > MAX_METHOD => Sniffed::Unknown,
        None => Sniffed::NeedMore,
        Some(b' ') if token > 0 && is_usual => Sniffed::Http1,
        Some(b' ') if token > 0 => sniff_whole_line(bytes),
        _ => Sniffed::Unknown,
    }
}

fn sniff_whole_line(bytes: &[u8]) -> Sniffed {
    let line = bytes.iter().position(|&byte| byte == b'\n').and_then(|end| bytes.get(..end));
    match line.map(<[u8]>::trim_ascii_end) {
        Some(line) if line.rsplit(|&byte| byte == b' ').next().is_some_and(|word| word.starts_with(b"HTTP/")) => {
            Sniffed::Http1
        }
        None if bytes.len() < MAX_LINE => Sniffed::NeedMore,
        _ => Sniffed::Unknown,
    }
}

/// Whether a server's first bytes are the frame that every connection of HTTP/2 begins with: SETTINGS, for the connection
/// as a whole, its parameters of six bytes each (RFC 9113 §6.5).
pub fn is_settings(bytes: &[u8]) -> bool {
    match bytes {
        [a, b, c, 4, 0, 0, 0, 0, 0, ..] => (u32::from(*a) << 16 | u32::from(*b) << 8 | u32::from(*c)).is_multiple_of(6),
        _ => false,
    }
}

/// The bytes of a token (RFC 9110 §5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_bytes_are_told_apart() {
        assert_eq!(sniff(b"GET / HTTP/1.1"), Sniffed::Http1);
        assert_eq!(sniff(b"M-SEARCH * HTTP/1.1"), Sniffed::NeedMore);
        assert_eq!(sniff(b"M-SEARCH * HTTP/1.1\r\n"), Sniffed::Http1);
        assert_eq!(sniff(b"get / HTTP/1.0\n"), Sniffed::Http1);
        assert_eq!(sniff(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Sniffed::Http2);
        assert_eq!(sniff(b"PRI * HTTP/2.0\r\n"), Sniffed::NeedMore);
        assert_eq!(sniff(b"PRI * HTTP/1.1\r\n"), Sniffed::Http1);
        assert_eq!(sniff(&[22, 3, 1, 2, 0]), Sniffed::Tls);
        assert_eq!(sniff(&[5, 1, 0]), Sniffed::Unknown);
        assert_eq!(sniff(&[0x80, 0x2e, 1, 3, 1]), Sniffed::NeedMore);
        assert_eq!(sniff(&[0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10]), Sniffed::Ssl2);
        assert_eq!(sniff(&[0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x11]), Sniffed::Unknown);
        assert_eq!(sniff(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), Sniffed::Unknown);
        assert_eq!(sniff(b" GET /"), Sniffed::Unknown);
        assert_eq!(sniff(&[b'A'; MAX_METHOD]), Sniffed::NeedMore);
        assert_eq!(sniff(&[b'A'; MAX_METHOD + 1]), Sniffed::Unknown);
        assert_eq!(sniff(b"OPTIONS * HTTP/1.1\r\n"), Sniffed::Http1);
        for other in
            ["EHLO phone\r\n", "NICK phone\r\n", "OPTIONS rtsp://a/ RTSP/1.0\r\n", "REGISTER sip:a SIP/2.0\r\n"]
        {
            assert_eq!(sniff(other.as_bytes()), Sniffed::Unknown, "{other}");
        }
    }

    #[test]
    fn the_settings_of_http_2_are_told_from_banners() {
        assert!(is_settings(&[0, 0, 0, 4, 0, 0, 0, 0, 0]));
        assert!(is_settings(&[0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 3]));
        for bytes in [&b"220 mail.example ESMTP"[..], &[0, 0, 12, 4, 0, 0, 0, 0], &[0, 0, 13, 4, 0, 0, 0, 0, 0], b""] {
            assert!(!is_settings(bytes), "{bytes:?}");
        }
    }

    proptest! {
        /// Once decided, more bytes change nothing: any split of the input sniffs alike.
        #[test]
        fn a_decision_stands(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in "[A-Za-z-]{0,30}[ \r\n/a-z:]{0,8}( HTTP/1.1)?[\r\n]{0,2}") {
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
