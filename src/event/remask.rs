//! What of a line that shows values whole may be shown to others?
//!
//! A log with `log.values = "full"` holds what a report must not: this covers it again, as `masked` would have, by the
//! places that the line itself names. What is covered already stays as it is.

use bytes::Bytes;

use super::{EventLine, Redactor, needle::Needles, text::unescape};
use crate::exchange::Field;

/// Shorter runs of digits beside bullets are what masking leaves of a number.
const ENDS: usize = 7;

impl EventLine {
    /// Covers what was found, and credentials. `redactor` is one that masks.
    pub fn mask(&mut self, redactor: &Redactor) {
        let needles = Needles::of_values(&self.found_values());
        for index in 0..self.headers.len() {
            let spans =
                self.spans(|line, at| line.part == "header" && at == index && !is_answer(line.direction.as_deref()));
            if let Some((name, value)) = self.headers.get_mut(index) {
                let field = Field { name: Bytes::from(unescape(name)), value: Bytes::from(unescape(value)) };
                let spans = if is_covered(value) { covered(&field.value) } else { spans };
                let shown = redactor.value(&field, &spans, &needles).to_string();
                *value = shown;
                *name = redactor.other(&field.name, &needles).to_string();
            }
        }
        let target = Bytes::from(unescape(&self.target));
        let spans = if is_covered(&self.target) {
            covered(&target)
        } else {
            self.spans(|line, _| line.part == "target" && !is_answer(line.direction.as_deref()))
        };
        self.target = redactor.target(&target, &spans, &needles).to_string();
        self.host = redactor.other(&unescape(&self.host), &needles).to_string();
        let places = self.findings.iter_mut().map(|finding| &mut finding.location.name);
        for place in places.chain(self.actions.iter_mut().map(|action| &mut action.header)) {
            *place = redactor.other(&unescape(place), &needles).to_string();
        }
        if let Some(error) = &mut self.error {
            *error = redactor.other(&unescape(error), &needles).to_string();
        }
        if let Some(sni) = self.tunnel.as_mut().and_then(|tunnel| tunnel.sni.as_mut()) {
            *sni = redactor.other(&unescape(sni), &needles).to_string();
        }
    }

    fn spans(&self, is_here: impl Fn(&super::LocationLine, usize) -> bool) -> Vec<std::ops::Range<usize>> {
        let here = self.findings.iter().filter(|finding| is_here(&finding.location, finding.location.index));
        here.map(|finding| finding.span.0..finding.span.1).collect()
    }

    /// What the findings' spans cover, where it is not covered by bullets.
    fn found_values(&self) -> Vec<Bytes> {
        let of = |text: &str, span: (usize, usize)| {
            let bytes = unescape(text);
            (!is_covered(text)).then(|| bytes.get(span.0..span.1).map(Bytes::copy_from_slice)).flatten()
        };
        let values = self.findings.iter().filter_map(|finding| match finding.location.part.as_str() {
            _ if is_answer(finding.location.direction.as_deref()) => None,
            "header" if finding.location.r#in.is_some() => {
                of(&self.headers.get(finding.location.index)?.0, finding.span)
            }
            "header" => of(&self.headers.get(finding.location.index)?.1, finding.span),
            "target" => of(&self.target, finding.span),
            _ => None,
        });
        values.collect()
    }
}

fn is_answer(direction: Option<&str>) -> bool {
    direction == Some("response")
}

/// Bullets stand there: the line was masked when it was written, or somebody sent bullets.
fn is_covered(text: &str) -> bool {
    text.contains('•')
}

/// Where a number stands beside bullets after all.
fn covered(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut spans = Vec::new();
    let mut start = 0;
    for at in 0..=bytes.len() {
        if bytes.get(at).is_some_and(u8::is_ascii_digit) {
            continue;
        }
        if at - start > ENDS {
            spans.push(start..at);
        }
        start = at + 1;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Values, exchange::InstallationKey};

    fn masked(json: &str) -> EventLine {
        let mut line: EventLine = serde_json::from_str(json).unwrap();
        line.mask(&Redactor::new(Values::Masked, InstallationKey::new([7; 32])));
        line
    }

    #[test]
    fn what_was_written_whole_is_covered_everywhere() {
        let line = masked(
            r#"{"target":"/?id=447700900123","host":"example.org","headers":[["X-MSISDN","447700900123"],["Cookie","a=secret"]],
                "findings":[{"location":{"part":"header","name":"X-MSISDN","index":0},"span":[0,12]}],
                "error":"447700900123 is not there","tunnel":{"sni":"447700900123.example.org"}}"#,
        );
        assert_eq!(line.headers[0].1, "44770•••••23");
        assert!(!format!("{line:?}").contains("447700900123"), "{line:?}");
        assert!(!line.headers[1].1.contains("secret"), "{line:?}");
    }

    #[test]
    fn a_number_in_a_name_is_covered_as_well() {
        let line = masked(
            r#"{"target":"/","headers":[["X-447700900123","1"]],"actions":[{"header":"X-447700900123","action":"strip"}],
                "findings":[{"location":{"part":"header","name":"X-447700900123","index":0,"in":"name"},"span":[2,14]}]}"#,
        );
        assert!(!format!("{line:?}").contains("447700900123"), "{line:?}");
        assert_eq!(line.headers[0], ("X-44770•••••23".to_owned(), "1".to_owned()));
    }

    #[test]
    fn what_was_covered_stays() {
        let json = r#"{"target":"/","headers":[["X-MSISDN","44770•••••23"]],
            "findings":[{"location":{"part":"header","name":"X-MSISDN","index":0},"span":[0,12]}]}"#;
        assert_eq!(masked(json).headers[0].1, "44770•••••23");
    }

    #[test]
    fn bullets_that_somebody_sent_hide_no_number_from_us() {
        let json = r#"{"target":"/","headers":[["X-MSISDN","447700900123 •"]],
            "findings":[{"location":{"part":"header","name":"X-MSISDN","index":0},"span":[0,12]}]}"#;
        assert!(!masked(json).headers[0].1.contains("447700900123"));
    }
}
