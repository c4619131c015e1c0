//! What does it take to run a reflector?
//!
//! Sockets and a certificate; no configuration, no directory, no log. It runs until a signal ends it.

use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::SystemTime,
};

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

use super::{Failure, Outcome};
use crate::{
    detect::{Scanner, SignatureSet},
    event::{Redactor, Values},
    exchange::{Host, InstallationKey},
    reflect::{
        Site,
        server::{self, Door, Limits},
    },
    tls::{self, Showing, Shown},
};

/// What is agreed on inside TLS: the bytes of HTTP/1.1 are what is shown.
const ALPN: &[&[u8]] = &[b"http/1.1"];

/// Arguments of `reflect`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Listen for HTTP there: an address with its port, or a port alone for all addresses, IPv4 and IPv6; may be said
    /// several times [default: 80, if --https is not given either]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    http: Vec<SocketAddr>,

    /// Listen for HTTPS there, likewise [default: 443, if --http is not given either]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    https: Vec<SocketAddr>,

    /// The certificate for HTTPS, its chain behind it (PEM) [default: made at the start, which browsers warn of]
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,

    /// The key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,

    /// A name or address that the certificate made at the start is for, and that is printed as the place to go to; may be
    /// said several times
    #[arg(long, value_name = "HOST", value_parser = host)]
    name: Vec<Host>,

    /// connections=N at once, per-address=N of them from one address, rate=N requests a second from one address; may be
    /// said several times [default: connections=512 per-address=64 rate=50]
    #[arg(long, value_name = "WHAT=N")]
    limit: Vec<Limit>,
}

/// Carries the command out.
///
/// # Errors
/// A port cannot be listened on, or a certificate cannot be used.
pub fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let doors = doors(arguments)?;
    let is_encrypted = doors.iter().any(|door| door.is_tls);
    let showing = is_encrypted.then(|| certificate(arguments, &doors)).transpose()?.map(Arc::new);
    let site = site(&doors)?;
    let limits = arguments.limit.iter().fold(Limits::default(), |limits, limit| limit.among(limits));
    let banner = banner(arguments, &doors, showing.as_deref());
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::because("the reflector cannot be started", error))?;
    let served = runtime.block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut hangup = signal(SignalKind::hangup())?;
        // Whoever reads this may come, or send a signal, at once.
        print(&banner);
        let end = async {
            loop {
                tokio::select! {
                    // Told to end, in either way.
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    // Told that the certificate was renewed; another signal comes again.
                    _ = hangup.recv() => renew(arguments, showing.as_deref()),
                }
            }
            tracing::info!("ending");
        };
        server::serve(site, limits, doors, showing.clone(), end).await
    });
    served.map_err(|error: io::Error| Failure::because("the reflector cannot go on", error))?;
    Ok(Outcome::Done)
}

/// Reads the certificate anew, where one was given. One that cannot be used leaves the last in place.
fn renew(arguments: &Arguments, showing: Option<&Showing>) {
    let files = arguments.certificate.as_deref().zip(arguments.key.as_deref());
    let Some((showing, (certificate, key))) = showing.zip(files) else { return };
    match given(certificate, key, SystemTime::now()) {
        Ok(renewed) => {
            tracing::info!("the certificate is read anew: SHA-256 {}", renewed.fingerprint());
            showing.give(renewed);
        }
        Err(failure) => tracing::error!("{failure}; the last one stays"),
    }
}

/// Judged by what is compiled in; digests are under a key of this process, and so compare with nobody's.
fn site(doors: &[Door]) -> Result<Site, Failure> {
    let key = tls::random().map_err(|error| Failure::because("the system gives no random bytes", error))?;
    let redactor = Redactor::new(Values::Full, InstallationKey::new(key));
    let ports = |is_tls| doors.iter().filter(|door| door.is_tls == is_tls).map(|door| door.address().port()).collect();
    Ok(Site::new(Scanner::new(Arc::new(SignatureSet::builtin())), redactor, ports(false), ports(true)))
}

fn doors(arguments: &Arguments) -> Result<Vec<Door>, Failure> {
    let is_default = arguments.http.is_empty() && arguments.https.is_empty();
    let own = |port| is_default.then_some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    let http = arguments.http.iter().copied().chain(own(80)).map(|address| (address, false));
    let https = arguments.https.iter().copied().chain(own(443)).map(|address| (address, true));
    http.chain(https).map(|(address, is_tls)| bind(address, is_tls)).collect()
}

fn bind(address: SocketAddr, is_tls: bool) -> Result<Door, Failure> {
    Door::bind(address, is_tls).map_err(|error| {
        let (protocol, option, other) = if is_tls { ("HTTPS", "--https", 8443) } else { ("HTTP", "--http", 8080) };
        let cure = match error.kind() {
            io::ErrorKind::PermissionDenied => format!(
                "ports below 1024 take a privilege: allow it with `setcap cap_net_bind_service=+ep` on the program, start \
                 it under `authbind --deep`, or choose another port: `{option} [::]:{other}`"
            ),
            io::ErrorKind::AddrInUse => {
                format!("somebody listens there already: end that, or choose another port: `{option} [::]:{other}`")
            }
            _ => format!("choose an address that this machine has: `{option} [::]:{other}` is all of them"),
        };
        Failure::because(format!("cannot listen on {address} for {protocol} ({cure})"), error)
    })
}

fn certificate(arguments: &Arguments, doors: &[Door]) -> Result<Showing, Failure> {
    let now = SystemTime::now();
    match arguments.certificate.as_deref().zip(arguments.key.as_deref()) {
        Some((certificate, key)) => given(certificate, key, now).map(Showing::given),
        None => Showing::self_made(hosts(arguments, doors), ALPN, now)
            .map_err(|error| Failure::because("no certificate can be made for these names", error)),
    }
}

fn given(certificate: &Path, key: &Path, now: SystemTime) -> Result<Shown, Failure> {
    Shown::load(certificate, key, ALPN, now)
        .map_err(|error| Failure::because("the certificate cannot be shown (--certificate, --key)", error))
}

/// What a self-made certificate is for: the names given, the addresses listened on, and this machine itself.
fn hosts(arguments: &Arguments, doors: &[Door]) -> Vec<Host> {
    let bound = doors.iter().map(|door| door.address().ip()).filter(|ip| !ip.is_unspecified());
    let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let addresses = bound.chain(loopback).map(Host::Ip);
    let mut hosts: Vec<_> = arguments.name.iter().cloned().chain(addresses).collect();
    hosts.push(Host::Name("localhost".into()));
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

fn banner(arguments: &Arguments, doors: &[Door], showing: Option<&Showing>) -> String {
    let mut lines = vec![format!("clir {} reflect", env!("CARGO_PKG_VERSION")), String::new()];
    for door in doors {
        let protocol = if door.is_tls { "HTTPS" } else { "HTTP" };
        lines.push(format!("listening on {}  ({protocol})", door.address()));
    }
    for name in &arguments.name {
        lines.extend(doors.iter().map(|door| format!("open         {}", place(name, door))));
    }
    if let Some(showing) = showing {
        let origin = match &arguments.certificate {
            Some(file) => file.display().to_string(),
            None => "made now, and anew while this runs: browsers warn of it".to_owned(),
        };
        lines.push(format!("certificate  {origin}"));
        lines.push(format!("  SHA-256    {}", showing.at(SystemTime::now()).fingerprint()));
    }
    lines.push("kept         nothing: no log, no file; what is compared stays in memory for minutes".to_owned());
    lines.push(String::new());
    lines.join("\n")
}

fn place(host: &Host, door: &Door) -> crate::exchange::Origin {
    let scheme = if door.is_tls { crate::exchange::Scheme::Https } else { crate::exchange::Scheme::Http };
    crate::exchange::Origin { scheme, host: host.clone(), port: door.address().port() }
}

/// Nobody may read it, which is no reason not to run.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        tracing::debug!("standard output: {error}");
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    }
    text.parse()
        .map_err(|_| "it is neither a port nor an address with one, such as 8080, 192.0.2.1:80 or [::]:80".into())
}

fn host(text: &str) -> Result<Host, String> {
    // People leave the brackets of an address away.
    let address = text.parse().map(Host::Ip);
    address.or_else(|_| Host::parse(text.as_bytes())).map_err(|error| error.to_string())
}

/// One limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Connections(usize),
    PerAddress(usize),
    Rate(u32),
}

impl Limit {
    fn among(self, limits: Limits) -> Limits {
        match self {
            Self::Connections(connections) => Limits { connections, ..limits },
            Self::PerAddress(per_address) => Limits { per_address, ..limits },
            Self::Rate(rate) => Limits { rate, ..limits },
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, count) = text.split_once('=').ok_or("it has the form WHAT=N, such as rate=20")?;
        let count = count.parse::<u32>().ok().filter(|count| *count > 0).ok_or("N is a number from 1")?;
        let large = usize::try_from(count).map_err(|_| "N is too large")?;
        match what {
            "connections" => Ok(Self::Connections(large)),
            "per-address" => Ok(Self::PerAddress(large)),
            "rate" => Ok(Self::Rate(count)),
            _ => Err("it is one of connections, per-address and rate".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_ports_or_whole() {
        assert_eq!(address("8080").unwrap(), "[::]:8080".parse().unwrap());
        assert_eq!(address("192.0.2.1:80").unwrap(), "192.0.2.1:80".parse().unwrap());
        for wrong in ["", "localhost:80", "192.0.2.1", "70000", "::1:80"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_name_what_they_limit() {
        let limits = ["rate=3", "connections=7"].iter().map(|text| text.parse::<Limit>().unwrap());
        let limits = limits.fold(Limits::default(), |limits, limit| limit.among(limits));
        assert_eq!((limits.rate, limits.connections), (3, 7));
        for wrong in ["rate", "rate=0", "rate=-1", "rate=x", "rates=1", "connections=99999999999"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_are_names_and_addresses() {
        assert_eq!(host("2001:db8::1").unwrap(), host("[2001:db8::1]").unwrap());
        assert_eq!(host("Reflector.example").unwrap().to_string(), "reflector.example");
        assert!(host("a b").is_err());
    }
}
