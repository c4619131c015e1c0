//! How is told what was found in captures?

use std::io::{self, Write};

use serde_json::Value;

use super::{Output, Tally};
use crate::{
    cli::{
        Failure,
        capture::{Captured, Malformed},
        wrap::wrap,
    },
    detect::{Finding, Part, Severity},
    event::{Redactor, printable, provenance, render_finding},
    exchange::Direction,
};

/// What is true of every capture.
const LIMITS: &str = "\
A capture shows what passed where and when it was taken. What a carrier adds behind that point, on
another network or on another day is not in it, and inside TLS no carrier can add a header: that
nothing is found here does not prove that a site learns nothing.";

/// Prints request after request.
pub(super) struct Printer<W> {
    out: W,
    output: Output,
    redactor: Redactor,
    line: Vec<u8>,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(out: W, output: Output, redactor: Redactor) -> Self {
        Self { out, output, redactor, line: Vec::new() }
    }

    pub(super) fn request(&mut self, captured: &Captured, findings: &[Finding]) -> Result<(), Failure> {
        self.line.clear();
        match self.output {
            Output::Text => self.text(captured, findings),
            Output::Jsonl => self.json(&captured.id, None, findings),
        }
        self.out.write_all(&self.line).map_err(told)
    }

    /// A line in is a line out, whatever stood in it. People read of it on standard error.
    pub(super) fn malformed(&mut self, malformed: &Malformed) -> Result<(), Failure> {
        self.line.clear();
        if self.output == Output::Jsonl {
            let error = format!("{}: {}", malformed.place, malformed.cause);
            self.json(&malformed.id, Some(error.into()), &[]);
        }
        self.out.write_all(&self.line).map_err(told)
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(told)
    }

    pub(super) fn finish(&mut self, tally: &Tally) -> Result<(), Failure> {
        if self.output == Output::Text {
            write!(self.out, "\n{}\n{LIMITS}\n", summary(tally)).map_err(told)?;
        }
        self.flush()
    }

    fn json(&mut self, id: &Value, error: Option<Value>, findings: &[Finding]) {
        self.line.extend_from_slice(format!("{{\"id\":{id}").as_bytes());
        if let Some(error) = error {
            self.line.extend_from_slice(format!(",\"error\":{error}").as_bytes());
        }
        self.line.extend_from_slice(b",\"findings\":[");
        for (index, finding) in findings.iter().enumerate() {
            if index > 0 {
                self.line.push(b',');
            }
            render_finding(finding, &self.redactor, &mut self.line);
        }
        self.line.extend_from_slice(b"]}\n");
    }

    fn text(&mut self, captured: &Captured, findings: &[Finding]) {
        let id = captured.id.as_str().map_or_else(|| captured.id.to_string(), str::to_owned);
        let method = captured.head.method.escape_ascii();
        let host = if captured.authority.is_empty() { "(no host)" } else { &captured.authority };
        let host = self.redactor.text(host, findings);
        self.push(&format!("{id}  {method} {host}"));
        for finding in findings {
            self.push(&format!("    {}: {}", describe(finding, &self.redactor), self.redactor.found(finding)));
            let told = provenance::of(finding, &self.redactor);
            told.iter().flat_map(|line| wrap(6, line)).for_each(|line| self.push(&line));
        }
    }

    fn push(&mut self, text: &str) {
        self.line.extend_from_slice(printable(text).as_bytes());
        self.line.push(b'\n');
    }
}

/// `critical msisdn (certain) in header x-msisdn`
pub(in crate::cli) fn describe(finding: &Finding, redactor: &Redactor) -> String {
    let Finding { severity, identifier, confidence, location, .. } = finding;
    let name = redactor.text(&String::from_utf8_lossy(&location.name), std::slice::from_ref(finding));
    let place = match location.part {
        Part::Target => "in the target".into(),
        Part::Hello => format!("in extension {} of the ClientHello", finding.location.name.escape_ascii()),
        part if location.in_name => format!("in the name of {part} {name}"),
        part => format!("in {part} {name}"),
    };
    let of = if location.direction == Direction::Response { " of the answer" } else { "" };
    format!("{severity} {identifier} ({confidence}) {place}{of}")
}

fn summary(tally: &Tally) -> String {
    let requests = if tally.requests == 1 { "request" } else { "requests" };
    let mut text = format!("{} {requests}, {} with findings", tally.requests, tally.with_findings);
    let counted = Severity::ALL.iter().zip(tally.findings).rev().filter(|(_, count)| *count > 0);
    let counted: Vec<_> = counted.map(|(severity, count)| format!("{count} {severity}")).collect();
    if !counted.is_empty() {
        text += &format!(": {}", counted.join(", "));
    }
    if tally.malformed > 0 {
        text += &format!("; {} could not be read", tally.malformed);
    }
    text + "."
}

fn told(error: io::Error) -> Failure {
    Failure::because("cannot write the output", error)
}
