//! Where does a request want to go?
//!
//! To a proxy, the request target says it (RFC 9112 §3.2.2), and never the `Host` field. Inside a tunnel it was said when
//! the tunnel was made, and what the request says must agree.

use bytes::Bytes;
use http::StatusCode;

use super::{
    fault::Fault,
    fields,
    session::{Inside, Scope},
    upstream::Target,
};
use crate::exchange::{Origin, RequestHead, Scheme, Version};

/// Where a request goes.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The origin as events and rules name it.
    pub origin: Origin,
    /// The connection it needs.
    pub target: Target,
    /// Path and query as the origin will see them.
    pub path: Bytes,
}

/// Finds the destination of a request.
///
/// # Errors
/// A [`Fault`] on the client's side when it names none, or one that it may not name here.
pub fn destination(scope: &Scope, head: &RequestHead) -> Result<Destination, Fault> {
    match scope {
        Scope::Proxy | Scope::Streams(_) => to_proxy(head),
        Scope::Tunnel(inside) => in_tunnel(inside, head),
    }
}

fn to_proxy(head: &RequestHead) -> Result<Destination, Fault> {
    let Some((scheme, authority, path)) = split_absolute(&head.target) else {
        return Err(Fault::refused(
            StatusCode::BAD_REQUEST,
            "this is a proxy, and the request does not say which site it is for; set this address and port as the \
             proxy of your phone or browser",
        ));
    };
    if !scheme.eq_ignore_ascii_case(b"http") {
        return Err(Fault::refused(
            StatusCode::BAD_REQUEST,
            "only http:// can be asked for in cleartext; use CONNECT for everything else",
        ));
    }
    let origin = Origin::parse(Scheme::Http, authority).map_err(bad_authority)?;
    let path = origin_form(head, path);
    Ok(Destination { target: Target::of(&origin), origin, path })
}

fn in_tunnel(inside: &Inside, head: &RequestHead) -> Result<Destination, Fault> {
    let origin = inside.origin();
    if head.method == "CONNECT" && head.version != Version::Http2 {
        return Err(no_tunnel());
    }
    if let Some(destination) = inside.led.filter(|_| origin.scheme == Scheme::Http) {
        return named(inside, destination.port(), head);
    }
    let absolute = split_absolute(&head.target);
    let is_absolute = absolute.is_some();
    let path = match absolute {
        None if is_origin_form(head) => head.target.clone(),
        None => return Err(Fault::refused(StatusCode::BAD_REQUEST, "the request target is neither a path nor a URI")),
        Some((scheme, authority, path)) => {
            let scheme = if scheme.eq_ignore_ascii_case(b"https") { Scheme::Https } else { Scheme::Http };
            if scheme != origin.scheme || !fields::is_same_authority(authority, scheme, &origin) {
                return Err(misdirected());
            }
            origin_form(head, path)
        }
    };
    // Inside TLS the name was verified, so no other may be asked for. In cleartext the tunnel's address stands, and the
    // Host field only chooses among the sites there, unless the target has chosen already.
    let host = head.fields.first("host").filter(|_| origin.scheme == Scheme::Https || is_absolute);
    if host.is_some_and(|host| !fields::is_same_authority(host, origin.scheme, &origin)) {
        return Err(misdirected());
    }
    Ok(Destination { target: inside.target.clone(), origin, path })
}

/// A cleartext request on a connection that goes to an address, whatever it says: what it says only names the host.
fn named(inside: &Inside, port: u16, head: &RequestHead) -> Result<Destination, Fault> {
    let said = |authority: &[u8]| Origin::parse(Scheme::Http, authority).map_err(bad_authority);
    let host = head.fields.first("host").filter(|host| !host.is_empty());
    let (named, path) = match split_absolute(&head.target) {
        Some((scheme, authority, path)) if scheme.eq_ignore_ascii_case(b"http") => {
            let named = said(authority)?;
            if host.is_some_and(|host| !fields::is_same_authority(host, Scheme::Http, &named)) {
                return Err(misdirected());
            }
            (Some(named), origin_form(head, path))
        }
        None if is_origin_form(head) => (host.map(|host| said(host)).transpose()?, head.target.clone()),
        _ => return Err(Fault::refused(StatusCode::BAD_REQUEST, "the request target is neither a path nor a URI")),
    };
    let origin = inside.origin();
    let host = named.map_or(origin.host, |named| named.host);
    Ok(Destination { target: inside.target.clone(), origin: Origin { scheme: Scheme::Http, host, port }, path })
}

/// A path, or the `*` of OPTIONS (RFC 9112 §3.2).
fn is_origin_form(head: &RequestHead) -> bool {
    head.target.starts_with(b"/") || (head.target == "*" && head.method == "OPTIONS")
}

/// What is said to a CONNECT inside a tunnel.
pub fn no_tunnel() -> Fault {
    Fault::refused(StatusCode::METHOD_NOT_ALLOWED, "a tunnel inside a tunnel is not served")
}

fn misdirected() -> Fault {
    Fault::refused(
        StatusCode::MISDIRECTED_REQUEST,
        "the request names another host than the one that this connection was made to",
    )
}

fn bad_authority(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::refused(StatusCode::BAD_REQUEST, "the request names no valid host").because(error)
}

/// Scheme, authority and the rest of an absolute-form target.
fn split_absolute(target: &Bytes) -> Option<(&[u8], &[u8], Bytes)> {
    let at = if target.starts_with(b"http://") { 4 } else { memchr::memmem::find(target, b"://")? };
    let scheme = target.get(..at)?;
    if scheme.is_empty() || !scheme.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let rest = target.get(at + 3..)?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    Some((scheme, rest.get(..end)?, target.slice(at + 3 + end..)))
}

/// An empty path is `/`, and `*` for OPTIONS (RFC 9112 §3.2.4).
fn origin_form(head: &RequestHead, path: Bytes) -> Bytes {
    match path.first() {
        None if head.method == "OPTIONS" => Bytes::from_static(b"*"),
        None => Bytes::from_static(b"/"),
        Some(b'?') => [b"/", path.as_ref()].concat().into(),
        Some(_) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(method: &'static str, target: &'static str) -> Result<(String, Bytes), u16> {
        let fields = crate::exchange::Fields::new();
        let head = RequestHead { method: method.into(), target: target.into(), version: Version::Http11, fields };
        let found = destination(&Scope::Proxy, &head).map_err(|fault| fault.status.as_u16())?;
        Ok((found.origin.to_string(), found.path))
    }

    #[test]
    fn the_absolute_form_says_where() {
        assert_eq!(to("GET", "http://example.org/a?b"), Ok(("http://example.org".into(), "/a?b".into())));
        assert_eq!(to("GET", "HTTP://example.org:81"), Ok(("http://example.org:81".into(), "/".into())));
        assert_eq!(to("GET", "http://example.org?x"), Ok(("http://example.org".into(), "/?x".into())));
        assert_eq!(
            to("GET", "http://[2001:db8::1]/u?http://x/"),
            Ok(("http://[2001:db8::1]".into(), "/u?http://x/".into()))
        );
        assert_eq!(to("OPTIONS", "http://example.org"), Ok(("http://example.org".into(), "*".into())));
    }

    /// On a connection that was going to 192.0.2.1:8080.
    #[test]
    fn what_is_said_on_a_led_connection_only_names_the_host() {
        let to = |target: &'static str, host: Option<&'static str>| {
            let fields = host.map(|host| ("Host", host)).into_iter().collect();
            let head = RequestHead { method: "GET".into(), target: target.into(), version: Version::Http11, fields };
            let origin = Origin::parse(Scheme::Http, b"192.0.2.1:8080").unwrap();
            let inside = Inside::new(Target::of(&origin), None).led_to(Some(([192, 0, 2, 1], 8080).into()));
            let found = destination(&Scope::Tunnel(inside.into()), &head).map_err(|fault| fault.status.as_u16())?;
            assert_eq!((&found.target.dialled, found.target.port), (&origin.host, 8080), "{target} {host:?}");
            Ok((found.origin.to_string(), found.path))
        };
        let named = |name: &str| Ok((format!("http://{name}:8080"), Bytes::from_static(b"/a")));
        assert_eq!(to("/a", Some("example.org")), named("example.org"));
        assert_eq!(to("/a", Some("example.org:81")), named("example.org"), "the port is where it goes");
        assert_eq!(to("/a", Some("127.0.0.1")), named("127.0.0.1"));
        assert_eq!(to("/a", None), named("192.0.2.1"));
        assert_eq!(to("/a", Some("")), named("192.0.2.1"));
        assert_eq!(to("http://example.org/a", Some("Example.org:80")), named("example.org"));
        assert_eq!(to("http://example.org/a", Some("other.example")), Err(421));
        assert_eq!(to("/a", Some("u@example.org")), Err(400));
        assert_eq!(to("https://example.org/a", None), Err(400));
        assert_eq!(to("example.org:80", None), Err(400));
    }

    #[test]
    fn everything_else_is_refused() {
        for target in ["/", "*", "/?u=http://example.org", "https://example.org/", "ftp://example.org/", "http:///x"] {
            assert_eq!(to("GET", target), Err(400), "{target}");
        }
        assert_eq!(to("GET", "http://u:p@example.org/"), Err(400));
        assert_eq!(to("GET", "http://example.org:99999/"), Err(400));
    }
}
