//! What is kept of an event while it stands in the list?

use super::plain::plain;
use crate::{cli::events::shorten, detect::Severity, event::EventLine};

/// No column shows more of an address than this.
const LONGEST: usize = 300;

/// One exchange or tunnel. Its texts are fit for a screen.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Counts up with every row that came.
    pub number: u64,
    /// The line of the log, out of which everything else can be read again.
    line: Box<[u8]>,
    /// `14:02:11`
    pub time: Box<str>,
    /// Its name, or its address.
    pub client: Box<str>,
    /// `GET http://example.org/`
    pub request: Box<str>,
    /// Of the worst finding.
    pub severity: Option<Severity>,
    /// Which identifiers, the worst first.
    pub found: Box<str>,
    /// What a rule did, or else how it ended.
    pub done: Box<str>,
}

impl Row {
    /// Of a line and the event that it holds.
    pub fn new(number: u64, line: &[u8], event: &EventLine) -> Self {
        let shown = |text: &str| plain(&shorten(text, LONGEST)).into_boxed_str();
        Self {
            number,
            line: line.into(),
            time: shown(event.ts.get(11..19).unwrap_or(&event.ts)),
            client: shown(client(event)),
            request: shown(&request(event)),
            severity: severities(event).map(|(severity, _)| severity).max(),
            found: shown(&found(event)),
            done: shown(done(event)),
        }
    }

    /// The whole event.
    pub fn event(&self) -> Option<EventLine> {
        serde_json::from_slice(&self.line).ok()
    }

    /// How many bytes it takes, about.
    pub fn weight(&self) -> usize {
        let texts = [&self.time, &self.client, &self.request, &self.found, &self.done];
        size_of::<Self>() + self.line.len() + texts.iter().map(|text| text.len()).sum::<usize>()
    }
}

/// What was asked for; where that could not be read, why.
fn request(event: &EventLine) -> String {
    match (event.url(), &event.error) {
        (url, Some(error)) if url.is_empty() => format!("({error})"),
        (url, _) => format!("{} {url}", event.method),
    }
}

/// Who it was: its name where it has one, else its address without the port.
pub(super) fn client(event: &EventLine) -> &str {
    let address = event.client_address();
    event.client_name.as_deref().unwrap_or_else(|| address.trim_start_matches('[').trim_end_matches(']'))
}

fn severities(event: &EventLine) -> impl Iterator<Item = (Severity, &str)> {
    let known = |word: &str| word.parse().unwrap_or(Severity::Low);
    event.findings.iter().map(move |finding| (known(&finding.severity), finding.identifier.as_str()))
}

/// `msisdn +2`
fn found(event: &EventLine) -> String {
    let Some((_, worst)) = severities(event).max_by_key(|(severity, _)| *severity) else { return String::new() };
    let mut kinds: Vec<_> = severities(event).map(|(_, identifier)| identifier).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() > 1 { format!("{worst} +{}", kinds.len() - 1) } else { worst.to_owned() }
}

fn done(event: &EventLine) -> &str {
    let done = |wanted: &str| event.actions.iter().any(|action| action.action == wanted && !action.observed);
    match event.verdict.as_str() {
        "blocked" => "blocked",
        _ if done("strip") => "stripped",
        _ if done("redact") => "redacted",
        _ if done("replace") => "replaced",
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Row {
        Row::new(0, json.as_bytes(), &serde_json::from_str(json).unwrap())
    }

    #[test]
    fn the_worst_stands_first_and_edits_before_endings() {
        let line = r#"{"ts":"2026-11-22T14:02:11.123Z","client":"[2001:db8::7]:1","method":"GET","scheme":"http","port":80,
            "host":"example.org","target":"/","verdict":"forwarded","findings":[{"identifier":"network","severity":"low"},
            {"identifier":"msisdn","severity":"critical"},{"identifier":"network","severity":"low"}],
            "actions":[{"action":"keep"},{"action":"strip"}]}"#;
        let row = row(line);
        assert_eq!((&*row.time, &*row.client, &*row.request), ("14:02:11", "2001:db8::7", "GET http://example.org/"));
        assert_eq!((row.severity, &*row.found, &*row.done), (Some(Severity::Critical), "msisdn +1", "stripped"));
    }

    #[test]
    fn what_could_not_be_read_says_why() {
        assert_eq!(&*row(r#"{"verdict":"refused","error":"bad head"}"#).request, "(bad head)");
    }

    #[test]
    fn what_was_only_observed_was_not_done() {
        let line =
            r#"{"verdict":"forwarded","client_name":"tab\u001b[2Jlet","actions":[{"action":"strip","observed":true}]}"#;
        let row = row(line);
        assert_eq!((&*row.done, &*row.client, row.severity), ("forwarded", r"tab\u{1b}[2Jlet", None));
    }
}
