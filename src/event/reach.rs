//! Did what was found get to the site?
//!
//! Judged by the line alone: by what the rules did to the place, and by how the exchange ended.

use super::{EventLine, FindingLine};

/// What became of something that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// It went on from clir to the site, or, of an answer, to the client.
    Received,
    /// A rule took it away, covered it, or refused the request; or access did.
    Spared,
    /// The exchange failed: whether it got there before cannot be told.
    Unknown,
}

impl EventLine {
    /// What became of this finding of the event's.
    pub fn reach(&self, finding: &FindingLine) -> Reach {
        match self.verdict.as_str() {
            "blocked" | "refused" | "answered" | "redirected" => return Reach::Spared,
            _ if self.was_edited(finding) => return Reach::Spared,
            _ => {}
        }
        let is_answer = finding.location.direction.as_deref() == Some("response");
        match self.verdict.as_str() {
            // An answer was found in, so the request got there.
            "failed" if !is_answer => Reach::Unknown,
            _ => Reach::Received,
        }
    }

    fn was_edited(&self, finding: &FindingLine) -> bool {
        let place = if finding.location.part == "target" { ":path" } else { finding.location.name.as_str() };
        self.actions.iter().any(|action| {
            let takes = matches!(action.action.as_str(), "strip" | "redact" | "replace" | "block");
            takes && !action.observed && action.header.eq_ignore_ascii_case(place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verdict: &str, actions: &str) -> EventLine {
        let text = format!(
            r#"{{"verdict":"{verdict}","status":200,"actions":{actions},
                "findings":[{{"location":{{"part":"header","name":"X-MSISDN","index":1}}}},{{"location":{{"part":"target","name":"","index":0}}}}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn reach(line: &EventLine) -> Vec<Reach> {
        line.findings.iter().map(|finding| line.reach(finding)).collect()
    }

    #[test]
    fn what_a_rule_took_is_spared_and_the_rest_is_not() {
        let strip = r#"[{"rule":"r","action":"strip","header":"x-msisdn"}]"#;
        assert_eq!(reach(&line("forwarded", strip)), [Reach::Spared, Reach::Received]);
        let target = r#"[{"rule":"r","action":"redact","header":":path"}]"#;
        assert_eq!(reach(&line("forwarded", target)), [Reach::Received, Reach::Spared]);
    }

    #[test]
    fn what_was_only_observed_or_kept_got_there() {
        for action in [
            r#"[{"action":"strip","header":"X-MSISDN","observed":true}]"#,
            r#"[{"action":"keep","header":"X-MSISDN"}]"#,
        ] {
            assert_eq!(reach(&line("forwarded", action)), [Reach::Received, Reach::Received]);
        }
    }

    #[test]
    fn a_request_that_went_nowhere_told_nobody() {
        for verdict in ["blocked", "refused", "answered", "redirected"] {
            assert_eq!(reach(&line(verdict, "[]")), [Reach::Spared, Reach::Spared]);
        }
    }

    #[test]
    fn of_what_failed_nothing_is_known() {
        assert_eq!(reach(&line("failed", "[]")), [Reach::Unknown, Reach::Unknown]);
    }
}
