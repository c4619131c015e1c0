//! How does one request stand in a report: as it arrived, beside how it went on?

use super::gather::is_at_least;
use crate::{
    detect::Severity,
    event::{EventLine, Fate, FindingLine, printable},
};

/// Lines of a head that are shown, and so much of each.
const LINES: usize = 100;
const LONGEST: usize = 600;

/// One request that shows something.
#[derive(Clone, Debug)]
pub(super) struct Exhibit {
    pub id: String,
    pub ts: String,
    pub client: String,
    pub listener: String,
    pub vantage: String,
    pub url: String,
    pub verdict: String,
    pub status: Option<u16>,
    pub lines: Vec<Line>,
    /// Whether anything went on.
    pub went_on: bool,
    pub whys: Vec<Why>,
}

/// One line of a head.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub name: String,
    pub value: String,
    pub is_found: bool,
    /// The rule that took it out, or changed it.
    pub stripped: bool,
    pub edited: Option<String>,
}

/// Why something was found.
#[derive(Clone, Debug)]
pub(super) struct Why {
    pub identifier: String,
    pub place: String,
    pub detector: String,
    pub signature: Option<String>,
    pub confidence: String,
    pub origin: String,
    pub reason: String,
    pub digest: String,
    pub is_answer: bool,
    pub fate: Fate,
}

impl Exhibit {
    pub(super) fn of(event: &EventLine, least: Severity) -> Self {
        let told: Vec<_> = event.findings.iter().filter(|finding| is_at_least(&finding.severity, least)).collect();
        Self {
            id: event.id.clone(),
            ts: event.ts.clone(),
            client: clean(event.client_called()),
            listener: clean(&event.listener),
            vantage: event.vantage.clone(),
            url: clean(&event.url()),
            verdict: event.verdict.clone(),
            status: event.status,
            lines: lines(event, &told),
            went_on: !matches!(event.verdict.as_str(), "blocked" | "refused" | "answered" | "redirected"),
            whys: told.into_iter().map(|finding| why(event, finding)).collect(),
        }
    }

    /// Whether something of it got to the site.
    pub(super) fn is_received(&self) -> bool {
        self.whys.iter().any(|why| why.fate == Fate::Reached)
    }
}

fn lines(event: &EventLine, findings: &[&FindingLine]) -> Vec<Line> {
    let is_here = |finding: &&&FindingLine| finding.location.direction.as_deref() != Some("response");
    let target = Line {
        name: String::new(),
        value: clean(&format!("{} {} {}", event.method, event.target, event.version)),
        is_found: findings.iter().filter(is_here).any(|finding| finding.location.part == "target"),
        stripped: false,
        edited: rule(event, ":path").map(|(_, rule)| rule),
    };
    let fields = event.headers.iter().take(LINES).enumerate().map(|(index, (name, value))| {
        let is_found = findings.iter().filter(is_here).any(|finding| {
            finding.location.part == "header" && finding.location.index == index && finding.location.r#in.is_none()
        });
        let done = rule(event, name);
        let stripped = matches!(&done, Some((action, _)) if action == "strip");
        Line { name: clean(name), value: clean(value), is_found, stripped, edited: done.map(|(_, rule)| rule) }
    });
    std::iter::once(target).chain(fields).collect()
}

fn why(event: &EventLine, finding: &FindingLine) -> Why {
    let location = &finding.location;
    Why {
        identifier: finding.identifier.clone(),
        place: clean(if location.name.is_empty() { &location.part } else { &location.name }),
        detector: finding.detector.clone(),
        signature: finding.signature.clone(),
        confidence: finding.confidence.clone(),
        origin: finding.origin.clone(),
        reason: finding.origin_reason.clone(),
        digest: finding.digest.clone(),
        is_answer: location.direction.as_deref() == Some("response"),
        fate: event.fate(finding),
    }
}

/// The action that changed the field, and the rule; nothing if it went on as it came.
fn rule(event: &EventLine, name: &str) -> Option<(String, String)> {
    let done = event.actions.iter().filter(|action| !action.observed && action.header.eq_ignore_ascii_case(name));
    let mut done = done.filter(|action| matches!(action.action.as_str(), "strip" | "redact" | "replace"));
    done.next().map(|action| (action.action.clone(), clean(&action.rule)))
}

/// What was received is shown, never acted on; and not for pages on end.
fn clean(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}
