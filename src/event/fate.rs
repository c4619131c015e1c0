//! What became of a finding: did the site receive it?
//!
//! By what an event's line says alone, whether it is written already or not. Where one line of a rule cannot be laid to one of
//! several findings in the same place, the worst of them counts as dealt with and the others as sent: that errs on the side of
//! telling.

use super::{ActionLine, Applied, Event, EventLine, FindingLine, Verdict};
use crate::{detect::Finding, exchange::Direction};

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It went on to the site.
    Reached,
    /// A rule took it out, or refused what it stood in.
    Withheld,
    /// It went to no site for another reason: it stood in an answer, in the head of a tunnel, in what was refused.
    Elsewhere,
}

impl EventLine {
    /// What became of a finding of this event.
    pub fn fate(&self, finding: &FindingLine) -> Fate {
        fate(self, &self.verdict, finding)
    }

    /// The action that decided on a finding.
    pub fn action_on(&self, finding: &FindingLine) -> Option<&ActionLine> {
        action_on(self, finding)
    }

    /// Whether a request went on to its site, as far as is known.
    pub fn is_sent(&self) -> bool {
        let is_over = self.verdict == "forwarded" || (self.verdict == "failed" && self.has_reached_somebody());
        is_over && self.method != "CONNECT"
    }

    /// Of a request that came to no good end: whether anything of it is known to have gone out.
    fn has_reached_somebody(&self) -> bool {
        has_reached_somebody(self.request_bytes, self.response_bytes, self.status)
    }
}

impl Event {
    /// What became of a finding of this event: the same as of its line.
    pub fn fate(&self, finding: &Finding) -> Fate {
        fate(self, self.verdict.as_str(), finding)
    }
}

fn has_reached_somebody(request_bytes: u64, response_bytes: u64, status: Option<u16>) -> bool {
    request_bytes > 0 || response_bytes > 0 || !matches!(status, None | Some(502..=504))
}

/// An event or its line, as far as it decides here.
trait Account {
    type Finding;
    type Action;

    fn findings(&self) -> &[Self::Finding];
    fn actions(&self) -> &[Self::Action];
    fn is_sent(&self) -> bool;
    fn place(finding: &Self::Finding) -> Place<'_>;
    fn deed(action: &Self::Action) -> Deed<'_>;
}

/// Where a finding stands, and what it is.
struct Place<'a> {
    part: &'a str,
    name: &'a [u8],
    direction: &'a str,
    index: usize,
    /// What rules look at; the worst is the last.
    kind: (usize, usize, &'a str, &'a str),
}

/// What a rule did.
struct Deed<'a> {
    word: &'a str,
    header: &'a [u8],
    observed: bool,
}

impl Account for EventLine {
    type Finding = FindingLine;
    type Action = ActionLine;

    fn findings(&self) -> &[FindingLine] {
        &self.findings
    }

    fn actions(&self) -> &[ActionLine] {
        &self.actions
    }

    fn is_sent(&self) -> bool {
        self.is_sent()
    }

    fn place(finding: &FindingLine) -> Place<'_> {
        let at = |words: &[&str], word: &str| words.iter().position(|known| *known == word).unwrap_or(0);
        let severity = at(&["low", "medium", "high", "critical"], &finding.severity);
        let confidence = at(&["possible", "likely", "certain"], &finding.confidence);
        Place {
            part: &finding.location.part,
            name: finding.location.name.as_bytes(),
            direction: finding.location.direction.as_deref().unwrap_or_default(),
            index: finding.location.index,
            kind: (severity, confidence, &finding.identifier, &finding.origin),
        }
    }

    fn deed(action: &ActionLine) -> Deed<'_> {
        Deed { word: &action.action, header: action.header.as_bytes(), observed: action.observed }
    }
}

impl Account for Event {
    type Finding = Finding;
    type Action = Applied;

    fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn actions(&self) -> &[Applied] {
        &self.actions
    }

    fn is_sent(&self) -> bool {
        let is_over = match self.verdict {
            Verdict::Forwarded => true,
            Verdict::Failed => has_reached_somebody(self.request_bytes, self.response_bytes, self.status),
            _ => false,
        };
        is_over && self.head.method != "CONNECT"
    }

    fn place(finding: &Finding) -> Place<'_> {
        let (severity, confidence) = (finding.severity as usize, finding.confidence as usize);
        Place {
            part: finding.location.part.as_str(),
            name: &finding.location.name,
            direction: if finding.location.direction == Direction::Response { "response" } else { "" },
            index: finding.location.index,
            kind: (severity, confidence, finding.identifier.as_str(), finding.origin.as_str()),
        }
    }

    fn deed(action: &Applied) -> Deed<'_> {
        Deed { word: action.action, header: action.header.as_bytes(), observed: action.observed }
    }
}

fn fate<A: Account>(account: &A, verdict: &str, finding: &A::Finding) -> Fate {
    let place = A::place(finding);
    if place.direction == "response" {
        return Fate::Elsewhere;
    }
    if verdict == "blocked" {
        return Fate::Withheld;
    }
    let deed = action_on(account, finding).map(A::deed);
    match verdict {
        _ if deed.is_some_and(|deed| !deed.observed && deed.word != "keep") => Fate::Withheld,
        _ if account.is_sent() => Fate::Reached,
        "tunnelled" if place.part == "hello" => Fate::Reached,
        _ => Fate::Elsewhere,
    }
}

fn action_on<'a, A: Account>(account: &'a A, finding: &A::Finding) -> Option<&'a A::Action> {
    let place = A::place(finding);
    let mut here = account.actions().iter().filter(|action| is_at(&A::deed(action), &place));
    let first = here.next()?;
    match here.next() {
        None if !is_partial(&A::deed(first), &place) => Some(first),
        None => Some(first).filter(|_| rank(account, &place) == 0),
        Some(second) => {
            let several: Vec<_> = [first, second].into_iter().chain(here).collect();
            several.get(rank(account, &place).min(several.len() - 1)).copied()
        }
    }
}

/// How many kinds of findings in the same place are worse.
fn rank<A: Account>(account: &A, place: &Place<'_>) -> usize {
    let is_here =
        |other: &Place<'_>| (other.part, other.direction, other.index) == (place.part, place.direction, place.index);
    let others = account.findings().iter().map(A::place).filter(is_here);
    let mut worse: Vec<_> = others.map(|other| other.kind).filter(|kind| *kind > place.kind).collect();
    worse.sort_unstable();
    worse.dedup();
    worse.len()
}

/// Whether such an action may leave other findings of the same field as they are.
fn is_partial(deed: &Deed<'_>, place: &Place<'_>) -> bool {
    let has_parts = place.part == "target" || place.name.eq_ignore_ascii_case(b"cookie");
    deed.word == "redact" || has_parts
}

fn is_at(deed: &Deed<'_>, place: &Place<'_>) -> bool {
    match place.part {
        "target" => deed.header == b":path",
        _ => deed.header.eq_ignore_ascii_case(place.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(verdict: &str, findings: &[(&str, &str, &str)], actions: &[(&str, &str)]) -> EventLine {
        let finding = |(part, name, severity): &(&str, &str, &str)| {
            serde_json::json!({ "identifier": "msisdn", "severity": severity, "confidence": "certain",
                "location": { "part": part, "name": name, "index": 0 } })
        };
        let action =
            |(header, action): &(&str, &str)| serde_json::json!({ "rule": "r", "action": action, "header": header });
        serde_json::from_value(serde_json::json!({
            "verdict": verdict, "method": "GET",
            "findings": findings.iter().map(finding).collect::<Vec<_>>(),
            "actions": actions.iter().map(action).collect::<Vec<_>>(),
        }))
        .unwrap()
    }

    fn fates(event: &EventLine) -> Vec<Fate> {
        event.findings.iter().map(|finding| event.fate(finding)).collect()
    }

    #[test]
    fn what_no_rule_took_out_reached_the_site() {
        let found = [("header", "X-Msisdn", "critical")];
        assert_eq!(fates(&event("forwarded", &found, &[])), [Fate::Reached]);
        assert_eq!(fates(&event("forwarded", &found, &[("x-msisdn", "keep")])), [Fate::Reached]);
        assert_eq!(fates(&event("forwarded", &found, &[("X-Msisdn", "strip")])), [Fate::Withheld]);
        assert_eq!(fates(&event("blocked", &found, &[("X-Msisdn", "block")])), [Fate::Withheld]);
        assert_eq!(fates(&event("refused", &found, &[])), [Fate::Elsewhere]);
        assert_eq!(fates(&event("tunnelled", &found, &[])), [Fate::Elsewhere]);
        assert_eq!(fates(&event("tunnelled", &[("hello", "", "high")], &[])), [Fate::Reached]);
    }

    #[test]
    fn what_is_only_observed_reached_it_as_well() {
        let mut event = event("forwarded", &[("header", "X", "critical")], &[("X", "strip")]);
        event.actions[0].observed = true;
        assert_eq!(fates(&event), [Fate::Reached]);
    }

    #[test]
    fn of_several_in_one_cookie_the_worst_was_dealt_with() {
        let found = [("header", "Cookie", "low"), ("header", "Cookie", "critical")];
        assert_eq!(fates(&event("forwarded", &found, &[("Cookie", "strip")])), [Fate::Reached, Fate::Withheld]);
        let found = [("header", "X", "low"), ("header", "X", "critical")];
        assert_eq!(fates(&event("forwarded", &found, &[("X", "strip")])), [Fate::Withheld, Fate::Withheld]);
        assert_eq!(fates(&event("forwarded", &found, &[("X", "redact")])), [Fate::Reached, Fate::Withheld]);
    }

    #[test]
    fn what_failed_got_there_if_somebody_answered() {
        let event = |status| EventLine { status, ..event("failed", &[("header", "X", "critical")], &[]) };
        for (status, fate) in [(None, Fate::Elsewhere), (Some(502), Fate::Elsewhere), (Some(200), Fate::Reached)] {
            assert_eq!(fates(&event(status)), [fate], "{status:?}");
        }
    }

    #[test]
    fn what_an_answer_holds_told_no_site() {
        let mut event = event("forwarded", &[("header", "X", "critical")], &[]);
        event.findings[0].location.direction = Some("response".into());
        assert_eq!(fates(&event), [Fate::Elsewhere]);
    }
}
