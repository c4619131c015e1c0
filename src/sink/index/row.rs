//! What is shown of one exchange in a list?

use serde::{Deserialize, Serialize};

use crate::{
    detect::Severity,
    event::{EventLine, Fate},
};

/// One exchange in a list: strings are as they stand in the event's line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the event's own names; see the fields of `Event`")]
pub struct Row {
    pub id: String,
    pub ts: String,
    pub listener: String,
    pub vantage: String,
    pub client: String,
    pub client_name: Option<String>,
    pub scheme: String,
    pub method: String,
    pub host: String,
    pub port: u16,
    pub target: String,
    pub status: Option<u16>,
    pub verdict: String,
    pub error: Option<String>,
    /// The worst of what was found.
    pub severity: Option<String>,
    pub identifiers: Vec<String>,
    pub origins: Vec<String>,
    pub actions: Vec<String>,
    pub rules: Vec<String>,
    /// Whether something that was found went on to the site.
    pub leaked: bool,
}

impl Row {
    /// What is shown of this event.
    pub fn of(event: &EventLine) -> Self {
        let findings = &event.findings;
        let severity = findings.iter().filter_map(|finding| finding.severity.parse::<Severity>().ok()).max();
        Self {
            id: event.id.clone(),
            ts: event.ts.clone(),
            listener: event.listener.clone(),
            vantage: event.vantage.clone(),
            client: event.client.clone(),
            client_name: event.client_name.clone(),
            scheme: event.scheme.clone(),
            method: event.method.clone(),
            host: event.host.clone(),
            port: event.port,
            target: event.target.clone(),
            status: event.status,
            verdict: event.verdict.clone(),
            error: event.error.clone(),
            severity: severity.map(|severity| severity.as_str().to_owned()),
            identifiers: each(findings.iter().map(|finding| &finding.identifier)),
            origins: each(findings.iter().map(|finding| &finding.origin)),
            actions: each(event.actions.iter().map(|action| &action.action)),
            rules: each(event.actions.iter().map(|action| &action.rule)),
            leaked: findings.iter().any(|finding| event.fate(finding) == Fate::Reached),
        }
    }
}

/// Each once, in the order in which they come.
fn each<'a>(words: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for word in words {
        if !seen.contains(word) {
            seen.push(word.clone());
        }
    }
    seen
}
