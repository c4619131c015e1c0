//! Which authority signs our leaves?

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use jiff::Timestamp;

use super::{Failure, Outcome};
use crate::{
    config,
    tls::{self, AuthorityError, CertAuthority},
};

/// Arguments of `ca`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Show the authority: name, fingerprint, validity, files (what happens without a subcommand)
    Show,
    /// Write the certificate for a phone or a browser; never the key
    Export(Export),
    /// Make a new authority; the old one's files are kept under a name with today's date
    Rotate(Rotate),
}

#[derive(Clone, Debug, clap::Args)]
struct Export {
    /// pem is text, for most systems; der is binary, for some phones
    #[arg(long, value_enum, default_value = "pem")]
    format: Format,

    /// Where to write it; a file that exists is replaced [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Pem,
    Der,
}

#[derive(Clone, Debug, clap::Args)]
struct Rotate {
    /// Really do it: every phone and browser has to trust the new authority afterwards
    #[arg(long)]
    yes: bool,
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    let loaded = config::load(config).map_err(|report| Failure::new(report.to_string()))?;
    let dir = loaded.config.tls.ca_dir;
    match arguments.command.as_ref().unwrap_or(&Command::Show) {
        Command::Show => print(&describe(&load(&dir)?, &dir, now()))?,
        Command::Export(export) => self::export(&load(&dir)?, export)?,
        Command::Rotate(rotate) => self::rotate(&dir, rotate)?,
    }
    Ok(Outcome::Done)
}

fn load(dir: &Path) -> Result<CertAuthority, Failure> {
    CertAuthority::load(dir).map_err(failure)
}

/// The error says it all; only the system's answer is a cause of its own.
fn failure(error: AuthorityError) -> Failure {
    let message = error.to_string();
    match error {
        AuthorityError::Io { source, .. } => Failure::because(message, source),
        _ => Failure::new(message),
    }
}

fn describe(authority: &CertAuthority, dir: &Path, now: Timestamp) -> String {
    let (from, until) = authority.validity();
    let day = |second| Timestamp::from_second(second).map(|time| time.strftime("%Y-%m-%d").to_string());
    let (first, last) = (day(from).unwrap_or_default(), day(until).unwrap_or_default());
    let remark = match now.as_second() {
        second if second < from => " (not valid yet: is the clock right?)".to_owned(),
        second if second > until => " (expired: `clir ca rotate --yes` makes a new one)".to_owned(),
        second => format!(" ({} days left)", (until - second) / 86_400),
    };
    format!(
        "subject      {}\n\
         SHA-256      {}\n\
         key          {}\n\
         valid        {first} to {last}{remark}\n\
         certificate  {}\n\
         private key  {}\n",
        authority.subject(),
        authority.fingerprint(),
        authority.key_type(),
        authority.certificate_path().display(),
        dir.join("clir-ca.key").display(),
    )
}

fn export(authority: &CertAuthority, arguments: &Export) -> Result<(), Failure> {
    let bytes = match arguments.format {
        Format::Pem => authority.certificate_pem().as_bytes(),
        Format::Der => authority.certificate_der(),
    };
    match &arguments.out {
        Some(path) => {
            fs::write(path, bytes).map_err(|error| Failure::because(format!("cannot write {}", path.display()), error))
        }
        None if matches!(arguments.format, Format::Der) && io::stdout().is_terminal() => Err(Failure::new(
            "DER is binary and no sight for a terminal: name a file with --out, or redirect the output",
        )),
        None => write(bytes),
    }
}

fn rotate(dir: &Path, arguments: &Rotate) -> Result<(), Failure> {
    if !arguments.yes {
        return Err(Failure::new(
            "a new authority means that every phone and browser has to trust it anew: `clir ca rotate --yes` does it",
        ));
    }
    let rotated = tls::rotate(dir, SystemTime::now()).map_err(failure)?;
    let report = format!(
        "{}\n\
         The old one is kept as {} and {}.\n\
         1. If clir runs, send it SIGHUP (`systemctl reload`, `kill -HUP`): it goes on with the old authority until then.\n\
         2. Install the new certificate on every phone and browser (`clir ca export`), and compare the fingerprint.\n\
         3. Remove the old certificate there: whoever has the old key could still impersonate any site to them.\n",
        describe(&rotated.authority, dir, now()),
        rotated.old_certificate.display(),
        rotated.old_key.display(),
    );
    print(&report)
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn print(text: &str) -> Result<(), Failure> {
    write(text.as_bytes())
}

fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::because("cannot write to standard output", error))
}
