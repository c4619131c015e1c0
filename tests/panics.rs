//! Does a fault of our own end one connection, and nothing else?
//!
//! Nothing in clir panics on purpose, so the fault is injected: an observer, which sees every head, panics when it is
//! told to. The proxy runs in this process.

mod support;

use std::{fs, path::Path, sync::Arc, time::SystemTime};

use clir::{
    config,
    detect::{Finding, Scanner, Subject, behaviour::Observer},
    event::{Redactor, Values},
    exchange::{Context, Fields, InstallationKey, grammar::HeadLimits},
    intercept::Interceptor,
    listen::{Listener, Spec},
    proxy::{Authenticator, Judges, Limits, Parts, Patience, Running, Upgrades, UpstreamSettings},
    sink::{self, EventLog, Writer},
    tls::{CertAuthority, LeafCache, RootSource, Trust},
};
use support::{LEAK, NUMBER, Origin, PATIENCE, Wire, clir::event_files, origin};
use tempfile::TempDir;

/// Panics over a head that has the field `x-fault`, and quotes what it saw, as such faults do.
#[derive(Debug)]
struct Faulty;

impl Observer for Faulty {
    fn request(&self, _: &Context, subject: &Subject<'_>) -> Vec<Finding> {
        assert!(subject.fields.first("x-fault").is_none(), "{:?}", subject.fields);
        Vec::new()
    }

    fn response(&self, _: &Context, fields: &Fields) {
        assert!(fields.first("x-fault").is_none());
    }
}

fn start(dir: &Path) -> (Running, Writer, std::net::SocketAddr) {
    let settings = "[access]\ndeny_targets = [\"link-local\"]\n";
    fs::write(dir.join("clir.toml"), settings).unwrap();
    let config = config::load(Some(&dir.join("clir.toml"))).expect("a sound configuration").config;
    let spec = &config.listeners[0];
    let spec =
        Spec { kind: spec.kind, address: ([127, 0, 0, 1], 0).into(), vantage: spec.vantage, label: spec.label.clone() };
    let listener = Arc::new(Listener::bind(&spec).unwrap());
    let address = listener.address;
    let key = InstallationKey::new([7; 32]);
    let authority = CertAuthority::load_or_create(&dir.join("ca"), SystemTime::now()).unwrap();
    let trust = Arc::new(Trust::new(&[RootSource::Bundled], &authority).unwrap());
    let log =
        sink::Settings { dir: dir.join("logs"), keep_days: 1, max_bytes: 1 << 30, segment_bytes: 1 << 20, queue: 64 };
    let (log, writer) = EventLog::open(log, Redactor::new(Values::Masked, key.clone())).unwrap();
    let scanner = Scanner::new(config.signatures.clone());
    let interceptor = Interceptor::new(scanner, config.policy.clone(), config.routing.clone(), key);
    let judges = Judges {
        interceptor: interceptor.observed_by(Some(Arc::new(Faulty))),
        access: config.access.clone(),
        authenticator: Authenticator::new(Vec::new()),
        upgrading: config.upgrading,
        portal: Arc::new(clir::portal::Portal {
            pem: String::new(),
            der: Vec::new(),
            fingerprint: String::new(),
            subject: String::new(),
            interception: clir::portal::Interception::Never,
        }),
        hop: None,
        claiming: None,
        doors: std::collections::HashMap::new(),
    };
    let parts = Parts {
        listeners: vec![listener],
        judges,
        log,
        leaves: LeafCache::new(authority, 8),
        trust,
        limits: limits(),
        connections: 64,
        connections_per_client: 64,
        upstream: upstream(),
        shutdown: PATIENCE,
        upgrades: Upgrades::new(InstallationKey::new([7; 32]), Vec::new()),
        trusting: Arc::default(),
        workers: 1,
        pulse: None,
    };
    (Running::start(parts).unwrap(), writer, address)
}

fn limits() -> Limits {
    Limits {
        head: HeadLimits { bytes: 65_536, fields: 200 },
        patience: Patience { head: PATIENCE, idle: PATIENCE, body: PATIENCE },
        handshake: PATIENCE,
        response: PATIENCE,
        sniff: PATIENCE,
        tunnel: PATIENCE,
        streams: 100,
    }
}

fn upstream() -> UpstreamSettings {
    UpstreamSettings {
        own_ports: Arc::new([]),
        closed_port: None,
        is_led_to: false,
        connect: PATIENCE,
        handshake: PATIENCE,
        body: PATIENCE,
        idle: PATIENCE,
        per_origin: 8,
        header_bytes: 65_536,
        headers: 200,
    }
}

#[test]
fn a_fault_ends_its_connection_and_no_other() {
    let dir = TempDir::new().unwrap();
    let (running, writer, proxy) = start(dir.path());
    let (site, other) = (Origin::new(), Origin::new());
    let mut bystander = Wire::connect(proxy);
    bystander.send(other.request("GET", "/slow", ""));
    let mut other_site = other.accept();
    other_site.head();

    // Over the request, before anything was sent on.
    let mut client = Wire::connect(proxy);
    client.send(site.request("GET", &format!("/?msisdn={NUMBER}"), &format!("{LEAK}\r\nX-Fault: yes\r\n")));
    assert_eq!(client.whatever_comes(), b"", "the connection just ends");
    site.assert_left_alone();

    // Over the answer.
    let mut client = Wire::connect(proxy);
    client.send(site.request("GET", "/", ""));
    let mut server = site.accept();
    server.head();
    server.send("HTTP/1.1 200 OK\r\nX-Fault: yes\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.whatever_comes(), b"");

    other_site.send(origin::ok("unharmed"));
    assert_eq!(bystander.response().text(), "unharmed");
    assert!(Wire::connect(proxy).try_next_works(&site), "new connections are accepted");
    running.end().expect("no worker panicked");
    writer.close();

    let log: String = event_files(dir.path()).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    assert_eq!(log.lines().count(), 4, "each exchange has its event: {log}");
    assert_eq!(log.matches("a fault of its own").count(), 2, "{log}");
    assert!(!log.contains(NUMBER), "{log}");
}
