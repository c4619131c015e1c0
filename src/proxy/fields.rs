//! Which fields go on to the next hop, and in which form?
//!
//! Everything goes on but what belongs to one connection (RFC 9110 §7.6.1). Nothing is added but what the next hop's
//! version demands. Order and spelling stay: fields are copied one by one, never removed from a map.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    special::{ConnectionOptions, Special, lists},
    upstream::Protocol,
    verbatim::Lines,
};
use crate::exchange::{Field, Fields, Origin, RequestHead, Scheme, Version};

/// Fields that have no place in a trailer section (RFC 9110 §6.5.1).
const NEVER_IN_TRAILERS: [&str; 24] = [
    "host",
    "content-length",
    "transfer-encoding",
    "trailer",
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "connection",
    "te",
    "upgrade",
    "content-encoding",
    "content-type",
    "content-range",
    "range",
    "expect",
    "max-forwards",
    "keep-alive",
    "proxy-connection",
    "http2-settings",
    "www-authenticate",
    "proxy-authenticate",
    "cache-control",
    "location",
];

/// What names the site of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// The target, or what was proved inside TLS.
    ByTarget,
    /// `Host`: in a cleartext tunnel the address stands, and the client chooses among the sites there.
    ByHost,
}

/// Whether an origin that switches protocols switches to what was asked for, and says so (RFC 9110 §7.8).
pub fn is_asked_upgrade(asked: &[u8], answer: &Fields) -> bool {
    let names = |list: &[u8]| -> Vec<Vec<u8>> {
        list.split(|&byte| byte == b',').map(|name| name.trim_ascii().to_ascii_lowercase()).collect()
    };
    let asked = names(asked);
    let mut granted = answer.values("upgrade").flat_map(|value| names(value)).peekable();
    granted.peek().is_some() && granted.all(|name| asked.contains(&name))
}

/// The protocol that a request asks to switch to, if it may be switched to at all. `h2c` never is.
pub fn upgrade_of(head: &RequestHead) -> Option<Bytes> {
    let upgrade = head.fields.first("upgrade")?;
    let is_asked =
        || head.version == Version::Http11 && ConnectionOptions::of(&head.fields).upgrade && !upgrade.is_empty();
    (is_asked() && !names_h2c(upgrade)).then(|| upgrade.clone())
}

fn names_h2c(list: &[u8]) -> bool {
    lists(list, b"h2c")
}

/// Whoever takes fields one by one: the lines of a head of HTTP/1, or the map that h2 writes.
pub trait Taker {
    /// With room for these, and two more.
    fn with_room(fields: &Fields) -> Self;
    /// Takes the next field.
    fn take(&mut self, name: &[u8], value: &[u8]);
}

impl Taker for Lines {
    fn with_room(fields: &Fields) -> Self {
        /// Of a line that was not there.
        const LINE: usize = 40;
        Self::with_capacity(
            fields.iter().map(|field| field.name.len() + field.value.len() + 4).sum::<usize>() + 2 * LINE,
        )
    }

    fn take(&mut self, name: &[u8], value: &[u8]) {
        self.push(name, value);
    }
}

impl Taker for HeaderMap {
    fn with_room(fields: &Fields) -> Self {
        Self::with_capacity(fields.len() + 2)
    }

    fn take(&mut self, name: &[u8], value: &[u8]) {
        append(self, name, value);
    }
}

/// The fields of a request for the next hop.
pub fn outbound<T: Taker>(
    head: &RequestHead,
    origin: &Origin,
    naming: Naming,
    protocol: Protocol,
    upgrade: Option<&Bytes>,
) -> T {
    let options = ConnectionOptions::of(&head.fields);
    // One for a `Host` or a `Connection` that was not there.
    let mut fields = T::with_room(&head.fields);
    let mut kept = kept_options(head, protocol, upgrade.is_some());
    // HTTP/2 may split cookies over several fields; HTTP/1.1 wants one (RFC 9113 §8.2.3).
    let joins_cookies = head.version == Version::Http2 && protocol == Protocol::Http1;
    let mut has_joined = false;
    if protocol == Protocol::Http1 && head.fields.first("host").is_none() {
        fields.take(b"Host", origin.authority().as_bytes());
    }
    for field in &head.fields {
        let (name, value) = (&field.name[..], &field.value[..]);
        match Special::of(name) {
            Some(Special::Host) if protocol == Protocol::Http1 => {
                fields.take(name, &host_value(value, origin, naming));
            }
            Some(Special::Host) => {}
            Some(Special::Te) if wants_trailers(field) => fields.take(name, b"trailers"),
            Some(Special::Upgrade) if upgrade.is_some() => fields.take(name, value),
            Some(Special::Connection) if kept.is_some() => fields.take(name, kept.take().unwrap_or_default()),
            Some(Special::Te | Special::Upgrade | Special::Connection | Special::HopByHop) => {}
            _ if options.takes_away(field) => {}
            Some(Special::Coding) if protocol == Protocol::Http2 => {}
            Some(Special::Cookie) if has_joined => {}
            Some(Special::Cookie) if joins_cookies => {
                fields.take(name, &joined_cookies(&head.fields));
                has_joined = true;
            }
            _ => fields.take(name, value),
        }
    }
    if let Some(kept) = kept {
        fields.take(b"Connection", kept);
    }
    fields
}

/// The value of `Connection` that names what is kept of the connection-specific fields, if anything is.
fn kept_options(head: &RequestHead, protocol: Protocol, upgrades: bool) -> Option<&'static [u8]> {
    let trailers = head.fields.iter().any(|field| field.is("te") && wants_trailers(field));
    match (protocol, upgrades, trailers) {
        (Protocol::Http2, ..) | (_, false, false) => None,
        (_, true, true) => Some(b"Upgrade, TE"),
        (_, true, false) => Some(b"Upgrade"),
        (_, false, true) => Some(b"TE"),
    }
}

/// The authority that the request is for decides (RFC 9112 §3.2.2); where the client's `Host` means the same, it stays
/// as it was written.
fn host_value<'a>(received: &'a [u8], origin: &Origin, naming: Naming) -> Cow<'a, [u8]> {
    let means_the_same = || is_same_authority(received, origin.scheme, origin);
    if naming == Naming::ByHost || means_the_same() {
        Cow::Borrowed(received)
    } else {
        Cow::Owned(origin.authority().into_bytes())
    }
}

fn joined_cookies(fields: &Fields) -> Vec<u8> {
    fields.values("cookie").map(AsRef::as_ref).collect::<Vec<&[u8]>>().join(&b"; "[..])
}

fn wants_trailers(field: &Field) -> bool {
    lists(&field.value, b"trailers")
}

/// What an answer has to do with another protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switching {
    /// Nothing.
    No,
    /// It is spoken from now on (101).
    Now,
    /// The request has to be made in it (426, RFC 9110 §15.5.22).
    Wanted,
}

/// The fields of an answer for the client. `to` is the client's version; `switching` keeps what a 101 or 426 needs.
pub fn inbound<T: Taker>(fields: &Fields, to: Version, switching: Switching) -> T {
    let options = ConnectionOptions::of(fields);
    let announces = match switching {
        Switching::No => false,
        Switching::Now => true,
        // `h2c` is never asked for, so nobody need know that it is wanted.
        Switching::Wanted => to == Version::Http11 && !fields.values("upgrade").any(|list| names_h2c(list)),
    };
    let mut kept = T::with_room(fields);
    for field in fields {
        let (name, value) = (&field.name[..], &field.value[..]);
        match Special::of(name) {
            // What else it names belongs to the origin's connection.
            Some(Special::Connection) if announces && switching == Switching::Wanted => kept.take(name, b"Upgrade"),
            Some(Special::Connection | Special::Upgrade) if announces => kept.take(name, value),
            Some(Special::Connection | Special::Upgrade | Special::Te | Special::HopByHop) => {}
            Some(Special::Challenge) => {}
            Some(Special::Coding) if to != Version::Http11 => {}
            Some(Special::Coding) => kept.take(name, value),
            _ if options.takes_away(field) => {}
            _ => kept.take(name, value),
        }
    }
    kept
}

/// Trailer fields that may pass.
pub fn trailers(fields: &Fields) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields.iter().filter(|field| !is_one_of(field, &NEVER_IN_TRAILERS)) {
        append(&mut headers, &field.name, &field.value);
    }
    headers
}

/// The fields of a parsed head: lines of one name stand together, in the order of their first.
pub fn of_map(headers: &HeaderMap) -> Fields {
    let bytes = |value: &HeaderValue| Bytes::copy_from_slice(value.as_bytes());
    headers.iter().map(|(name, value)| (Bytes::copy_from_slice(name.as_str().as_bytes()), bytes(value))).collect()
}

/// Whether an authority that a client names inside a tunnel means the origin that the tunnel leads to.
pub fn is_same_authority(authority: &[u8], scheme: Scheme, origin: &Origin) -> bool {
    origin.is_named_by(scheme, authority)
}

fn is_one_of(field: &Field, names: &[&str]) -> bool {
    names.iter().any(|name| field.is(name))
}

/// What the strict grammar let through is a legal name and value; anything else would be our own mistake, and is left
/// out rather than sent.
fn append(headers: &mut HeaderMap, name: &[u8], value: &[u8]) {
    let name = HeaderName::from_bytes(name);
    let value = HeaderValue::from_bytes(value);
    if let (Ok(name), Ok(value)) = (name, value) {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Taker for Fields {
        fn with_room(fields: &Fields) -> Self {
            Self::with_capacity(fields.len() + 2)
        }

        fn take(&mut self, name: &[u8], value: &[u8]) {
            self.push(name.to_vec(), value.to_vec());
        }
    }

    fn head(pairs: &[(&'static str, &'static str)]) -> RequestHead {
        RequestHead {
            method: "GET".into(),
            target: "/".into(),
            version: Version::Http11,
            fields: pairs.iter().copied().collect(),
        }
    }

    fn sent(pairs: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let origin = Origin::parse(Scheme::Http, b"example.org").unwrap();
        let head = head(pairs);
        let upgrade = upgrade_of(&head);
        let headers: Fields = outbound(&head, &origin, Naming::ByTarget, Protocol::Http1, upgrade.as_ref());
        headers.iter().map(|f| (f.name_str().into_owned(), String::from_utf8(f.value.to_vec()).unwrap())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect()
    }

    #[test]
    fn what_belongs_to_the_connection_stays_behind() {
        let received = [
            ("Host", "example.org"),
            ("Connection", "close, X-Hop, Content-Length"),
            ("X-Hop", "1"),
            ("Content-Length", "0"),
            ("Proxy-Connection", "keep-alive"),
            ("Proxy-Authorization", "Basic x"),
            ("TE", "gzip"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "x"),
            ("X-Stays", "1"),
        ];
        assert_eq!(sent(&received), pairs(&[("Host", "example.org"), ("Content-Length", "0"), ("X-Stays", "1")]));
    }

    #[test]
    fn the_authority_decides_and_equal_hosts_stay_as_written() {
        assert_eq!(sent(&[("a", "1"), ("Host", "EXAMPLE.org:80")]), pairs(&[("a", "1"), ("Host", "EXAMPLE.org:80")]));
        assert_eq!(sent(&[("a", "1"), ("Host", "evil.example")]), pairs(&[("a", "1"), ("Host", "example.org")]));
        assert_eq!(sent(&[("a", "1")]), pairs(&[("Host", "example.org"), ("a", "1")]));
    }

    #[test]
    fn in_a_cleartext_tunnel_the_client_names_the_site() {
        let origin = Origin::parse(Scheme::Http, b"192.0.2.1").unwrap();
        let fields: Fields = outbound(&head(&[("Host", "a.example")]), &origin, Naming::ByHost, Protocol::Http1, None);
        assert_eq!(fields.first("host").unwrap(), "a.example");
    }

    #[test]
    fn a_dot_at_the_end_names_the_same_host() {
        let origin = Origin::parse(Scheme::Https, b"a.example").unwrap();
        assert!(is_same_authority(b"A.example.:443", Scheme::Https, &origin));
        assert!(!is_same_authority(b"a.example.org", Scheme::Https, &origin));
    }

    #[test]
    fn only_what_was_asked_for_is_switched_to() {
        let granted = |value| is_asked_upgrade(b"foo/2, WebSocket", &[("Upgrade", value)].into_iter().collect());
        assert!(granted("websocket") && granted("foo/2"));
        assert!(!granted("foo") && !granted("websocket, bar") && !granted(""));
        assert!(!is_asked_upgrade(b"websocket", &Fields::new()));
    }

    #[test]
    fn an_upgrade_and_trailers_are_announced_again() {
        let received = [("Connection", "keep-alive, Upgrade, TE"), ("Upgrade", "websocket"), ("TE", "trailers, gzip")];
        let expected =
            [("Host", "example.org"), ("Connection", "Upgrade, TE"), ("Upgrade", "websocket"), ("TE", "trailers")];
        assert_eq!(sent(&received), pairs(&expected));
    }

    #[test]
    fn cookies_that_http_2_split_are_joined_for_http_1() {
        let mut head = head(&[("cookie", "a=1"), ("cookie", "b=2")]);
        let origin = Origin::parse(Scheme::Https, b"example.org").unwrap();
        let sent = |head: &RequestHead, protocol| -> Vec<Bytes> {
            outbound::<Fields>(head, &origin, Naming::ByTarget, protocol, None).values("cookie").cloned().collect()
        };
        assert_eq!(sent(&head, Protocol::Http1), ["a=1", "b=2"]);
        head.version = Version::Http2;
        assert_eq!(sent(&head, Protocol::Http1), ["a=1; b=2"]);
        assert_eq!(sent(&head, Protocol::Http2), ["a=1", "b=2"]);
    }
}
