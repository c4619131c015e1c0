//! Which way does a connection go: by the exit, or direct?
//!
//! Decided by what the client asked for, name or address, and before anything is looked up: a name that goes by the exit
//! is resolved there and nowhere else.

use super::{AddressSet, HostSet};
use crate::exchange::Host;

/// Which way a connection went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Via {
    /// From here to the origin.
    #[default]
    Direct,
    /// By the clir beyond the carrier.
    Exit,
    /// From here to the origin, because the exit is down.
    Fallback,
}

impl Via {
    /// The words that a route may name.
    pub const ROUTES: [Self; 2] = [Self::Exit, Self::Direct];

    /// The word that stands in events and in routes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Exit => "exit",
            Self::Fallback => "fallback",
        }
    }
}

/// What happens to a connection that should go by the exit while the exit is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// It is refused.
    Refuse,
    /// It goes direct.
    Direct,
}

impl Down {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Refuse, Self::Direct];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Direct => "direct",
        }
    }
}

/// What a connection carries, as far as the carrier could read or enrich it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// What anybody on the way can read.
    Cleartext,
    /// TLS.
    Tls,
    /// Nobody has spoken yet.
    Unknown,
}

/// What happens when the exit is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhenDown {
    /// To everything that is not TLS: the carrier could enrich it.
    pub cleartext: Down,
    /// To TLS.
    pub tls: Down,
}

impl Default for WhenDown {
    fn default() -> Self {
        Self { cleartext: Down::Refuse, tls: Down::Direct }
    }
}

impl WhenDown {
    /// Whether a connection that carries this may go direct. Who has said nothing yet may, if anything may, and is asked
    /// again later.
    pub fn lets_direct(self, carries: Carries) -> bool {
        match carries {
            Carries::Cleartext => self.cleartext == Down::Direct,
            Carries::Tls => self.tls == Down::Direct,
            Carries::Unknown => self.cleartext == Down::Direct || self.tls == Down::Direct,
        }
    }
}

/// One route: some destinations, and the way they go.
#[derive(Clone, Debug, Default)]
pub struct WayRule {
    /// Names, by glob.
    pub hosts: HostSet,
    /// Addresses that were asked for as addresses.
    pub addresses: AddressSet,
    /// The way.
    pub via: Via,
}

/// All routes, in order.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// The first that matches decides; what none matches goes by the exit.
    pub rules: Vec<WayRule>,
    /// What happens when the exit is down.
    pub when_down: WhenDown,
}

impl Ways {
    /// The way to a host.
    pub fn to(&self, host: &Host) -> Via {
        let matches = |rule: &&WayRule| {
            let by_address = matches!(host, Host::Ip(address) if rule.addresses.contains(*address));
            by_address || rule.hosts.matches(host)
        };
        self.rules.iter().find(matches).map_or(Via::Exit, |rule| rule.via)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AddressClass, parse_network};

    fn rule(hosts: &[&str], networks: &[&str], via: Via) -> WayRule {
        let networks = networks.iter().map(|text| parse_network(text).unwrap()).collect();
        WayRule {
            hosts: HostSet::parse(hosts).unwrap(),
            addresses: AddressSet::new(vec![AddressClass::LinkLocal], networks),
            via,
        }
    }

    #[test]
    fn the_first_route_that_matches_decides() {
        let rules = vec![
            rule(&["vpn.example"], &["192.0.2.1/32"], Via::Exit),
            rule(&["*.example"], &["192.0.2.0/24", "2001:db8::/32"], Via::Direct),
        ];
        let ways = Ways { rules, when_down: WhenDown::default() };
        let to = |text: &str| ways.to(&Host::parse(text.as_bytes()).unwrap());
        for exit in ["vpn.example", "192.0.2.1", "example.org", "198.51.100.1", "[::ffff:192.0.2.1]"] {
            assert_eq!(to(exit), Via::Exit, "{exit}");
        }
        for direct in ["a.example", "192.0.2.2", "[2001:db8::7]", "[::ffff:192.0.2.9]"] {
            assert_eq!(to(direct), Via::Direct, "{direct}");
        }
        assert_eq!(Ways::default().to(&Host::parse(b"a.example").unwrap()), Via::Exit);
    }

    #[test]
    fn cleartext_waits_for_the_exit_and_tls_does_not_unless_told_otherwise() {
        let usual = WhenDown::default();
        assert!(!usual.lets_direct(Carries::Cleartext));
        assert!(usual.lets_direct(Carries::Tls) && usual.lets_direct(Carries::Unknown));
        let never = WhenDown { cleartext: Down::Refuse, tls: Down::Refuse };
        assert!(!never.lets_direct(Carries::Unknown) && !never.lets_direct(Carries::Tls));
    }
}
