//! Which clients trust our authority, and what passes unread for them?
//!
//! Reads what the proxy keeps. What is to be forgotten is taken out of it, and a clir that runs hears of it within a
//! second.

mod output;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{Failure, Outcome, judgement};
use crate::{
    config::Config,
    policy::{
        Clients, HostSet,
        trust::{Look, Passed, Reason, Standing, Who, authority_of},
    },
    sink::{Forgetting, TrustedClient, forget_trust, read_trust},
    tls::CertAuthority,
};

/// Arguments of `trust`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    of: Of,

    /// How it is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Forget: a client has to show anew that it trusts the authority, a host is tried again
    Forget(Of),
}

/// Of whom, and about which hosts.
#[derive(Clone, Debug, clap::Args)]
struct Of {
    /// Only this client: its address, its network card, the user it logs in as, or its name in the configuration
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,

    /// Only what is known about hosts like this: "www.example.org", "*.example.org"
    #[arg(long, value_name = "HOST")]
    host: Option<String>,

    /// Directory of the event log, where it is kept [default: the configuration's `log.dir`]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people
    Text,
    /// A JSON object for each client, and for each thing that passes unread
    Jsonl,
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    let config = judgement::configuration(config)?;
    match &arguments.command {
        None => list(&config, &arguments.of, arguments.output)?,
        Some(Command::Forget(of)) => forget(&config, of)?,
    }
    Ok(Outcome::Done)
}

/// What is told of one client.
struct Told {
    name: Option<String>,
    standing: Standing,
    passing: Vec<Passed>,
}

fn list(config: &Config, of: &Of, output: Output) -> Result<(), Failure> {
    let hosts = of.hosts()?;
    let clients = of.clients(config)?;
    let told = match clients.is_empty() {
        true => Vec::new(),
        false => tell(config, clients, hosts.as_ref())?,
    };
    let text = match output {
        Output::Text if told.is_empty() && hosts.is_some() => "nothing passes for hosts like this\n".to_owned(),
        Output::Text if told.is_empty() => "no client is known yet\n".to_owned(),
        Output::Text => told.iter().map(output::text).collect(),
        Output::Jsonl => told.iter().map(output::jsonl).collect(),
    };
    print(&text)
}

fn tell(config: &Config, clients: Vec<TrustedClient>, hosts: Option<&HostSet>) -> Result<Vec<Told>, Failure> {
    let authority = CertAuthority::load(&config.tls.ca_dir)
        .map_err(|error| Failure::because("the certificate authority cannot be read", error))?;
    let now = Timestamp::now().as_millisecond();
    let look = Look { times: config.routing.trust, authority: authority_of(&authority.fingerprint()), now };
    let wanted = |passed: &Passed| match (hosts, &passed.host) {
        // That a client passes as a whole is told with the client.
        _ if passed.reason == Reason::NotTrusted => false,
        (None, _) => true,
        (Some(hosts), Some(host)) => hosts.matches_name(host),
        (Some(_), None) => false,
    };
    let tell = |TrustedClient { who, known }: TrustedClient| Told {
        name: who.named(&config.clients).map(|name| name.to_string()),
        standing: known.standing(&who, &look),
        passing: known.passing(&who, &look).into_iter().filter(wanted).collect(),
    };
    let told = clients.into_iter().rev().map(tell);
    Ok(told.filter(|told| hosts.is_none() || !told.passing.is_empty()).collect())
}

fn forget(config: &Config, of: &Of) -> Result<(), Failure> {
    of.hosts()?;
    let whose: Vec<_> = of.clients(config)?.into_iter().map(|client| client.who).collect();
    let clients = of.client.as_ref().map(|_| whose.as_slice());
    let dir = of.dir(config);
    let forgotten = forget_trust(dir, &Forgetting { clients, host: of.host.as_deref() })
        .map_err(|error| Failure::because(format!("trust.db in {} cannot be written", dir.display()), error))?;
    let what = match (&of.host, forgotten) {
        (Some(_), 1) => "host forgotten: it is tried again",
        (Some(_), _) => "hosts forgotten: they are tried again",
        (None, 1) => "client forgotten: it passes unread until it has shown again that it trusts the authority",
        (None, _) => "clients forgotten: they pass unread until they have shown again that they trust the authority",
    };
    print(&format!("{forgotten} {what}\n"))
}

impl Of {
    fn dir<'a>(&'a self, config: &'a Config) -> &'a Path {
        self.dir.as_deref().unwrap_or(&config.log.dir)
    }

    fn hosts(&self) -> Result<Option<HostSet>, Failure> {
        let hosts = self.host.as_deref().map(|host| HostSet::parse(&[host])).transpose();
        hosts.map_err(|fault| Failure::because("--host is no pattern of hosts, such as \"*.example.org\"", fault))
    }

    /// The clients that are meant, in the order in which they were last heard of.
    fn clients(&self, config: &Config) -> Result<Vec<TrustedClient>, Failure> {
        let dir = self.dir(config);
        let clients = read_trust(dir)
            .map_err(|error| Failure::because(format!("trust.db in {} cannot be read", dir.display()), error))?;
        let Some(wanted) = &self.client else { return Ok(clients) };
        let meant = |client: &TrustedClient| is_meant(&client.who, wanted, &config.clients);
        let meant: Vec<_> = clients.into_iter().filter(meant).collect();
        match meant.is_empty() {
            true => Err(Failure::new(format!("no client is known as \"{wanted}\": `clir trust` lists those that are"))),
            false => Ok(meant),
        }
    }
}

fn is_meant(who: &Who, wanted: &str, clients: &Clients) -> bool {
    let is_user = matches!(who, Who::User { name, .. } if **name == *wanted);
    is_user || wanted.parse().is_ok_and(|wanted: Who| wanted == *who) || who.named(clients).as_deref() == Some(wanted)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map_err(|error| Failure::because("standard output", error))
}
