//! Which ways lead to the reflectors?

use std::{
    fmt,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    str::FromStr,
};

use super::Settings;
use crate::exchange::{Origin, Scheme};

/// Ports that are tried where none is named.
const PORTS: [(Scheme, u16); 3] = [(Scheme::Http, 80), (Scheme::Http, 8080), (Scheme::Https, 443)];

/// A reflector, or several on one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflector(Vec<Origin>);

/// A proxy for HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy(Origin);

/// One way to one reflector.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// The reflector.
    pub origin: Origin,
    /// The address to connect to, a proxy's if there is one; or why there is none.
    pub address: Result<SocketAddr, String>,
    /// The network interface to use.
    pub interface: Option<String>,
    /// The proxy.
    pub via: Option<Proxy>,
}

impl FromStr for Reflector {
    type Err = String;

    /// A URL is one reflector; a host with or without a port in cleartext is tried on the usual ports.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |error: &dyn fmt::Display| format!("{error}; write a host, host:port or http[s]://host[:port]");
        for (prefix, scheme) in [("http://", Scheme::Http), ("https://", Scheme::Https)] {
            if let Some(rest) = text.strip_prefix(prefix) {
                let authority = rest.strip_suffix('/').unwrap_or(rest);
                return Ok(Self(vec![Origin::parse(scheme, authority.as_bytes()).map_err(|error| wrong(&error))?]));
            }
        }
        let origin = Origin::parse(Scheme::Http, text.as_bytes()).map_err(|error| wrong(&error))?;
        let has_port = Origin::parse_connect(text.as_bytes()).is_ok();
        let host = &origin.host;
        let usual = PORTS.map(|(scheme, port)| Origin { scheme, host: host.clone(), port });
        Ok(Self(if has_port { vec![origin] } else { usual.into() }))
    }
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let authority = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        match Origin::parse_connect(authority.as_bytes()) {
            Ok(origin) => Ok(Self(origin)),
            Err(error) => Err(format!("{error}; write host:port, or http://host:port")),
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", bracketed(&self.0), self.0.port)
    }
}

impl Route {
    /// The reflector's URL, port and all.
    pub(super) fn reflector(&self) -> String {
        format!("{}://{}:{}", self.origin.scheme, bracketed(&self.origin), self.origin.port)
    }

    /// Whether it is inside TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.origin.scheme == Scheme::Https
    }
}

fn bracketed(origin: &Origin) -> String {
    let host = origin.host.to_string();
    if host.contains(':') { format!("[{host}]") } else { host }
}

/// Each reflector over each address family, through each interface, directly and through each proxy.
pub(super) fn routes(settings: &Settings) -> Vec<Route> {
    let interfaces: Vec<_> = match settings.interfaces.as_slice() {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    let ways: Vec<_> = std::iter::once(None).chain(settings.proxies.iter().cloned().map(Some)).collect();
    let mut routes = Vec::new();
    for origin in settings.reflectors.iter().flat_map(|reflector| &reflector.0) {
        for via in &ways {
            for address in addresses(via.as_ref().map_or(origin, |proxy| &proxy.0)) {
                let on = |interface: &Option<String>| Route {
                    origin: origin.clone(),
                    address: address.clone(),
                    interface: interface.clone(),
                    via: via.clone(),
                };
                routes.extend(interfaces.iter().map(on));
            }
        }
    }
    routes
}

/// The first address of each family.
fn addresses(origin: &Origin) -> Vec<Result<SocketAddr, String>> {
    let host = origin.host.to_string();
    let found: Vec<SocketAddr> = match (host.parse::<IpAddr>(), (host.as_str(), origin.port).to_socket_addrs()) {
        (Ok(address), _) => vec![(address, origin.port).into()],
        (Err(_), Ok(found)) => found.collect(),
        (Err(_), Err(error)) => return vec![Err(format!("the name {host} leads nowhere: {error}"))],
    };
    let first = |is_v4: bool| found.iter().copied().find(|address| address.is_ipv4() == is_v4).map(Ok);
    first(true).into_iter().chain(first(false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        let Reflector(origins) = text.parse().unwrap();
        let route = |origin| Route { origin, address: Err(String::new()), interface: None, via: None };
        origins.into_iter().map(|origin| route(origin).reflector()).collect()
    }

    #[test]
    fn a_host_stands_for_the_usual_ports() {
        let expected = ["http://r.example:80", "http://r.example:8080", "https://r.example:443"];
        assert_eq!(urls("r.example"), expected);
        assert_eq!(urls("r.example:81"), ["http://r.example:81"]);
        assert_eq!(urls("https://[2001:db8::1]/"), ["https://[2001:db8::1]:443"]);
        for wrong in ["", "ftp://r.example", "r.example:x", "http://u@r.example"] {
            assert!(wrong.parse::<Reflector>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_proxy_has_a_port() {
        assert_eq!("http://192.0.2.1:8080/".parse::<Proxy>().unwrap().to_string(), "192.0.2.1:8080");
        assert!("192.0.2.1".parse::<Proxy>().is_err());
    }
}
