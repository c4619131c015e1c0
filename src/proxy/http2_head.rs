//! May the head of an HTTP/2 request be said?
//!
//! What RFC 9113 §8 calls malformed was refused when the head was read, see [`super::frames`]; this is what is well formed
//! there and refused in every version, and what the limits of every head ask for. It is answered.

use http::{Method, Request, StatusCode};
use hyper::ext::Protocol as ConnectProtocol;

use super::{fault::Fault, frames::Received, route};
use crate::exchange::{
    Field, RequestHead, Version,
    grammar::{Framing, GrammarFault, HeadLimits, check_target},
};

/// Whether a tunnel is asked for (RFC 9113 §8.5), and no other protocol on a stream (RFC 8441).
pub fn is_tunnel<B>(request: &Request<B>) -> bool {
    request.method() == Method::CONNECT && request.extensions().get::<ConnectProtocol>().is_none()
}

/// The head, and whether it may be taken. A tunnel is asked for at the proxy itself only.
pub fn check(
    received: Received,
    is_tunnel: bool,
    limits: HeadLimits,
    is_inside: bool,
) -> (RequestHead, Result<(), Fault>) {
    match received {
        Received::Sound(head) => {
            let judged = judge(&head, is_tunnel && is_inside, limits);
            (head, judged)
        }
        Received::Refused(head, fault) => (head, Err(of_grammar(fault))),
    }
}

fn judge(head: &RequestHead, is_tunnel_inside: bool, limits: HeadLimits) -> Result<(), Fault> {
    let malformed = |what: &str| Err(Fault::refused(StatusCode::BAD_REQUEST, what));
    if is_tunnel_inside {
        return Err(route::no_tunnel());
    }
    if head.fields.len() > limits.fields {
        return Err(of_grammar(GrammarFault::TooManyFields));
    }
    if head.fields.values("host").count() > 1 {
        return malformed("Host is repeated");
    }
    if head.fields.iter().any(has_outer_space) {
        return malformed("a header value begins or ends with white space");
    }
    let target = std::str::from_utf8(&head.target).map_err(|_| GrammarFault::Target).and_then(check_target);
    target.and_then(|()| Framing::of_request(Version::Http11, &head.fields)).map(|_| ()).map_err(of_grammar)
}

fn of_grammar(fault: GrammarFault) -> Fault {
    let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::BAD_REQUEST);
    Fault::refused(status, fault.to_string())
}

/// RFC 9113 §8.2.1.
fn has_outer_space(field: &Field) -> bool {
    field.value.len() != field.value.trim_ascii().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 1024, fields: 3 };

    fn checked(method: &'static str, target: &'static str, fields: &[(&'static str, &'static str)]) -> Result<(), u16> {
        let fields = fields.iter().copied().collect();
        let head = RequestHead { method: method.into(), target: target.into(), version: Version::Http2, fields };
        let (same, checked) = check(Received::Sound(head.clone()), method == "CONNECT", LIMITS, true);
        assert_eq!(same, head, "it is written down");
        checked.map_err(|fault| fault.status.as_u16())
    }

    #[test]
    fn what_is_well_formed_may_still_be_refused() {
        assert_eq!(checked("GET", "https://a.example/x?y", &[("host", "a"), ("a", "")]), Ok(()));
        assert_eq!(checked("OPTIONS", "https://a.example", &[]), Ok(()));
        assert_eq!(checked("CONNECT", "a.example:443", &[]), Err(405));
        assert_eq!(checked("GET", "/", &[("host", "a"), ("host", "a")]), Err(400));
        assert_eq!(checked("GET", "/", &[("a", " b")]), Err(400));
        for target in ["https://a.example/\u{e9}", "https://a.example/a\\b", "/a b", "/a\n", "/#", "/a#b", "/a?b#c"] {
            assert_eq!(checked("GET", target, &[]), Err(400), "{target:?}");
        }
        assert_eq!(checked("POST", "/", &[("content-length", "2"), ("content-length", "2")]), Err(400));
        assert_eq!(checked("POST", "/", &[("content-length", "+2")]), Err(400));
        assert_eq!(checked("GET", "/", &[("a", ""), ("b", ""), ("c", ""), ("d", "")]), Err(431));
    }

    #[test]
    fn a_tunnel_is_asked_for_at_the_proxy_itself() {
        let fields = <_>::default();
        let head =
            RequestHead { method: "CONNECT".into(), target: "a.example:443".into(), version: Version::Http2, fields };
        assert!(check(Received::Sound(head.clone()), true, LIMITS, false).1.is_ok());
        assert!(check(Received::Sound(head), false, LIMITS, true).1.is_ok(), "another protocol on a stream");
    }
}
