//! What does the reflector say that it received?

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{event::unescape, exchange::Fields};

/// A reflection, as far as it is used here (`DESIGN.md` has the form).
#[derive(Debug, Deserialize)]
pub(super) struct Reflection {
    pub v: u32,
    pub time: Timestamp,
    pub nonce: Option<String>,
    pub method: String,
    pub target: String,
    pub version: String,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    pub connection: Connection,
    pub tls: Option<Tls>,
    pub response: Option<Vec<(String, String)>>,
}

/// Of the request.
#[derive(Debug, Deserialize)]
pub(super) struct Body {
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Connection {
    pub source: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tls {
    hello: String,
}

impl Reflection {
    /// Reads one; nothing if it is none, or none of this request.
    pub(super) fn read(body: &[u8], nonce: &str) -> Option<Self> {
        let reflection: Self = serde_json::from_slice(body).ok()?;
        (reflection.v == 1 && reflection.nonce.as_deref() == Some(nonce)).then_some(reflection)
    }

    /// The fields that arrived.
    pub(super) fn fields(&self) -> Fields {
        of_pairs(&self.headers)
    }

    /// The fields of the answer, as they were sent.
    pub(super) fn answered(&self) -> Option<Fields> {
        self.response.as_deref().map(of_pairs)
    }

    /// By how many milliseconds the local clock is ahead, if the request took this long.
    pub(super) fn clock_offset(&self, begun: Timestamp, took: Duration) -> i64 {
        let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        (begun.as_millisecond() + took / 2).saturating_sub(self.time.as_millisecond())
    }
}

impl Tls {
    /// The records that held the ClientHello.
    pub(super) fn hello(&self) -> Vec<u8> {
        STANDARD.decode(&self.hello).unwrap_or_default()
    }
}

fn of_pairs(pairs: &[(String, String)]) -> Fields {
    pairs.iter().map(|(name, value)| (unescape(name), unescape(value))).collect()
}
