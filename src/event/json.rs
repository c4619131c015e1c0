//! How does JSON get into a buffer without a detour?
//!
//! Every event is written this way, so each string is looked at once and copied once. What comes out is what serde_json writes
//! with [`super::Guarded`], byte by byte; a test holds it to that.

use std::{fmt, io::Write as _, net::SocketAddr};

use super::text::is_harmful;

/// An object; its keys come one after the other.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    is_begun: bool,
}

impl<'o> Object<'o> {
    /// Begins it.
    pub(super) fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_begun: false }
    }

    /// Writes a key of ours, and returns where its value is to be written.
    pub(super) fn key(&mut self, key: &'static str) -> &mut Vec<u8> {
        self.out.extend_from_slice(if self.is_begun { b",\"" } else { b"\"" });
        self.is_begun = true;
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A word of ours, or what else needs no escaping.
    pub(super) fn word(&mut self, key: &'static str, word: &str) {
        quoted(self.key(key), |out| out.extend_from_slice(word.as_bytes()));
    }

    /// Any text.
    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        put_text(self.key(key), text);
    }

    /// A number.
    pub(super) fn number(&mut self, key: &'static str, number: u64) {
        put_number(self.key(key), number);
    }

    /// What stands as it is in JSON: `true`, `null`.
    pub(super) fn literal(&mut self, key: &'static str, literal: &'static str) {
        self.key(key).extend_from_slice(literal.as_bytes());
    }

    /// An address and its port.
    pub(super) fn socket(&mut self, key: &'static str, address: SocketAddr) {
        quoted(self.key(key), |out| put_socket(out, address));
    }

    /// Ends it.
    pub(super) fn end(self) {
        self.out.push(b'}');
    }
}

/// Any text.
pub(super) fn put_text(out: &mut Vec<u8>, text: impl AsRef<str>) {
    let text = text.as_ref();
    quoted(out, |out| plain_or(text.as_bytes(), out, |out| escape(text, out)));
}

/// An array of what there is, each written by `put`.
pub(super) fn array<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut put: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put(out, item);
    }
    out.push(b']');
}

/// What `put` writes, in quotation marks.
pub(super) fn quoted(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    put(out);
    out.push(b'"');
}

/// Copies what stands for itself; `other` writes what does not.
pub(super) fn plain_or(bytes: &[u8], out: &mut Vec<u8>, other: impl FnOnce(&mut Vec<u8>)) {
    // Without a way out of the loop the compiler looks at sixteen bytes at once.
    let is_plain = |byte: u8| (b' '..0x7f).contains(&byte) & (byte != b'"') & (byte != b'\\');
    if bytes.iter().fold(true, |all, &byte| all & is_plain(byte)) {
        out.extend_from_slice(bytes);
    } else {
        other(out);
    }
}

/// Decimal digits.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        count += 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}

fn put_socket(out: &mut Vec<u8>, address: SocketAddr) {
    let SocketAddr::V4(address) = address else {
        // A Vec takes what is written.
        let _ = write!(out, "{address}");
        return;
    };
    for (octet, mark) in address.ip().octets().into_iter().zip(*b"...:") {
        put_number(out, octet.into());
        out.push(mark);
    }
    put_number(out, address.port().into());
}

/// Escapes what is written to it.
pub(super) struct Escaped<'o>(pub &'o mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(text, self.0);
        Ok(())
    }
}

fn escape(text: &str, out: &mut Vec<u8>) {
    let mut from = 0;
    for (at, character) in text.char_indices() {
        let needs = matches!(character, '"' | '\\' | '\0'..='\x1f') || is_harmful(character);
        if needs {
            out.extend_from_slice(text.get(from..at).unwrap_or_default().as_bytes());
            escape_one(character, out);
            from = at + character.len_utf8();
        }
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default().as_bytes());
}

fn escape_one(character: char, out: &mut Vec<u8>) {
    let short = match character {
        '"' => b'"',
        '\\' => b'\\',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        _ => {
            // A Vec takes what is written.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize as _;

    use super::{super::Guarded, *};

    fn by_serde(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Guarded)).unwrap();
        out
    }

    fn by_us(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        put_text(&mut out, text);
        out
    }

    #[test]
    fn every_character_is_written_as_serde_json_writes_it() {
        for character in ('\0'..='\u{2fff}').chain(['\u{fffd}', '\u{10ffff}']) {
            let text = format!("a{character}b");
            assert_eq!(by_us(&text), by_serde(&text), "{character:?}");
        }
    }

    #[test]
    fn addresses_stand_as_they_print() {
        for address in ["192.0.2.7:51344", "0.0.0.0:0", "[2001:db8::1]:443", "[::ffff:192.0.2.7]:1"] {
            let mut out = Vec::new();
            put_socket(&mut out, address.parse().unwrap());
            assert_eq!(out, address.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn every_text_is_written_as_serde_json_writes_it(text: String) {
            prop_assert_eq!(by_us(&text), by_serde(&text));
        }

        #[test]
        fn every_number_is_written_as_it_prints(number: u64) {
            let mut out = Vec::new();
            put_number(&mut out, number);
            prop_assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
