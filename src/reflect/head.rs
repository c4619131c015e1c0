//! How does a head read to somebody who takes it as it is?
//!
//! Total: what no grammar allows is read line by line all the same, since it is what came. Whether it is sound is
//! [`crate::exchange::grammar`]'s judgement.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::{memchr, memmem};

use crate::exchange::{Fields, Host, Origin, Scheme};

/// A head, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The request line without its end.
    pub line: Bytes,
    /// Its first word.
    pub method: Bytes,
    /// What stands between the first word and the last.
    pub target: Bytes,
    /// Its last word.
    pub version: Bytes,
    /// The field lines; one without a colon is a name without a value.
    pub fields: Fields,
}

impl Head {
    /// Reads what is there.
    pub fn read(raw: &Bytes) -> Self {
        let mut lines = Lines(raw.clone());
        let line = lines.next().unwrap_or_default();
        let (method, rest) = cut(&line, memchr(b' ', &line));
        let (target, version) = cut(&rest, memchr::memrchr(b' ', &rest));
        let fields = lines.take_while(|line| !line.is_empty()).map(|line| {
            let (name, value) = cut(&line, memchr(b':', &line));
            let trimmed = value.slice_ref(value.trim_ascii());
            (name, trimmed)
        });
        Self { method, target, version, fields: fields.collect(), line }
    }

    /// Path and query of the target, whatever its form.
    fn reference(&self) -> Cow<'_, str> {
        let target = &self.target[..];
        let after_scheme = memmem::find(target, b"://").filter(|at| !target.starts_with(b"/") && *at <= 8);
        let Some(authority) = after_scheme.and_then(|at| target.get(at + 3..)) else {
            return String::from_utf8_lossy(target);
        };
        let path = authority.iter().position(|byte| matches!(byte, b'/' | b'?')).and_then(|at| authority.get(at..));
        String::from_utf8_lossy(path.unwrap_or(b"/"))
    }

    /// The path of the target.
    pub fn path(&self) -> String {
        let reference = self.reference();
        reference.split('?').next().unwrap_or_default().to_owned()
    }

    /// The value of this parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let reference = self.reference();
        let (_, query) = reference.split_once('?')?;
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The host that was asked for, if it is one.
    pub fn host(&self) -> Option<Host> {
        let host = self.fields.first("host")?;
        Origin::parse(Scheme::Http, host).ok().map(|origin| origin.host)
    }
}

/// What stands before and behind a byte; all of it before, where there is no such byte.
fn cut(bytes: &Bytes, at: Option<usize>) -> (Bytes, Bytes) {
    match at {
        Some(at) => (bytes.slice(..at), bytes.slice(at + 1..)),
        None => (bytes.clone(), Bytes::new()),
    }
}

/// Lines, ended by LF with or without CR.
struct Lines(Bytes);

impl Iterator for Lines {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.0.is_empty() {
            return None;
        }
        let (line, rest) = cut(&self.0, memchr(b'\n', &self.0));
        self.0 = rest;
        Some(line.slice_ref(line.strip_suffix(b"\r").unwrap_or(&line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static [u8]) -> Head {
        Head::read(&Bytes::from_static(text))
    }

    #[test]
    fn a_head_is_read_as_it_stands() {
        let head = read(b"gEt /a?nonce=1%202 HTTP/1.1\r\nhOST: a.example:8080\r\nX-B:  \xff \r\nx-b:\r\n\r\n");
        assert_eq!((&*head.method, &*head.version), (&b"gEt"[..], &b"HTTP/1.1"[..]));
        assert_eq!((head.path(), head.parameter("nonce")), ("/a".into(), Some("1 2".into())));
        assert_eq!(head.host().unwrap().to_string(), "a.example");
        let fields: Vec<_> = head.fields.iter().map(|field| (&field.name[..], &field.value[..])).collect();
        assert_eq!(fields[1..], [(&b"X-B"[..], &b"\xff"[..]), (b"x-b", b"")]);
    }

    #[test]
    fn every_form_of_a_target_has_a_path() {
        assert_eq!(read(b"GET http://partner.example/headers.json?a=b HTTP/1.1\r\n\r\n").path(), "/headers.json");
        assert_eq!(read(b"GET http://partner.example HTTP/1.1\r\n\r\n").path(), "/");
        assert_eq!(read(b"GET /go?to=http://a.example/x HTTP/1.1\r\n\r\n").path(), "/go");
        assert_eq!(read(b"OPTIONS * HTTP/1.1\r\n\r\n").path(), "*");
    }

    #[test]
    fn noise_is_read_too() {
        for noise in [&b""[..], b"\n", b"\r\n\r\n", b"GET", b"GET /", b"a\nb\n: c\n\0", b"\xff\xfe"] {
            let head = Head::read(&Bytes::copy_from_slice(noise));
            head.path();
        }
        assert_eq!(read(b"GET / HTTP/1.1\nno colon\nA: b\n").fields.len(), 2);
    }
}
