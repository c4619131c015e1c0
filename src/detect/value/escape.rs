//! What does text say whose signs are written as escapes, or in another script?

use super::decode::{Buffer, DEPTH, Decoder, LONGEST};

/// The first digit of each script that phones write numbers in (Unicode category Nd): Arabic, Persian, N'Ko, the scripts
/// of India, Thai, Lao, Tibetan, Myanmar, Khmer, Mongolian, full width.
const ZEROS: &[u32] = &[
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0,
    0x0f20, 0x1040, 0x17e0, 0x1810, 0xff10,
];

/// Named character references (HTML §13.5) that stand in numbers and around them.
const NAMED: &[(&[u8], u8)] = &[
    (b"plus", b'+'),
    (b"amp", b'&'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"nbsp", b' '),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"colon", b':'),
    (b"commat", b'@'),
];

/// `\u0034`, `\x34`, `\"`, `%u0034` (RFC 8259 §7, ECMAScript) and `&#52;`, `&#x34;`, `&plus;` (HTML). JSON within JSON
/// escapes the escapes: they are undone as often as they are met.
pub(super) const ESCAPES: Decoder = |token, out| {
    let mut filled = once(token, out)?;
    let mut inner: Buffer = [0; LONGEST];
    for _ in 1..DEPTH {
        let text = inner.get_mut(..filled)?;
        text.copy_from_slice(out.get(..filled)?);
        let Some(len) = once(text, out) else {
            // What stands there is half of a second pass.
            out.get_mut(..filled)?.copy_from_slice(text);
            break;
        };
        filled = len;
    }
    Some(filled)
};

fn once(token: &[u8], out: &mut Buffer) -> Option<usize> {
    memchr::memchr3(b'\\', b'&', b'%', token)?;
    let mut writer = Writer { out, filled: 0 };
    let mut rest = token;
    while let Some((&first, after)) = rest.split_first() {
        let escape = match first {
            b'\\' => backslash(after),
            b'&' => reference(after),
            b'%' if after.first() == Some(&b'u') => backslash(after),
            _ => None,
        };
        if let Some((sign, len)) = escape {
            writer.push(sign)?;
            rest = after.get(len..)?;
        } else {
            writer.push_byte(first)?;
            rest = after;
        }
    }
    (writer.filled < token.len()).then_some(writer.filled)
}

/// Digits of other scripts and of full width, plus signs, dashes and blanks like them; marks without width drop out.
pub(super) const SCRIPTS: Decoder = |token, out| {
    if token.is_ascii() {
        return None;
    }
    let mut writer = Writer { out, filled: 0 };
    for sign in std::str::from_utf8(token).ok()?.chars() {
        if let Some(sign) = narrow(sign) {
            writer.push(sign)?;
        }
    }
    (writer.filled < token.len()).then_some(writer.filled)
};

/// The sign of ASCII that this one stands for, or itself; nothing for what has no width.
pub(in crate::detect) fn narrow(sign: char) -> Option<char> {
    let code = u32::from(sign);
    let digit = || ZEROS.iter().find_map(|zero| char::from_digit(code.checked_sub(*zero)?, 10));
    let narrow = match sign {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => return None,
        '\0'..='\u{7f}' => sign,
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => '-',
        _ => {
            digit().or_else(|| char::from_u32(code.checked_sub(0xfee0)?).filter(char::is_ascii_graphic)).unwrap_or(sign)
        }
    };
    Some(narrow)
}

struct Writer<'a> {
    out: &'a mut Buffer,
    filled: usize,
}

impl Writer<'_> {
    fn push_byte(&mut self, byte: u8) -> Option<()> {
        *self.out.get_mut(self.filled)? = byte;
        self.filled += 1;
        Some(())
    }

    fn push(&mut self, sign: char) -> Option<()> {
        sign.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| self.push_byte(byte))
    }
}

/// The sign that is meant, and how many bytes behind the backslash say so.
fn backslash(after: &[u8]) -> Option<(char, usize)> {
    let coded = |from: usize, len: usize| Some((code(after.get(from..from + len)?, 16)?, from + len));
    match after.first()? {
        b'u' if after.get(1) == Some(&b'{') => {
            let end = after.iter().take(9).position(|&byte| byte == b'}')?;
            Some((code(after.get(2..end)?, 16)?, end + 1))
        }
        b'u' => coded(1, 4),
        b'x' => coded(1, 2),
        sign @ (b'"' | b'\'' | b'/' | b'\\') => Some((char::from(*sign), 1)),
        b't' | b'n' | b'r' => Some((' ', 1)),
        _ => None,
    }
}

fn reference(after: &[u8]) -> Option<(char, usize)> {
    let end = after.iter().take(10).position(|&byte| byte == b';')?;
    let sign = match after.get(..end)? {
        [b'#', b'x' | b'X', digits @ ..] => code(digits, 16)?,
        [b'#', digits @ ..] => code(digits, 10)?,
        name => char::from(NAMED.iter().find(|(known, _)| *known == name)?.1),
    };
    Some((sign, end + 1))
}

fn code(digits: &[u8], radix: u32) -> Option<char> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(decoder: Decoder, text: &str) -> Option<String> {
        let mut buffer = [0; LONGEST];
        let len = decoder(text.as_bytes(), &mut buffer)?;
        Some(String::from_utf8(buffer[..len].to_vec()).unwrap())
    }

    #[test]
    fn escapes_become_signs_and_the_rest_stays() {
        for (text, expected) in [
            ("\\u0034\\u0034x", "44x"),
            ("\\u{34}\\x34\\\"", "44\""),
            ("&#52;&#x34;&plus;&", "44+&"),
            ("a&amp;b\\/c", "a&b/c"),
            ("%u0034%34", "4%34"),
            ("\\\"\\\\u0034\\\\", "\"4\\"),
            ("\\uff14", "\u{ff14}"),
        ] {
            assert_eq!(run(ESCAPES, text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "44", "\\u00", "\\ud800", "&#;", "&", "\\", "&#1114112;", "&#+1;", "a=1&b=2;c"] {
            assert_eq!(run(ESCAPES, text), None, "{text}");
        }
    }

    #[test]
    fn digits_of_all_scripts_are_digits() {
        for (text, expected) in [
            ("\u{ff0b}\u{ff14}\u{ff14}", "+44"),
            ("\u{664}\u{664}\u{660}", "440"),
            ("\u{6f4}\u{96a}", "44"),
            ("\u{202a}+44\u{a0}7700\u{2011}9\u{202c}", "+44 7700-9"),
            ("é4", "é4"),
        ] {
            let expected = Some(expected).filter(|expected| *expected != text);
            assert_eq!(run(SCRIPTS, text).as_deref(), expected, "{text}");
        }
        assert_eq!(run(SCRIPTS, "44"), None);
    }
}
