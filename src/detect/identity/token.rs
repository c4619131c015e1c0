//! What do tokens say that are encoded or hashed?

use std::ops::Range;

use super::{
    base32,
    decode::{self, Decoded},
    forms::{Form, Role},
    inlay, packed,
    search::{Found, Search},
};
use crate::detect::runs::Runs;

/// What eight digits come to in base64.
const SHORTEST: usize = 11;

/// What they come to in hexadecimal digits.
const SHORTEST_HEX: usize = 16;

/// Lengths of MD5, SHA-1 and SHA-256 in hexadecimal digits, and in base64 without its padding.
const HEX_HASHES: [usize; 3] = [32, 40, 64];
const BASE64_HASHES: [usize; 3] = [22, 27, 43];

/// Letters of tokens: those of both alphabets of base64.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Which of them are signs, and which are large: where text was encoded, some are.
const SLASH: u8 = 1;
const OTHER: u8 = 2;
const LARGE: u8 = 4;

static SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    let mut letter = b'A';
    while letter <= b'Z' {
        signs[letter as usize] = LARGE;
        letter += 1;
    }
    signs[b'/' as usize] = SLASH;
    signs[b'+' as usize] = OTHER;
    signs[b'-' as usize] = OTHER;
    signs[b'_' as usize] = OTHER;
    signs
};

/// Tells every token in the text; `depth` encodings are undone.
pub(super) fn search(search: &mut Search<'_>, text: &[u8], depth: usize, found: &mut Found<'_>) {
    for run in Runs::new(text, is_letter, packed::SHORTEST) {
        stretch(search, text, run, depth, found);
    }
}

/// The stretch as a whole, then what stands between slashes, then what stands between any signs: paths and names are
/// joined by what base64 has for letters.
fn stretch(search: &mut Search<'_>, text: &[u8], span: Range<usize>, depth: usize, found: &mut Found<'_>) {
    let whole = text.get(span.clone()).unwrap_or_default();
    if whole.len() < SHORTEST {
        return short(search, whole, span.start, depth, found);
    }
    let said = one(search, whole, span.clone(), depth, found);
    let signs = whole.iter().fold(0, |signs, &byte| signs | SIGNS.get(usize::from(byte)).copied().unwrap_or(0));
    if said == Said::Text && whole.len() <= packed::LONGEST {
        short(search, whole, span.start, depth, found);
    }
    if said == Said::Own || signs == 0 {
        return;
    }
    if signs & SLASH != 0 {
        pieces(search, whole, span.start, |byte| byte == b'/', depth, found);
    }
    if signs & OTHER != 0 {
        pieces(search, whole, span.start, |byte| !byte.is_ascii_alphanumeric(), depth, found);
    }
    if signs & LARGE != 0
        && said == Said::Nothing
        && let Some(deeper) = depth.checked_sub(1)
    {
        inlay::search(search, whole, span.start, deeper, found);
    }
}

/// What a token said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Nothing that could be read.
    Nothing,
    /// Text without anything of the user's own.
    Text,
    /// One of the user's own.
    Own,
}

fn pieces(
    search: &mut Search<'_>,
    whole: &[u8],
    offset: usize,
    is_border: impl Fn(u8) -> bool,
    depth: usize,
    found: &mut Found<'_>,
) {
    let mut at = offset;
    for piece in whole.split(|&byte| is_border(byte)) {
        if (SHORTEST..whole.len()).contains(&piece.len()) {
            one(search, piece, at..at + piece.len(), depth, found);
        }
        if (packed::SHORTEST..whole.len()).contains(&piece.len()) {
            short(search, piece, at, depth, found);
        }
        at += piece.len() + 1;
    }
}

fn one(search: &mut Search<'_>, token: &[u8], span: Range<usize>, depth: usize, found: &mut Found<'_>) -> Said {
    if let Some(form) = hashed(search, token) {
        found(span, form);
        return Said::Own;
    }
    let Some(deeper) = depth.checked_sub(1) else { return Said::Nothing };
    let digits = token.strip_prefix(b"0x").unwrap_or(token);
    let mut inner = Decoded::new();
    let mut said = Said::Nothing;
    if digits.len() >= SHORTEST_HEX && decode::hex(digits, &mut inner).is_some() {
        return inside(search, &inner, span, deeper, found);
    }
    inner.clear();
    if decode::base64(token, &mut inner).is_some() {
        said = inside(search, &inner, span.clone(), deeper, found);
    }
    if said != Said::Own && token.len() >= base32::SHORTEST && base32::may_be(token) {
        for decode in [base32::standard, base32::extended] {
            inner.clear();
            if decode(token, &mut inner).is_some() && inside(search, &inner, span.clone(), deeper, found) == Said::Own {
                return Said::Own;
            }
        }
    }
    if said == Said::Nothing {
        inlay::search_hex(search, digits, span.end - digits.len(), deeper, found);
    }
    said
}

/// A token that may be nothing but packed digits.
fn short(search: &mut Search<'_>, token: &[u8], start: usize, depth: usize, found: &mut Found<'_>) {
    if depth > 0 {
        inlay::search_packed(search, token, start, found);
    }
}

/// What the decoded text holds is told of the whole token.
fn inside(search: &mut Search<'_>, inner: &Decoded, span: Range<usize>, depth: usize, found: &mut Found<'_>) -> Said {
    let mut said = Said::Text;
    if search.spend(inner.len()) {
        search.text(inner, depth, &mut |_, form| {
            said = Said::Own;
            found(span.clone(), form);
        });
    }
    said
}

fn hashed(search: &mut Search<'_>, token: &[u8]) -> Option<Form> {
    let in_hex = HEX_HASHES.contains(&token.len());
    if !in_hex && !BASE64_HASHES.contains(&token.len()) {
        return None;
    }
    let front = if in_hex { decode::hex_front(token) } else { decode::base64_front(token) };
    if !search.forms().may_be_hash(front?) {
        return None;
    }
    let mut hash = Decoded::new();
    if in_hex { decode::hex_bytes(token, &mut hash) } else { decode::base64_bytes(token, &mut hash) }?;
    search.lookup(Role::Hash, &hash)
}
