//! Which digits does this text spell?
//!
//! Spaces, dashes, dots and brackets are how people write numbers (ITU-T E.123); letters are not.

/// No identifier has more digits than an ICCID with its filler.
const MOST: usize = 22;

/// No number has fewer.
pub(super) const FEWEST: usize = 6;

/// The digits of a number without the signs between them.
#[derive(Clone, Copy, zeroize::Zeroize)]
pub(in crate::detect) struct Digits {
    digits: [u8; MOST],
    len: usize,
    /// Whether a plus sign stood in front, which makes it international.
    pub plus: bool,
}

impl Digits {
    /// Reads a token; nothing if it holds anything but one number.
    pub fn parse(token: &[u8]) -> Option<Self> {
        // Most parts of most values are turned away here.
        if token.len() < FEWEST || !matches!(token.last(), Some(b'0'..=b'9' | b' ' | b'(' | b')' | b'f' | b'F')) {
            return None;
        }
        let token = without_label(token);
        let (plus, rest) = match token {
            [b'+', rest @ ..] | [b'(', b'+', rest @ ..] => (true, rest),
            _ => (false, token),
        };
        let mut number = Self { digits: [0; MOST], len: 0, plus };
        if rest.iter().all(u8::is_ascii_digit) {
            number.digits.get_mut(..rest.len())?.copy_from_slice(rest);
            number.len = rest.len();
            return (number.len >= FEWEST).then_some(number);
        }
        let mut last = b'0';
        for (at, &byte) in rest.iter().enumerate() {
            match byte {
                b'0' if plus && is_bracketed(rest, at) => {}
                b'0'..=b'9' => number.push(byte)?,
                b'f' | b'F' if at + 1 == rest.len() && number.len > 17 => {}
                _ if !may_follow(last, byte) => return None,
                _ => {}
            }
            last = byte;
        }
        let is_number = number.len >= FEWEST && !matches!(last, b'-' | b'.' | b'+');
        (is_number && !is_dotted_quad(token)).then_some(number)
    }

    /// Digits that are known to be digits, as decoders produce them.
    pub fn from_plain(plain: impl Iterator<Item = u8>) -> Option<Self> {
        let mut number = Self { digits: [0; MOST], len: 0, plus: false };
        for byte in plain {
            number.push(byte)?;
        }
        Some(number)
    }

    fn push(&mut self, digit: u8) -> Option<()> {
        *self.digits.get_mut(self.len)? = digit;
        self.len += 1;
        Some(())
    }

    /// The digits as ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    /// Whether one digit fills the whole, or they count up or down: nobody's number.
    pub fn is_filler(&self) -> bool {
        let same = |step: u8| self.as_bytes().windows(2).all(|w| matches!(w, [a, b] if b.wrapping_sub(*a) == step));
        same(0) || same(1) || same(255)
    }
}

/// Whether the value of a check digit by Luhn's rule (ISO/IEC 7812-1 annex B) is right.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().map(|(at, &digit)| weighed(at, digit)).sum();
    sum.is_multiple_of(10)
}

fn weighed(at: usize, digit: u8) -> u32 {
    let digit = u32::from(digit.wrapping_sub(b'0'));
    match (at % 2, digit) {
        (0, _) => digit,
        (_, 0..=4) => digit * 2,
        _ => digit * 2 - 9,
    }
}

/// `imsi-…`, `msisdn-…`, `imei-…`: the form of SUPI, GPSI and PEI (3GPP TS 29.571 §5.3.2).
fn without_label(token: &[u8]) -> &[u8] {
    let letters = token.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    match token.get(letters..) {
        Some([b'-', rest @ ..]) if (3..=8).contains(&letters) => rest,
        _ => token,
    }
}

/// The `(0)` of `+44 (0)7700 900123`, which is not dialled.
fn is_bracketed(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    before == Some(&b'(') && text.get(at + 1) == Some(&b')')
}

/// One separator between digits; a bracket may stand beside another one.
fn may_follow(last: u8, byte: u8) -> bool {
    match byte {
        b' ' | b'-' | b'.' => last.is_ascii_digit() || last == b')',
        // How forms write a blank.
        b'+' => last.is_ascii_digit(),
        b'(' => last.is_ascii_digit() || matches!(last, b' ' | b'-'),
        b')' => last.is_ascii_digit(),
        _ => false,
    }
}

/// `192.0.2.1` has nine digits and is an address all the same.
fn is_dotted_quad(token: &[u8]) -> bool {
    let dots = || token.iter().filter(|&&byte| byte == b'.').count();
    token.len() <= 15
        && dots() == 3
        && std::str::from_utf8(token).is_ok_and(|text| text.parse::<std::net::Ipv4Addr>().is_ok())
}
