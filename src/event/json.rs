//! How does JSON get into a buffer without a detour?
//!
//! Every event is written this way, so each string is looked at once and copied once. What comes out is what serde_json writes
//! with [`super::Guarded`], byte by byte; a test holds it to that.

use std::{
    fmt,
    io::Write as _,
    net::{IpAddr, SocketAddr},
};

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
    // Inlined, a key is a constant: it is stored, not copied.
    #[inline(always)]
    pub(super) fn key(&mut self, key: &'static str) -> &mut Vec<u8> {
        if self.is_begun {
            self.out.push(b',');
        }
        self.is_begun = true;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A word of ours, or what else needs no escaping.
    #[inline(always)]
    pub(super) fn word(&mut self, key: &'static str, word: &str) {
        quoted(self.key(key), |out| out.extend_from_slice(word.as_bytes()));
    }

    /// Any text.
    #[inline(always)]
    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        put_text(self.key(key), text);
    }

    /// A number.
    #[inline(always)]
    pub(super) fn number(&mut self, key: &'static str, number: u64) {
        put_number(self.key(key), number);
    }

    /// What stands as it is in JSON: `true`, `null`.
    #[inline(always)]
    pub(super) fn literal(&mut self, key: &'static str, literal: &'static str) {
        self.key(key).extend_from_slice(literal.as_bytes());
    }

    /// An address and its port.
    #[inline(always)]
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
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
    } else {
        other(out);
    }
}

/// Whether all of it stands for itself. Where it does not fill whole words, the last one overlaps the one before.
fn is_plain(bytes: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| marks(u64::from_ne_bytes(*bytes));
    if let Some(last) = bytes.last_chunk() {
        return bytes.as_chunks().0.iter().fold(word(last), |all, bytes| all | word(bytes)) == 0;
    }
    let half = |bytes: &[u8; 4]| u64::from(u32::from_ne_bytes(*bytes));
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => marks(half(first) << 32 | half(last)) == 0,
        _ => bytes.iter().all(|byte| marks(u64::from_ne_bytes([*byte; 8])) == 0),
    }
}

/// Eight bytes at once: zero unless one of them has to be escaped.
fn marks(word: u64) -> u64 {
    let eight = |byte: u8| u64::from_ne_bytes([byte; 8]);
    // A byte below `bound` borrows from its highest bit, unless it has that bit itself.
    let below = |word: u64, bound: u8| word.wrapping_sub(eight(bound)) & !word;
    let is = |byte: u8| below(word ^ eight(byte), 1);
    let from_delete = word.wrapping_add(eight(1)) | word;
    (below(word, b' ') | is(b'"') | is(b'\\') | from_delete) & eight(0x80)
}

/// Decimal digits.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        start -= 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// An octet in decimal digits.
fn put_octet(out: &mut Vec<u8>, octet: u8) {
    if octet >= 100 {
        out.push(b'0' + octet / 100);
    }
    if octet >= 10 {
        out.push(b'0' + octet / 10 % 10);
    }
    out.push(b'0' + octet % 10);
}

fn put_socket(out: &mut Vec<u8>, address: SocketAddr) {
    match address {
        SocketAddr::V4(address) => {
            put_address(out, (*address.ip()).into());
            out.push(b':');
            put_number(out, address.port().into());
        }
        // A Vec takes what is written.
        SocketAddr::V6(_) => drop(write!(out, "{address}")),
    }
}

/// An address as it prints.
pub(super) fn put_address(out: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(address) = address else {
        // A Vec takes what is written.
        let _ = write!(out, "{address}");
        return;
    };
    for (octet, mark) in address.octets().into_iter().zip(["", ".", ".", "."]) {
        out.extend_from_slice(mark.as_bytes());
        put_octet(out, octet);
    }
}

/// Bytes in hexadecimal digits, in lower case.
pub(super) fn put_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| DIGITS[usize::from(half)]));
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
    fn a_character_is_escaped_wherever_it_stands() {
        for (length, character) in (1..20).flat_map(|length| ('\0'..='\u{ff}').map(move |it| (length, it))) {
            for at in 0..length {
                let text: String = (0..length).map(|here| if here == at { character } else { 'a' }).collect();
                assert_eq!(by_us(&text), by_serde(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn addresses_stand_as_they_print() {
        for address in ["192.0.2.7:51344", "0.0.0.0:0", "[2001:db8::1]:443", "[::ffff:192.0.2.7]:1"] {
            let mut out = Vec::new();
            put_socket(&mut out, address.parse().unwrap());
            assert_eq!(out, address.as_bytes());
        }
        for octet in 0..=u8::MAX {
            let address = IpAddr::from([192, octet, 2, octet]);
            let mut out = Vec::new();
            put_address(&mut out, address);
            assert_eq!(out, address.to_string().into_bytes());
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

        #[test]
        fn bytes_stand_in_hexadecimal_digits(bytes: Vec<u8>) {
            let mut out = Vec::new();
            put_hex(&mut out, &bytes);
            prop_assert_eq!(out, crate::exchange::hex(&bytes).into_bytes());
        }
    }
}
