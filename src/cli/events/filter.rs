//! Which events are asked for?

use std::net::{IpAddr, SocketAddr};

use clap::builder::PossibleValuesParser;
use globset::{GlobBuilder, GlobMatcher};
use ipnet::IpNet;
use jiff::Timestamp;
use ulid::Ulid;

use super::{moment, sieve::Sieve};
use crate::{
    detect::{Identifier, Severity},
    event::{ActionLine, EventLine, FindingLine},
    exchange::Host,
    policy::{HostSet, parse_network},
    sink::index::{Asked, Fits, Kind},
};

const WAYS: [&str; 3] = ["exit", "direct", "fallback"];
const ACTIONS: [&str; 5] = ["keep", "strip", "redact", "replace", "block"];
const VERDICTS: [&str; 8] =
    ["forwarded", "redirected", "answered", "blocked", "refused", "failed", "tunnelled", "intercepted"];

/// Everything that is given must hold. What is given several times holds if one of them does.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(in crate::cli) struct Filter {
    /// Not before this: 2026-11-22T14:02:11Z, 2026-11-22 (UTC), or how long ago: 2h, 7d
    #[arg(long, value_name = "WHEN", value_parser = moment::parse)]
    since: Option<Timestamp>,

    /// Not after this; written like --since, and a date is the whole day
    #[arg(long, value_name = "WHEN", value_parser = moment::parse_end)]
    until: Option<Timestamp>,

    /// From this client: its name, its address, with or without port, or a network such as 192.0.2.0/24
    #[arg(long, value_name = "CLIENT", value_parser = client)]
    client: Vec<Client>,

    /// To a host that matches this glob, such as *.example.org
    #[arg(long, value_name = "GLOB", value_parser = hosts)]
    host: Vec<HostSet>,

    /// With a finding of this kind
    #[arg(long, value_parser = PossibleValuesParser::new(Identifier::ALL.iter().map(|word| word.as_str())))]
    identifier: Vec<String>,

    /// With a finding that is at least this severe
    #[arg(long, value_parser = PossibleValuesParser::new(Severity::ALL.iter().map(|word| word.as_str())))]
    severity: Option<String>,

    /// On which a rule of this name acted; a glob will do
    #[arg(long, value_name = "NAME", value_parser = rule)]
    rule: Vec<RuleName>,

    /// On which a rule acted in this way
    #[arg(long, value_parser = PossibleValuesParser::new(ACTIONS))]
    action: Vec<String>,

    /// Known by this id, here, at the exit or at the clir before: `clir log --exchange ID` on both machines shows both
    /// accounts of one request
    #[arg(long, value_name = "ID", value_parser = exchange)]
    exchange: Vec<Ulid>,

    /// Which went this way
    #[arg(long, value_parser = PossibleValuesParser::new(WAYS))]
    via: Vec<String>,

    /// That ended in this way
    #[arg(long, value_parser = PossibleValuesParser::new(VERDICTS))]
    verdict: Vec<String>,
}

#[derive(Clone, Debug)]
enum Client {
    Network(IpNet),
    Socket(SocketAddr),
    Name(String),
}

#[derive(Clone, Debug)]
struct RuleName {
    exactly: String,
    pattern: Option<GlobMatcher>,
}

fn client(text: &str) -> Result<Client, String> {
    if let Ok(socket) = text.parse() {
        return Ok(Client::Socket(socket));
    }
    let is_address = text.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:/[]".contains(&byte));
    match parse_network(text) {
        Ok(network) => Ok(Client::Network(network)),
        Err(error) if is_address && text.contains(['.', ':', '/']) => Err(error.to_string()),
        Err(_) => Ok(Client::Name(text.to_owned())),
    }
}

fn exchange(text: &str) -> Result<Ulid, String> {
    Ulid::from_string(text).map_err(|_| "an id is 26 letters and digits, as it stands in the log".to_owned())
}

fn hosts(text: &str) -> Result<HostSet, String> {
    HostSet::parse(&[text]).map_err(|error| error.to_string())
}

/// A name may hold characters that mean something in a glob, so it is compared as it stands as well.
fn rule(text: &str) -> Result<RuleName, String> {
    let pattern = GlobBuilder::new(text).case_insensitive(true).build().ok().map(|glob| glob.compile_matcher());
    Ok(RuleName { exactly: text.to_owned(), pattern })
}

impl Filter {
    /// The time before which nothing is asked for.
    pub(in crate::cli) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// What can be told of a line before it is read.
    pub(super) fn sieve(&self) -> Sieve {
        let least = self.severity.as_deref().and_then(|word| word.parse::<Severity>().ok());
        let severities = Severity::ALL.iter().filter(|severity| least.is_some_and(|least| **severity >= least));
        let sieve = Sieve::between(self.since, self.until).to(&self.host);
        let sieve = sieve.with(severities).with(&self.exchange);
        let lists = [&self.identifier, &self.verdict, &self.action, &self.via];
        lists.into_iter().fold(sieve, Sieve::with)
    }

    /// The same, as far as the index can be asked for it. What stands there may be more than is asked for, and never less.
    pub(super) fn asked(&self) -> Vec<Asked<'_>> {
        let least = self.severity.as_deref().and_then(|word| word.parse::<Severity>().ok());
        // Of an event, the worst stands there.
        let is_bad =
            move |worst: &str| worst.parse::<Severity>().map_or(true, |worst| least.is_none_or(|least| worst >= least));
        let all: [(bool, Kind, Fits<'_>); 7] = [
            (!self.host.is_empty(), Kind::Host, Box::new(|host| self.host.iter().any(|hosts| is_among(hosts, host)))),
            (
                !self.client.is_empty(),
                Kind::Client,
                Box::new(|term| self.client.iter().any(|client| client.may_be(term))),
            ),
            (!self.rule.is_empty(), Kind::Rule, Box::new(|name| self.rule.iter().any(|rule| rule.is(name)))),
            (!self.identifier.is_empty(), Kind::Identifier, Box::new(|word| is_one_of(&self.identifier, word))),
            (!self.verdict.is_empty(), Kind::Verdict, Box::new(|word| is_one_of(&self.verdict, word))),
            (!self.action.is_empty(), Kind::Action, Box::new(|word| is_one_of(&self.action, word))),
            (least.is_some(), Kind::Severity, Box::new(is_bad)),
        ];
        all.into_iter().filter(|(is_asked, ..)| *is_asked).map(|(_, kind, fits)| Asked { kind, fits }).collect()
    }

    /// Nothing before this either, unless it says itself from when on.
    #[cfg(feature = "watch")]
    pub(in crate::cli) fn beginning(self, since: Option<Timestamp>) -> Self {
        Self { since: self.since.or(since), ..self }
    }

    /// Whether the event is asked for.
    pub(in crate::cli) fn admits(&self, event: &EventLine) -> bool {
        self.admits_time(&event.ts)
            && any_or(&self.client, |client| client.is(event))
            && any_or(&self.host, |hosts| is_among(hosts, &event.host))
            && any_or(&self.exchange, |id| is_known_by(event, id))
            && any_or(&self.via, |via| Some(via) == event.via.as_ref())
            && any_or(&self.verdict, |verdict| *verdict == event.verdict)
            && (self.asks_no_finding() || event.findings.iter().any(|finding| self.admits_finding(finding)))
            && (self.asks_no_action() || event.actions.iter().any(|action| self.admits_action(action)))
    }

    fn admits_time(&self, ts: &str) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Ok(time) = ts.parse::<Timestamp>() else { return false };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }

    fn asks_no_finding(&self) -> bool {
        self.identifier.is_empty() && self.severity.is_none()
    }

    fn admits_finding(&self, finding: &FindingLine) -> bool {
        let least = self.severity.as_deref().and_then(|word| word.parse::<Severity>().ok());
        any_or(&self.identifier, |identifier| *identifier == finding.identifier)
            && least.is_none_or(|least| finding.severity.parse().is_ok_and(|severity: Severity| severity >= least))
    }

    fn asks_no_action(&self) -> bool {
        self.rule.is_empty() && self.action.is_empty()
    }

    fn admits_action(&self, applied: &ActionLine) -> bool {
        any_or(&self.action, |action| *action == applied.action) && any_or(&self.rule, |rule| rule.is(&applied.rule))
    }
}

impl Client {
    fn is(&self, event: &EventLine) -> bool {
        let Ok(socket) = event.client.parse::<SocketAddr>() else { return false };
        match self {
            Self::Name(name) => event.client_name.as_ref() == Some(name),
            Self::Socket(wanted) => *wanted == socket,
            Self::Network(network) => network.contains(&socket.ip().to_canonical()) || network.contains(&socket.ip()),
        }
    }

    /// Whether it may be one that the index calls so: an address, and a name if there is one.
    fn may_be(&self, term: &str) -> bool {
        let (address, name) = term.split_once(' ').map_or((term, None), |(address, name)| (address, Some(name)));
        let Ok(address) = address.parse::<IpAddr>() else { return true };
        match self {
            Self::Name(wanted) => name == Some(wanted),
            Self::Socket(wanted) => wanted.ip().to_canonical() == address,
            // The index writes IPv4 in its own way, wherever it was seen.
            Self::Network(network) => {
                network.contains(&address) || matches!(network, IpNet::V6(_)) && address.is_ipv4()
            }
        }
    }
}

impl RuleName {
    fn is(&self, name: &str) -> bool {
        self.exactly == name || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(name))
    }
}

/// A masked host is no host name any more, but may still match.
pub(super) fn is_among(hosts: &HostSet, host: &str) -> bool {
    let address = host.parse().map(Host::Ip).or_else(|_| Host::parse(host.as_bytes()));
    address.map_or_else(|_| hosts.matches_name(host), |host| hosts.matches(&host))
}

/// The event's own id, that under which the exit knows it, or that of the clir before.
fn is_known_by(event: &EventLine, id: &Ulid) -> bool {
    let ids = [Some(&event.id), event.passage.as_ref(), event.hop.as_ref()];
    ids.into_iter().flatten().any(|text| text.parse().is_ok_and(|known: Ulid| known == *id))
}

fn is_one_of(words: &[String], word: &str) -> bool {
    words.iter().any(|one| one == word)
}

fn any_or<T>(list: &[T], holds: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(holds)
}
