//! By which fingerprint is a TLS client known?
//!
//! JA4 as FoxIO specifies it (the part for TLS clients, which is under the BSD licence): what a hello offers, without
//! what changes from one connection to the next.

use sha2::{Digest, Sha256};

use super::{
    extensions::is_grease,
    wire::{ALPN, SERVER_NAME, Wire},
};

/// Characters that are kept of each digest.
const DIGEST: usize = 12;

/// The fingerprint of a hello that came over TCP, such as `t13d1516h2_8daaf6152771_e5627efa2ab1`.
pub(super) fn ja4(hello: &Wire) -> String {
    let without_grease = |list: &[u16]| list.iter().copied().filter(|value| !is_grease(*value)).collect::<Vec<_>>();
    let mut ciphers = without_grease(&hello.ciphers);
    let kinds: Vec<u16> = hello.extensions.iter().map(|(kind, _)| *kind).collect();
    let mut extensions = without_grease(&kinds);
    let names = if extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let counts = format!("{:02}{:02}", ciphers.len().min(99), extensions.len().min(99));
    ciphers.sort_unstable();
    extensions.retain(|kind| ![SERVER_NAME, ALPN].contains(kind));
    extensions.sort_unstable();
    let signatures = without_grease(&hello.signatures());
    let extensions = match (extensions.is_empty(), signatures.is_empty()) {
        (true, _) => String::new(),
        (_, true) => list(&extensions),
        (_, false) => format!("{}_{}", list(&extensions), list(&signatures)),
    };
    let (version, protocol) = (version(hello), protocol(hello));
    format!("t{version}{names}{counts}{protocol}_{}_{}", digest(&list(&ciphers)), digest(&extensions))
}

/// The highest version that is supported, or else the one of old.
fn version(hello: &Wire) -> &'static str {
    let highest = hello.versions().into_iter().filter(|version| !is_grease(*version)).max();
    match highest.unwrap_or(hello.version) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// First and last character of the first protocol offered; of its hexadecimal form where one of them is no letter or
/// digit.
fn protocol(hello: &Wire) -> String {
    let protocols = hello.protocols();
    let Some((first, last)) = protocols.first().and_then(|name| Some((*name.first()?, *name.last()?))) else {
        return "00".into();
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)].iter().collect();
    }
    format!("{:x}{:x}", first >> 4, last & 0x0f)
}

fn list(values: &[u16]) -> String {
    let mut text = String::with_capacity(5 * values.len());
    for value in values {
        if !text.is_empty() {
            text.push(',');
        }
        push_hex(&mut text, *value, 4);
    }
    text
}

/// Digit by digit: every tunnel in TLS comes by here, and a formatter for each value costs as much as the digests.
fn push_hex(text: &mut String, value: u16, digits: u32) {
    let digit = |at| char::from_digit(u32::from(value >> (4 * at)) & 0xf, 16);
    text.extend((0..digits).rev().filter_map(digit));
}

/// The beginning of the digest; zeros for nothing, so that it can be told apart.
fn digest(text: &str) -> String {
    if text.is_empty() {
        return "0".repeat(DIGEST);
    }
    let mut digest = String::with_capacity(DIGEST);
    for byte in Sha256::digest(text.as_bytes()).iter().take(DIGEST / 2) {
        push_hex(&mut digest, u16::from(*byte), 2);
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIPHERS: [u16; 15] = [
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
        0x0035,
    ];
    const EXTENSIONS: [u16; 16] =
        [0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0x0d, 5, 0x23, 0x12, 0x2b, 0xff01, 0x0b, 0x0a, 0x15];
    const SIGNATURES: [u8; 18] = [0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1];

    fn content(kind: u16) -> Vec<u8> {
        match kind {
            0x0d => SIGNATURES.to_vec(),
            0x10 => b"\0\x0c\x02h2\x08http/1.1".to_vec(),
            0x2b => vec![6, 0x1a, 0x1a, 3, 4, 3, 3],
            _ => Vec::new(),
        }
    }

    fn example() -> Wire {
        let extensions = EXTENSIONS.iter().map(|&kind| (kind, content(kind))).collect();
        Wire { version: 0x0303, ciphers: CIPHERS.to_vec(), extensions }
    }

    /// The worked example of the specification, with its own digests.
    #[test]
    fn the_published_example_comes_out() {
        assert_eq!(ja4(&example()), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn grease_counts_for_nothing() {
        let mut hello = example();
        hello.ciphers.insert(0, 0x4a4a);
        hello.extensions.insert(0, (0x6a6a, Vec::new()));
        hello.extensions.push((0xdada, vec![0]));
        assert_eq!(ja4(&hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    /// Likewise: what the specification says of a hello without signature algorithms.
    #[test]
    fn without_signature_algorithms_there_is_no_underscore() {
        let mut hello = example();
        hello.extensions.iter_mut().filter(|(kind, _)| *kind == 0x0d).for_each(|(_, content)| content.clear());
        assert_eq!(ja4(&hello), "t13d1516h2_8daaf6152771_6d807ffa2a79");
    }

    #[test]
    fn what_is_missing_is_zeros() {
        assert_eq!(ja4(&Wire { version: 0x0301, ..Wire::default() }), "t10i000000_000000000000_000000000000");
        let crowd = Wire { version: 0x7f17, ciphers: vec![1; 150], extensions: Vec::new() };
        assert!(ja4(&crowd).starts_with("t00i990000_"));
    }

    /// The specification's list of odd protocol names.
    #[test]
    fn odd_protocols_are_told_by_their_hexadecimal_form() {
        let told = |name: &[u8]| {
            let length = u8::try_from(name.len()).unwrap();
            let content = [&[0, length + 1, length], name].concat();
            protocol(&Wire { extensions: vec![(ALPN, content)], ..Wire::default() })
        };
        let vectors: [(&[u8], &str); 11] = [
            (b"h2", "h2"),
            (b"http/1.1", "h1"),
            (b"x", "xx"),
            (&[0xab], "ab"),
            (&[0x20], "20"),
            (&[0xab, 0xcd], "ad"),
            (&[0x20, 0x61], "21"),
            (&[0x30, 0xab], "3b"),
            (&[0x61, 0x20], "60"),
            (&[0x30, 0x31, 0xab, 0xcd], "3d"),
            (&[0x30, 0xab, 0xcd, 0x31], "01"),
        ];
        for (name, expected) in vectors {
            assert_eq!(told(name), expected, "{name:x?}");
        }
    }
}
