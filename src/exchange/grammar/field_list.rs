//! Is this a field section as HTTP/2 allows it (RFC 9113 §8.2), and what is it the head of (§8.3)?
//!
//! It is judged as it was sent, field by field: a library that reads it into a map and a URI has dropped by then what
//! it should have refused.

use std::fmt;

use bytes::Bytes;

use super::framing::decimal;
use crate::exchange::{Field, Fields, Origin, RequestHead, Scheme, Version, hpack::FIELD_OVERHEAD};

/// Fields that belong to a connection of HTTP/1.1 (RFC 9113 §8.2.2); `TE` is judged by what it says.
const OF_ONE_CONNECTION: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// Why a message is malformed (RFC 9113 §8.1.1). No variant holds anything that the message said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A name is empty, or has upper-case letters or others that no token has.
    #[error("the name of a header field is not one of HTTP/2")]
    Name,
    /// A value has control characters.
    #[error("a header value holds control characters")]
    Value,
    /// A field that belongs to one connection of HTTP/1.1.
    #[error("a header field belongs to HTTP/1.1 and has no place in HTTP/2")]
    OfOneConnection,
    /// A pseudo-field is unknown, repeated, missing, behind others, or in trailers.
    #[error("a pseudo-field is unknown, repeated, missing or out of place")]
    PseudoField,
    /// What a pseudo-field says is not of its kind.
    #[error("a pseudo-field says what it cannot say")]
    PseudoValue,
    /// A body was announced that does not come, or cannot.
    #[error("Content-Length and the body contradict each other")]
    Length,
}

/// The fields of one section, in their order.
#[derive(Clone, Default)]
pub struct FieldList {
    pseudo: Vec<Field>,
    fields: Fields,
    size: usize,
    most: usize,
    malformed: Option<Malformed>,
}

/// A request that is well formed.
#[derive(Clone, Debug)]
pub struct Http2Request {
    /// The head. The authority is part of the target, as in the absolute form.
    pub head: RequestHead,
    /// What is to be spoken on the stream instead of HTTP (RFC 8441).
    pub protocol: Option<Bytes>,
    /// The body's length, where one was announced and no more than once.
    pub length: Option<u64>,
}

impl FieldList {
    /// An empty section; of one that is larger than `most` (counted as in RFC 9113 §6.5.2) the rest is not kept.
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Adds the next field.
    pub fn push(&mut self, field: Field) {
        self.size = self.size.saturating_add(field.name.len() + field.value.len() + FIELD_OVERHEAD);
        if self.size > self.most {
            return;
        }
        let is_pseudo = field.name.starts_with(b":");
        if let Err(fault) = if is_pseudo { self.check_place() } else { check_field(&field) } {
            self.malformed.get_or_insert(fault);
        }
        if is_pseudo { self.pseudo.push(field) } else { self.fields.push(field.name, field.value) }
    }

    /// How large it is.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether it is larger than it may be.
    pub fn is_too_large(&self) -> bool {
        self.size > self.most
    }

    /// The fields that are no pseudo-fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// All fields, the pseudo-fields first.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.pseudo.iter().chain(&self.fields)
    }

    /// As much of a request's head as can be told, for the record.
    pub fn remains(&self) -> RequestHead {
        let value = |name| self.pseudo(name).ok().flatten().unwrap_or_default();
        let (method, target) = (value(":method"), value(":path"));
        RequestHead { method, target, version: Version::Http2, fields: self.fields.clone() }
    }

    /// The head of a request, which takes the fields along. `ends` tells that no body follows.
    ///
    /// # Errors
    /// [`Malformed`] for what RFC 9113 §8 calls so.
    pub fn request(&mut self, ends: bool) -> Result<Http2Request, Malformed> {
        self.check(&[":method", ":scheme", ":authority", ":path", ":protocol"])?;
        let method = self.pseudo(":method")?.ok_or(Malformed::PseudoField)?;
        if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
            return Err(Malformed::PseudoValue);
        }
        let protocol = self.pseudo(":protocol")?;
        let is_tunnel = method == "CONNECT" && protocol.is_none();
        if protocol.is_some() && method != "CONNECT" {
            return Err(Malformed::PseudoField);
        }
        let length = self.length();
        if length.is_some_and(|length| length > 0) && (ends || method == "CONNECT") {
            return Err(Malformed::Length);
        }
        let target = if is_tunnel { self.tunnel()? } else { self.target(&method)? };
        let fields = std::mem::take(&mut self.fields);
        Ok(Http2Request { head: RequestHead { method, target, version: Version::Http2, fields }, protocol, length })
    }

    /// The head of an answer: its status.
    ///
    /// # Errors
    /// [`Malformed`] for what RFC 9113 §8 calls so.
    pub fn status(&self) -> Result<u16, Malformed> {
        self.check(&[":status"])?;
        let status = self.pseudo(":status")?.ok_or(Malformed::PseudoField)?;
        let number = decimal(&status).filter(|_| status.len() == 3).and_then(|number| u16::try_from(number).ok());
        number.filter(|number| *number >= 100).ok_or(Malformed::PseudoValue)
    }

    /// Whether it may stand behind a body.
    ///
    /// # Errors
    /// [`Malformed`] for what RFC 9113 §8 calls so.
    pub fn check_trailers(&self) -> Result<(), Malformed> {
        self.check(&[])
    }

    /// The section as such, and that it has no pseudo-fields but these.
    fn check(&self, pseudo: &[&str]) -> Result<(), Malformed> {
        if let Some(malformed) = self.malformed {
            return Err(malformed);
        }
        let is_known = |field: &Field| pseudo.iter().any(|name| field.name == name.as_bytes());
        if self.pseudo.iter().all(is_known) { Ok(()) } else { Err(Malformed::PseudoField) }
    }

    /// No pseudo-field stands behind others (RFC 9113 §8.3).
    fn check_place(&self) -> Result<(), Malformed> {
        if self.fields.is_empty() { Ok(()) } else { Err(Malformed::PseudoField) }
    }

    fn pseudo(&self, name: &str) -> Result<Option<Bytes>, Malformed> {
        let mut values = self.pseudo.iter().filter(|field| field.name == name.as_bytes()).map(|field| &field.value);
        match (values.next(), values.next()) {
            (value, None) => Ok(value.cloned()),
            (_, Some(_)) => Err(Malformed::PseudoField),
        }
    }

    /// RFC 9113 §8.5.
    fn tunnel(&self) -> Result<Bytes, Malformed> {
        if self.pseudo(":scheme")?.is_some() || self.pseudo(":path")?.is_some() {
            return Err(Malformed::PseudoField);
        }
        self.pseudo(":authority")?.ok_or(Malformed::PseudoField)
    }

    /// RFC 9113 §8.3.1. What a path may hold beyond its beginning is for those who judge every target.
    fn target(&self, method: &Bytes) -> Result<Bytes, Malformed> {
        let scheme = self.pseudo(":scheme")?.ok_or(Malformed::PseudoField)?;
        let path = self.pseudo(":path")?.ok_or(Malformed::PseudoField)?;
        let is_whole = path == "*" && method == "OPTIONS";
        if !is_scheme(&scheme) || !(path.starts_with(b"/") || is_whole) {
            return Err(Malformed::PseudoValue);
        }
        let Some(authority) = self.pseudo(":authority")? else { return Ok(path) };
        if Origin::parse(Scheme::Https, &authority).is_err() {
            return Err(Malformed::PseudoValue);
        }
        // `*` is no path: the absolute form of a request for the server as a whole has none (RFC 9112 §3.2.4).
        let path = if is_whole { b"" } else { path.as_ref() };
        Ok([&scheme, b"://".as_slice(), &authority, path].concat().into())
    }

    fn length(&self) -> Option<u64> {
        let mut lengths = self.fields.values("content-length");
        let length = decimal(lengths.next()?)?;
        lengths.next().is_none().then_some(length)
    }
}

/// A field as RFC 9113 §8.2 wants it. White space around a value is left to those who judge every head.
fn check_field(Field { name, value }: &Field) -> Result<(), Malformed> {
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte) && !byte.is_ascii_uppercase()) {
        return Err(Malformed::Name);
    }
    // All of them, without a way out: that is many at a time.
    let is_control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
    if value.iter().fold(false, |found, byte| found | is_control(byte)) {
        return Err(Malformed::Value);
    }
    let is_te = name == "te" && !value.eq_ignore_ascii_case(b"trailers");
    if is_te || OF_ONE_CONNECTION.iter().any(|other| name == other.as_bytes()) {
        return Err(Malformed::OfOneConnection);
    }
    Ok(())
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    /// A bit for each character.
    const TOKEN: u128 = {
        let mut bits = 0;
        let mut byte = 0_u8;
        while byte < 128 {
            let is_mark =
                matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~');
            if byte.is_ascii_alphanumeric() || is_mark {
                bits |= 1 << byte;
            }
            byte += 1;
        }
        bits
    };
    byte.is_ascii() && TOKEN >> byte & 1 == 1
}

/// RFC 3986 §3.1.
fn is_scheme(scheme: &[u8]) -> bool {
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
}

/// Values may be anybody's: only names are shown.
impl fmt::Debug for FieldList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: [(&str, &str); 4] =
        [(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", "/x?y")];

    fn list(pairs: &[(&str, &str)]) -> FieldList {
        let mut list = FieldList::new(1024);
        for (name, value) in pairs {
            list.push(Field::new(name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
        list
    }

    /// GET with one pseudo-field replaced, added, or (for no value) left out, and with more fields.
    fn get(changed: &str, value: Option<&str>, more: &[(&str, &str)]) -> Result<String, Malformed> {
        let mut pairs: Vec<_> = GET.into_iter().filter(|(name, _)| *name != changed).collect();
        pairs.extend(value.map(|value| (changed, value)));
        pairs.extend(more);
        let request = list(&pairs).request(true)?;
        Ok(String::from_utf8(request.head.target.to_vec()).unwrap())
    }

    #[test]
    fn a_request_is_taken_as_it_is() {
        let more = [("x-b", "1"), ("x-a", "2"), ("x-b", "\u{e9}\t"), ("te", "trailers"), ("cookie", "")];
        let pairs = [GET.as_slice(), &more].concat();
        let request = list(&pairs).request(true).unwrap();
        assert_eq!(request.head.method, "GET");
        assert_eq!(request.head.target, "https://a.example/x?y");
        assert_eq!(request.head.fields, more.into_iter().collect());
        assert_eq!(get(":authority", None, &[]), Ok("/x?y".into()));
        assert_eq!(get(":path", Some("/#f"), &[]), Ok("https://a.example/#f".into()), "judged with every target");
        assert_eq!(get(":method", Some("m-\u{7e}"), &[]), Ok("https://a.example/x?y".into()));
    }

    #[test]
    fn options_and_connect_have_forms_of_their_own() {
        let options = [(":method", "OPTIONS"), (":scheme", "https"), (":authority", "a.example"), (":path", "*")];
        assert_eq!(list(&options).request(true).unwrap().head.target, "https://a.example");
        let tunnel = [(":method", "CONNECT"), (":authority", "a.example:443")];
        assert_eq!(list(&tunnel).request(false).unwrap().head.target, "a.example:443");
        let socket = [&[(":method", "CONNECT"), (":protocol", "websocket")], &GET[1..]].concat();
        let request = list(&socket).request(false).unwrap();
        assert_eq!((request.head.target, request.protocol), ("https://a.example/x?y".into(), Some("websocket".into())));
        for (more, fault) in [
            (&[(":path", "/")], Malformed::PseudoField),
            (&[(":scheme", "https")], Malformed::PseudoField),
            (&[("content-length", "1")], Malformed::Length),
        ] {
            assert_eq!(list(&[tunnel.as_slice(), more].concat()).request(false).unwrap_err(), fault);
        }
    }

    #[test]
    fn pseudo_fields_are_known_single_first_and_of_their_kind() {
        for (name, value) in [
            (":method", None),
            (":scheme", None),
            (":path", None),
            (":status", Some("200")),
            (":other", Some("1")),
            (":protocol", Some("websocket")),
        ] {
            assert_eq!(get(name, value, &[]), Err(Malformed::PseudoField), "{name}");
        }
        for (name, value) in GET {
            assert_eq!(get("", None, &[(name, value)]), Err(Malformed::PseudoField), "{name} twice");
            assert_eq!(get(name, None, &[("a", "b"), (name, value)]), Err(Malformed::PseudoField), "{name} behind");
        }
        for (name, value) in [
            (":method", ""),
            (":method", "G T"),
            (":scheme", ""),
            (":scheme", "1:"),
            (":path", ""),
            (":path", "x"),
            (":path", "*"),
            (":path", "@b.example/"),
            (":authority", ""),
            (":authority", "u@a.example"),
            (":authority", "a.example/b"),
            (":authority", "a.example#b"),
            (":authority", "a.example:0"),
            (":authority", "a\n"),
        ] {
            assert_eq!(get(name, Some(value), &[]), Err(Malformed::PseudoValue), "{name} {value:?}");
        }
    }

    #[test]
    fn fields_keep_to_what_http_2_allows() {
        use Malformed::{Length, Name, OfOneConnection, Value};
        let cases = [
            ("X-A", "1", Name),
            ("", "1", Name),
            ("x a", "1", Name),
            ("x\u{e9}", "1", Name),
            ("a:", "1", Name),
            ("a", "b\nc", Value),
            ("a", "b\0", Value),
            ("a", "\u{7f}", Value),
            ("te", "gzip", OfOneConnection),
            ("connection", "", OfOneConnection),
            ("transfer-encoding", "chunked", OfOneConnection),
            ("content-length", "1", Length),
        ];
        for (name, value, fault) in cases {
            assert_eq!(get("", None, &[(name, value)]), Err(fault), "{name}: {value:?}");
            let is_sound = list(&[("x-sum", "1"), (name, value)]).check_trailers();
            assert_eq!(is_sound, if fault == Length { Ok(()) } else { Err(fault) }, "{name}: {value:?} behind a body");
        }
        assert_eq!(list(&[("x", "1"), (":path", "/")]).check_trailers(), Err(Malformed::PseudoField));
        assert_eq!(list(&[(":status", "200")]).check_trailers(), Err(Malformed::PseudoField));
    }

    #[test]
    fn an_answer_has_a_status_and_nothing_else() {
        assert_eq!(list(&[(":status", "204"), ("a", "b")]).status(), Ok(204));
        assert_eq!(list(&[("a", "b")]).status(), Err(Malformed::PseudoField));
        assert_eq!(list(&[(":status", "200"), (":path", "/")]).status(), Err(Malformed::PseudoField));
        for status in ["", "20", "2000", "099", "+20", "2 0"] {
            assert_eq!(list(&[(":status", status)]).status(), Err(Malformed::PseudoValue), "{status}");
        }
        assert_eq!(list(&[(":status", "200"), ("connection", "x")]).status(), Err(Malformed::OfOneConnection));
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let list = list(&[("a", "b"), ("c", &"d".repeat(2000)), ("e", "f")]);
        assert!(list.is_too_large());
        assert_eq!((list.size(), list.fields().len()), (34 + 2033 + 34, 1));
    }
}
