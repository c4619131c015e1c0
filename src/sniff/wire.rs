//! What does a ClientHello consist of, field by field?
//!
//! The structure alone (RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301 §3.1), over as many records as it takes. rustls decides
//! whether a hello is sound; it does not hand out what a fingerprint is made of, nor extensions that it does not know.

/// A handshake record (RFC 8446 §5.1), and a ClientHello within it (§4).
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// Extension types that are read here.
pub(super) const SERVER_NAME: u16 = 0;
pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
pub(super) const ALPN: u16 = 16;
pub(super) const SUPPORTED_VERSIONS: u16 = 43;

/// A hello as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wire {
    /// `legacy_version`.
    pub version: u16,
    /// The cipher suites, in order.
    pub ciphers: Vec<u16>,
    /// The extensions, in order.
    pub extensions: Vec<(u16, Vec<u8>)>,
}

impl Wire {
    /// Reads the first handshake message of these records, if it is a whole ClientHello.
    pub(super) fn read(records: &[u8]) -> Option<Self> {
        let message = message(records)?;
        let mut hello = Bytes(&message);
        let version = hello.number()?;
        hello.take(32)?;
        let session = hello.short()?;
        hello.take(session)?;
        let ciphers = hello.vector()?.numbers();
        let compression = hello.short()?;
        hello.take(compression)?;
        let mut extensions = Vec::new();
        // SSL 3.0 and TLS 1.0 know hellos that end here.
        let mut rest = if hello.0.is_empty() { Bytes(&[]) } else { hello.vector()? };
        while !rest.0.is_empty() {
            let kind = rest.number()?;
            extensions.push((kind, rest.vector()?.0.to_vec()));
        }
        Some(Self { version, ciphers, extensions })
    }

    /// The content of the first extension of this type.
    pub(super) fn extension(&self, kind: u16) -> Option<&[u8]> {
        self.extensions.iter().find(|(found, _)| *found == kind).map(|(_, content)| content.as_slice())
    }

    /// The name asked for.
    pub(super) fn server_name(&self) -> Option<String> {
        let mut names = Bytes(self.extension(SERVER_NAME)?).vector()?;
        let is_host_name = names.short()? == 0;
        let name = names.vector()?.0;
        let text = std::str::from_utf8(name).ok().filter(|name| is_host_name && name.is_ascii() && !name.is_empty())?;
        Some(text.to_ascii_lowercase())
    }

    /// The protocols offered.
    pub(super) fn protocols(&self) -> Vec<Vec<u8>> {
        let mut protocols = Vec::new();
        let Some(mut list) = self.extension(ALPN).and_then(|content| Bytes(content).vector()) else { return protocols };
        while let Some(name) = list.short().and_then(|length| list.take(length)) {
            protocols.push(name.to_vec());
        }
        protocols
    }

    /// The versions of `supported_versions`.
    pub(super) fn versions(&self) -> Vec<u16> {
        let list = |content| {
            let mut content = Bytes(content);
            let length = content.short()?;
            content.take(length).map(|list| Bytes(list).numbers())
        };
        self.extension(SUPPORTED_VERSIONS).and_then(list).unwrap_or_default()
    }

    /// The signature algorithms.
    pub(super) fn signatures(&self) -> Vec<u16> {
        let list = |content| Bytes(content).vector().map(Bytes::numbers);
        self.extension(SIGNATURE_ALGORITHMS).and_then(list).unwrap_or_default()
    }
}

/// The body of the first message, put together from its records.
pub(super) fn message(records: &[u8]) -> Option<Vec<u8>> {
    let mut records = Bytes(records);
    let mut message = Vec::new();
    loop {
        if let [kind, a, b, c, body @ ..] = message.as_slice() {
            let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            match body.get(..length) {
                _ if *kind != CLIENT_HELLO => return None,
                Some(whole) => return Some(whole.to_vec()),
                None => {}
            }
        }
        if records.take(1)? != [HANDSHAKE] {
            return None;
        }
        records.take(2)?;
        message.extend_from_slice(records.vector()?.0);
    }
}

/// Bytes that are read from the front.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of one byte, which is a length everywhere here.
    fn short(&mut self) -> Option<usize> {
        self.take(1)?.first().map(|&byte| usize::from(byte))
    }

    /// A number of two bytes.
    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*bytes))
    }

    /// What stands behind its length in two bytes.
    fn vector(&mut self) -> Option<Self> {
        let length = self.number()?;
        self.take(usize::from(length)).map(Bytes)
    }

    /// All of it as numbers of two bytes; an odd byte at the end is none.
    fn numbers(self) -> Vec<u16> {
        self.0
            .chunks_exact(2)
            .filter_map(|pair| pair.first_chunk::<2>())
            .map(|pair| u16::from_be_bytes(*pair))
            .collect()
    }
}
