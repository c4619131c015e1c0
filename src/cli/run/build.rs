//! How does a configuration become a proxy?
//!
//! The proxy knows nothing of files and keys of a configuration; this is where one is translated into the other.

use std::{num::NonZero, sync::Arc, thread};

use super::{memory::Memory, way_out::WayOut};
use crate::{
    claim::Claims,
    cli::Failure,
    config::{Config, Roots, Tls},
    detect::{Scanner, behaviour::Observer},
    event::Values,
    exchange::{InstallationKey, Vantage, grammar::HeadLimits},
    intercept::Interceptor,
    listen::Listener,
    policy::InterceptMode,
    portal::{Interception, Portal},
    proxy::{Authenticator, Claiming, Judges, Limits, Parts, Patience, Upgrades, UpstreamSettings},
    sink::{self, EventLog},
    tls::{CertAuthority, LeafCache, RootSource, Trust},
};

/// Hosts whose certificates are kept ready.
const LEAVES: usize = 1024;

/// What judges under this configuration.
pub fn judges(
    config: &Config,
    key: &InstallationKey,
    memory: &Memory,
    way_out: WayOut,
    authority: &CertAuthority,
) -> Judges {
    let scanner = Scanner::new(Arc::clone(&config.signatures)).with_identities(Arc::clone(&config.identities));
    let routing = Arc::clone(&config.routing);
    let sightings = memory.sightings.as_ref().filter(|_| config.behaviour.enabled);
    let observer = sightings.map(|sightings| Arc::new(sightings.clone()) as Arc<dyn Observer>);
    Judges {
        interceptor: Interceptor::new(scanner, Arc::clone(&config.policy), routing, key.clone())
            .observed_by(observer)
            .knowing(Arc::clone(&config.connectivity), Arc::clone(&config.clients)),
        upgrading: config.upgrading.clone(),
        access: Arc::clone(&config.access),
        authenticator: Authenticator::new(config.access.users.clone()),
        portal: Arc::new(portal(config, authority)),
        claiming: claiming(config, memory.claims.as_ref(), &way_out).map(Arc::new),
        hop: way_out.hop,
        doors: way_out.doors,
    }
}

/// What links admit under this configuration.
fn claiming(config: &Config, claims: Option<&Claims>, way_out: &WayOut) -> Option<Claiming> {
    let settings = config.claiming.as_ref()?;
    let door = way_out.doors.get(&settings.door).cloned();
    Some(Claiming::new(claims?.clone(), settings.url.clone(), settings.addresses, settings.listeners.clone(), door))
}

/// What clir shows of itself.
fn portal(config: &Config, authority: &CertAuthority) -> Portal {
    Portal {
        pem: authority.certificate_pem().to_owned(),
        der: authority.certificate_der().to_vec(),
        fingerprint: authority.fingerprint(),
        subject: authority.subject().to_owned(),
        interception: match config.routing.mode {
            InterceptMode::Auto => Interception::Auto,
            InterceptMode::Always => Interception::Always,
            InterceptMode::Never => Interception::Never,
        },
    }
}

/// Whom we trust under this configuration.
pub fn trust(tls: &Tls, authority: &CertAuthority) -> Result<Arc<Trust>, Failure> {
    let sources: Vec<_> = tls.upstream_roots.iter().map(root_source).collect();
    let trust = Trust::new(&sources, authority);
    trust.map(Arc::new).map_err(|error| Failure::because("tls.upstream_roots cannot be used", error))
}

/// Where trusted certificates come from.
pub fn root_source(roots: &Roots) -> RootSource {
    match roots {
        Roots::System => RootSource::System,
        Roots::Bundled => RootSource::Bundled,
        Roots::File(path) => RootSource::File(path.clone()),
    }
}

/// What this authority signs is kept here.
pub fn leaves(authority: CertAuthority) -> LeafCache {
    LeafCache::new(authority, LEAVES)
}

/// Where events go under this configuration.
pub fn log(config: &Config) -> sink::Settings {
    sink::Settings {
        dir: config.log.dir.clone(),
        keep_days: config.log.keep_days,
        max_bytes: config.log.max_bytes,
        segment_bytes: config.log.segment_bytes,
        queue: config.log.queue,
    }
}

/// What is watched over time under this configuration.
pub fn watch(config: &Config) -> sink::Watch {
    let mut behind_carrier = config.listeners.iter().map(|listener| listener.vantage == Vantage::BeyondCarrier);
    let first = behind_carrier.next();
    sink::Watch {
        keep_days: config.log.keep_days,
        compares: behind_carrier.any(|other| Some(other) != first),
        tells_hosts: config.log.values == Values::Full,
    }
}

/// All parts of the proxy.
pub fn parts(
    config: &Config,
    listeners: Vec<Arc<Listener>>,
    judges: Judges,
    log: EventLog,
    authority: CertAuthority,
    trust: Arc<Trust>,
    upgrades: Upgrades,
) -> Parts {
    let is_led_to = listeners.iter().any(|listener| listener.kind.is_transparent());
    let own_ports = listeners.iter().map(|listener| listener.address.port()).collect();
    Parts {
        listeners,
        judges,
        log,
        leaves: leaves(authority),
        trust,
        limits: limits(config),
        connections: config.limits.connections,
        connections_per_client: config.limits.connections_per_client,
        upstream: UpstreamSettings { is_led_to, ..upstream(config, own_ports) },
        shutdown: config.timeouts.shutdown,
        upgrades,
        trusting: Arc::default(),
        workers: thread::available_parallelism().map_or(1, NonZero::get),
        pulse: None,
    }
}

fn limits(config: &Config) -> Limits {
    let timeouts = &config.timeouts;
    Limits {
        head: HeadLimits { bytes: config.limits.header_bytes, fields: config.limits.headers },
        patience: Patience { head: timeouts.header, idle: timeouts.idle, body: timeouts.body },
        handshake: timeouts.handshake,
        response: timeouts.response,
        sniff: timeouts.sniff,
        tunnel: timeouts.tunnel,
        streams: config.limits.streams,
    }
}

fn upstream(config: &Config, own_ports: Arc<[u16]>) -> UpstreamSettings {
    UpstreamSettings {
        own_ports,
        closed_port: None,
        is_led_to: false,
        connect: config.timeouts.connect,
        handshake: config.timeouts.handshake,
        body: config.timeouts.body,
        idle: config.timeouts.idle,
        per_origin: config.limits.idle_upstream,
        header_bytes: config.limits.header_bytes,
        headers: config.limits.headers,
    }
}
