//! What became of a finding: did the site receive it?
//!
//! By the event's line alone. Where one line of a rule cannot be laid to one of several findings in the same place, the
//! worst of them counts as dealt with and the others as sent: that errs on the side of telling.

use super::{ActionLine, EventLine, FindingLine};

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        if finding.location.direction.as_deref() == Some("response") {
            return Fate::Elsewhere;
        }
        let is_withheld = self.action_on(finding).is_some_and(|action| !action.observed && action.action != "keep");
        match self.verdict.as_str() {
            "blocked" => Fate::Withheld,
            _ if is_withheld => Fate::Withheld,
            "forwarded" => Fate::Reached,
            "tunnelled" if finding.location.part == "hello" => Fate::Reached,
            "failed" if self.method != "CONNECT" && self.has_reached_somebody() => Fate::Reached,
            _ => Fate::Elsewhere,
        }
    }

    /// The action that decided on a finding.
    pub fn action_on(&self, finding: &FindingLine) -> Option<&ActionLine> {
        let here: Vec<_> = self.actions.iter().filter(|action| is_at(action, finding)).collect();
        let others = self.findings.iter().filter(|other| place(other) == place(finding));
        let mut kinds: Vec<_> = others.map(kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let rank = kinds.iter().rev().position(|other| *other == kind(finding)).unwrap_or(0);
        match here.as_slice() {
            [] => None,
            [only] if rank > 0 && is_partial(only, finding) => None,
            [only] => Some(only),
            several => several.get(rank.min(several.len() - 1)).copied(),
        }
    }

    /// Of a request that came to no good end: whether anything of it is known to have gone out.
    fn has_reached_somebody(&self) -> bool {
        self.request_bytes > 0 || self.response_bytes > 0 || !matches!(self.status, None | Some(502..=504))
    }
}

/// Whether such an action may leave other findings of the same field as they are.
fn is_partial(action: &ActionLine, finding: &FindingLine) -> bool {
    let has_parts = finding.location.part == "target" || finding.location.name.eq_ignore_ascii_case("cookie");
    action.action == "redact" || has_parts
}

fn is_at(action: &ActionLine, finding: &FindingLine) -> bool {
    match finding.location.part.as_str() {
        "target" => action.header == ":path",
        _ => action.header.eq_ignore_ascii_case(&finding.location.name),
    }
}

fn place(finding: &FindingLine) -> (&str, &str, usize) {
    let location = &finding.location;
    (&location.part, location.direction.as_deref().unwrap_or_default(), location.index)
}

/// What rules look at; the worst is the last.
fn kind(finding: &FindingLine) -> (usize, usize, &str, &str) {
    let at = |words: &[&str], word: &str| words.iter().position(|known| *known == word).unwrap_or(0);
    let severity = at(&["low", "medium", "high", "critical"], &finding.severity);
    let confidence = at(&["possible", "likely", "certain"], &finding.confidence);
    (severity, confidence, &finding.identifier, &finding.origin)
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
}
