//! Which targets may a request have?

use super::GrammarFault;

/// The longest target that an `http::Uri` holds.
const MAX_TARGET: usize = u16::MAX as usize - 1;

/// Whether a target may pass. Control bytes, space, non-ASCII, and the delimiters that even browsers encode everywhere are refused. `{`, `}`, `|`,
/// `^`, backquote and brackets are outside RFC 3986 too, but browsers send them in queries (WHATWG URL, query set). The
/// backslash is left to queries as well: in a path some servers take it for a slash, and browsers never send it. The
/// last word has the parser that the message passes through later, so that it never meets a target it does not know.
///
/// # Errors
/// [`GrammarFault::Target`], and [`GrammarFault::TargetTooLong`].
pub fn check_target(target: &str) -> Result<(), GrammarFault> {
    if target.len() > MAX_TARGET {
        return Err(GrammarFault::TargetTooLong);
    }
    let sound = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'#');
    let path = target.split('?').next().unwrap_or_default();
    let is_uri = || target.bytes().all(sound) && target.parse::<http::Uri>().is_ok();
    let is_sound = !path.contains('\\') && (is_plain(target.as_bytes()) || is_uri());
    if is_sound { Ok(()) } else { Err(GrammarFault::Target) }
}

/// Whether this is a path, perhaps with a query, of which every parser of URIs makes itself.
pub fn is_plain_path(target: &[u8]) -> bool {
    target.first() == Some(&b'/') && target.len() <= MAX_TARGET && target.iter().all(|byte| is_plain_byte(*byte))
}

/// The same, or such a path behind a plain host in cleartext: what most requests have, and nobody need parse to know.
fn is_plain(target: &[u8]) -> bool {
    let Some(rest) = target.strip_prefix(b"http://") else { return is_plain_path(target) };
    let host = rest.iter().take_while(|byte| is_host_byte(**byte)).count();
    let rest = rest.get(host..).unwrap_or_default();
    host > 0 && is_plain_path(without_port(rest))
}

/// What follows a port that there may be.
fn without_port(rest: &[u8]) -> &[u8] {
    let Some(after) = rest.strip_prefix(b":") else { return rest };
    let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = after.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
    // Another one is left to the parser.
    if number.is_some() { after.get(digits..).unwrap_or_default() } else { rest }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')
}

/// What stands in a path and in a query alike.
fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'$'..=b';' | b'=' | b'?'..=b'_' | b'a'..=b'z' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;

    #[test]
    fn what_is_plain_is_the_same_to_the_parser() {
        for byte in 0..=127_u8 {
            for target in [vec![b'/', byte], vec![b'/', b'?', byte], vec![b'/', byte, byte, b'?', byte, b'?']] {
                let text = String::from_utf8(target.clone()).unwrap();
                let parsed = text.parse::<Uri>().map(|uri| uri.to_string());
                assert!(!is_plain_path(&target) || parsed.is_ok_and(|parsed| parsed == text), "{text:?}");
                let absolute = format!("http://a-1.example:80{text}");
                let parsed = absolute.parse::<Uri>().map(|uri| uri.to_string());
                assert!(
                    !is_plain(absolute.as_bytes()) || parsed.is_ok_and(|parsed| parsed == absolute),
                    "{absolute:?}"
                );
            }
        }
    }

    #[test]
    fn hosts_are_plain_where_the_parser_takes_them() {
        for host in ["a", "a.example", "-", "192.0.2.1", "a:1", "a:65535", "A:0"] {
            let target = format!("http://{host}/x?y");
            assert!(is_plain(target.as_bytes()) && target.parse::<Uri>().is_ok(), "{target}");
        }
        for target in [
            "http:///",
            "http://a",
            "http://a:/",
            "http://a:65536/",
            "http://u@a/",
            "http://[::1]/",
            "http://a?x",
            "x",
            "",
            "*",
        ] {
            assert!(!is_plain(target.as_bytes()), "{target}");
        }
    }
}
