//! Shall this tunnel be opened?

use super::HostSet;
use crate::exchange::Host;

/// Whether tunnels are opened at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterceptMode {
    /// Every tunnel that holds TLS, for clients that are known to trust our authority.
    Always,
    /// None: every tunnel passes through unread.
    #[default]
    Never,
}

impl InterceptMode {
    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
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
}

impl Routing {
    /// Decides by the host that the client asked the proxy for, and by the name in its ClientHello: a client may ask
    /// for an address and name the host only inside.
    pub fn route(&self, host: &Host, sni: Option<&str>) -> Route {
        match self.mode {
            InterceptMode::Never => Route::PassThrough("never"),
            InterceptMode::Always if self.bypasses(host, sni) => Route::PassThrough("bypass"),
            InterceptMode::Always => Route::Intercept,
        }
    }

    fn bypasses(&self, host: &Host, sni: Option<&str>) -> bool {
        self.bypass.matches(host) || sni.is_some_and(|name| self.bypass.matches_name(name))
    }
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
        assert_eq!(Routing::default().route(&host("example.org"), None), Route::PassThrough("never"));
    }
}
