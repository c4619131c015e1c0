//! Is what was written sound?

use std::{
    fmt::Write as _,
    io::{self, Write},
    path::Path,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Failure, Outcome};
use crate::{
    config::{self, AlertWay, Config, Loaded, PolicyFile},
    exchange::Direction,
    listen::Kind,
    policy::Client,
};

/// Arguments of `check`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {}

/// Carries the command out: faults go to standard error, a summary of what would hold to standard output.
pub fn run(config: Option<&Path>, _arguments: &Arguments) -> Result<Outcome, Failure> {
    let Loaded { config, warnings, .. } = config::load(config).map_err(|report| {
        report.print();
        Failure::new(format!("the configuration is not sound: {}", report.summary()))
    })?;
    warnings.print();
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let mut text = summary(&config, today);
    match warnings.is_empty() {
        true => text.push_str("sound\n"),
        false => text.push_str(&format!("sound, with {}\n", warnings.summary())),
    }
    io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::because("standard output", error))?;
    Ok(Outcome::Done)
}

/// Who is let in, who is called what, and who is told.
fn people(config: &Config) -> Vec<(&'static str, String)> {
    let claims = config.claiming.iter().map(|claiming| {
        ("claims", format!("links lead to {}, and admit at most {} addresses", claiming.url, claiming.addresses))
    });
    let clients = config.clients.iter().map(|client| ("client", named(client)));
    let alerts = config.alerts.iter().map(|target| {
        let way = match &target.way {
            AlertWay::Command(argv) => argv.first().cloned().unwrap_or_default(),
            AlertWay::Webhook { origin, .. } => origin.to_string(),
        };
        ("alert", format!("{}: by {way}, at most {} an hour", target.name, target.per_hour))
    });
    claims.chain(clients).chain(alerts).collect()
}

/// What holds, a line each.
fn summary(config: &Config, today: Date) -> String {
    let shown = |path: &Option<_>, other: &str| {
        path.as_ref().map_or_else(|| other.to_owned(), |path: &std::path::PathBuf| path.display().to_string())
    };
    let mut text = String::new();
    let mut line = |key: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key:<14} {value}");
    };
    line("configuration", shown(&config.path, "built in"));
    for listener in &config.listeners {
        let vantage = listener.vantage;
        let kind = match listener.kind {
            Kind::Explicit => String::new(),
            kind => format!(" ({})", kind.as_str()),
        };
        let coverage = vantage.coverage();
        line("listener", format!("{}{kind} on {}, {vantage}: {coverage}", listener.label, listener.address));
        if let Some(door) = &listener.tls {
            line("", format!("speaks TLS, and shows {}", door.shows()));
        }
    }
    line("clients", clients(config));
    if let Some(claiming) = &config.claiming {
        line("claims", format!("links lead to {}, and admit at most {} addresses", claiming.url, claiming.addresses));
    }
    for (key, value) in people(config) {
        line(key, value);
    }
    if config.upgrading.enabled {
        line("upgrade", "cleartext goes inside TLS where the site is there as well".to_owned());
    }
    line("intercept", config.routing.mode.as_str().to_owned());
    if let Some(upstream) = &config.upstream {
        line("exit", upstream.to_string());
    }
    line("policy", policy(config));
    for partner in &config.partners {
        let until = match partner.expires {
            Some(last) if partner.is_expired(today) => format!("expired after {last}"),
            Some(last) => format!("until {last}"),
            None => "until further notice".to_owned(),
        };
        line("partner", format!("{}: {}, {until}", partner.name, partner.hosts));
    }
    line("signatures", config.signatures.len().to_string());
    if !config.identities.is_empty() {
        line("identities", identities(config));
    }
    line("events", format!("{}, values {}", config.log.dir.display(), config.log.values.as_str()));
    text
}

fn clients(config: &Config) -> String {
    let users = match config.access.users.len() {
        0 => "no authentication".to_owned(),
        1 => "authentication as 1 user".to_owned(),
        count => format!("authentication as one of {count} users"),
    };
    let clients = match config.access.clients.is_empty() {
        true => "nobody".to_owned(),
        false => config.access.clients.to_string(),
    };
    format!("{clients}; {users}")
}

/// What is agreed for a client, without its addresses: they are in the configuration.
fn named(client: &Client) -> String {
    let intercept = client.intercept.map(|mode| format!("intercept {}", mode.as_str()));
    let private = client.is_private.then(|| "private".to_owned());
    let ways: Vec<_> = intercept.into_iter().chain(private).collect();
    if ways.is_empty() { client.name.to_string() } else { format!("{}: {}", client.name, ways.join(", ")) }
}

/// What the user calls them; what they are called by others stands nowhere.
fn identities(config: &Config) -> String {
    let labels: Vec<_> = config.identities.labels().map(|(label, kind)| format!("{label} ({kind})")).collect();
    format!("{}: {}", config.identities.len(), labels.join(", "))
}

fn policy(config: &Config) -> String {
    let rules = config.policy.rules();
    let responses = rules.iter().filter(|rule| rule.direction == Direction::Response).count();
    let file = match &config.policy_file {
        PolicyFile::File(path) => path.display().to_string(),
        PolicyFile::BuiltIn => "built in".to_owned(),
        PolicyFile::Inline => "in the configuration".to_owned(),
    };
    format!(
        "{file}; {}, {} for requests, {responses} for responses",
        config.policy.mode().as_str(),
        counted(rules.len() - responses, "rule"),
    )
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
