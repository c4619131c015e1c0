//! How does a ClientHello read to somebody who wants to see it?

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::CipherSuite;
use serde::Serialize;

use super::Tls;
use crate::{
    detect::{Finding, Scanner},
    sniff::{self, ClientHello, Hello},
};

/// A TLS connection's beginning, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    /// The version agreed on.
    pub version: &'static str,
    /// The cipher suite agreed on.
    pub cipher: String,
    /// The application protocol agreed on.
    pub alpn: Option<String>,
    /// The name asked for.
    pub sni: Option<String>,
    /// The application protocols offered.
    pub offered_alpn: Vec<String>,
    /// The fingerprint.
    pub ja4: String,
    /// `legacy_version`.
    pub legacy_version: String,
    /// The versions offered.
    pub versions: Vec<String>,
    /// The cipher suites offered.
    pub ciphers: Vec<Suite>,
    /// The extensions, in the order in which they came.
    pub extensions: Vec<Extension>,
    /// The records that hold the hello, in base64.
    pub hello: String,
}

/// A cipher suite.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Suite {
    /// Its number.
    pub id: u16,
    /// Its name, if it is known here.
    pub name: Option<String>,
}

/// An extension.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Extension {
    /// Its type.
    pub r#type: u16,
    /// Its name, if it is known.
    pub name: Option<&'static str>,
    /// Whether it is there so that servers learn to ignore what they do not know (RFC 8701).
    pub grease: bool,
    /// Whether clients are known to send it.
    pub known: bool,
    /// Bytes of its content.
    pub length: usize,
    /// Its content in base64.
    pub value: String,
}

/// Everything that can be shown of it.
pub(super) fn shown(tls: &Tls) -> Shown {
    let hello = read(tls);
    let parts = sniff::anatomy(&tls.hello);
    let parts = parts.as_ref();
    Shown {
        version: tls.version,
        cipher: tls.cipher.clone(),
        alpn: tls.alpn.clone(),
        offered_alpn: hello.alpn_text(),
        sni: hello.sni,
        ja4: hello.ja4,
        legacy_version: parts.map(|parts| version(parts.version)).unwrap_or_default(),
        versions: parts.map(|parts| parts.versions.iter().copied().map(version).collect()).unwrap_or_default(),
        ciphers: parts.map(|parts| parts.ciphers.iter().copied().map(suite).collect()).unwrap_or_default(),
        extensions: parts.map(|parts| parts.extensions.iter().map(extension).collect()).unwrap_or_default(),
        hello: STANDARD.encode(&tls.hello),
    }
}

/// What its extensions tell that no client is known to send.
pub(super) fn findings(scanner: &Scanner, tls: &Tls) -> Vec<Finding> {
    let hello = read(tls);
    let unknown: Vec<_> = hello.unknown.iter().map(|it| (it.kind, it.content.as_slice())).collect();
    scanner.hello(&unknown)
}

fn read(tls: &Tls) -> ClientHello {
    match sniff::read_hello(&tls.hello) {
        Hello::Complete(hello) | Hello::Invalid { hello, .. } => hello,
        Hello::NeedMore => ClientHello::default(),
    }
}

fn version(number: u16) -> String {
    match number {
        0x0304 => "TLS 1.3".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0300 => "SSL 3.0".to_owned(),
        grease if sniff::is_grease(grease) => format!("GREASE (0x{grease:04x})"),
        other => format!("0x{other:04x}"),
    }
}

fn suite(id: u16) -> Suite {
    // The library's names are the registry's, but for those of TLS 1.3.
    let name = CipherSuite::from(id).as_str().map(|name| name.replacen("TLS13_", "TLS_", 1));
    Suite { id, name: if sniff::is_grease(id) { Some("GREASE".to_owned()) } else { name } }
}

fn extension((kind, content): &(u16, Vec<u8>)) -> Extension {
    let (name, grease) = (sniff::extension_name(*kind), sniff::is_grease(*kind));
    Extension {
        r#type: *kind,
        name: if grease { Some("GREASE") } else { name },
        grease,
        known: grease || name.is_some(),
        length: content.len(),
        value: STANDARD.encode(content),
    }
}
