//! What does a head look like with other fields and the same framing?

use smallvec::SmallVec;

use crate::exchange::{Field, Fields};

/// Fields by which hyper frames the message; what hyper wrote of them is what it does.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// hyper's head with our fields in its place: the first line is hyper's, the fields are ours in their order and spelling,
/// but the framing is what hyper says it is. `Connection` is hyper's word where we have none.
pub fn rewrite(written: &[u8], fields: &Fields, out: &mut Vec<u8>) {
    let mut lines = written.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = lines.next().unwrap_or_default();
    let theirs: SmallVec<[(&[u8], &[u8]); 4]> = lines.filter_map(split_line).collect();
    let has_theirs = |name: &str| theirs.iter().any(|(theirs, _)| theirs.eq_ignore_ascii_case(name.as_bytes()));
    // The length in a 304 describes what would have been sent; hyper leaves it out (RFC 9110 §8.6).
    let is_not_modified = first.get(8..).is_some_and(|status| status.starts_with(b" 304"));
    let is_kept = |field: &Field| {
        FRAMING.iter().all(|name| !field.is(name) || has_theirs(name) || is_not_modified && field.is("content-length"))
    };
    out.reserve(written.len() + fields.iter().map(|field| field.name.len() + field.value.len() + 4).sum::<usize>());
    push(out, &[first]);
    for field in fields.iter().filter(|field| is_kept(field)) {
        push_field(out, &field.name, &field.value);
    }
    for (name, value) in theirs {
        let is_framing = FRAMING.iter().chain(&["connection"]).any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if is_framing && !fields.iter().any(|field| field.name.eq_ignore_ascii_case(name)) {
            push_field(out, name, value);
        }
    }
    push(out, &[]);
}

fn split_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    Some((line.get(..colon)?, line.get(colon + 1..)?.trim_ascii()))
}

/// An empty value has no space before it, as most clients write it.
fn push_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    push(out, &[name, if value.is_empty() { b":" } else { b": " }, value]);
}

fn push(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(written: &str, fields: &[(&'static str, &'static str)]) -> String {
        let mut out = Vec::new();
        rewrite(written.as_bytes(), &fields.iter().copied().collect(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn order_spelling_and_duplicates_are_ours() {
        let fields = [("X-b", "1"), ("HOST", "a"), ("x-B", "2"), ("Content-length", "3")];
        let written = "POST /x HTTP/1.1\r\ncontent-length: 3\r\n\r\n";
        let expected = "POST /x HTTP/1.1\r\nX-b: 1\r\nHOST: a\r\nx-B: 2\r\nContent-length: 3\r\n\r\n";
        assert_eq!(rewritten(written, &fields), expected);
    }

    #[test]
    fn the_framing_is_what_hyper_does() {
        let written = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        let expected = "HTTP/1.1 200 OK\r\nA: b\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        assert_eq!(rewritten(written, &[("A", "b"), ("Content-Length", "5")]), expected);
    }

    #[test]
    fn a_length_that_describes_is_kept() {
        let written = "HTTP/1.1 304 Not Modified\r\n\r\n";
        let expected = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(rewritten(written, &[("Content-Length", "5")]), expected);
        assert_eq!(
            rewritten("HTTP/1.1 204 No Content\r\n\r\n", &[("Content-Length", "5")]),
            "HTTP/1.1 204 No Content\r\n\r\n"
        );
    }
}
