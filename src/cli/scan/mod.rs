//! Which identifiers are in these captures?
//!
//! Scans and never edits. What cannot be read is told and passed over, and makes the command fail at the end, whatever
//! was found: a capture that was read in part proves nothing.

mod output;

pub(super) use output::describe;

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{
    Failure, Outcome,
    capture::{self, Captured, Format, Malformed},
    judgement::Judgement,
};
use crate::{
    detect::{
        Finding, Part, Scanner, Severity, Subject,
        behaviour::{self, Behaviour},
    },
    event::Values,
    exchange::{Direction, Origin, Scheme},
};
use output::Printer;

/// Arguments of `scan`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Captures to read; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// What they are written in [default: told by their content]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,

    /// Exit with 3 when there is a finding that is at least this severe
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    fail_on: Option<Severity>,

    /// Also find what only many requests together show, in the order of the captures
    #[arg(long)]
    stateful: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people: each request with what was found in it, and a summary
    Text,
    /// A JSON object for each request, {"id", "findings"}, in order; findings as in the event log
    Jsonl,
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.iter().map(|severity| severity.as_str()))
        .try_map(|word| word.parse::<Severity>().map_err(|()| "not a severity"))
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    let judgement = Judgement::load(config)?;
    let printer =
        Printer::new(BufWriter::new(io::stdout().lock()), arguments.output, judgement.redactor(Values::Masked));
    let behaviour = arguments.stateful.then(|| judgement.behaviour());
    scan(&Detection { scanner: judgement.scanner(), behaviour }, arguments, printer)
}

fn scan<W: Write>(detection: &Detection, arguments: &Arguments, mut printer: Printer<W>) -> Result<Outcome, Failure> {
    let mut tally = Tally::default();
    for file in &arguments.files {
        let is_live = file == Path::new("-");
        let read = capture::read(file, arguments.format, &mut |item| {
            judge(detection, file, item, &mut tally, &mut printer)?;
            if is_live { printer.flush() } else { Ok(()) }
        });
        if read.is_err() {
            printer.flush()?;
        }
        read?;
    }
    printer.finish(&tally)?;
    tally.outcome(arguments.fail_on)
}

fn judge<W: Write>(
    detection: &Detection,
    file: &Path,
    item: Result<Captured, Malformed>,
    tally: &mut Tally,
    printer: &mut Printer<W>,
) -> Result<(), Failure> {
    match item {
        Ok(captured) => {
            let findings = detection.findings(&captured);
            tally.add(&findings);
            printer.request(&captured, &findings)
        }
        Err(malformed) => {
            tally.malformed += 1;
            eprintln!("clir: {}: {}: {}", capture::name(file), malformed.place, malformed.cause);
            printer.malformed(&malformed)
        }
    }
}

/// What captures are scanned with.
struct Detection {
    scanner: Scanner,
    /// What was seen in the requests before, if that is asked for.
    behaviour: Option<Behaviour>,
}

impl Detection {
    /// What is found in the request, then what is found in the answer.
    fn findings(&self, captured: &Captured) -> Vec<Finding> {
        let head = &captured.head;
        let cleartext = captured.scheme == Scheme::Http || head.method == "CONNECT";
        let subject = |direction, target, fields| Subject { direction, part: Part::Header, target, fields, cleartext };
        let request = subject(Direction::Request, Some(head.target.as_ref()), &head.fields);
        let mut findings = self.scanner.scan(&request);
        self.observe(captured, &request, &mut findings);
        let answer = captured.response.iter().map(|fields| subject(Direction::Response, None, fields));
        findings.extend(answer.flat_map(|answer| self.scanner.scan(&answer)));
        findings
    }

    fn observe(&self, captured: &Captured, request: &Subject<'_>, findings: &mut Vec<Finding>) {
        let Some(behaviour) = &self.behaviour else { return };
        let origin = Origin::parse(captured.scheme, captured.authority.as_bytes()).ok();
        let passage = behaviour::Passage {
            client: captured.passage.client.as_bytes(),
            host: origin.as_ref().and_then(|origin| origin.host.name()).unwrap_or_default(),
            vantage: captured.passage.vantage,
            // Zero stands for a time that is not known.
            now: captured.passage.time.unwrap_or_default(),
        };
        behaviour::join(findings, behaviour.request(passage, request));
        captured.response.iter().for_each(|fields| behaviour.response(passage, fields));
    }
}

/// What was seen in all captures together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    requests: usize,
    with_findings: usize,
    malformed: usize,
    /// Findings by severity, in the order of [`Severity::ALL`].
    findings: [usize; Severity::ALL.len()],
    worst: Option<Severity>,
}

impl Tally {
    fn add(&mut self, findings: &[Finding]) {
        self.requests += 1;
        self.with_findings += usize::from(!findings.is_empty());
        for finding in findings {
            let mut counts = Severity::ALL.iter().zip(&mut self.findings);
            if let Some((_, count)) = counts.find(|(severity, _)| **severity == finding.severity) {
                *count += 1;
            }
            self.worst = self.worst.max(Some(finding.severity));
        }
    }

    fn outcome(&self, fail_on: Option<Severity>) -> Result<Outcome, Failure> {
        match self.malformed {
            0 if fail_on.is_some_and(|least| self.worst >= Some(least)) => Ok(Outcome::Found),
            0 => Ok(Outcome::Done),
            1 => Err(Failure::new("one request could not be read and was passed over")),
            count => Err(Failure::new(format!("{count} requests could not be read and were passed over"))),
        }
    }
}
