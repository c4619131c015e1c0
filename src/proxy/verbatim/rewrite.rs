//! What does a head look like with other fields and the same framing?

use memchr::memchr;
use smallvec::SmallVec;

use super::lines::{Kind, Lines};

/// hyper's head with our fields in its place: the fields are ours in their order and spelling, but the framing is what
/// hyper says it is. `Connection` is hyper's word where we have none. The first line is hyper's, but where a request's
/// method and target are given.
pub fn rewrite(written: &[u8], lines: &Lines, out: &mut Vec<u8>) {
    let (first, mut rest) = split_line(written);
    let mut theirs: SmallVec<[(Kind, &[u8]); 4]> = SmallVec::new();
    while !rest.is_empty() {
        let (line, next) = split_line(rest);
        rest = next;
        theirs.extend(kind_of(line).map(|kind| (kind, line)));
    }
    out.reserve(written.len() + lines.len());
    out.extend_from_slice(lines.request());
    out.extend_from_slice(if lines.request().is_empty() { first } else { version(first) });
    out.extend_from_slice(b"\r\n");
    // The length in a 304 describes what would have been sent; hyper leaves it out (RFC 9110 §8.6).
    let is_not_modified = first.get(8..).is_some_and(|status| status.starts_with(b" 304"));
    let is_kept = |kind: Kind| {
        let is_theirs = theirs.iter().any(|(theirs, _)| *theirs == kind);
        kind == Kind::Connection || is_theirs || is_not_modified && kind == Kind::Length
    };
    let mut at = 0;
    for mark in lines.marks().iter().filter(|mark| !is_kept(mark.kind)) {
        out.extend_from_slice(lines.bytes().get(at..mark.line.start).unwrap_or_default());
        at = mark.line.end;
    }
    out.extend_from_slice(lines.bytes().get(at..).unwrap_or_default());
    for (_, line) in theirs.iter().filter(|(kind, _)| !lines.has(*kind)) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// The next line without its end, and what follows.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b'\n', bytes).unwrap_or(bytes.len());
    let line = bytes.get(..end).unwrap_or_default();
    (line.strip_suffix(b"\r").unwrap_or(line), bytes.get(end + 1..).unwrap_or_default())
}

fn kind_of(line: &[u8]) -> Option<Kind> {
    let colon = memchr(b':', line)?;
    Kind::of(line.get(..colon)?)
}

/// The last word of a request line.
fn version(first: &[u8]) -> &[u8] {
    first.rsplit(|&byte| byte == b' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{Empty, Full};

    use super::*;

    fn rewritten(written: &str, fields: &[(&'static str, &'static str)]) -> String {
        let mut lines = Lines::default();
        for (name, value) in fields {
            lines.push(name.as_bytes(), value.as_bytes());
        }
        let mut out = Vec::new();
        rewrite(written.as_bytes(), &lines, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn order_spelling_and_duplicates_are_ours() {
        let fields = [("X-b", "1"), ("HOST", "a"), ("x-B", "2"), ("Content-length", "3"), ("E", "")];
        let written = "POST /x HTTP/1.1\r\ncontent-length: 3\r\n\r\n";
        let expected = "POST /x HTTP/1.1\r\nX-b: 1\r\nHOST: a\r\nx-B: 2\r\nContent-length: 3\r\nE:\r\n\r\n";
        assert_eq!(rewritten(written, &fields), expected);
    }

    #[test]
    fn the_framing_is_what_hyper_does() {
        let written = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        let expected = "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        assert_eq!(rewritten(written, &[("A", "b"), ("Content-Length", "5"), ("C", "d")]), expected);
        assert_eq!(rewritten(written, &[("content-length", "5"), ("A", "b"), ("C", "d")]), expected);
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

    #[test]
    fn method_and_target_can_be_ours_and_the_version_is_hypers() {
        let mut lines = Lines::default();
        lines.asking(b"GET", b"/a?b=%20");
        lines.push(b"Connection", b"close");
        for version in ["HTTP/1.1", "HTTP/1.0"] {
            let mut out = Vec::new();
            rewrite(format!("GET / {version}\r\nconnection: x\r\n\r\n").as_bytes(), &lines, &mut out);
            let expected = format!("GET /a?b=%20 {version}\r\nConnection: close\r\n\r\n");
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn hyper_is_told_what_frames_the_message() {
        let mut lines = Lines::default();
        lines.push(b"X", b"1");
        assert!(lines.framing().is_empty());
        assert_eq!(lines.framing_of_body().keys().collect::<Vec<_>>(), ["trailer"]);
        lines.push(b"Content-LENGTH", b"12");
        lines.push(b"connection", b"close");
        let told = lines.framing_of_body();
        let values = ["content-length", "connection"].map(|name| told[name].to_str().unwrap());
        assert_eq!((told.len(), values), (2, ["12", "close"]));
        assert_eq!(lines.framing_of(&Empty::<Bytes>::new()), told, "nothing comes");
        assert_eq!(lines.framing_of(&Full::<Bytes>::from("twelve bytes")).keys().collect::<Vec<_>>(), ["connection"]);
    }
}
