//! What of a line does the index ask for?
//!
//! Less than half of it: headers, targets and reasons are passed over where they stand, and nothing is kept of them.

use serde::Deserialize;

use crate::event::{ActionLine, EventLine, FindingLine, LocationLine};

/// An event's line, in extracts.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Brief {
    id: String,
    ts: String,
    client: String,
    host: String,
    method: String,
    verdict: String,
    status: Option<u16>,
    request_bytes: u64,
    response_bytes: u64,
    client_name: Option<String>,
    findings: Vec<BriefFinding>,
    actions: Vec<ActionLine>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BriefFinding {
    identifier: String,
    severity: String,
    confidence: String,
    origin: String,
    location: LocationLine,
}

impl Brief {
    /// Reads these extracts; what else there is stands empty.
    pub fn read(line: &[u8]) -> Option<EventLine> {
        let brief: Brief = serde_json::from_slice(line).ok()?;
        Some(EventLine {
            id: brief.id,
            ts: brief.ts,
            client: brief.client,
            host: brief.host,
            method: brief.method,
            verdict: brief.verdict,
            status: brief.status,
            request_bytes: brief.request_bytes,
            response_bytes: brief.response_bytes,
            client_name: brief.client_name,
            findings: brief.findings.into_iter().map(BriefFinding::whole).collect(),
            actions: brief.actions,
            ..EventLine::default()
        })
    }
}

impl BriefFinding {
    fn whole(self) -> FindingLine {
        FindingLine {
            identifier: self.identifier,
            severity: self.severity,
            confidence: self.confidence,
            origin: self.origin,
            location: self.location,
            ..FindingLine::default()
        }
    }
}
