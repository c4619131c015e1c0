//! What does the head of an HTTP/2 request say, and may it be said?
//!
//! h2 refuses most of what RFC 9113 §8 calls malformed; this is the rest, and what the limits of every head ask for.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use hyper::ext::Protocol as ConnectProtocol;

use super::{fault::Fault, fields, route};
use crate::exchange::{
    Field, RequestHead, Version,
    grammar::{Framing, GrammarFault, HeadLimits, check_target},
};

/// The head, with the target as path and query. The authority becomes the absolute form, so that it is held against the
/// tunnel's.
pub fn head<B>(request: &Request<B>) -> RequestHead {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let target = match uri.authority() {
        Some(authority) => {
            // `*` is no path: the absolute form of a request for the server as a whole has none (RFC 9112 §3.2.4).
            let path = if path == "*" { "" } else { path };
            format!("{}://{authority}{path}", uri.scheme_str().unwrap_or("https")).into()
        }
        None => Bytes::copy_from_slice(path.as_bytes()),
    };
    let fields = fields::of_map(request.headers());
    let method = Bytes::copy_from_slice(request.method().as_str().as_bytes());
    RequestHead { method, target, version: Version::Http2, fields }
}

/// Looks for what h2 lets through.
///
/// # Errors
/// A [`Fault`] on the client's side.
pub fn check<B>(request: &Request<B>, head: &RequestHead, limits: HeadLimits) -> Result<(), Fault> {
    let malformed = |what: &str| Err(Fault::refused(StatusCode::BAD_REQUEST, what));
    if request.method() == Method::CONNECT && request.extensions().get::<ConnectProtocol>().is_none() {
        return Err(route::no_tunnel());
    }
    if head.fields.len() > limits.fields {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Fault::refused(status, "there are too many header fields"));
    }
    if request.uri().path() == "*" && request.method() != Method::OPTIONS {
        return malformed("only OPTIONS asks for the server as a whole");
    }
    if head.fields.values("host").count() > 1 {
        return malformed("Host is repeated");
    }
    if head.fields.iter().any(has_outer_space) {
        return malformed("a header value begins or ends with white space");
    }
    let target = std::str::from_utf8(&head.target).map_err(|_| GrammarFault::Target).and_then(check_target);
    match target.and_then(|()| Framing::of_request(Version::Http11, &head.fields)) {
        Ok(_) => Ok(()),
        Err(fault) => malformed(&fault.to_string()),
    }
}

/// RFC 9113 §8.2.1.
fn has_outer_space(field: &Field) -> bool {
    field.value.len() != field.value.trim_ascii().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 1024, fields: 3 };

    fn checked(method: &str, uri: &str, fields: &[(&str, &str)]) -> Result<String, u16> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let head = head(&request);
        check(&request, &head, LIMITS).map_err(|fault| fault.status.as_u16())?;
        Ok(String::from_utf8(head.target.to_vec()).unwrap())
    }

    #[test]
    fn the_authority_is_part_of_the_target() {
        assert_eq!(checked("GET", "https://a.example/x?y", &[]), Ok("https://a.example/x?y".into()));
        assert_eq!(checked("GET", "/x", &[]), Ok("/x".into()));
        assert_eq!(checked("OPTIONS", "*", &[]), Ok("*".into()));
    }

    #[test]
    fn what_h2_lets_through_is_refused() {
        assert_eq!(checked("CONNECT", "a.example:443", &[]), Err(405));
        assert_eq!(checked("GET", "*", &[]), Err(400));
        assert_eq!(checked("GET", "/", &[("host", "a"), ("host", "a")]), Err(400));
        assert_eq!(checked("GET", "/", &[("a", " b")]), Err(400));
        assert_eq!(checked("GET", "https://a.example/\u{e9}", &[]), Err(400));
        assert_eq!(checked("GET", "https://a.example/a\\b", &[]), Err(400));
        assert_eq!(checked("POST", "/", &[("content-length", "2"), ("content-length", "2")]), Err(400));
        assert_eq!(checked("GET", "/", &[("a", ""), ("b", ""), ("c", ""), ("d", "")]), Err(431));
    }
}
