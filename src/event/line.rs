//! What can be read back from an event's line?
//!
//! Tolerant: keys that this version does not know are passed over, keys that are missing stand empty, so that lines of
//! later versions can be read as well. Strings are as they stand in the line; [`super::unescape`] gives their bytes.

use serde::{Deserialize, Serialize};

/// An event as it was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the schema's own names; see the fields of `Event`")]
pub struct EventLine {
    pub v: u32,
    pub id: String,
    pub ts: String,
    pub listener: String,
    pub vantage: String,
    pub client: String,
    pub scheme: String,
    pub method: String,
    pub host: String,
    pub port: u16,
    pub target: String,
    pub version: String,
    pub headers: Vec<(String, String)>,
    pub findings: Vec<FindingLine>,
    pub actions: Vec<ActionLine>,
    pub verdict: String,
    pub status: Option<u16>,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub duration_us: u64,
    pub error: Option<String>,
    pub tunnel: Option<TunnelLine>,
    pub destination: Option<String>,
    pub mismatch: Option<String>,
    pub client_name: Option<String>,
    pub user: Option<String>,
    /// `true`, or a word that says why not.
    pub upgraded: Option<serde_json::Value>,
    pub connectivity: bool,
    pub via: Option<String>,
    pub passage: Option<String>,
    pub hop: Option<String>,
}

impl EventLine {
    /// The client's address without its port, as it stands in the line.
    pub fn client_address(&self) -> &str {
        self.client.rsplit_once(':').map_or(self.client.as_str(), |(address, _)| address)
    }

    /// What the client is called: its name where it has one, else its address.
    pub fn client_called(&self) -> &str {
        self.client_name.as_deref().unwrap_or_else(|| self.client_address())
    }

    /// The URL that was asked for, or the authority of a `CONNECT`; where no host is known, what was asked for.
    pub fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let is_default = matches!((self.scheme.as_str(), self.port), ("http", 80) | ("https", 443));
        match self.method.as_str() {
            // What was refused for its grammar may name no host, or one that is none.
            _ if self.host.is_empty() => self.target.clone(),
            "CONNECT" => format!("{host}:{}", self.port),
            _ if is_default => format!("{}://{host}{}", self.scheme, self.target),
            _ => format!("{}://{host}:{}{}", self.scheme, self.port, self.target),
        }
    }
}

/// A finding as it was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the schema's own names; see the fields of `Finding`")]
pub struct FindingLine {
    pub identifier: String,
    pub severity: String,
    pub confidence: String,
    pub origin: String,
    pub location: LocationLine,
    pub span: (usize, usize),
    pub detector: String,
    pub signature: Option<String>,
    pub digest: String,
    pub evidence: Option<EvidenceLine>,
    pub origin_reason: String,
}

/// What was seen over time, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the schema's own names; see the fields of `Evidence`")]
pub struct EvidenceLine {
    pub reason: String,
    pub count: u32,
    pub first: Option<String>,
    pub last: Option<String>,
    /// Digests; names where values may be told.
    pub hosts: Vec<String>,
}

/// A finding's place as it was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the schema's own names; see the fields of `Location`")]
pub struct LocationLine {
    pub part: String,
    pub name: String,
    pub index: usize,
    pub direction: Option<String>,
    /// `name` where it stands in the field's name.
    pub r#in: Option<String>,
}

/// What a rule did, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the schema's own names; see the fields of `Applied`")]
pub struct ActionLine {
    pub rule: String,
    pub action: String,
    pub header: String,
    pub observed: bool,
}

/// A tunnel as it was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the schema's own names; see the fields of `Tunnel`")]
pub struct TunnelLine {
    pub sni: Option<String>,
    pub alpn: Vec<String>,
    pub ja4: Option<String>,
    pub extensions: Vec<ExtensionLine>,
    pub reason: Option<String>,
}

/// An extension of a ClientHello as it was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the schema's own names; see the fields of `Tunnel`")]
pub struct ExtensionLine {
    pub r#type: u16,
    pub value: String,
}
