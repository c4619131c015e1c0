//! Who may connect, and where to?

use std::{fmt, net::IpAddr};

use super::{AddressSet, HostSet};
use crate::exchange::{Host, Sensitive};

/// The limits of what a client may ask for, whatever the request says.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Whose connections are taken; everybody else is refused before anything is read.
    pub clients: AddressSet,
    /// Addresses that no request may go to, checked after resolution too.
    pub denied_addresses: AddressSet,
    /// Host names that no request may go to.
    pub denied_hosts: HostSet,
    /// Whether clir's own listeners are denied as targets.
    pub deny_self: bool,
    /// Who may authenticate; nobody means that nobody has to.
    pub users: Vec<User>,
    /// The ports that `CONNECT` may name.
    pub connect_ports: PortSet,
}

impl Access {
    /// Whether a connection from this address is taken.
    pub fn admits_client(&self, client: IpAddr) -> bool {
        self.clients.contains(client)
    }

    /// Whether a request may go to this host, as far as its name or literal address says.
    pub fn admits_host(&self, host: &Host) -> bool {
        let literal_denied = matches!(host, Host::Ip(address) if self.denied_addresses.contains(*address));
        !literal_denied && !self.denied_hosts.matches(host)
    }

    /// Whether a request may go to this resolved address; `is_self` tells that one of our own listeners is there.
    pub fn admits_address(&self, address: IpAddr, is_self: bool) -> bool {
        !(self.denied_addresses.contains(address) || (is_self && self.deny_self))
    }

    /// Whether `CONNECT` may name this port.
    pub fn admits_connect_port(&self, port: u16) -> bool {
        self.connect_ports.contains(port)
    }
}

/// A set of ports: all but those named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSet {
    excluded: Vec<u16>,
}

impl PortSet {
    /// Every port but these.
    pub fn all_but(mut excluded: Vec<u16>) -> Self {
        excluded.sort_unstable();
        excluded.dedup();
        Self { excluded }
    }

    /// Whether the port is in the set.
    pub fn contains(&self, port: u16) -> bool {
        self.excluded.binary_search(&port).is_err()
    }
}

/// Somebody who may use the proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name given in Basic authentication (RFC 7617).
    pub name: String,
    /// The password's argon2 hash in PHC format.
    pub hash: String,
}

/// A hash can be guessed at, so it is not shown either.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("hash", &Sensitive::new(0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::AddressClass;

    fn access() -> Access {
        Access {
            clients: AddressSet::new(vec![AddressClass::Private], Vec::new()),
            denied_addresses: AddressSet::new(vec![AddressClass::Loopback], Vec::new()),
            denied_hosts: HostSet::parse(&["*.internal.example"]).unwrap(),
            deny_self: true,
            users: Vec::new(),
            connect_ports: PortSet::all_but(vec![25]),
        }
    }

    #[test]
    fn public_clients_are_refused() {
        assert!(access().admits_client("192.168.1.7".parse().unwrap()));
        assert!(access().admits_client("::ffff:192.168.1.7".parse().unwrap()));
        assert!(!access().admits_client("192.0.2.7".parse().unwrap()));
        assert!(!Access::default().admits_client("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn targets_are_judged_by_name_by_literal_and_by_address() {
        let host = |text: &str| Host::parse(text.as_bytes()).unwrap();
        assert!(!access().admits_host(&host("a.internal.example")));
        assert!(!access().admits_host(&host("[::ffff:127.0.0.1]")));
        assert!(access().admits_host(&host("example.org")));
        assert!(!access().admits_address("127.0.0.1".parse().unwrap(), false));
        assert!(!access().admits_address("192.0.2.1".parse().unwrap(), true));
        assert!(access().admits_address("192.0.2.1".parse().unwrap(), false));
    }

    #[test]
    fn mail_ports_are_not_for_tunnels() {
        assert!(!access().admits_connect_port(25));
        assert!(access().admits_connect_port(443));
    }

    #[test]
    fn debug_shows_no_hash() {
        let user = User { name: "alice".into(), hash: "$argon2id$secret".into() };
        assert!(!format!("{user:?}").contains("argon2"));
    }
}
