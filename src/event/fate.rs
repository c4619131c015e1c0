//! Did the site receive what was found?
//!
//! Judged by an event's line alone, and where that does not tell, by the worse of the two.

use super::{ActionLine, EventLine, FindingLine};

/// What became of something that was found in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The site received it.
    Received,
    /// A rule kept it from the site.
    Spared,
    /// It was on no way to a site, or whether it arrived is not known.
    Neither,
}

impl EventLine {
    /// What became of one of this event's findings.
    pub fn fate(&self, finding: &FindingLine) -> Fate {
        let location = &finding.location;
        if location.direction.as_deref() == Some("response") {
            return Fate::Neither;
        }
        if self.verdict == "blocked" || self.is_edited(&location.part, &location.name) {
            return Fate::Spared;
        }
        // The head of a CONNECT ends here; a ClientHello that passes through is the client's own.
        let is_for_us = self.method == "CONNECT" && location.part != "hello";
        let is_sent = match self.verdict.as_str() {
            "forwarded" | "tunnelled" => true,
            // Where the site has answered, it had the request; these two clir says itself.
            "failed" => self.status.is_some_and(|status| !matches!(status, 502 | 504)),
            _ => false,
        };
        if is_sent && !is_for_us { Fate::Received } else { Fate::Neither }
    }

    /// Whether a rule took it out. Where another one kept something in the same place, it may have been this.
    fn is_edited(&self, part: &str, name: &str) -> bool {
        let place = if part == "target" { ":path" } else { name };
        let is_here = |action: &&ActionLine| !action.observed && action.header.eq_ignore_ascii_case(place);
        let mut here = self.actions.iter().filter(is_here).peekable();
        here.peek().is_some() && here.all(|action| action.action != "keep")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::LocationLine;

    fn event(verdict: &str, actions: &[(&str, &str, bool)]) -> EventLine {
        let action = |&(action, header, observed): &(&str, &str, bool)| ActionLine {
            rule: "r".into(),
            action: action.into(),
            header: header.into(),
            observed,
        };
        EventLine {
            method: "GET".into(),
            verdict: verdict.into(),
            actions: actions.iter().map(action).collect(),
            ..EventLine::default()
        }
    }

    fn finding(part: &str, name: &str) -> FindingLine {
        let location = LocationLine { part: part.into(), name: name.into(), ..LocationLine::default() };
        FindingLine { location, ..FindingLine::default() }
    }

    #[test]
    fn what_is_taken_out_is_spared_and_what_is_not_is_received() {
        let found = finding("header", "X-MSISDN");
        let cases = [
            (event("forwarded", &[("strip", "x-msisdn", false)]), Fate::Spared),
            (event("forwarded", &[("redact", "X-MSISDN", false)]), Fate::Spared),
            (event("forwarded", &[("strip", "X-MSISDN", true)]), Fate::Received),
            (event("forwarded", &[("strip", "X-Other", false)]), Fate::Received),
            (event("forwarded", &[("keep", "X-MSISDN", false), ("strip", "X-MSISDN", false)]), Fate::Received),
            (event("forwarded", &[]), Fate::Received),
            (event("blocked", &[]), Fate::Spared),
            (event("refused", &[]), Fate::Neither),
            (event("failed", &[]), Fate::Neither),
            (EventLine { status: Some(502), ..event("failed", &[]) }, Fate::Neither),
            (EventLine { status: Some(200), ..event("failed", &[]) }, Fate::Received),
        ];
        for (event, fate) in cases {
            assert_eq!(event.fate(&found), fate, "{event:?}");
        }
    }

    #[test]
    fn targets_tunnels_and_answers() {
        let stripped = event("forwarded", &[("strip", ":path", false)]);
        assert_eq!(stripped.fate(&finding("target", "")), Fate::Spared);
        let tunnel = EventLine { method: "CONNECT".into(), ..event("tunnelled", &[]) };
        assert_eq!(tunnel.fate(&finding("header", "X-MSISDN")), Fate::Neither);
        assert_eq!(tunnel.fate(&finding("hello", "65000")), Fate::Received);
        let mut answer = finding("header", "X-MSISDN");
        answer.location.direction = Some("response".into());
        assert_eq!(event("forwarded", &[]).fate(&answer), Fate::Neither);
    }
}
