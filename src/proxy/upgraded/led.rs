//! How is a client told to go to the site in TLS by itself?

use http::{HeaderValue, Response, StatusCode, header};

use crate::proxy::{body::Body, forward::Exchange, refusal};

/// A redirection that keeps the method and is not kept by the client (RFC 9110 §15.4.8).
#[derive(Debug)]
pub struct Led {
    location: Vec<u8>,
}

impl Led {
    /// To where this exchange goes, in the words in which it would have gone.
    pub fn to(inside: &Exchange) -> Self {
        let mut location = inside.context.origin.to_string().into_bytes();
        location.extend_from_slice(&inside.sent.target);
        Self { location }
    }

    /// The answer, and its status.
    pub fn answer(&self) -> (StatusCode, Response<Body>) {
        let status = StatusCode::TEMPORARY_REDIRECT;
        let text = "This site is visited in TLS.\n";
        let mut answer = refusal::of_bytes(status, "text/plain; charset=utf-8", text.into());
        if let Ok(location) = HeaderValue::from_bytes(&self.location) {
            answer.headers_mut().insert(header::LOCATION, location);
        }
        // Who does not say this is served in another way (Upgrade Insecure Requests §3.2.1).
        answer.headers_mut().insert(header::VARY, HeaderValue::from_static("Upgrade-Insecure-Requests"));
        (status, answer)
    }
}
