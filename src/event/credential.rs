//! Which bytes of a head open something?
//!
//! Credentials are hidden whole, whatever the detectors say: `Authorization` and its like (the scheme stays), cookies
//! (their names stay), and what looks like a token. "Looks like" is judged by the name beside it and by its shape, so
//! that a request id or a hash in a path stays readable.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use crate::exchange::Field;

/// Shorter values are no tokens.
const SHORTEST_TOKEN: usize = 20;

/// Fields that are told by their names.
const ROLES: [(&str, Role); 16] = [
    ("authorization", Role::Authorization),
    ("proxy-authorization", Role::Authorization),
    ("cookie", Role::Cookies),
    ("set-cookie", Role::Cookies),
    ("cookie2", Role::Cookies),
    ("referer", Role::Referrer),
    ("x-api-key", Role::Secret),
    ("api-key", Role::Secret),
    ("apikey", Role::Secret),
    ("x-auth-token", Role::Secret),
    ("x-access-token", Role::Secret),
    ("x-amz-security-token", Role::Secret),
    ("x-csrf-token", Role::Secret),
    ("x-xsrf-token", Role::Secret),
    ("x-goog-api-key", Role::Secret),
    ("private-token", Role::Secret),
];

/// What a field says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Authorization,
    Cookies,
    /// An address, with what a query holds.
    Referrer,
    /// All of it is a secret, whatever its shape.
    Secret,
    /// Nothing that is known.
    Other,
}

/// The lengths of those names, each a bit.
const LENGTHS: u32 = {
    let (mut lengths, mut at) = (0, 0);
    while at < ROLES.len() {
        lengths |= 1 << ROLES[at].0.len();
        at += 1;
    }
    lengths
};

impl Role {
    fn of(name: &[u8]) -> Self {
        if name.len() >= 32 || LENGTHS >> name.len() & 1 == 0 {
            return Self::Other;
        }
        let is_it = |known: &str| known.len() == name.len() && known.as_bytes().eq_ignore_ascii_case(name);
        ROLES.iter().find(|(known, _)| is_it(known)).map_or(Self::Other, |(_, role)| *role)
    }
}

/// Query parameters whose whole value is a secret, whatever its shape.
const SECRET_PARAMETERS: [&str; 8] =
    ["access_token", "refresh_token", "id_token", "password", "passwd", "pwd", "client_secret", "api_key"];

/// A name that holds one of these announces a token.
static SECRET_WORDS: LazyLock<AhoCorasick> =
    LazyLock::new(|| caseless(&["token", "auth", "key", "secret", "session", "signature"]));

/// What stands before credentials, wherever they stand.
const SCHEMES: [&[u8]; 2] = [b"bearer ", b"basic "];

/// What a JSON Web Token begins with (RFC 7519).
const WEB_TOKEN: &[u8; 3] = b"eyJ";

fn caseless(words: &[&str]) -> AhoCorasick {
    match AhoCorasick::builder().ascii_case_insensitive(true).build(words) {
        Ok(matcher) => matcher,
        Err(error) => unreachable!("a handful of short words: {error}"),
    }
}

/// Who is told what to hide.
pub(super) type Hide<'a> = &'a mut dyn FnMut(Range<usize>);

/// Whether a field holds credentials that are hidden even where everything else is shown.
pub(super) fn is_authorization(field: &Field) -> bool {
    Role::of(&field.name) == Role::Authorization
}

/// The part of an `Authorization` value that follows the scheme; all of it where no scheme stands.
pub(super) fn authorization(value: &[u8]) -> Range<usize> {
    let start = value.iter().position(|&byte| byte == b' ').map_or(0, |at| at + 1);
    start..value.len()
}

/// The secrets in a field's value.
pub(super) fn in_field(field: &Field, hide: Hide<'_>) {
    let value = &field.value[..];
    match Role::of(&field.name) {
        Role::Authorization => hide(authorization(value)),
        Role::Cookies => in_cookies(value, hide),
        Role::Secret => hide(0..value.len()),
        _ if value.len() < SHORTEST_TOKEN => {}
        Role::Referrer => {
            in_text(value, hide);
            in_authority(value, hide);
            in_query(value, hide);
        }
        Role::Other => {
            in_text(value, hide);
            if names_a_secret(&field.name) {
                opaque_runs(value).for_each(hide);
            }
        }
    }
}

/// The secrets in a request target.
pub(super) fn in_target(target: &[u8], hide: Hide<'_>) {
    if target.len() >= SHORTEST_TOKEN {
        in_text(target, hide);
    }
    in_authority(target, hide);
    in_query(target, hide);
}

/// What stands before the host of an absolute URI, or of a mistaken `CONNECT` (RFC 3986 §3.2.1).
pub(super) fn in_authority(target: &[u8], hide: Hide<'_>) {
    let path = |from: usize| {
        let rest = target.get(from..).unwrap_or_default();
        from + memchr::memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len())
    };
    let start = memchr::memmem::find(target, b"://").filter(|&at| at < path(0)).map_or(0, |at| at + 3);
    let authority = target.get(start..path(start)).unwrap_or_default();
    if let Some(at) = memchr::memrchr(b'@', authority) {
        hide(start..start + at);
    }
}

/// `name=value` pairs (RFC 6265 §4.2.1): the names stay. What has no name is all value.
fn in_cookies(value: &[u8], hide: Hide<'_>) {
    for pair in pieces(value, 0, |byte| byte == b';') {
        let text = value.get(pair.clone()).unwrap_or_default();
        let before = memchr::memchr(b'=', text).map_or_else(|| blanks(text), |at| at + 1);
        hide(pair.start + before..pair.end);
    }
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Tokens that show what they are, wherever they stand. Each unbroken run is read once: where the first `eyJ` of a run
/// starts no token, a later one starts none either.
fn in_text(text: &[u8], hide: Hide<'_>) {
    let mut done = 0;
    // What may begin a token ends in one of these, and little else does.
    for last in memchr::memchr2_iter(b' ', b'J', text) {
        let Some(begin) = token_start(text.get(..=last).unwrap_or_default()).filter(|begin| *begin >= done) else {
            continue;
        };
        let is_scheme = text.get(last) == Some(&b' ');
        let start = if is_scheme { last + 1 } else { begin };
        let run = text.get(start..).unwrap_or_default().iter().take_while(|&&byte| is_opaque(byte)).count();
        done = start + run;
        if is_scheme || text.get(start..done).is_some_and(is_web_token) {
            hide(start..done);
        }
    }
}

/// Where that begins which a token may begin with and which this text ends in.
fn token_start(text: &[u8]) -> Option<usize> {
    let behind = |word: &[u8]| text.len().checked_sub(word.len());
    let is_last =
        |word: &&[u8]| behind(word).and_then(|at| text.get(at..)).is_some_and(|last| last.eq_ignore_ascii_case(word));
    match text.last_chunk() {
        Some([_, b'c' | b'C' | b'r' | b'R', b' ']) => SCHEMES.into_iter().find(is_last).and_then(behind),
        Some(WEB_TOKEN) => behind(WEB_TOKEN),
        _ => None,
    }
}

/// Three base64url parts, the first of which is a JSON object (`{"` encodes to `eyJ`).
fn is_web_token(run: &[u8]) -> bool {
    run.len() >= SHORTEST_TOKEN && memchr::memchr_iter(b'.', run).count() >= 2
}

/// The values of query parameters that are named like secrets.
fn in_query(target: &[u8], hide: Hide<'_>) {
    let Some(mark) = memchr::memchr(b'?', target) else { return };
    for pair in pieces(target, mark + 1, |byte| matches!(byte, b'&' | b';' | b'#')) {
        let text = target.get(pair.clone()).unwrap_or_default();
        let Some(equals) = memchr::memchr(b'=', text) else { continue };
        let (name, value) = text.split_at(equals);
        let value = value.get(1..).unwrap_or_default();
        let named = SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()));
        if named || names_a_secret(name) && opaque_runs(value).next().is_some() {
            hide(pair.start + equals + 1..pair.end);
        }
    }
}

fn names_a_secret(name: &[u8]) -> bool {
    !name.eq_ignore_ascii_case(b":authority") && SECRET_WORDS.is_match(name)
}

/// The stretches that no person would write: long, unbroken, and of mixed classes.
fn opaque_runs(value: &[u8]) -> impl Iterator<Item = Range<usize>> {
    pieces(value, 0, |byte| !is_opaque(byte)).filter(|run| {
        let run = value.get(run.clone()).unwrap_or_default();
        let classes: [fn(&u8) -> bool; 3] = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit];
        run.len() >= SHORTEST_TOKEN && classes.iter().filter(|class| run.iter().any(class)).count() >= 2
    })
}

/// The alphabets of base64, base64url, hexadecimal, UUIDs and percent-encoding.
fn is_opaque(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'%')
}

/// The pieces of `text` from `start` on, between the bytes that separate.
fn pieces(text: &[u8], start: usize, separates: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = start;
    text.get(start..).unwrap_or_default().split(move |&byte| separates(byte)).map(move |piece| {
        let range = at..at + piece.len();
        at = range.end + 1;
        range
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &'static str, value: &'static str) -> String {
        let field = Field::new(name, value);
        starred(value, |hide| in_field(&field, hide))
    }

    fn target(target: &str) -> String {
        starred(target, |hide| in_target(target.as_bytes(), hide))
    }

    fn starred(text: &str, find: impl FnOnce(Hide<'_>)) -> String {
        let mut bytes = text.as_bytes().to_vec();
        find(&mut |range| bytes[range].fill(b'*'));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn schemes_and_cookie_names_stay() {
        assert_eq!(field("authorization", "Basic bWU6cHc="), "Basic ********");
        assert_eq!(field("Proxy-Authorization", "bWU6cHc="), "********");
        assert_eq!(field("Cookie", "a=1; b=; c; d=x=y"), "a=*; b=; *; d=***");
        assert_eq!(field("X-Api-Key", "short"), "*****");
    }

    #[test]
    fn tokens_are_told_by_shape_and_name() {
        assert_eq!(field("X-My-Token", "4f2a9c81d0e34b5f9a7c66d2"), "************************");
        assert_eq!(field("X-Request-Id", "4f2a9c81d0e34b5f9a7c66d2"), "4f2a9c81d0e34b5f9a7c66d2");
        assert_eq!(field("X-Any", "v=eyJhbGciOi.eyJzdWIiOiIx.c2ln; x"), "v=****************************; x");
        assert_eq!(field("X-Forwarded-Auth", "see Bearer abc, or not"), "see Bearer ***, or not");
        assert_eq!(
            field("X-Any", "BASIC bWU6cHc= and EYJhbGciOi.eyJz.c2ln"),
            "BASIC ******** and EYJhbGciOi.eyJz.c2ln"
        );
        assert_eq!(field("X-Any", "a run is read once: eyJbearer x"), "a run is read once: eyJbearer x");
        assert_eq!(field("X-Key-Words", "nothing to see here, move on"), "nothing to see here, move on");
    }

    #[test]
    fn who_logs_in_stands_before_the_host() {
        assert_eq!(target("http://447700900123:pw@example.org/a@b"), "http://***************@example.org/a@b");
        assert_eq!(target("me@example.org:443"), "**@example.org:443");
        assert_eq!(target("/a@b?c=d@e://f@g"), "/a@b?c=d@e://f@g");
        assert_eq!(field("Referer", "http://me:pw@example.org/longer"), "http://*****@example.org/longer");
    }

    #[test]
    fn query_parameters_are_told_by_name() {
        assert_eq!(target("/p?page=2&access_token=abc&q=key"), "/p?page=2&access_token=***&q=key");
        assert_eq!(target("/p?session=4f2a9c81d0e34b5f9a7c66d2#x"), "/p?session=************************#x");
        assert_eq!(target("/p?keyword=telephone+enrichment"), "/p?keyword=telephone+enrichment");
        assert_eq!(field("Referer", "http://example.org/?password=x"), "http://example.org/?password=*");
    }
}
