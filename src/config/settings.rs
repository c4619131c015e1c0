//! What does a configuration come to?
//!
//! The settings as the rest of the program uses them, with their defaults.

use std::{
    collections::HashSet,
    net::{Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use super::{Door, Upstream};
use crate::{
    alert,
    detect::{Identities, Severity, SignatureSet},
    event::Values,
    exchange::{Origin, Sensitive, Vantage},
    gateway,
    listen::Kind,
    policy::{
        Access, AddressClass, AddressSet, Clients, Connectivity, HostSet, Partner, Policy, PortSet, Routing, Upgrading,
    },
};

/// A whole configuration, sound and compiled.
#[derive(Debug)]
pub struct Config {
    /// The file that it comes from; nothing for the compiled-in one.
    pub path: Option<PathBuf>,
    /// Where its rules come from.
    pub policy_file: PolicyFile,
    /// Where clients connect.
    pub listeners: Vec<Listener>,
    /// Who may connect, and where to.
    pub access: Arc<Access>,
    /// What links admit, if any may.
    pub claiming: Option<Claiming>,
    /// Which tunnels are opened.
    pub routing: Arc<Routing>,
    /// What becomes of cleartext requests.
    pub upgrading: Upgrading,
    /// Who is asked whether the network is online.
    pub connectivity: Arc<Connectivity>,
    /// The clients that have names.
    pub clients: Arc<Clients>,
    /// Whom we trust, and where our own authority is kept.
    pub tls: Tls,
    /// What goes by an exit, if there is one.
    pub upstream: Option<Upstream>,
    /// Where events go.
    pub log: Log,
    /// Where the live view is.
    pub admin: Admin,
    /// What is watched over time.
    pub behaviour: Behaviour,
    /// Who is told at once.
    pub alerts: Vec<AlertTarget>,
    /// How much of everything.
    pub limits: Limits,
    /// How long for everything.
    pub timeouts: Timeouts,
    /// How devices are led here that do not know of clir.
    pub gateway: gateway::Settings,
    /// The rules.
    pub policy: Arc<Policy>,
    /// Where each rule stands, in the order of the policy.
    pub rule_places: Vec<RulePlace>,
    /// The trusted partners, expired ones included.
    pub partners: Vec<Arc<Partner>>,
    /// The signatures, compiled-in ones and those of `[signatures] dir`.
    pub signatures: Arc<SignatureSet>,
    /// The user's own numbers and addresses, digested.
    pub identities: Arc<Identities>,
}

/// Where rules come from, apart from those that stand in the configuration itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyFile {
    /// The configuration's own are all there are.
    Inline,
    /// The compiled-in policy.
    BuiltIn,
    /// This file.
    File(PathBuf),
}

/// Where a rule stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePlace {
    /// The file, as it is called in diagnostics.
    pub file: String,
    /// The line of its name, counted from one.
    pub line: usize,
}

/// One place where clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// How connections arrive.
    pub kind: Kind,
    /// Address and port; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Where it stands on the path.
    pub vantage: Vantage,
    /// Its name in events and rules.
    pub label: Arc<str>,
    /// What it shows, where clients speak TLS to it.
    pub tls: Option<Door>,
    /// Whether addresses that a link has admitted may come in.
    pub claims: bool,
}

impl Default for Listener {
    fn default() -> Self {
        let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 8080));
        Self {
            kind: Kind::default(),
            address,
            vantage: Vantage::NoCarrier,
            label: "home".into(),
            tls: None,
            claims: false,
        }
    }
}

/// What links admit, and where they lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claiming {
    /// Where links lead, as phones reach it.
    pub url: Origin,
    /// For how long an address is admitted, unless the link says otherwise.
    pub lasts: Duration,
    /// How many addresses are admitted at once.
    pub addresses: u32,
    /// The listeners that they are admitted to, by their labels.
    pub listeners: HashSet<Arc<str>>,
    /// The one that links lead to.
    pub door: Arc<str>,
}

/// Somebody who is told at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertTarget {
    /// What it is called in the log.
    pub name: String,
    /// Of what it is told.
    pub kinds: Vec<alert::Kind>,
    /// Of leaks that are at least so bad.
    pub severity: Severity,
    /// Of leaks only if no site had received the identifier before.
    pub only_first_ever: bool,
    /// How.
    pub way: AlertWay,
    /// How often within an hour.
    pub per_hour: u32,
    /// How long each may take.
    pub limit: Duration,
}

/// How somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertWay {
    /// By a program and its arguments.
    Command(Vec<String>),
    /// By a request there, which may hold a secret.
    Webhook {
        /// Scheme, host and port.
        origin: Origin,
        /// The rest.
        path: Sensitive<String>,
        /// What its certificate must lead to.
        roots: Vec<Roots>,
    },
}

/// What TLS needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Where the certificate authority's key and certificate are kept.
    pub ca_dir: PathBuf,
    /// What an origin's certificate must lead to.
    pub upstream_roots: Vec<Roots>,
}

/// A set of trusted certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// The system's.
    System,
    /// Mozilla's, compiled in.
    Bundled,
    /// Those in a PEM file.
    File(PathBuf),
}

/// Where events go, and for how long they stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The directory of `events-*.jsonl`.
    pub dir: PathBuf,
    /// How much of a value they show.
    pub values: Values,
    /// Files older than so many days are deleted.
    pub keep_days: u32,
    /// The oldest files are deleted when all together are larger.
    pub max_bytes: u64,
    /// A file of this size is closed and the next begun.
    pub segment_bytes: u64,
    /// So many events wait for the disk at most; more are dropped and counted.
    pub queue: usize,
}

/// Where the live view is, and who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Its address; nothing where it is switched off. Port 0 lets the system choose.
    pub address: Option<SocketAddr>,
    /// Whether it is another than where nothing is written: then it is a fault if nothing can listen there.
    pub is_chosen: bool,
    /// What has to be shown; always there where others than this machine reach the address.
    pub token: Option<Sensitive<String>>,
}

/// What is watched over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Whether anything is.
    pub enabled: bool,
    /// A header that a carrier inserts has stopped when it was missing so many times in a row.
    pub stopped_after: u32,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { enabled: true, stopped_after: 20 }
    }
}

/// How much of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one client address.
    pub connections_per_client: usize,
    /// Bytes of a message's head.
    pub header_bytes: usize,
    /// Field lines of a head.
    pub headers: usize,
    /// Streams at once on one HTTP/2 connection.
    pub streams: u32,
    /// Idle connections kept for one origin.
    pub idle_upstream: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_client: 1024,
            header_bytes: 64 << 10,
            headers: 200,
            streams: 128,
            idle_upstream: 32,
        }
    }
}

/// How long for everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a whole head to arrive.
    pub header: Duration,
    /// For a TLS handshake.
    pub handshake: Duration,
    /// For the first bytes of a connection to say what is spoken.
    pub sniff: Duration,
    /// For a connection to an origin.
    pub connect: Duration,
    /// For the head of an origin's answer.
    pub response: Duration,
    /// Of silence within a body.
    pub body: Duration,
    /// Of silence between two requests on one connection.
    pub idle: Duration,
    /// Of silence in a tunnel.
    pub tunnel: Duration,
    /// For what is under way to end when clir is told to stop.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            header: seconds(30),
            handshake: seconds(15),
            sniff: seconds(15),
            connect: seconds(15),
            response: seconds(120),
            body: seconds(120),
            idle: seconds(120),
            tunnel: seconds(3600),
            shutdown: seconds(10),
        }
    }
}

/// Who may connect, and where to, when nothing is written: this machine and its own networks, to the world outside.
pub fn default_access() -> Access {
    Access {
        clients: AddressSet::new(vec![AddressClass::Loopback, AddressClass::Private], Vec::new()),
        denied_addresses: AddressSet::new(vec![AddressClass::Loopback, AddressClass::LinkLocal], Vec::new()),
        denied_hosts: HostSet::default(),
        deny_self: true,
        users: Vec::new(),
        connect_ports: PortSet::all_but(vec![25]),
    }
}
