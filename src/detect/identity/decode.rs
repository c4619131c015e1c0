//! What does an encoded token say, if it is text?
//!
//! Most tokens are no text, and show it in their first bytes: these decoders stop there, which those of the crates for
//! the same formats do not. They fill a buffer of the caller, who counts on it only if they return something.

use std::ops::Range;

use smallvec::SmallVec;

/// What was decoded; what an ordinary message holds fits on the stack.
pub(super) type Decoded = SmallVec<[u8; 1024]>;

/// What is no letter of its alphabet, in tables for base64 and for hexadecimal digits.
const NO_LETTER: u32 = 1 << 31;
const NO_DIGIT: u8 = 0xff;

/// What each letter of base64, in both alphabets (RFC 4648 §4 and §5), adds to a group of 24 bits, by its place there.
static LETTERS: [[u32; 256]; 4] = [shares(18), shares(12), shares(6), shares(0)];

const fn shares(shift: u32) -> [u32; 256] {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [NO_LETTER; 256];
    let mut at = 0;
    while at < letters.len() {
        table[letters[at] as usize] = (at as u32) << shift;
        at += 1;
    }
    table[b'-' as usize] = 62 << shift;
    table[b'_' as usize] = 63 << shift;
    table
}

/// The values of hexadecimal digits.
static DIGITS: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut at = 0;
    while at < 16 {
        table[b"0123456789abcdef"[at] as usize] = at as u8;
        table[b"0123456789ABCDEF"[at] as usize] = at as u8;
        at += 1;
    }
    table
};

/// What text is made of: bytes of ASCII, and further back those of other scripts, which names may be in.
const ASCII: u8 = 3;
const OTHER: u8 = 1;

static TEXT: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'\t' | b'\n' | b'\r' | b' '..=b'~' => ASCII,
            0x80.. => OTHER,
            _ => 0,
        };
        byte += 1;
    }
    table
};

fn text(byte: u8) -> u8 {
    TEXT.get(usize::from(byte)).copied().unwrap_or(0)
}

/// What the first four bytes promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// Text in ASCII, at least at first.
    Text,
    /// Text in UTF-8.
    Foreign,
    /// Text whose letters take two or four bytes each, in either order, with the mark of that order or without.
    Wide,
}

impl Front {
    /// What begins like this, if it may be text.
    #[inline]
    pub fn of(front: [u8; 4]) -> Option<Self> {
        if front.iter().all(|&byte| text(byte) == ASCII) {
            return Some(Self::Text);
        }
        let [first, ..] = front;
        if matches!(first, 1..=0x1f | 0x7f..=0xc1) { None } else { Self::of_others(front) }
    }

    fn of_others(front: [u8; 4]) -> Option<Self> {
        let is_letter = |byte: u8| text(byte) == ASCII;
        match front {
            [a, 0, b, 0] | [0, a, 0, b] if is_letter(a) && is_letter(b) => Some(Self::Wide),
            [0xff, 0xfe, a, 0] | [0xfe, 0xff, 0, a] | [a, 0, 0, 0] | [0, 0, 0, a] if is_letter(a) => Some(Self::Wide),
            _ => is_utf8(front).then_some(Self::Foreign),
        }
    }

    /// Whether it may go on with these.
    pub fn admits(self, bytes: &[u8]) -> bool {
        self == Self::Wide || bytes.iter().all(|&byte| text(byte) != 0)
    }

    /// Whether this is all of it.
    pub fn fits(self, text: &[u8]) -> Option<()> {
        (self != Self::Foreign || std::str::from_utf8(text).is_ok()).then_some(())
    }
}

/// Whether UTF-8 (RFC 3629 §4) may begin like this.
fn is_utf8(front: [u8; 4]) -> bool {
    let mut at = 0;
    while let Some(&byte) = front.get(at) {
        let len = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            byte if text(byte) == ASCII => 1,
            _ => return false,
        };
        if front.iter().take(at + len).skip(at + 1).any(|byte| !(0x80..=0xbf).contains(byte)) {
            return false;
        }
        at += len;
    }
    true
}

/// Stretches of hexadecimal digits that stand for text of at least so many bytes, at either alignment.
pub(super) fn hex_inlays(token: &[u8], least: usize, found: &mut dyn FnMut(Range<usize>)) {
    let ends = [token.first(), token.get(1), token.last()];
    if token.len() < least * 2 || !ends.iter().flatten().all(|byte| byte.is_ascii_hexdigit()) {
        return;
    }
    for odd in [0, 1] {
        let (pairs, _) = token.get(odd..).unwrap_or_default().as_chunks::<2>();
        let is_text = |at: usize| {
            pairs.get(at).is_some_and(|&[high, low]| matches!(high, b'2'..=b'7') && low.is_ascii_hexdigit())
        };
        let mut from = 0;
        while from + least <= pairs.len() {
            // Read from the end: a gap there spares what stands before it.
            if let Some(gap) = (from..from + least).rev().find(|&at| !is_text(at)) {
                from = gap + 1;
                continue;
            }
            let end = (from + least..pairs.len()).find(|&at| !is_text(at)).unwrap_or(pairs.len());
            found(odd + from * 2..odd + end * 2);
            from = end;
        }
    }
}

/// base64 and base64url, without its padding, of text.
pub(super) fn base64(token: &[u8], out: &mut Decoded) -> Option<()> {
    let front = Front::of(base64_front(token)?)?;
    groups(token, sextets, out, |bytes| front.admits(bytes))?;
    front.fits(out)
}

/// Hexadecimal digits of text.
pub(super) fn hex(token: &[u8], out: &mut Decoded) -> Option<()> {
    let front = Front::of(hex_front(token)?)?;
    pairs(token, out, |byte| front.admits(&[byte]))?;
    front.fits(out)
}

/// The value of a letter of base64.
pub(super) const fn value(letter: u8) -> Option<u8> {
    let [.., last] = &LETTERS;
    let share = last[letter as usize];
    if share == NO_LETTER { None } else { Some(share as u8) }
}

/// The bytes of these letters of a token before which so many are missing in its first group; places count those as well,
/// and begin at one of a group. What is not whole at the front stands for a byte that is no text, at the end for none.
pub(super) fn letters(token: &[u8], missing: usize, places: Range<usize>, out: &mut Decoded) {
    let letter = |place: usize| place.checked_sub(missing).and_then(|at| token.get(at)).copied().unwrap_or(b'A');
    for place in places.clone().step_by(4) {
        let bytes = sextets([0, 1, 2, 3].map(|at| letter(place + at)));
        out.extend_from_slice(&bytes.unwrap_or_default());
    }
    let unknown = (missing.saturating_sub(places.start) * 6).div_ceil(8);
    out.iter_mut().take(unknown).for_each(|byte| *byte = 0);
    out.truncate(places.len() * 6 / 8);
}

/// The bytes that a hash in base64 stands for.
pub(super) fn base64_bytes(token: &[u8], out: &mut Decoded) -> Option<()> {
    groups(token, sextets, out, |_| true)
}

/// The bytes that a hash in hexadecimal digits stands for.
pub(super) fn hex_bytes(token: &[u8], out: &mut Decoded) -> Option<()> {
    pairs(token, out, |_| true)
}

/// The first four bytes of a hash in base64.
pub(super) fn base64_front(token: &[u8]) -> Option<[u8; 4]> {
    let (&[a, b, c, d, e, f], _) = token.split_first_chunk()?;
    let ([one, two, three], [four, ..]) = (sextets([a, b, c, d])?, sextets([e, f, b'A', b'A'])?);
    Some([one, two, three, four])
}

/// The first four bytes of a hash in hexadecimal digits.
pub(super) fn hex_front(token: &[u8]) -> Option<[u8; 4]> {
    let (&[a, b, c, d, e, f, g, h], _) = token.split_first_chunk()?;
    Some([octet([a, b])?, octet([c, d])?, octet([e, f])?, octet([g, h])?])
}

/// What percent signs (RFC 3986 §2.1) or backslashes (RFC 8259 §7) escape, whichever the mark is; nothing if nothing is.
pub(super) fn unescape(text: &[u8], mark: u8, out: &mut Decoded) -> Option<()> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(mark, rest) {
        let (plain, escape) = rest.split_at_checked(at)?;
        let (byte, length) = unescaped(escape);
        out.extend_from_slice(plain);
        out.push(byte);
        rest = escape.get(length..)?;
    }
    out.extend_from_slice(rest);
    (out.len() < text.len()).then_some(())
}

/// Where in the escaped text stands what has this place in the decoded one?
pub(super) fn unescaped_place(text: &[u8], mark: u8, place: Range<usize>) -> Range<usize> {
    let (mut at, mut span) = (0, text.len()..text.len());
    let mut rest = text;
    for index in 0..place.end {
        let (_, length) = if rest.first() == Some(&mark) { unescaped(rest) } else { (0, 1) };
        if index == place.start {
            span.start = at;
        }
        at += length;
        if index + 1 == place.end {
            span.end = at;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    span
}

/// The byte that a percent sign or a backslash begins, and how many it was written in.
fn unescaped(escape: &[u8]) -> (u8, usize) {
    let (mark, digits, length) = match *escape {
        [mark @ (b'\\' | b'%'), b'u', b'0', b'0', high, low, ..] => (mark, [high, low], 6),
        // Full width: what stands in ASCII 0xfee0 before.
        [mark @ (b'\\' | b'%'), b'u', b'f' | b'F', b'f' | b'F', high, low, ..] => {
            let sign =
                octet([high, low]).and_then(|low| low.checked_add(0x20)).filter(|sign| (b'!'..=b'~').contains(sign));
            return sign.map_or((mark, 1), |sign| (sign, 6));
        }
        [b'\\', b'x', high, low, ..] => (b'\\', [high, low], 4),
        [b'%', high, low, ..] => (b'%', [high, low], 3),
        [mark, ..] => return (mark, 1),
        [] => return (0, 1),
    };
    octet(digits).map_or((mark, 1), |byte| (byte, length))
}

type Group = fn([u8; 4]) -> Option<[u8; 3]>;

/// Groups of four letters; the last one may be short, and what it lacks counts as zeros.
fn groups(token: &[u8], group: Group, out: &mut Decoded, is_fine: impl Fn(&[u8]) -> bool) -> Option<()> {
    let (fours, rest) = token.as_chunks();
    for four in fours {
        let bytes = group(*four)?;
        out.extend_from_slice(Some(&bytes).filter(|bytes| is_fine(*bytes))?);
    }
    let last = match *rest {
        [] => return Some(()),
        [a, b] => [a, b, b'A', b'A'],
        [a, b, c] => [a, b, c, b'A'],
        _ => return None,
    };
    let bytes = group(last)?;
    out.extend_from_slice(bytes.get(..rest.len() - 1).filter(|bytes| is_fine(bytes))?);
    Some(())
}

fn pairs(token: &[u8], out: &mut Decoded, mut is_fine: impl FnMut(u8) -> bool) -> Option<()> {
    let (pairs, rest) = token.as_chunks();
    for pair in pairs {
        out.push(octet(*pair).filter(|&byte| is_fine(byte))?);
    }
    rest.is_empty().then_some(())
}

fn sextets(four: [u8; 4]) -> Option<[u8; 3]> {
    let shares = LETTERS.iter().zip(four).map(|(table, letter)| table.get(usize::from(letter)).copied());
    let word = shares.fold(0, |word, share| word | share.unwrap_or(NO_LETTER));
    let [_, first, second, third] = word.to_be_bytes();
    (word & NO_LETTER == 0).then_some([first, second, third])
}

fn octet(pair: [u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or(NO_DIGIT));
    (high | low < 16).then_some(high << 4 | low)
}
