//! What is done to requests on the way, told to a person or a machine?

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{Failure, Outcome, judgement::Judgement};
use crate::{
    event::{Values, printable},
    probe::{self, Difference, Judge, Proxy, Reflector, Report, Settings, Trial},
    tls::RootSource,
};

/// Arguments of `probe`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Where `clir reflect` runs, beyond what is to be tested: a host (its ports 80, 8080 and 443 are tried), host:port, or a
    /// URL
    #[arg(required = true, value_name = "REFLECTOR")]
    reflectors: Vec<Reflector>,

    /// Try it through this HTTP proxy as well, such as a clir: host:port; may be said several times
    #[arg(long, value_name = "PROXY")]
    via: Vec<Proxy>,

    /// Try it through this network interface, such as the cellular one; said twice, both are compared
    #[arg(long, value_name = "NAME")]
    interface: Vec<String>,

    /// Say that this is the host, at the reflector's own address: rules that are bound to a site's name fire; may be said
    /// several times
    #[arg(long, value_name = "HOST", value_parser = host)]
    named_host: Vec<String>,

    /// How often the plain requests are sent
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repeat: u16,

    /// A certificate (PEM) that the reflector's must lead to, beside the system's roots
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,

    /// How the result is told
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,

    /// Show what was put there on the way whole, and not only its ends
    #[arg(long)]
    unmask: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// A table for people
    Text,
    /// One object, for `clir report --probe` and for machines
    Json,
}

fn host(text: &str) -> Result<String, String> {
    match crate::exchange::Origin::parse(crate::exchange::Scheme::Http, text.as_bytes()) {
        Ok(origin) => Ok(origin.authority()),
        Err(error) => Err(error.to_string()),
    }
}

/// Carries the command out. Exit code 3 says that something identifies.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    let judgement = Judgement::load(config)?;
    let values = if arguments.unmask { Values::Full } else { Values::Masked };
    let judge =
        Judge { scanner: judgement.scanner(), redactor: judgement.redactor(values), tells_all: arguments.unmask };
    let settings = Settings {
        reflectors: arguments.reflectors.clone(),
        interfaces: arguments.interface.clone(),
        proxies: arguments.via.clone(),
        named_hosts: arguments.named_host.clone(),
        repeat: arguments.repeat,
        roots: std::iter::once(RootSource::System).chain(arguments.ca.iter().cloned().map(RootSource::File)).collect(),
    };
    let mut heading = String::new();
    let mut failed = None;
    let report = probe::probe(&settings, &judge, &mut |trial| {
        if arguments.output == Output::Text && failed.is_none() {
            failed = row(&mut heading, trial).err();
        }
    })
    .map_err(Failure::new)?;
    let written = match (failed, arguments.output) {
        (Some(error), _) => Err(error),
        (None, Output::Text) => text(&report),
        (None, Output::Json) => json(&report),
    };
    written.map_err(|error| Failure::because("cannot write the output", error))?;
    match (report.verdict.tested, report.verdict.identifies) {
        (false, _) => Err(Failure::new("nothing could be tried: see what was not reached, and why")),
        (true, true) => Ok(Outcome::Found),
        (true, false) => Ok(Outcome::Done),
    }
}

/// One request, as soon as it is known what became of it.
fn row(heading: &mut String, trial: &Trial) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let at = Some(trial.address.clone()).filter(|address| !address.is_empty());
    let via = trial.via.as_ref().map(|proxy| format!("by {proxy}"));
    let way: Vec<_> = [at, trial.interface.clone(), via].into_iter().flatten().collect();
    let way = if way.is_empty() { String::new() } else { format!(" ({})", way.join(", ")) };
    let place = format!("{}{way}", trial.reflector);
    if *heading != place {
        writeln!(out, "{place}")?;
        *heading = place;
    }
    let name = format!("  {:<34}", trial.name);
    if let Some(error) = &trial.error {
        return writeln!(out, "{name} not tried: {}", printable(error));
    }
    if trial.differences.is_empty() {
        let what = if trial.arrived.is_some() { "as it was sent" } else { "answer as it was sent" };
        return writeln!(out, "{name} {what}");
    }
    for (index, difference) in trial.differences.iter().enumerate() {
        let name = if index == 0 { name.as_str() } else { "" };
        writeln!(out, "{name:<36} {}", printable(&told(difference)))?;
    }
    out.flush()
}

fn told(difference: &Difference) -> String {
    let Difference { kind, side, name, before, after, note, findings } = difference;
    let values = match (before, after) {
        (Some(before), Some(after)) => format!(": {before} → {after}"),
        (None, Some(after)) => format!(": {after}"),
        (Some(before), None) => format!(": {before}"),
        (None, None) => String::new(),
    };
    let note = note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
    let found = findings.iter().filter_map(|finding| {
        let word = |key: &str| finding.get(key)?.as_str().map(str::to_owned);
        Some(format!("; {} {} ({})", word("severity")?, word("identifier")?, word("confidence")?))
    });
    format!("{kind} in the {side}: {name}{values}{note}{}", found.collect::<String>())
}

fn text(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut tell = |sentence: &str| -> io::Result<()> {
        super::wrap::wrap(0, &printable(sentence)).iter().try_for_each(|line| writeln!(out, "{line}"))
    };
    ["", &report.verdict.statement, ""].into_iter().try_for_each(&mut tell)?;
    report.coverage.iter().try_for_each(|sentence| tell(sentence))?;
    out.flush()
}

fn json(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out)?;
    out.flush()
}
