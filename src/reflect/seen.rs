//! What arrived, and over which connection?

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use ulid::Ulid;

use crate::exchange::{Scheme, grammar::GrammarFault};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The head byte for byte, the empty line included; so much of it as came, where it is not sound.
    pub raw: Bytes,
    /// Why it is no request that could be answered otherwise.
    pub fault: Option<GrammarFault>,
    /// What is known of its body.
    pub body: Body,
    /// The connection it came over.
    pub connection: Arc<Connection>,
    /// Which request on that connection it is, counted from one.
    pub number: u64,
    /// When the head had arrived.
    pub time: Timestamp,
    /// Random bytes, for a nonce where the visitor has none.
    pub entropy: [u8; 16],
    /// Whether the connection goes on after the answer.
    pub keeps_alive: bool,
}

/// What came after a head. The content itself is dropped as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// How many bytes of content, chunks taken apart.
    pub bytes: u64,
    /// SHA-256 of these bytes.
    pub sha256: [u8; 32],
    /// Whether all of it was read; what is larger than the limit is not.
    pub is_complete: bool,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Tells connections apart.
    pub id: Ulid,
    /// The address here that was connected to.
    pub local: SocketAddr,
    /// Where it came from, as seen here.
    pub client: SocketAddr,
    /// What was agreed on, where it speaks TLS.
    pub tls: Option<Tls>,
}

impl Connection {
    /// In cleartext or inside TLS.
    pub fn scheme(&self) -> Scheme {
        if self.tls.is_some() { Scheme::Https } else { Scheme::Http }
    }
}

/// A TLS connection's beginning.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The version agreed on.
    pub version: &'static str,
    /// The cipher suite agreed on.
    pub cipher: String,
    /// The application protocol agreed on.
    pub alpn: Option<String>,
    /// The records that hold the ClientHello, byte for byte.
    pub hello: Bytes,
}

/// SHA-256.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
