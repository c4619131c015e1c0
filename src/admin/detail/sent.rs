//! What came, and what went on to the site?
//!
//! Computed from what the event says was done. What went on is shown where that is known: a digest or pseudonym that was
//! put in the place of something stands nowhere, so it is shown as `(pseudonym)`.

use std::ops::Range;

use super::{Line, Mark, Standing, is_named, spans};
use crate::{
    event::{ActionLine, EventLine, FindingLine},
    policy::{Action, Redaction},
};

/// What is between two machines only (RFC 9110 §7.6.1), and no rule's doing.
const HOP: [&str; 6] =
    ["connection", "proxy-connection", "keep-alive", "te", "proxy-authorization", "proxy-authenticate"];

/// The head as it was received: the request line, then the fields.
pub fn received(event: &EventLine) -> Vec<Line> {
    let path = marks(event, |finding| finding.location.part == "target", &event.target);
    let before = event.method.encode_utf16().count() + 1;
    let path = path.into_iter().map(|mark| Mark { span: (mark.span.0 + before, mark.span.1 + before), ..mark });
    let first = Line {
        name: String::new(),
        value: format!("{} {} {}", event.method, event.target, event.version),
        marks: path.collect(),
        change: change(event, None).map(|(_, word)| word),
    };
    let fields = event.headers.iter().enumerate().map(|(index, (name, value))| Line {
        name: name.clone(),
        value: value.clone(),
        marks: marks(event, |finding| is_in_field(finding, index), value),
        change: if is_hop(event, name) { Some("stripped") } else { change(event, Some(index)).map(|(_, word)| word) },
    });
    std::iter::once(first).chain(fields).collect()
}

/// The head as it went on; nothing if it did not.
pub fn sent(event: &EventLine, received: &[Line], standing: &Standing) -> Option<Vec<Line>> {
    if !event.is_sent() {
        return None;
    }
    let mut lines = Vec::with_capacity(received.len());
    for (index, line) in received.iter().enumerate() {
        let field = index.checked_sub(1);
        if field.is_some() && is_hop(event, &line.name) {
            continue;
        }
        let Some((action, word)) = change(event, field) else {
            lines.push(line.clone());
            continue;
        };
        lines.extend(changed(event, line, field, action, word, standing));
    }
    Some(lines)
}

/// A line after a rule; nothing if all of it is gone.
fn changed(
    event: &EventLine,
    line: &Line,
    field: Option<usize>,
    action: &ActionLine,
    word: &'static str,
    standing: &Standing,
) -> Option<Line> {
    let rule = standing.policy.rules().iter().find(|rule| *rule.name == *action.rule).map(|rule| &rule.action);
    let text = if field.is_some() { &line.value } else { &event.target };
    let ranges = ranges(event, field, text);
    let value = match (action.action.as_str(), field) {
        ("strip", None) => without_parameters(text, &ranges),
        ("strip", Some(_)) if is_named(&line.name, "cookie") && !ranges.is_empty() => without_pairs(text, &ranges),
        ("strip", Some(_)) => return None,
        ("redact", _) => with_redacted(text, &ranges, rule),
        ("replace", _) => match rule {
            Some(Action::Replace(text)) => String::from_utf8_lossy(text).into_owned(),
            _ => "(replaced)".to_owned(),
        },
        _ => return Some(line.clone()),
    };
    if value.is_empty() && field.is_some() {
        return None;
    }
    let value = if field.is_some() { value } else { format!("{} {value} {}", event.method, event.version) };
    Some(Line { name: line.name.clone(), value, marks: Vec::new(), change: Some(word) })
}

/// The action that changed a line, and what is said of it.
fn change(event: &EventLine, field: Option<usize>) -> Option<(&ActionLine, &'static str)> {
    let action = action(event, field).filter(|action| !action.observed)?;
    let word = match action.action.as_str() {
        "strip" => "stripped",
        "redact" => "redacted",
        "replace" => "replaced",
        _ => return None,
    };
    Some((action, word))
}

/// The action on a field (or the target): on what was found there, or on the field as such.
fn action(event: &EventLine, field: Option<usize>) -> Option<&ActionLine> {
    let is_here = |finding: &&FindingLine| match field {
        Some(index) => is_in_field(finding, index),
        None => finding.location.part == "target",
    };
    let on_finding = event.findings.iter().filter(is_here).filter_map(|finding| event.action_on(finding));
    if let Some(action) = on_finding.min_by_key(|action| action.action == "keep") {
        return Some(action);
    }
    let (name, _) = event.headers.get(field?)?;
    let is_about_findings = event.findings.iter().any(|finding| is_named(&finding.location.name, name));
    event.actions.iter().find(|action| is_named(&action.header, name) && !is_about_findings)
}

/// Where in a text the findings stand that were dealt with.
fn ranges(event: &EventLine, field: Option<usize>, text: &str) -> Vec<Range<usize>> {
    let is_dealt_with = |finding: &&FindingLine| {
        event.action_on(finding).is_some_and(|action| action.action != "keep" && !action.observed)
    };
    let is_here = |finding: &&FindingLine| match field {
        Some(index) => is_in_field(finding, index),
        None => finding.location.part == "target",
    };
    let findings = event.findings.iter().filter(is_here).filter(is_dealt_with).filter(|finding| is_in_value(finding));
    let mut ranges: Vec<_> = findings.map(|finding| spans::shown(text, finding.span)).collect();
    ranges.sort_by_key(|range| range.start);
    ranges
}

fn is_in_field(finding: &FindingLine, index: usize) -> bool {
    let location = &finding.location;
    location.part == "header" && location.direction.is_none() && location.index == index
}

/// What was found in a field's name has no place in its value.
fn is_in_value(finding: &FindingLine) -> bool {
    finding.location.r#in.is_none()
}

fn marks(event: &EventLine, is_here: impl Fn(&FindingLine) -> bool, text: &str) -> Vec<Mark> {
    let findings = event.findings.iter().enumerate();
    let findings = findings.filter(|(_, finding)| is_here(finding) && is_in_value(finding));
    let mark = |(finding, found): (usize, &FindingLine)| Mark {
        span: spans::units(text, &spans::shown(text, found.span)),
        finding,
    };
    findings.map(mark).collect()
}

/// What switches protocols keeps what it says of them.
fn is_hop(event: &EventLine, name: &str) -> bool {
    let switches = event.status == Some(101) && is_named(name, "connection");
    !switches && event.method != "CONNECT" && HOP.iter().any(|hop| is_named(hop, name))
}

fn overlaps(one: &Range<usize>, others: &[Range<usize>]) -> bool {
    others.iter().any(|other| one.start < other.end && other.start < one.end)
}

/// A `Cookie` without the pairs in which something was found.
fn without_pairs(text: &str, ranges: &[Range<usize>]) -> String {
    let kept = parts(text, ';').filter(|(range, _)| !overlaps(range, ranges)).map(|(_, part)| part.trim());
    kept.collect::<Vec<_>>().join("; ")
}

/// A target without the parameters in which something was found; a segment of the path is masked.
fn without_parameters(text: &str, ranges: &[Range<usize>]) -> String {
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    let in_path: Vec<_> = ranges.iter().filter(|range| range.end <= path.len()).cloned().collect();
    let path = replaced(path, &in_path, |found| "*".repeat(found.chars().count()));
    let Some(query) = query else { return path };
    let offset = text.len() - query.len();
    let moved: Vec<_> =
        ranges.iter().map(|range| range.start.saturating_sub(offset)..range.end.saturating_sub(offset)).collect();
    let kept: Vec<_> = parts(query, '&').filter(|(range, _)| !overlaps(range, &moved)).map(|(_, part)| part).collect();
    if kept.is_empty() { path } else { format!("{path}?{}", kept.join("&")) }
}

fn parts(text: &str, separator: char) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    text.split(separator).map(move |part| {
        let range = at..at + part.len();
        at = range.end + separator.len_utf8();
        (range, part)
    })
}

fn with_redacted(text: &str, ranges: &[Range<usize>], rule: Option<&Action>) -> String {
    let redaction = match rule {
        Some(Action::Redact(redaction)) => Some(*redaction),
        _ => None,
    };
    let whole: Vec<_> = std::iter::once(0..text.len()).collect();
    let ranges = if ranges.is_empty() { whole.as_slice() } else { ranges };
    replaced(text, ranges, |found| match redaction {
        Some(Redaction::Mask) => "*".repeat(found.chars().count()),
        Some(redaction) => format!("({})", redaction.as_str()),
        None => "(redacted)".to_owned(),
    })
}

fn replaced(text: &str, ranges: &[Range<usize>], with: impl Fn(&str) -> String) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for range in ranges.iter().filter(|range| !range.is_empty()) {
        let Some(found) = text.get(range.start.max(at)..range.end) else { continue };
        out.push_str(text.get(at..range.start.max(at)).unwrap_or_default());
        out.push_str(&with(found));
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(range: Range<usize>) -> Vec<Range<usize>> {
        std::iter::once(range).collect()
    }

    #[test]
    fn a_pair_and_a_parameter_go_with_one_separator() {
        assert_eq!(without_pairs("a=1; uid=44; b=2", &one(9..11)), "a=1; b=2");
        assert_eq!(without_pairs("uid=44", &one(4..6)), "");
        assert_eq!(without_parameters("/a?x=1&m=44&y=2", &one(9..11)), "/a?x=1&y=2");
        assert_eq!(without_parameters("/a?m=44", &one(5..7)), "/a");
        assert_eq!(without_parameters("/44/b?m=1", &one(1..3)), "/**/b?m=1");
    }

    #[test]
    fn what_is_redacted_stands_for_itself_no_more() {
        let hash = Action::Redact(Redaction::Hash);
        assert_eq!(with_redacted("id=4477", &one(3..7), Some(&Action::Redact(Redaction::Mask))), "id=****");
        assert_eq!(with_redacted("id=44•7", &one(3..9), Some(&hash)), "id=(hash)");
        assert_eq!(with_redacted("4477", &[], None), "(redacted)");
    }
}
