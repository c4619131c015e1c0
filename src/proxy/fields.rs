//! Which fields go on to the next hop, and in which form?
//!
//! Everything goes on but what belongs to one connection (RFC 9110 §7.6.1). Nothing is added but what the next hop's
//! version demands. Order and spelling stay: fields are copied one by one, never removed from a map.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{upstream::Protocol, verbatim::trailers::PLACE};
use crate::exchange::{Field, Fields, Host, Origin, RequestHead, Scheme, Version};

/// Fields of one connection, whether or not `Connection` names them.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade", "http2-settings"];
/// Fields that `Connection` cannot take away: to do so would change what the message means or where it goes.
const PROTECTED: [&str; 7] =
    ["host", "content-length", "transfer-encoding", "authorization", "cookie", "content-type", "content-encoding"];
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

/// What the client asks of the connection itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionOptions {
    names: Vec<Vec<u8>>,
}

impl ConnectionOptions {
    /// Reads the `Connection` fields.
    pub fn of(fields: &Fields) -> Self {
        let names = fields
            .values("connection")
            .flat_map(|value| value.split(|&byte| byte == b','))
            .map(|name| name.trim_ascii().to_ascii_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        Self { names }
    }

    /// Whether an option is named.
    pub fn has(&self, option: &str) -> bool {
        self.names.iter().any(|name| name == option.as_bytes())
    }

    fn takes_away(&self, field: &Field) -> bool {
        !self.names.is_empty()
            && self.names.iter().any(|name| field.name.eq_ignore_ascii_case(name))
            && !is_one_of(field, &PROTECTED)
    }
}

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
pub fn upgrade_of(head: &RequestHead, options: &ConnectionOptions) -> Option<Bytes> {
    let upgrade = head.fields.first("upgrade")?;
    let asked = head.version == Version::Http11 && options.has("upgrade") && !upgrade.is_empty();
    (asked && !names_h2c(upgrade)).then(|| upgrade.clone())
}

fn names_h2c(list: &[u8]) -> bool {
    list.split(|&byte| byte == b',').any(|name| name.trim_ascii().eq_ignore_ascii_case(b"h2c"))
}

/// The fields of a request for the next hop.
pub fn outbound(
    head: &RequestHead,
    origin: &Origin,
    naming: Naming,
    protocol: Protocol,
    upgrade: Option<&Bytes>,
) -> Fields {
    let options = ConnectionOptions::of(&head.fields);
    // One for a `Host` or a `Connection` that was not there.
    let mut fields = Fields::with_capacity(head.fields.len() + 2);
    let mut kept = kept_options(head, protocol, upgrade.is_some());
    let splits_cookies = head.version == Version::Http2 && protocol == Protocol::Http1;
    if protocol == Protocol::Http1 && head.fields.first("host").is_none() {
        fields.push("Host", origin.authority());
    }
    for field in &head.fields {
        let name = field.name.clone();
        match () {
            () if field.is("host") && protocol == Protocol::Http1 => {
                fields.push(name, host_value(&field.value, origin, naming));
            }
            () if field.is("host") => {}
            () if field.is("te") && wants_trailers(field) => fields.push(name, "trailers"),
            () if field.is("upgrade") && upgrade.is_some() => fields.push(name, field.value.clone()),
            () if field.is("connection") && kept.is_some() => fields.push(name, kept.take().unwrap_or_default()),
            () if is_one_of(field, &HOP_BY_HOP) || options.takes_away(field) => {}
            () if field.is("transfer-encoding") && protocol == Protocol::Http2 => {}
            () if field.is("cookie") && splits_cookies => join_cookie(&mut fields, field),
            () => fields.push(name, field.value.clone()),
        }
    }
    if let Some(kept) = kept {
        fields.push("Connection", kept);
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
fn host_value(received: &Bytes, origin: &Origin, naming: Naming) -> Bytes {
    let means_the_same = || is_same_authority(received, origin.scheme, origin);
    if naming == Naming::ByHost || means_the_same() { received.clone() } else { origin.authority().into() }
}

/// HTTP/2 may split cookies over several fields; HTTP/1.1 wants one (RFC 9113 §8.2.3).
fn join_cookie(fields: &mut Fields, field: &Field) {
    let first = fields.iter().position(|present| present.is("cookie"));
    match first.and_then(|at| fields.get_mut(at)) {
        Some(present) => present.value = [&present.value[..], b"; ", &field.value].concat().into(),
        None => fields.push(field.name.clone(), field.value.clone()),
    }
}

fn wants_trailers(field: &Field) -> bool {
    field.value.split(|&byte| byte == b',').any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
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
pub fn inbound(fields: &Fields, to: Version, switching: Switching) -> Fields {
    let options = ConnectionOptions::of(fields);
    let announces = match switching {
        Switching::No => false,
        Switching::Now => true,
        // `h2c` is never asked for, so nobody need know that it is wanted.
        Switching::Wanted => to == Version::Http11 && !fields.values("upgrade").any(|list| names_h2c(list)),
    };
    let is_kept = |field: &Field| match () {
        () if announces && (field.is("connection") || field.is("upgrade")) => true,
        () if field.is("proxy-authenticate") || is_one_of(field, &HOP_BY_HOP) => false,
        () if field.is("transfer-encoding") => to == Version::Http11,
        () => !options.takes_away(field),
    };
    let value = |field: &Field| match switching {
        // What else it names belongs to the origin's connection.
        Switching::Wanted if field.is("connection") => "Upgrade".into(),
        _ => field.value.clone(),
    };
    let mut kept = Fields::with_capacity(fields.len());
    for field in fields.iter().filter(|field| is_kept(field)) {
        kept.push(field.name.clone(), value(field));
    }
    kept
}

/// All fields as a map, for HTTP/2.
pub fn map(fields: &Fields) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        append(&mut headers, &field.name, &field.value);
    }
    headers
}

/// What hyper has to know to frame a message of HTTP/1; the head itself is written from the fields.
pub fn framing(fields: &Fields) -> HeaderMap {
    const FRAMING: [&str; 4] = ["content-length", "transfer-encoding", "connection", "upgrade"];
    let mut headers = HeaderMap::new();
    for field in fields.iter().filter(|field| is_one_of(field, &FRAMING)) {
        append(&mut headers, &field.name, &field.value);
    }
    if !headers.contains_key(http::header::CONTENT_LENGTH) {
        headers.insert(http::header::TRAILER, HeaderValue::from_name(PLACE));
    }
    headers
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
    Origin::parse(scheme, authority)
        .is_ok_and(|named| is_same_host(&named.host, &origin.host) && named.port == origin.port)
}

/// A name with the root's dot at its end is the same name, and TLS names it without (RFC 6066 §3).
fn is_same_host(one: &Host, other: &Host) -> bool {
    match (one, other) {
        (Host::Name(one), Host::Name(other)) => one.trim_end_matches('.') == other.trim_end_matches('.'),
        _ => one == other,
    }
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
        let upgrade = upgrade_of(&head, &ConnectionOptions::of(&head.fields));
        let headers = outbound(&head, &origin, Naming::ByTarget, Protocol::Http1, upgrade.as_ref());
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
        let fields = outbound(&head(&[("Host", "a.example")]), &origin, Naming::ByHost, Protocol::Http1, None);
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
        assert_eq!(outbound(&head, &origin, Naming::ByTarget, Protocol::Http1, None).values("cookie").count(), 2);
        head.version = Version::Http2;
        assert_eq!(
            outbound(&head, &origin, Naming::ByTarget, Protocol::Http1, None).first("cookie").unwrap(),
            "a=1; b=2"
        );
        assert_eq!(outbound(&head, &origin, Naming::ByTarget, Protocol::Http2, None).values("cookie").count(), 2);
    }
}
