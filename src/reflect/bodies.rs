//! Which bodies are known in advance, so that a change on the way shows?
//!
//! Always the same bytes: a text, a page with every place where boxes insert, and pictures with detail that recompressing
//! loses.

/// A body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marked {
    /// Its `Content-Type`.
    pub kind: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

const TEXT: Marked = Marked { kind: "text/plain; charset=utf-8", bytes: include_bytes!("bodies/marked.txt") };
const PAGE: Marked = Marked { kind: "text/html; charset=utf-8", bytes: include_bytes!("bodies/marked.html") };
const PNG: Marked = Marked { kind: "image/png", bytes: include_bytes!("bodies/marked.png") };
const JPEG: Marked = Marked { kind: "image/jpeg", bytes: include_bytes!("bodies/marked.jpg") };

/// Where each stands, and its bytes.
pub const MARKED: &[(&str, &[u8])] =
    &[("/body/text", TEXT.bytes), ("/body/html", PAGE.bytes), ("/body/png", PNG.bytes), ("/body/jpeg", JPEG.bytes)];

/// The body that stands at this path.
pub(super) fn at(path: &str) -> Option<Marked> {
    match path {
        "/body/text" => Some(TEXT),
        "/body/html" => Some(PAGE),
        "/body/png" => Some(PNG),
        "/body/jpeg" => Some(JPEG),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_they_say() {
        assert!(at("/body/png").unwrap().bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert!(at("/body/jpeg").unwrap().bytes.starts_with(&[0xff, 0xd8, 0xff]));
        for path in ["/body/text", "/body/html", "/body/png", "/body/jpeg"] {
            let length = at(path).unwrap().bytes.len();
            assert!((512..16 * 1024).contains(&length), "{path}: {length}");
        }
        assert!(at("/body/").is_none());
    }
}
