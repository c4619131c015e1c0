//! How is an answer written?
//!
//! JSON in which nothing stands raw that a terminal or a page could act on, and the fields that tell a browser what it
//! must not do with it.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::event::Guarded;

/// Scripts, styles and pictures of ours, and nothing else from anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const FIELDS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// What did not work, in words, with a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub StatusCode, pub String);

impl Fault {
    /// A request that makes no sense: 400.
    pub fn bad(words: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, words.into())
    }

    /// Somebody who may not: 403.
    pub fn forbidden(words: impl Into<String>) -> Self {
        Self(StatusCode::FORBIDDEN, words.into())
    }

    /// Nothing of that name: 404.
    pub fn missing(words: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, words.into())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Words {
            error: String,
        }
        (self.0, json(&Words { error: self.1 })).into_response()
    }
}

/// A value as JSON.
pub fn json(value: &impl Serialize) -> Response {
    of_bytes("application/json", bytes(value))
}

/// Bytes of a type.
pub fn of_bytes(content_type: &'static str, bytes: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], bytes.into()).into_response()
}

/// A value as the bytes of JSON.
pub fn bytes(value: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Guarded);
    if let Err(error) = value.serialize(&mut serializer) {
        unreachable!("a Vec takes what is written, and every key is a string: {error}");
    }
    out
}

/// Adds what every answer has; what an answer says itself stays.
pub fn protect(fields: &mut HeaderMap) {
    for (name, value) in FIELDS {
        fields.entry(name).or_insert(HeaderValue::from_static(value));
    }
    fields.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
