//! What does a ClientHello ask for?
//!
//! rustls' own acceptor reads the bytes, so that what is believed here is what the handshake will believe.

use std::io;

use rustls::server::Acceptor;

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
    /// It is no ClientHello that a server of today could answer; these bytes tell the client so (RFC 8446 §6.2).
    Invalid(Vec<u8>),
}

/// Reads a ClientHello from the first bytes of a connection, over as many records as it takes.
pub fn read_hello(mut bytes: &[u8]) -> Hello {
    let mut acceptor = Acceptor::default();
    loop {
        match acceptor.read_tls(&mut bytes as &mut dyn io::Read) {
            Ok(0) | Err(_) => return Hello::NeedMore,
            Ok(_) => {}
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let hello = accepted.client_hello();
                let sni = hello.server_name().map(str::to_ascii_lowercase);
                let alpn = hello.alpn().map(|offered| offered.map(<[u8]>::to_vec).collect()).unwrap_or_default();
                return Hello::Complete(ClientHello { sni, alpn });
            }
            Err((_, mut alert)) => {
                let mut farewell = Vec::new();
                // Writing to memory does not fail. Noise that is not even a message of TLS is given no alert.
                let _ = alert.write_all(&mut farewell);
                return Hello::Invalid(if farewell.is_empty() { DECODE_ERROR.to_vec() } else { farewell });
            }
        }
    }
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
        let expected =
            ClientHello { sni: Some("example.org".into()), alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()] };
        assert_eq!(read_hello(&bytes), Hello::Complete(expected));
        for end in 0..bytes.len() {
            assert_eq!(read_hello(&bytes[..end]), Hello::NeedMore, "{end} of {}", bytes.len());
        }
    }

    #[test]
    fn an_address_has_no_name() {
        let Hello::Complete(hello) = read_hello(&hello("192.0.2.1", &[])) else { panic!("not complete") };
        assert_eq!(hello, ClientHello::default());
    }

    #[test]
    fn noise_is_no_hello() {
        for noise in [[22, 3, 1, 0, 4, 1, 0, 0, 0], [22, 3, 1, 0, 4, 9, 0, 0, 0]] {
            let Hello::Invalid(alert) = read_hello(&noise) else { panic!("{noise:?} is a hello") };
            assert_eq!(alert[..6], [21, 3, 3, 0, 2, 2], "a fatal alert");
        }
    }
}
