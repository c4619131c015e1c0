//! Why was something found, and what was done about it?
//!
//! In sentences, the ones that `explain` and `log` say, and with the place of the rule.

use serde::Serialize;
use serde_json::Value;

use super::Standing;
use crate::event::{EventLine, Fate, FindingLine, provenance, spoken};

/// One finding, with its reasons.
#[derive(Clone, Debug, Serialize)]
pub struct Why {
    finding: Value,
    why: Vec<String>,
    action: Option<Act>,
    reached: bool,
}

/// What decided on it.
#[derive(Clone, Debug, Serialize)]
struct Act {
    action: String,
    rule: String,
    file: Option<String>,
    line: Option<usize>,
    reason: Option<String>,
}

/// Every finding of an event; `line` has them as they were written.
pub fn all(event: &EventLine, standing: &Standing, line: &[u8]) -> Vec<Why> {
    let written: Value = serde_json::from_slice(line).unwrap_or_default();
    let one = |(index, finding): (usize, &FindingLine)| Why {
        finding: written.pointer(&format!("/findings/{index}")).cloned().unwrap_or_default(),
        why: sentences(event, finding),
        action: act(event, finding, standing),
        reached: event.fate(finding) == Fate::Reached,
    };
    event.findings.iter().enumerate().map(one).collect()
}

fn sentences(event: &EventLine, finding: &FindingLine) -> Vec<String> {
    let FindingLine { severity, identifier, confidence, .. } = finding;
    let what = format!("{severity} {identifier} ({confidence}): a {}, {}", spoken(identifier), place(finding));
    let mut sentences = vec![what, detected(finding)];
    sentences.extend(provenance::of_line(finding));
    sentences.push(became(event, finding));
    sentences
}

fn place(finding: &FindingLine) -> String {
    let location = &finding.location;
    let answer = if location.direction.is_some() { " of the answer" } else { "" };
    match location.part.as_str() {
        "target" => "in the address (URL)".to_owned(),
        "hello" => "in an extension of the ClientHello".to_owned(),
        part => format!("in {part} {}{answer}", location.name),
    }
}

fn detected(finding: &FindingLine) -> String {
    let FindingLine { detector, signature, .. } = finding;
    match signature {
        Some(signature) => format!("found by detector {detector}: the name is documented, signature {signature}"),
        None if detector == "identity" => {
            "found by detector identity: it is one of your own, as you registered it".into()
        }
        None => format!("found by detector {detector}"),
    }
}

fn became(event: &EventLine, finding: &FindingLine) -> String {
    let action = event.action_on(finding);
    let words = match (event.fate(finding), action) {
        (_, Some(action)) if action.observed => {
            return format!("rule \"{}\" would {} it, but the policy only observes", action.rule, action.action);
        }
        (Fate::Reached, Some(action)) => return format!("rule \"{}\" keeps it: the site received it", action.rule),
        (Fate::Reached, None) => "no rule matched it: the site received it",
        (Fate::Withheld, Some(action)) => {
            return format!("rule \"{}\" ({}) kept it from the site", action.rule, action.action);
        }
        (Fate::Withheld, None) => "the request was refused by a rule, so the site received none of it",
        (Fate::Elsewhere, _) if finding.location.direction.is_some() => "the site sent it; it learnt nothing by it",
        (Fate::Elsewhere, _) if event.method == "CONNECT" => {
            "it stood in what was said to clir, which no site receives"
        }
        (Fate::Elsewhere, _) => "it is not known to have gone to the site",
    };
    words.to_owned()
}

fn act(event: &EventLine, finding: &FindingLine, standing: &Standing) -> Option<Act> {
    let action = event.action_on(finding)?;
    // The rule may have been written anew since, or be gone.
    let at = standing.policy.rules().iter().position(|rule| *rule.name == *action.rule);
    let place = at.and_then(|at| standing.places.get(at));
    let rule = at.and_then(|at| standing.policy.rules().get(at));
    Some(Act {
        action: action.action.clone(),
        rule: action.rule.clone(),
        file: place.map(|place| place.file.clone()),
        line: place.map(|place| place.line),
        reason: rule.and_then(|rule| rule.reason.clone()),
    })
}
