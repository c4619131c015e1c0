//! What does an encoded token say, if it is text?
//!
//! Most tokens are no text, and show it in their first bytes: these decoders stop there, which those of the crates for
//! the same formats do not. They fill a buffer of the caller, who counts on it only if they return something.

use std::ops::Range;

use smallvec::SmallVec;

/// What was decoded; what an ordinary message holds fits on the stack.
pub(super) type Decoded = SmallVec<[u8; 1024]>;

/// So many bytes at the beginning must be ASCII.
const HEAD: usize = 4;

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

/// Whether the first letters stand for text.
pub(super) fn may_be_base64(token: &[u8]) -> bool {
    base64_front(token).is_some_and(|front| front.iter().all(|&byte| text(byte) == ASCII))
}

/// Whether the first digits stand for text.
pub(super) fn may_be_hex(token: &[u8]) -> bool {
    let [first, second] = [0, 2].map(|at| token.get(at..).and_then(<[u8]>::first_chunk).copied().and_then(octet));
    first.zip(second).is_some_and(|(first, second)| text(first) & text(second) == ASCII)
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

/// base64 and base64url, without its padding, of text that begins as [`may_be_base64`] says.
pub(super) fn base64(token: &[u8], out: &mut Decoded) -> Option<()> {
    groups(token, sextets, out, |bytes| bytes.iter().all(|&byte| text(byte) != 0))
}

/// Hexadecimal digits of ASCII text.
pub(super) fn hex(token: &[u8], out: &mut Decoded) -> Option<()> {
    let mut at = 0;
    pairs(token, out, |byte| {
        at += 1;
        text(byte) == ASCII || at > HEAD && text(byte) != 0
    })
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
        [b'\\', b'u', b'0', b'0', high, low, ..] => (b'\\', [high, low], 6),
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
