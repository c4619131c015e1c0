//! Shall this tunnel be opened?

use super::{Client, HostSet, trust::TrustTimes};
use crate::exchange::Host;

/// Whether tunnels are opened at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterceptMode {
    /// Those of clients that have shown that they trust our authority, but where they reject its certificates.
    #[default]
    Auto,
    /// Every tunnel that holds TLS, whether the client trusts our authority or not.
    Always,
    /// None: every tunnel passes through unread.
    Never,
}

impl InterceptMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Never];

    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// What becomes of a connection whose first bytes do not say in time what is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undecided {
    /// It passes unread: slow clients lose nothing.
    #[default]
    Tunnel,
    /// It is refused: nothing that could be judged passes unread.
    Refuse,
}

impl Undecided {
    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::Refuse => "refuse",
        }
    }
}

/// What becomes of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It is opened, and each request inside is judged.
    Intercept,
    /// It is opened if the client is known to trust our authority, and passes otherwise.
    IfTrusted,
    /// Its bytes pass unread, for this reason: `never` or `bypass`.
    PassThrough(&'static str),
}

/// Which tunnels are opened.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// Whether any is.
    pub mode: InterceptMode,
    /// The hosts whose tunnels never are.
    pub bypass: HostSet,
    /// What becomes of those that do not say what they are.
    pub undecided: Undecided,
    /// How long it holds that a client trusts our authority, or that something of it does not.
    pub trust: TrustTimes,
}

impl Routing {
    /// Decides by the host that the client asked the proxy for, and by the name in its ClientHello: a client may ask
    /// for an address and name the host only inside.
    pub fn route(&self, host: &Host, sni: Option<&str>) -> Route {
        self.route_for(None, host, sni)
    }

    /// The same for a client that may have ways of its own.
    pub fn route_for(&self, client: Option<&Client>, host: &Host, sni: Option<&str>) -> Route {
        let mode = client.and_then(|client| client.intercept).unwrap_or(self.mode);
        let bypassed =
            || is_among(&self.bypass, host, sni) || client.is_some_and(|client| is_among(&client.bypass, host, sni));
        match mode {
            InterceptMode::Never => Route::PassThrough("never"),
            InterceptMode::Always | InterceptMode::Auto if bypassed() => Route::PassThrough("bypass"),
            InterceptMode::Always => Route::Intercept,
            InterceptMode::Auto => Route::IfTrusted,
        }
    }
}

fn is_among(hosts: &HostSet, host: &Host, sni: Option<&str>) -> bool {
    hosts.matches(host) || sni.is_some_and(|name| hosts.matches_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bypass_is_by_host_or_by_the_name_inside() {
        let bypass = HostSet::parse(&["*.bank.example"]).unwrap();
        let routing = Routing { mode: InterceptMode::Always, bypass, ..Routing::default() };
        let host = |text: &str| Host::parse(text.as_bytes()).unwrap();
        assert_eq!(routing.route(&host("www.bank.example"), None), Route::PassThrough("bypass"));
        assert_eq!(routing.route(&host("192.0.2.1"), Some("WWW.bank.example")), Route::PassThrough("bypass"));
        assert_eq!(routing.route(&host("example.org"), Some("example.org")), Route::Intercept);
        let never = Routing { mode: InterceptMode::Never, ..Routing::default() };
        assert_eq!(never.route(&host("example.org"), None), Route::PassThrough("never"));
    }

    #[test]
    fn a_client_of_its_own_mind_comes_first() {
        let bypass = HostSet::parse(&["*.bank.example"]).unwrap();
        let routing = Routing { bypass, ..Routing::default() };
        let route = |intercept, host: &str| {
            let client = Client { intercept, ..Client::default() };
            routing.route_for(Some(&client), &Host::parse(host.as_bytes()).unwrap(), None)
        };
        assert_eq!(route(None, "example.org"), Route::IfTrusted);
        assert_eq!(route(None, "www.bank.example"), Route::PassThrough("bypass"));
        assert_eq!(route(Some(InterceptMode::Always), "example.org"), Route::Intercept);
        assert_eq!(route(Some(InterceptMode::Never), "example.org"), Route::PassThrough("never"));
    }
}
