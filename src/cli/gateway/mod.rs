//! How does this machine become a gateway, and is it one?

mod install;
mod watch;

use std::{
    io::{self, Write as _},
    path::Path,
};

use super::{Failure, Outcome, judgement};
use crate::{
    config::Config,
    gateway::{self, Home, Observation, Plan, Receiver, Standing},
};

/// Arguments of `gateway`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Print the rules that `up` would put in force, and change nothing
    Plan,
    /// Put the rules in force that lead devices to clir; again for those of a changed configuration
    Up(watch::Arguments),
    /// Take away what `up` has put in force, and nothing else
    Down,
    /// Tell whether the rules are in force, and what passes by clir; exit 1 if anything is wrong
    Status,
    /// Wait for the end of a process, and take the rules away
    #[command(hide = true)]
    Guard(watch::Guard),
    /// Write the units with which systemd runs clir
    Install(install::Arguments),
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    match &arguments.command {
        Command::Plan => print(&plan(&loaded(config)?)?.to_string()),
        Command::Up(arguments) => up(&loaded(config)?, arguments),
        // Whatever the configuration says by now, and even if it is broken.
        Command::Down => down(),
        Command::Status => status(&loaded(config)?),
        Command::Guard(arguments) => guard(arguments.process),
        Command::Install(arguments) => install::run(&loaded(config)?, arguments),
    }
}

fn loaded(config: Option<&Path>) -> Result<Config, Failure> {
    let loaded = judgement::loaded(config)?;
    loaded.warnings.print();
    Ok(loaded.config)
}

fn plan(config: &Config) -> Result<Plan, Failure> {
    gateway::plan(&config.gateway, &listeners(config), &gateway::facts(&config.gateway))
        .map_err(|error| Failure::because("there is nothing to put in force", error))
}

fn listeners(config: &Config) -> Vec<Receiver> {
    config.listeners.iter().map(|listener| Receiver { kind: listener.kind, address: listener.address }).collect()
}

fn up(config: &Config, arguments: &watch::Arguments) -> Result<Outcome, Failure> {
    let plan = plan(config)?;
    let home = Home::default();
    let watched = arguments.process.map(watch::begin).transpose()?;
    let is_guarded = watched.is_none() && !arguments.unguarded;
    // Before the rules: it may end while they come.
    let listening = is_guarded.then(|| gateway::indispensable(&plan)).flatten();
    gateway::up(&config.gateway, &plan, &home).map_err(|error| Failure::because("the gateway is not up", error))?;
    if let Some(process) = listening {
        watch::leave_guard(process)?;
    }
    let lan: Vec<_> = config.gateway.lan.iter().map(ToString::to_string).collect();
    let ports: Vec<_> = config.gateway.ports.iter().map(ToString::to_string).collect();
    print(&format!("the gateway is up: TCP from {} to ports {} is led to clir\n", lan.join(", "), ports.join(", ")))?;
    if is_guarded && listening.is_none() && gateway::is_redirected(&plan) {
        print("note: nobody listens yet: connections are refused until clir runs; say `up` again then\n")?;
    }
    let Some(watched) = watched else { return Ok(Outcome::Done) };
    let why = watched.wait()?;
    gateway::down(&home).map_err(|error| Failure::because("the gateway is not down", error))?;
    print(&format!("the gateway is down: {why}\n"))
}

/// A process that has ended already is no less a reason.
fn guard(process: i32) -> Result<Outcome, Failure> {
    if let Ok(watched) = watch::begin(process) {
        watched.wait()?;
    }
    down()
}

fn down() -> Result<Outcome, Failure> {
    let was_up = gateway::down(&Home::default()).map_err(|error| Failure::because("the gateway is not down", error))?;
    print(if was_up { "the gateway is down\n" } else { "the gateway was not up\n" })
}

fn status(config: &Config) -> Result<Outcome, Failure> {
    let plan = plan(config)?;
    let seen = gateway::inspect(&config.gateway, &plan, &Home::default())
        .map_err(|error| Failure::because("the gateway cannot be looked at", error))?;
    print(&seen.iter().map(line).collect::<String>())?;
    match seen.iter().filter(|seen| seen.standing == Standing::Fault).count() {
        0 => Ok(Outcome::Done),
        1 => Err(Failure::new("the gateway is not as it should be: 1 fault")),
        faults => Err(Failure::new(format!("the gateway is not as it should be: {faults} faults"))),
    }
}

fn line(seen: &Observation) -> String {
    let word = match seen.standing {
        Standing::Good => "ok",
        Standing::Note => "note",
        Standing::Fault => "FAULT",
    };
    format!("{word:<6} {}\n", seen.text)
}

fn print(text: &str) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::because("standard output", error))?;
    Ok(Outcome::Done)
}
