//! What can be shown to others of what was logged?
//!
//! Makes a directory with a page for people, the events that it rests on, drafts of letters, and digests of all of it and of the
//! log; `--verify` compares such a directory, and the log, with the digests.

mod clock;
mod folder;
mod manifest;
mod selected;
mod verify;

use std::{
    env, fs,
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{Failure, Outcome, events::Filter, judgement};
use crate::{
    detect::Severity,
    report::{self, Circumstances, Gathering, Probe, Texts},
    sink::Chain,
};
use clap::builder::PossibleValuesParser;
use folder::Folder;
use manifest::Manifest;

/// The largest file of texts or of a probe that is read.
const LARGEST: u64 = 16 << 20;

/// What `--unmask` wants to read.
const AGREED: &str = "unmask";

/// Arguments of `report`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Directory of the event log [default: the configuration's `log.dir`]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// The directory to make [default: clir-report- and the time]
    #[arg(long, value_name = "DIR", conflicts_with = "verify")]
    out: Option<PathBuf>,

    /// Whom it concerns: the carrier's name, for the page and the letters
    #[arg(long, value_name = "NAME", conflicts_with = "verify")]
    about: Option<String>,

    /// A result of `clir probe --output json` that belongs to it
    #[arg(long, value_name = "FILE", conflicts_with = "verify")]
    probe: Vec<PathBuf>,

    /// Findings that are at least this severe
    #[arg(long, value_name = "SEVERITY", default_value = "medium", conflicts_with = "verify",
          value_parser = PossibleValuesParser::new(Severity::ALL.iter().map(|word| word.as_str())))]
    least: String,

    /// At most so many requests are shown whole; all are in events.jsonl
    #[arg(long, value_name = "N", default_value_t = 30, conflicts_with = "verify")]
    exhibits: usize,

    /// The words of the report in another language: a file with the keys of the English one
    #[arg(long, value_name = "FILE", conflicts_with = "verify")]
    texts: Option<PathBuf>,

    /// What is known of the clock of the machine that clir ran on, as a sentence [default: what this system says of its own]
    #[arg(long, value_name = "SENTENCE", conflicts_with = "verify")]
    clock: Option<String>,

    /// Show identifiers whole, where the log has them whole (`log.values = "full"`). Asks first
    #[arg(long, conflicts_with = "verify")]
    unmask: bool,

    /// Do not ask
    #[arg(long, requires = "unmask")]
    yes: bool,

    /// Compare a report, and the log that it was made from, with its digests; what differs is named, and the exit code is 1
    #[arg(long, value_name = "REPORT")]
    verify: Option<PathBuf>,

    /// With --verify: the digest that was printed when the report was made
    #[arg(long, value_name = "SHA256", requires = "verify")]
    noted: Option<String>,

    #[command(flatten)]
    filter: Filter,
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    if let Some(made) = &arguments.verify {
        return verify::verify(made, arguments.dir.as_deref(), arguments.noted.as_deref(), &mut io::stdout().lock());
    }
    let dir = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => judgement::configuration(config)?.log.dir,
    };
    let texts = texts(arguments.texts.as_deref())?;
    let probes = arguments.probe.iter().map(|path| probe(path)).collect::<Result<Vec<_>, _>>()?;
    if arguments.unmask && !arguments.yes {
        agree()?;
    }
    make(&dir, arguments, &texts, probes)
}

fn make(dir: &Path, arguments: &Arguments, texts: &Texts, probes: Vec<Probe>) -> Result<Outcome, Failure> {
    let now = Timestamp::now();
    let chain = Chain::read(dir)
        .map_err(|error| Failure::because(format!("cannot read {}", Chain::path(dir).display()), error))?;
    let folder = Folder::make(arguments.out.as_deref(), now)?;
    let least = arguments.least.parse().unwrap_or(Severity::Medium);
    let mut gathering = Gathering::new(arguments.exhibits, least);
    selected::write(dir, &arguments.filter, arguments.unmask, &mut gathering, &folder)?;
    let manifest = Manifest::of(dir, &chain, now)?;
    let clock = arguments.clock.clone().or_else(|| clock::told(texts, &probes));
    let circumstances = Circumstances {
        made: now,
        about: arguments.about.clone(),
        filter: asked(),
        dir: dir.display().to_string(),
        clock,
        is_unmasked: arguments.unmask,
        files: manifest.log_files(),
        chain: (chain.head().to_owned(), chain.links.len()),
        broken_at: chain.broken_at,
        probes,
    };
    folder.file("report.html", report::page(&gathering, &circumstances, texts).as_bytes())?;
    folder.file("findings.csv", report::findings_csv(&gathering).as_bytes())?;
    for letter in report::letters(&gathering, &circumstances, texts) {
        folder.file(letter.file, letter.text.as_bytes())?;
    }
    for path in &arguments.probe {
        folder.file(&name_of(path), read(path)?.as_bytes())?;
    }
    folder.file("manifest.json", &manifest.json()?)?;
    let digest = folder.seal()?;
    tell(&folder, &digest, chain.broken_at)
}

fn tell(folder: &Folder, digest: &str, broken_at: Option<usize>) -> Result<Outcome, Failure> {
    let path = folder.path().display();
    if let Some(line) = broken_at {
        eprintln!("clir: the log's chain is broken at line {line}; the report says so. `clir log --verify` tells more");
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{path}/report.html")
        .and_then(|()| writeln!(out, "SHA256SUMS has the digest {digest}"))
        .and_then(|()| writeln!(out, "Note it somewhere else: `clir report --verify {path} --noted DIGEST` compares"))
        .map_err(|error| Failure::because("cannot write the output", error))?;
    Ok(Outcome::Done)
}

/// What the report was restricted to, as it was given: everything but what only concerns how it is made.
fn asked() -> String {
    let ours = ["--since", "--until", "--client", "--host", "--identifier", "--severity", "--rule", "--action"];
    let more = ["--exchange", "--via", "--verdict"];
    let arguments: Vec<String> = env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let mut told = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let name = argument.split('=').next().unwrap_or_default();
        if ours.iter().chain(&more).any(|known| *known == name) {
            told.push(argument.clone());
            told.extend(arguments.get(at + 1).filter(|_| !argument.contains('=')).map(|value| quoted(value)));
        }
    }
    told.join(" ")
}

/// As a shell would read it back.
fn quoted(value: &str) -> String {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/,@+".contains(&byte));
    if is_plain { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

fn texts(path: Option<&Path>) -> Result<Texts, Failure> {
    let Some(path) = path else { return Ok(Texts::default()) };
    Texts::parse(&read(path)?).map_err(|error| Failure::because(format!("{} cannot be used", path.display()), error))
}

fn probe(path: &Path) -> Result<Probe, Failure> {
    Probe::parse(&name_of(path), &read(path)?).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().map_or_else(|| "probe".into(), |name| name.to_string_lossy());
    format!("probe-{}", name.trim_start_matches("probe-"))
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::because(format!("cannot read {}", path.display()), error);
    if fs::metadata(path).map_err(failed)?.len() > LARGEST {
        return Err(Failure::new(format!("{} is larger than {} MiB", path.display(), LARGEST >> 20)));
    }
    fs::read_to_string(path).map_err(failed)
}

/// Nobody shows a number to others by mistake.
fn agree() -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new("--unmask asks first, and nobody is at a terminal: add --yes if it is meant"));
    }
    eprint!("The report will show identifiers whole, and every copy of it as well. Type \"{AGREED}\" to go on: ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::because("cannot read the answer", error))?;
    if answer.trim() == AGREED { Ok(()) } else { Err(Failure::new("nothing was made")) }
}
