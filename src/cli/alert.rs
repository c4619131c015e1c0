//! Do alerts arrive?

use std::path::Path;

use super::{Failure, Outcome, judgement, run::told};
use crate::{alert, tls::CertAuthority};

/// Arguments of `alert`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Hand an alert that says that it is a test to every [[alert]], or to those that are named
    Test {
        /// The names of alerts
        name: Vec<String>,
    },
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    let Command::Test { name: names } = &arguments.command;
    let config = judgement::configuration(config)?;
    let authority = CertAuthority::load(&config.tls.ca_dir).map_err(|error| {
        Failure::because("the certificate authority cannot be used, which starting clir once makes", error)
    })?;
    let targets = told::targets(&config, &authority)?;
    if let Some(unknown) = names.iter().find(|name| !targets.iter().any(|target| target.name == **name)) {
        return Err(Failure::new(format!("no [[alert]] is called \"{unknown}\"")));
    }
    let mut wanted = targets.iter().filter(|target| names.is_empty() || names.contains(&target.name)).peekable();
    if wanted.peek().is_none() {
        return Err(Failure::new("the configuration has no [[alert]]"));
    }
    let mut failed = 0;
    for target in wanted {
        match alert::try_out(target) {
            Ok(()) => println!("{}: taken by {}", target.name, target.way),
            Err(why) => {
                failed += 1;
                println!("{}: not taken by {}: {why}", target.name, target.way);
            }
        }
    }
    if failed > 0 { Err(Failure::new(format!("{failed} not taken"))) } else { Ok(Outcome::Done) }
}
