//! What is a client told when it gets no answer from the origin?
//!
//! A short text that says what happened and what can be done. It never repeats what the request said.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::{authentication::CHALLENGE, body::Body, fault::Fault};
use crate::intercept::Block;

/// The page for a fault.
pub fn of_fault(fault: &Fault) -> Response<Body> {
    let remedy = match fault.status {
        StatusCode::FORBIDDEN => "\nThe owner of this clir can allow it in clir.toml, section [access].\n",
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            "\nThe request was not answered; nothing is wrong with clir.\n"
        }
        _ => "",
    };
    page(fault.status, &format!("clir could not pass this request on: {fault}.\n{remedy}"))
}

/// The page for a request that a rule blocks.
pub fn of_block(block: &Block) -> (StatusCode, Response<Body>) {
    let status = StatusCode::from_u16(block.status).unwrap_or(StatusCode::FORBIDDEN);
    let reason = block.reason.as_ref().map(|reason| format!("\nReason: {reason}\n")).unwrap_or_default();
    let text = format!("clir blocked this request by the rule \"{}\" of its policy.\n{reason}", block.rule);
    (status, page(status, &text))
}

/// The page for a request that cannot be served, with what is wrong.
pub fn of_request(status: StatusCode, what: &str) -> Response<Body> {
    page(status, &format!("clir refused this request: {what}.\n"))
}

/// 407 with the challenge that a client answers with a name and a password (RFC 9110 §11.7.1, RFC 7617).
pub fn challenge(what: &str) -> Response<Body> {
    let text = format!("clir wants a user name and a password: {what}.\n");
    let mut response = page(StatusCode::PROXY_AUTHENTICATION_REQUIRED, &text);
    let basic = HeaderValue::from_static(CHALLENGE);
    response.headers_mut().insert(header::PROXY_AUTHENTICATE, basic);
    response
}

/// Marks a page as the last answer on its connection.
pub fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The same, where connections carry one request after the other.
pub fn closing_if_http1(response: Response<Body>, version: http::Version) -> Response<Body> {
    if version == http::Version::HTTP_2 { response } else { closing(response) }
}

fn page(status: StatusCode, text: &str) -> Response<Body> {
    of_bytes(status, "text/plain; charset=utf-8", Bytes::copy_from_slice(text.as_bytes()))
}

/// An answer of our own.
pub fn of_bytes(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Response<Body> {
    let length = bytes.len();
    let mut response = Response::new(Body::full(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}
