//! How is a judgement told to a person?

use std::ops::Range;

use jiff::civil::Date;

use super::{fields::Fields, why};
use crate::{
    cli::{scan::describe, wrap::wrap},
    detect::{self, Finding, Part, Scanner, Subject},
    event::{EventLine, FindingLine, Redactor, guarded, printable, provenance, render_finding},
    exchange::{Context, Direction, RequestHead, Scheme},
    intercept::{Judgement, Outcome},
    policy::{Decision, Matched, Mode, Policy, Query, Rule},
};

/// Everything that there is to tell of.
pub(super) struct Account<'a> {
    pub policy: &'a Policy,
    pub scanner: &'a Scanner,
    pub redactor: &'a Redactor,
    pub context: &'a Context,
    pub head: &'a RequestHead,
    /// The event that the request was read from; empty if it was not.
    pub event: &'a EventLine,
    pub judged: &'a Judgement<RequestHead>,
    pub today: Date,
    /// It asks whether the network is online.
    pub is_check: bool,
    pub show_values: bool,
}

impl Account<'_> {
    /// The whole account.
    pub(super) fn tell(&self) -> String {
        let mut lines = self.circumstances();
        lines.push(String::new());
        lines.extend(self.found());
        lines.extend(self.named());
        lines.extend(self.seen());
        lines.push(String::new());
        let account = self.scanner.account(&self.subject(self.head));
        lines.extend(self.fields(&account).lines());
        lines.push(String::new());
        lines.extend(self.sent());
        lines.iter().map(|line| printable(line).into_owned() + "\n").collect()
    }

    /// The findings, and why field by field, as one line of JSON.
    pub(super) fn json(&self) -> String {
        let account = self.scanner.account(&self.subject(self.head));
        let mut findings = Vec::new();
        for finding in &account.findings {
            let comma: &[u8] = if findings.is_empty() { b"" } else { b"," };
            findings.extend_from_slice(comma);
            render_finding(finding, self.redactor, &mut findings);
        }
        let fields = self.fields(&account).json().to_string();
        let line = [b"{\"findings\":[", &*findings, b"],\"fields\":", fields.as_bytes(), b"}\n"].concat();
        String::from_utf8_lossy(&guarded(&line)).into_owned()
    }

    fn fields<'f>(&'f self, account: &'f detect::Account) -> Fields<'f> {
        Fields { account, redactor: self.redactor, show_values: self.show_values }
    }

    fn circumstances(&self) -> Vec<String> {
        let Context { listener, vantage, client, origin, known, .. } = self.context;
        let origin = self.redactor.text(&origin.to_string(), &self.judged.findings);
        let method = String::from_utf8_lossy(&self.head.method);
        let name = known.client.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        vec![
            format!("A {method} request to {origin}, from {}{name} through listener \"{listener}\".", client.ip()),
            format!("Vantage {vantage}: clir {}.", vantage.coverage()),
        ]
    }

    fn found(&self) -> Vec<String> {
        let findings = &self.judged.findings;
        if findings.is_empty() {
            return vec!["Found: nothing.".into()];
        }
        let mut lines = vec!["Found:".to_owned()];
        for (index, finding) in findings.iter().enumerate() {
            lines.push(format!("  {}: {}", describe(finding, self.redactor), self.redactor.found(finding)));
            let told = provenance::of(finding, self.redactor).into_iter().chain([detection(finding)]);
            lines.extend(told.flat_map(|line| wrap(4, &line)));
            lines.extend(self.decided(index, finding));
        }
        lines
    }

    /// Which rule decides on a finding, and why the rules before it do not.
    fn decided(&self, index: usize, finding: &Finding) -> Vec<String> {
        let decision = self.judged.decisions.iter().find(|decision| match decision.matched {
            Matched::Finding(at) => at == index,
            Matched::Field(at) => finding.location.part != Part::Target && at == finding.location.index,
        });
        let deciding = decision.map(|decision| decision.rule);
        let rules = self.policy.rules();
        let before = rules.iter().enumerate().take(deciding.unwrap_or(rules.len()));
        let query = self.query();
        let name = self.redactor.text(&String::from_utf8_lossy(&finding.location.name), &self.judged.findings);
        let mut lines: Vec<_> = before
            .map(|(at, rule)| {
                format!(
                    "    rule {} \"{}\" does not match: {}",
                    at + 1,
                    rule.name,
                    why::not(rule, &query, finding, &name)
                )
            })
            .collect();
        match decision.and_then(|decision| self.rule(decision)) {
            Some((at, rule)) => lines.extend(deciding_rule(at, rule)),
            None => lines.push("    no rule matches: it is kept, and logged".into()),
        }
        lines
    }

    /// Header fields that a rule names and in which nothing was found.
    fn named(&self) -> Vec<String> {
        let findings = &self.judged.findings;
        let has_finding = |at: usize| {
            findings.iter().any(|finding| finding.location.part != Part::Target && finding.location.index == at)
        };
        let mut lines = Vec::new();
        for decision in &self.judged.decisions {
            let Matched::Field(at) = decision.matched else { continue };
            let (Some(field), Some((index, rule))) = (self.head.fields.get(at), self.rule(decision)) else { continue };
            if !has_finding(at) {
                let name = self.redactor.text(&field.name_str(), findings);
                lines.push(format!("  header {name}, in which nothing is found"));
                lines.extend(deciding_rule(index, rule));
            }
        }
        if !lines.is_empty() {
            lines.insert(0, "Named by rules:".into());
        }
        lines
    }

    /// What the event tells of many requests, which no single one shows.
    fn seen(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for finding in self.event.findings.iter().filter(|finding| finding.evidence.is_some()) {
            let FindingLine { severity, identifier, confidence, location, detector, .. } = finding;
            let name = self.redactor.text(&location.name, &self.judged.findings);
            lines.push(format!("  {severity} {identifier} ({confidence}) in {} {name}, by {detector}", location.part));
            lines.extend(provenance::of_line(finding).iter().flat_map(|line| wrap(4, line)));
        }
        if !lines.is_empty() {
            lines.insert(0, "Found over time, as the event tells:".into());
        }
        lines
    }

    fn sent(&self) -> Vec<String> {
        let note = match self.policy.mode() {
            _ if self.is_check => " (it asks whether the network is online, and no rule touches that)",
            Mode::Observe => " (the policy only observes, so nothing is changed)",
            Mode::Enforce => "",
        };
        match &self.judged.outcome {
            Outcome::Blocked(block) => {
                let reason = block.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
                vec![format!(
                    "Sent: nothing. The client is answered {} by rule \"{}\"{reason}.",
                    block.status, block.rule
                )]
            }
            Outcome::Unchanged => [vec![format!("Sent, as it came{note}:")], self.shown(self.head)].concat(),
            Outcome::Edited(head) => [vec!["Sent:".to_owned()], self.shown(head)].concat(),
        }
    }

    /// A head with what is found in it masked. Fields that are for one hop only are the proxy's business and still there.
    fn shown(&self, head: &RequestHead) -> Vec<String> {
        let left = self.scanner.scan(&self.subject(head));
        let spans = |part: Part, index: usize| -> Vec<Range<usize>> {
            let is_there = |finding: &&Finding| {
                let location = &finding.location;
                location.part == part && location.index == index && !location.in_name
            };
            left.iter().filter(is_there).map(|finding| finding.span.clone()).collect()
        };
        let findings = &self.judged.findings;
        let target = self.redactor.path(&head.target, &spans(Part::Target, 0), findings);
        let mut lines = vec![format!("  {} {target} {}", String::from_utf8_lossy(&head.method), head.version)];
        for (index, field) in head.fields.iter().enumerate() {
            let name = self.redactor.text(&field.name_str(), findings);
            lines.push(format!("  {name}: {}", self.redactor.field(field, &spans(Part::Header, index), findings)));
        }
        lines
    }

    fn subject<'h>(&self, head: &'h RequestHead) -> Subject<'h> {
        Subject {
            direction: Direction::Request,
            part: Part::Header,
            target: Some(&head.target),
            fields: &head.fields,
            cleartext: self.context.origin.scheme == Scheme::Http || head.method == "CONNECT",
        }
    }

    fn rule(&self, decision: &Decision) -> Option<(usize, &Rule)> {
        self.policy.rules().get(decision.rule).map(|rule| (decision.rule, rule))
    }

    fn query(&self) -> Query<'_> {
        Query {
            direction: Direction::Request,
            context: self.context,
            method: &self.head.method,
            target: &self.head.target,
            today: self.today,
        }
    }
}

fn deciding_rule(index: usize, rule: &Rule) -> Vec<String> {
    let mut lines = vec![format!("    rule {} decides: {rule}", index + 1)];
    lines.extend(rule.reason.as_ref().map(|reason| format!("      because {reason}")));
    lines
}

fn detection(finding: &Finding) -> String {
    let signature = finding.signature.as_ref().map_or(String::new(), |id| format!(", signature {id}"));
    let line = match finding.location.part {
        Part::Target => String::new(),
        _ if finding.location.in_name => format!(", name of field line {}", finding.location.index),
        _ => format!(", field line {}", finding.location.index),
    };
    let span = &finding.span;
    format!("detector {}{signature}{line}, bytes {} to {}", finding.detector, span.start, span.end)
}
