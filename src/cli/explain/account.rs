//! How is a judgement told to a person?

use std::ops::Range;

use jiff::civil::Date;

use super::{fields::Fields, why};
use crate::{
    cli::scan::describe,
    detect::{Finding, InsertedBy, Part, Scanner, Subject},
    event::{Redactor, printable},
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
    pub judged: &'a Judgement<RequestHead>,
    pub today: Date,
    pub show_values: bool,
}

impl Account<'_> {
    /// The whole account.
    pub(super) fn tell(&self) -> String {
        let mut lines = self.circumstances();
        lines.push(String::new());
        lines.extend(self.found());
        lines.extend(self.named());
        lines.push(String::new());
        let account = self.scanner.account(&self.subject(self.head));
        lines.extend(Fields { account: &account, redactor: self.redactor, show_values: self.show_values }.lines());
        lines.push(String::new());
        lines.extend(self.sent());
        lines.iter().map(|line| printable(line).into_owned() + "\n").collect()
    }

    fn circumstances(&self) -> Vec<String> {
        let Context { listener, vantage, client, origin } = self.context;
        let origin = self.redactor.text(&origin.to_string(), &self.judged.findings);
        let method = String::from_utf8_lossy(&self.head.method);
        vec![
            format!("A {method} request to {origin}, from {} through listener \"{listener}\".", client.ip()),
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
            lines.extend(provenance(finding));
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

    fn sent(&self) -> Vec<String> {
        let observed = self.policy.mode() == Mode::Observe;
        let note = if observed { " (the policy only observes, so nothing is changed)" } else { "" };
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
            let is_there = |finding: &&Finding| finding.location.part == part && finding.location.index == index;
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

fn provenance(finding: &Finding) -> [String; 2] {
    let origin = match finding.origin {
        InsertedBy::Carrier => "put there by the carrier",
        InsertedBy::Handset => "put there by the phone",
        InsertedBy::Unknown => "put there by whom cannot be told",
    };
    let signature = finding.signature.as_ref().map_or(String::new(), |id| format!(", signature {id}"));
    let line = match finding.location.part {
        Part::Target => String::new(),
        _ => format!(", field line {}", finding.location.index),
    };
    let span = &finding.span;
    [
        format!("    {origin}: {}", finding.origin_reason),
        format!("    detector {}{signature}{line}, bytes {} to {}", finding.detector, span.start, span.end),
    ]
}
