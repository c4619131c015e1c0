//! How are people told who put a finding there, and what was seen of it over time?

use super::{EvidenceLine, FindingLine, Redactor};
use crate::detect::Finding;

/// `put there by the carrier: in cleartext, under a name that is documented as a gateway's`, and a line of what was seen
/// over time, if anything was.
pub fn of(finding: &Finding, redactor: &Redactor) -> Vec<String> {
    let evidence = finding.evidence.as_ref().map(|evidence| EvidenceLine::of(evidence, redactor));
    lines(finding.origin.as_str(), finding.origin_reason, evidence.as_ref())
}

/// The same of a finding that was written into an event.
pub fn of_line(finding: &FindingLine) -> Vec<String> {
    lines(&finding.origin, &finding.origin_reason, finding.evidence.as_ref())
}

fn lines(origin: &str, reason: &str, evidence: Option<&EvidenceLine>) -> Vec<String> {
    let colon = if reason.is_empty() { "" } else { ": " };
    let put_there = format!("put there by {}{colon}{reason}", hand(origin));
    let seen = evidence.map(|evidence| {
        let why = Some(&evidence.reason).filter(|why| !why.is_empty() && *why != reason);
        why.map_or_else(|| seen(evidence), |why| format!("{}: {why}", seen(evidence)))
    });
    std::iter::once(put_there).chain(seen).collect()
}

fn hand(origin: &str) -> &str {
    match origin {
        "carrier" => "the carrier",
        "handset" => "the phone",
        "unknown" => "whom cannot be told",
        // A later version may know more.
        other => other,
    }
}

/// `seen 14 times on 5 unrelated sites, 2026-11-20 … 2026-11-22`
fn seen(evidence: &EvidenceLine) -> String {
    let times = if evidence.count == 1 { "once".into() } else { format!("{} times", evidence.count) };
    let sites = match evidence.hosts.len() {
        0 => String::new(),
        1 => " on 1 site".into(),
        count => format!(" on {count} unrelated sites"),
    };
    let names: Vec<_> = evidence.hosts.iter().map(String::as_str).filter(|host| host.contains('.')).collect();
    let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    format!("seen {times}{sites}{names}{}", dates(evidence.first.as_deref(), evidence.last.as_deref()))
}

fn dates(first: Option<&str>, last: Option<&str>) -> String {
    let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
    match (first.map(day), last.map(day)) {
        (Some(first), Some(last)) if first != last => format!(", {first} … {last}"),
        (Some(day), _) | (None, Some(day)) => format!(", {day}"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> Vec<String> {
        of_line(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_was_seen_is_told_with_days() {
        let line = r#"{"origin":"carrier","origin_reason":"by name","evidence":{"reason":"by value","count":14,
            "first":"2026-11-20T10:00:00.000Z","last":"2026-11-22T10:00:00.000Z","hosts":["01","02","03"]}}"#;
        let expected = [
            "put there by the carrier: by name",
            "seen 14 times on 3 unrelated sites, 2026-11-20 … 2026-11-22: by value",
        ];
        assert_eq!(told(line), expected);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(told(r#"{"origin":"handset"}"#), ["put there by the phone"]);
        let line = r#"{"origin":"unknown","origin_reason":"x","evidence":{"reason":"x","count":1,"first":null,
            "last":"2026-11-22T10:00:00.000Z","hosts":["a.example"]}}"#;
        assert_eq!(told(line), ["put there by whom cannot be told: x", "seen once on 1 site (a.example), 2026-11-22"]);
    }
}
