//! How far may a request for the way itself go?
//!
//! `OPTIONS` and `TRACE` may count the hops that they go (RFC 9110 §7.6.2). Where the count ends, the hop answers.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::{body::Body, refusal};
use crate::exchange::{Field, RequestHead, Version};

/// Fields whose values are not sent back in the answer to a `TRACE` (RFC 9110 §9.3.8).
const NOT_ECHOED: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "cookie2"];

/// Where a request goes.
#[derive(Debug)]
pub enum Hop {
    /// On, unchanged.
    On,
    /// On, with one hop less to go.
    Counted(RequestHead),
    /// Nowhere: this is the answer.
    Ends(Box<Response<Body>>),
}

/// Counts this hop, if the request asks for it. What is not a number counts nothing.
pub fn count(head: &RequestHead) -> Hop {
    if head.method != "OPTIONS" && head.method != "TRACE" {
        return Hop::On;
    }
    let Some(left) = head.fields.first("max-forwards").and_then(|value| number(value)) else { return Hop::On };
    let Some(less) = left.checked_sub(1) else { return Hop::Ends(Box::new(answer(head))) };
    let mut counted = head.clone();
    if let Some(at) = counted.fields.iter().position(|field| field.is("max-forwards"))
        && let Some(field) = counted.fields.get_mut(at)
    {
        field.value = less.to_string().into();
    }
    Hop::Counted(counted)
}

fn number(value: &[u8]) -> Option<u64> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| is_number)?.parse().ok()
}

fn answer(head: &RequestHead) -> Response<Body> {
    if head.method == "TRACE" { refusal::of_bytes(StatusCode::OK, "message/http", echo(head)) } else { options() }
}

fn options() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

fn echo(head: &RequestHead) -> Bytes {
    let version = if head.version == Version::Http10 { "1.0" } else { "1.1" };
    let mut echo = [b"TRACE ", head.target.as_ref(), b" HTTP/", version.as_bytes(), b"\r\n"].concat();
    let is_echoed = |field: &&Field| !NOT_ECHOED.iter().any(|name| field.is(name));
    for field in head.fields.iter().filter(is_echoed) {
        echo.extend_from_slice(&[field.name.as_ref(), b": ", field.value.as_ref(), b"\r\n"].concat());
    }
    echo.extend_from_slice(b"\r\n");
    echo.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(method: &'static str, value: &'static str) -> Result<Option<String>, u16> {
        let fields = [("Max-Forwards", value), ("Cookie", "a=1")].into_iter().collect();
        let head = RequestHead { method: method.into(), target: "/".into(), version: Version::Http11, fields };
        match count(&head) {
            Hop::On => Ok(None),
            Hop::Counted(head) => {
                Ok(head.fields.first("max-forwards").map(|v| String::from_utf8_lossy(v).into_owned()))
            }
            Hop::Ends(response) => Err(response.status().as_u16()),
        }
    }

    #[test]
    fn hops_are_counted_where_it_is_asked_for() {
        assert_eq!(counted("TRACE", "5"), Ok(Some("4".into())));
        assert_eq!(counted("OPTIONS", "1"), Ok(Some("0".into())));
        assert_eq!(counted("OPTIONS", "0"), Err(200));
        assert_eq!(counted("GET", "0"), Ok(None));
        for odd in ["", "-1", "+1", "x", "99999999999999999999"] {
            assert_eq!(counted("TRACE", odd), Ok(None), "{odd}");
        }
    }

    #[test]
    fn credentials_are_not_sent_back() {
        let fields = [("A", "b"), ("Cookie", "a=1")].into_iter().collect();
        let head = RequestHead { method: "TRACE".into(), target: "/".into(), version: Version::Http11, fields };
        assert_eq!(echo(&head), "TRACE / HTTP/1.1\r\nA: b\r\n\r\n");
    }
}
