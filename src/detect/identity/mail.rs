//! Which addresses that stand here are the user's own?

use smallvec::SmallVec;

use super::{
    forms::Role,
    search::{Found, Search},
};

/// The longest address (RFC 5321 §4.5.3.1).
const LONGEST: usize = 254;

/// Tells every address in the text.
pub(super) fn search(search: &mut Search<'_>, text: &[u8], found: &mut Found<'_>) {
    for at in memchr::memchr_iter(b'@', text) {
        if !search.spend(8) {
            return;
        }
        let end = at + 1 + domain(text.get(at + 1..).unwrap_or_default());
        let before = text.get(at.saturating_sub(LONGEST)..at).unwrap_or_default();
        // Signs that a name may have, and that mostly stand between names: tried as the one, then as the other.
        let plain = name(before, |byte| matches!(byte, b'.' | b'_' | b'-' | b'+'));
        let any = name(before, |byte| byte.is_ascii_punctuation() && !b"\"(),:;<>[\\]@".contains(&byte));
        for length in if plain == any { [Some(plain), None] } else { [Some(plain), Some(any)] }.into_iter().flatten() {
            let span = at - length..end;
            let written = text.get(span.clone()).filter(|text| text.len() <= LONGEST).unwrap_or_default();
            if let Some(form) = search.lookup(Role::Account, &small(written)) {
                found(span, form);
                break;
            }
        }
    }
}

fn name(before: &[u8], is_sign: impl Fn(u8) -> bool) -> usize {
    before.iter().rev().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte >= 0x80 || is_sign(byte)).count()
}

fn domain(behind: &[u8]) -> usize {
    let is_part =
        |byte: &&u8| byte.is_ascii_alphanumeric() || **byte >= 0x80 || matches!(byte, b'.' | b'-' | b'_' | b'+');
    let longest = behind.iter().take(LONGEST).take_while(is_part).count();
    let text = behind.get(..longest).unwrap_or_default();
    text.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1)
}

/// In lower case, as it is registered; what is no ASCII is rare and goes the long way.
fn small(written: &[u8]) -> SmallVec<[u8; 64]> {
    match std::str::from_utf8(written) {
        Ok(text) if !text.is_ascii() => SmallVec::from_slice(text.to_lowercase().as_bytes()),
        _ => written.iter().map(u8::to_ascii_lowercase).collect(),
    }
}
