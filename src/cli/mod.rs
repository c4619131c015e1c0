//! What can a person ask for?
//!
//! One file a command. A command returns an [`Outcome`] or a [`Failure`]; only this file turns them into exit codes:
//! 0 done, 1 configuration or run-time error, 2 usage, 3 identifiers found.

mod alert;
mod ca;
mod capture;
mod check;
mod claim;
mod completions;
mod events;
mod explain;
mod failure;
mod gateway;
mod judgement;
mod log;
mod passwd;
#[cfg(feature = "evidence")]
mod probe;
mod qr;
#[cfg(feature = "evidence")]
mod reflect;
#[cfg(feature = "evidence")]
mod report;
mod run;
mod scan;
mod terminal;
mod trust;
#[cfg(feature = "watch")]
mod watch;
mod wrap;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::telemetry;
pub use failure::{Failure, Outcome};

/// Finds the identifiers that mobile carriers and apps put into web traffic, and takes them out.
///
/// Without a command, clir runs the proxy: point a phone's proxy setting at it and watch what leaves the phone.
#[derive(Debug, Parser)]
#[command(name = "clir", version, max_term_width = 100)]
pub struct Arguments {
    /// Configuration file [default: the first found of $CLIR_CONFIG, config/clir.toml,
    /// $XDG_CONFIG_HOME/clir/clir.toml, /etc/clir/clir.toml, else the built-in one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Say more on standard error; twice for everything. No value of any header is ever said
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the proxy (what happens without a command)
    Run,
    /// Check configuration, policy and signatures without opening a socket
    Check(check::Arguments),
    /// Tell what would be found in one request, which rules would match, and what would be sent
    Explain(explain::Arguments),
    /// Look for identifiers in captured requests
    Scan(scan::Arguments),
    /// Read the event log
    Log(Box<log::Arguments>),
    /// Send known requests to a reflector, and tell what was done to them and to the answers on the way
    #[cfg(feature = "evidence")]
    Probe(probe::Arguments),
    /// Make evidence out of the event log: a page for people, the requests it rests on, and digests of all of it
    #[cfg(feature = "evidence")]
    Report(Box<report::Arguments>),
    /// Watch what passes, in a terminal
    #[cfg(feature = "watch")]
    Watch(Box<watch::Arguments>),
    /// Show a code that leads a phone to clir's page for setting it up
    Qr(qr::Arguments),
    /// Show, export or replace the certificate authority
    Ca(ca::Arguments),
    /// List clients that trust the authority, and what passes unread for them; or forget it
    Trust(trust::Arguments),
    /// Lead the devices behind this machine to clir, by rules of its firewall
    Gateway(gateway::Arguments),
    /// Show visitors the request that a site receives from them, and whether anything was added on the way
    #[cfg(feature = "evidence")]
    Reflect(reflect::Arguments),
    /// Make secret links that let a phone in from the address where it opens them
    Claim(claim::Arguments),
    /// Try out whether alerts arrive
    Alert(alert::Arguments),
    /// Hash a password for `access.users`
    Passwd(passwd::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
}

/// Runs the command that the process's arguments ask for.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = arguments.config.as_deref();
    telemetry::init(arguments.verbose, arguments.quiet);
    let outcome = match arguments.command.unwrap_or(Command::Run) {
        Command::Run => run::run(config),
        Command::Check(arguments) => check::run(config, &arguments),
        Command::Explain(arguments) => explain::run(config, &arguments),
        Command::Scan(arguments) => scan::run(config, &arguments),
        Command::Log(arguments) => log::run(config, &arguments),
        #[cfg(feature = "evidence")]
        Command::Probe(arguments) => probe::run(config, &arguments),
        #[cfg(feature = "evidence")]
        Command::Report(arguments) => report::run(config, &arguments),
        #[cfg(feature = "watch")]
        Command::Watch(arguments) => watch::run(config, &arguments),
        Command::Qr(arguments) => qr::run(config, &arguments),
        Command::Ca(arguments) => ca::run(config, &arguments),
        Command::Trust(arguments) => trust::run(config, &arguments),
        Command::Gateway(arguments) => gateway::run(config, &arguments),
        #[cfg(feature = "evidence")]
        Command::Reflect(arguments) => reflect::run(&arguments),
        Command::Claim(arguments) => claim::run(config, &arguments),
        Command::Alert(arguments) => alert::run(config, &arguments),
        Command::Passwd(arguments) => passwd::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.report(),
    }
}
