//! How do bytes from the network stand in a JSON string?
//!
//! Losslessly, and so that they can forge nothing. What is UTF-8 stands for itself; any other byte is written as the
//! four characters `\xNN` (lower-case hexadecimal). A backslash that the bytes themselves hold stays as it is, unless
//! `x` and two hexadecimal digits follow it: then it is written `\x5c`, so that nobody takes it for an escape. To read
//! a string back, replace each `\xNN` by that byte, from left to right, and touch nothing else: that is [`unescape`].
//!
//! All this is the text *inside* JSON's own escaping (`\xff` reaches the file as `\\xff`). On
//! top of what JSON demands, [`Guarded`] escapes DEL, the C1 controls, line separators and the marks that turn the
//! direction of writing: a terminal acts on them as it does on ESC.
//!
//! Hidden stretches show as bullets (U+2022).

use std::{borrow::Cow, fmt, io, ops::Range};

use serde_json::ser::Formatter;

use super::json::{Escaped, plain_or, quoted};

/// A stretch of bytes that must not be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hidden {
    /// Which bytes.
    pub range: Range<usize>,
    /// How many bullets stand for them.
    pub bullets: usize,
}

/// Bytes with hidden stretches, which are sorted and do not overlap.
pub(super) struct Shown<'a, H> {
    /// The bytes as received.
    pub bytes: &'a [u8],
    /// What of them is hidden.
    pub hidden: H,
}

impl<H: AsRef<[Hidden]>> fmt::Display for Shown<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut at = 0;
        for hidden in self.hidden.as_ref() {
            escape(self.bytes.get(at..hidden.range.start).unwrap_or_default(), f)?;
            (0..hidden.bullets).try_for_each(|_| f.write_str("•"))?;
            at = hidden.range.end;
        }
        escape(self.bytes.get(at..).unwrap_or_default(), f)
    }
}

impl<H: AsRef<[Hidden]>> Shown<'_, H> {
    /// Appends it as a string of JSON.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        quoted(out, |out| {
            let mut at = 0;
            for hidden in self.hidden.as_ref() {
                put(self.bytes.get(at..hidden.range.start).unwrap_or_default(), out);
                (0..hidden.bullets).for_each(|_| out.extend_from_slice("•".as_bytes()));
                at = hidden.range.end;
            }
            put(self.bytes.get(at..).unwrap_or_default(), out);
        });
    }
}

fn put(bytes: &[u8], out: &mut Vec<u8>) {
    plain_or(bytes, out, |out| {
        // A Vec takes what is written.
        let _ = escape(bytes, &mut Escaped(out));
    });
}

fn escape(bytes: &[u8], f: &mut impl fmt::Write) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        escape_backslashes(chunk.valid(), f)?;
        chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
    }
    Ok(())
}

fn escape_backslashes(mut text: &str, f: &mut impl fmt::Write) -> fmt::Result {
    while let Some((before, after)) = text.split_once('\\') {
        f.write_str(before)?;
        f.write_str(if escaped_byte(after.as_bytes()).is_some() { "\\x5c" } else { "\\" })?;
        text = after;
    }
    f.write_str(text)
}

/// Bytes as they stand in a string of an event, nothing hidden.
pub fn escaped(bytes: &[u8]) -> String {
    Shown { bytes, hidden: [] }.to_string()
}

/// The byte that `xNN` stands for.
fn escaped_byte(after_backslash: &[u8]) -> Option<u8> {
    let [b'x', high, low, ..] = after_backslash else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// The bytes that a string of an event line stands for. Bullets stay bullets.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, from) = rest.split_at(at);
        bytes.extend_from_slice(before);
        let after = from.get(1..).unwrap_or_default();
        let (byte, length) = escaped_byte(after).map_or((b'\\', 1), |byte| (byte, 4));
        bytes.push(byte);
        rest = from.get(length..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest);
    bytes
}

/// A string of an event, or any other that came from outside, so that it can be shown on a terminal: what a terminal
/// acts on is written as `\u{…}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    let acts = |character: char| character.is_control() || is_harmful(character);
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    text.chars()
        .map(|character| if acts(character) { character.escape_unicode().to_string() } else { character.into() })
        .collect()
}

/// A line of JSON that somebody else may have written, so that it can be shown on a terminal: it says the same, and
/// what a terminal acts on stands escaped. Our own lines are as they are.
pub fn guarded(line: &[u8]) -> Cow<'_, [u8]> {
    if line.is_ascii() && memchr::memchr(0x7f, line).is_none() {
        return Cow::Borrowed(line);
    }
    let text = String::from_utf8_lossy(line);
    if !text.contains(is_harmful) && matches!(text, Cow::Borrowed(_)) {
        return Cow::Borrowed(line);
    }
    // Such characters stand in strings only: between them JSON has none that are not ASCII.
    let escaped: String = text
        .chars()
        .map(|character| match is_harmful(character) {
            true => format!("\\u{:04x}", u32::from(character)),
            false => character.into(),
        })
        .collect();
    Cow::Owned(escaped.into_bytes())
}

/// JSON without spaces, and without characters that a terminal acts on.
pub struct Guarded;

impl Formatter for Guarded {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() && memchr::memchr(0x7f, fragment.as_bytes()).is_none() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, harmful)) = rest.char_indices().find(|(_, character)| is_harmful(*character)) {
            let (before, from) = rest.split_at(at);
            write!(writer, "{before}\\u{:04x}", u32::from(harmful))?;
            rest = from.get(harmful.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// DEL and C1, line and paragraph separator, bidirectional marks, embeddings and isolates. All are below U+10000.
pub(super) fn is_harmful(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        Shown { bytes, hidden: [] }.put(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_utf8_stands_for_itself() {
        assert_eq!(json("Zoë \\ 東京 a\\b \\xyz".as_bytes()), r#""Zoë \\ 東京 a\\b \\xyz""#);
    }

    #[test]
    fn what_is_not_is_escaped() {
        assert_eq!(json(b"Zo\xeb"), r#""Zo\\xeb""#);
        assert_eq!(json(b"\\xeb"), r#""\\x5cxeb""#);
        assert_eq!(json(b"\\\xeb"), r#""\\\\xeb""#);
    }

    #[test]
    fn controls_never_stand_raw() {
        assert_eq!(json(b"a\nb\x1b[2J\0"), r#""a\nb\u001b[2J\u0000""#);
        assert_eq!(json("a\u{7f}\u{9b}2J\u{2028}\u{202e}z".as_bytes()), r#""a\u007f\u009b2J\u2028\u202ez""#);
    }

    #[test]
    fn a_terminal_is_not_acted_upon() {
        assert_eq!(printable("Zoë 東京"), "Zoë 東京");
        assert_eq!(printable("a\u{1b}[2J\n\u{202e}"), r"a\u{1b}[2J\u{a}\u{202e}");
    }

    #[test]
    fn hidden_stretches_show_as_bullets() {
        let hidden = [Hidden { range: 1..3, bullets: 2 }, Hidden { range: 4..5, bullets: 1 }];
        let shown = Shown { bytes: b"abcdef", hidden };
        assert_eq!(shown.to_string(), "a••d•f");
        let mut out = Vec::new();
        shown.put(&mut out);
        assert_eq!(out, "\"a••d•f\"".as_bytes());
    }

    proptest! {
        #[test]
        fn every_byte_comes_back(bytes: Vec<u8>) {
            let text: String = serde_json::from_str(&json(&bytes)).unwrap();
            prop_assert_eq!(unescape(&text), bytes);
        }

        #[test]
        fn so_do_those_that_look_like_escapes(text in r"[\\x4f\xff]{0,12}", tail: [u8; 2]) {
            let bytes = [text.as_bytes(), &tail].concat();
            let text: String = serde_json::from_str(&json(&bytes)).unwrap();
            prop_assert_eq!(unescape(&text), bytes);
        }
    }
}
