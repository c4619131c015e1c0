//! What does a ClientHello ask for?
//!
//! rustls' own acceptor reads the bytes, so that what is believed here is what the handshake will believe. What it does
//! not hand out, and what it refuses altogether, is read beside it, for the record only.

use std::io;

use rustls::server::Acceptor;

use super::{extensions, ja4, wire::Wire};

/// No ClientHello is larger than this; hybrid key shares and long ticket lists stay far below it.
pub const MAX_HELLO: usize = 64 * 1024;

/// The fatal alert `decode_error`, in the clear.
const DECODE_ERROR: [u8; 7] = [21, 3, 3, 0, 2, 2, 50];

/// What a ClientHello says in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// The name asked for (RFC 6066 §3), in lower case.
    pub sni: Option<String>,
    /// The protocols offered (RFC 7301), in the client's order.
    pub alpn: Vec<Vec<u8>>,
    /// Its fingerprint (JA4); empty where the hello could not be taken apart.
    pub ja4: String,
    /// The extensions that no client is known to send.
    pub unknown: Vec<Extension>,
}

/// An extension of a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its type.
    pub kind: u16,
    /// What it holds.
    pub content: Vec<u8>,
}

impl ClientHello {
    /// Whether the client offers this protocol.
    pub fn offers(&self, protocol: &[u8]) -> bool {
        self.alpn.iter().any(|offered| offered == protocol)
    }

    /// The protocols offered, as text.
    pub fn alpn_text(&self) -> Vec<String> {
        self.alpn.iter().map(|protocol| protocol.escape_ascii().to_string()).collect()
    }
}

/// What the bytes so far amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    /// The hello is not complete.
    NeedMore,
    /// It is complete and sound.
    Complete(ClientHello),
    /// It is no ClientHello that a server of today could answer.
    Invalid {
        /// What tells the client so (RFC 8446 §6.2).
        alert: Vec<u8>,
        /// What it says all the same, as far as it can be taken apart: clients of TLS 1.0 name their host as well.
        hello: ClientHello,
    },
}

/// Reads a ClientHello from the first bytes of a connection, over as many records as it takes.
pub fn read_hello(bytes: &[u8]) -> Hello {
    let mut rest = bytes;
    let mut acceptor = Acceptor::default();
    loop {
        match acceptor.read_tls(&mut rest as &mut dyn io::Read) {
            Ok(0) | Err(_) => return Hello::NeedMore,
            Ok(_) => {}
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let hello = accepted.client_hello();
                let sni = hello.server_name().map(str::to_ascii_lowercase);
                let alpn = hello.alpn().map(|offered| offered.map(<[u8]>::to_vec).collect()).unwrap_or_default();
                return Hello::Complete(ClientHello { sni, alpn, ..taken_apart(bytes) });
            }
            Err((_, mut alert)) => {
                let mut farewell = Vec::new();
                // Writing to memory does not fail. Noise that is not even a message of TLS is given no alert.
                let _ = alert.write_all(&mut farewell);
                let alert = if farewell.is_empty() { DECODE_ERROR.to_vec() } else { farewell };
                return Hello::Invalid { alert, hello: taken_apart(bytes) };
            }
        }
    }
}

/// What the bytes say without rustls.
fn taken_apart(bytes: &[u8]) -> ClientHello {
    let Some(wire) = Wire::read(bytes) else { return ClientHello::default() };
    let (sni, alpn, ja4) = (wire.server_name(), wire.protocols(), ja4::ja4(&wire));
    let unknown = wire.extensions.into_iter().filter(|(kind, _)| !extensions::is_known(*kind));
    let unknown = unknown.map(|(kind, content)| Extension { kind, content }).collect();
    ClientHello { sni, alpn, ja4, unknown }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};

    use super::*;

    fn hello(name: &'static str, alpn: &[&[u8]]) -> Vec<u8> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let mut client = ClientConnection::new(Arc::new(config), ServerName::try_from(name).unwrap()).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn name_and_protocols_are_read_from_any_prefix_that_suffices() {
        let bytes = hello("Example.org", &[b"h2", b"http/1.1"]);
        let Hello::Complete(hello) = read_hello(&bytes) else { panic!("not complete") };
        assert_eq!(hello.sni.as_deref(), Some("example.org"));
        assert_eq!(hello.alpn, [b"h2".to_vec(), b"http/1.1".to_vec()]);
        assert!(hello.ja4.starts_with("t13d") && hello.ja4.contains("h2_"), "{}", hello.ja4);
        assert_eq!(hello.unknown, [], "rustls sends what is registered");
        for end in 0..bytes.len() {
            assert_eq!(read_hello(&bytes[..end]), Hello::NeedMore, "{end} of {}", bytes.len());
        }
    }

    #[test]
    fn an_address_has_no_name() {
        let Hello::Complete(hello) = read_hello(&hello("192.0.2.1", &[])) else { panic!("not complete") };
        assert_eq!((hello.sni, hello.alpn), (None, Vec::new()));
        assert!(hello.ja4.starts_with("t13i") && hello.ja4.contains("00_"), "{}", hello.ja4);
    }

    /// The same hello with an extension of this type at its end, as a box on the way inserts it.
    fn inserted(hello: &[u8], kind: u16, content: &[u8]) -> Vec<u8> {
        let mut bytes = hello.to_vec();
        let length = u16::try_from(content.len()).unwrap();
        bytes.extend([kind.to_be_bytes(), length.to_be_bytes()].concat());
        bytes.extend(content);
        let added = usize::from(length) + 4;
        let session = 5 + 4 + 2 + 32;
        let ciphers = session + 1 + usize::from(bytes[session]);
        let two = |bytes: &[u8], at: usize| usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1]);
        let compression = ciphers + 2 + two(&bytes, ciphers);
        let extensions = compression + 1 + usize::from(bytes[compression]);
        for at in [3, 7, extensions] {
            let grown = u16::try_from(two(&bytes, at) + added).unwrap();
            bytes[at..at + 2].copy_from_slice(&grown.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn an_inserted_extension_is_seen_and_the_fingerprint_tells() {
        let plain = hello("example.org", &[b"h2"]);
        let Hello::Complete(before) = read_hello(&plain) else { panic!("not complete") };
        let Hello::Complete(after) = read_hello(&inserted(&plain, 17_516, b"447700900123")) else { panic!("refused") };
        assert_eq!(after.unknown, [Extension { kind: 17_516, content: b"447700900123".to_vec() }]);
        assert_eq!((&after.sni, &after.alpn), (&before.sni, &before.alpn));
        assert_ne!(after.ja4, before.ja4);
    }

    /// The same hello over records of three bytes each.
    #[test]
    fn records_of_any_size_say_the_same() {
        let bytes = hello("example.org", &[b"h2"]);
        let records = |part: &[u8]| [&[22, 3, 1, 0, u8::try_from(part.len()).unwrap()], part].concat();
        let small: Vec<u8> = bytes[5..].chunks(3).flat_map(records).collect();
        assert_eq!(read_hello(&small), read_hello(&bytes));
    }

    #[test]
    fn noise_is_no_hello() {
        for noise in [[22, 3, 1, 0, 4, 1, 0, 0, 0], [22, 3, 1, 0, 4, 9, 0, 0, 0]] {
            let Hello::Invalid { alert, .. } = read_hello(&noise) else { panic!("{noise:?} is a hello") };
            assert_eq!(alert[..6], [21, 3, 3, 0, 2, 2], "a fatal alert");
        }
    }

    /// TLS 1.1 and nothing newer: rustls refuses it, and its name is read all the same.
    #[test]
    fn an_old_hello_names_its_host() {
        let name = b"\0\0\0\x10\0\x0e\0\0\x0bexample.org";
        let mut body = vec![3, 2];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0, 0x2f, 1, 0, 0, u8::try_from(name.len()).unwrap()]);
        body.extend(name);
        let message = [&[1, 0, 0, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
        let bytes = [&[22, 3, 1, 0, u8::try_from(message.len()).unwrap()], message.as_slice()].concat();
        let Hello::Invalid { hello, .. } = read_hello(&bytes) else { panic!("rustls takes it") };
        assert_eq!(hello.sni.as_deref(), Some("example.org"));
        assert!(hello.ja4.starts_with("t11d010100_"), "{}", hello.ja4);
    }
}
