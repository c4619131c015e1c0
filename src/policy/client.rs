//! Who is this client, and what was agreed for it?
//!
//! Known by the address of its network card where that is visible, which a new lease does not change, and by its own
//! address otherwise.

use std::{net::IpAddr, sync::Arc};

use super::{AddressSet, HostSet, InterceptMode};
use crate::exchange::Mac;

/// A client that has a name.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its name in events and rules.
    pub name: Arc<str>,
    /// Its addresses.
    pub addresses: AddressSet,
    /// The addresses of its network cards.
    pub macs: Vec<Mac>,
    /// Whether its tunnels are opened, where that differs from the others'.
    pub intercept: Option<InterceptMode>,
    /// Hosts whose tunnels are never opened for it, beside those of everybody.
    pub bypass: HostSet,
    /// Whether targets and values are kept out of the log.
    pub is_private: bool,
}

/// The clients that have names.
#[derive(Clone, Debug, Default)]
pub struct Clients(Vec<Arc<Client>>);

impl Clients {
    /// These clients, of whom no two share an address.
    pub fn new(clients: Vec<Arc<Client>>) -> Self {
        Self(clients)
    }

    /// The client at this address, with this network card if that could be seen. The card counts for more.
    pub fn find(&self, address: IpAddr, mac: Option<Mac>) -> Option<&Arc<Client>> {
        let by_card = mac.and_then(|mac| self.0.iter().find(|client| client.macs.contains(&mac)));
        by_card.or_else(|| self.0.iter().find(|client| client.addresses.contains(address)))
    }

    /// The client of this name.
    pub fn named(&self, name: &str) -> Option<&Arc<Client>> {
        self.0.iter().find(|client| *client.name == *name)
    }

    /// Whether anybody is known by a network card, so that it pays to look for one.
    pub fn want_macs(&self) -> bool {
        self.0.iter().any(|client| !client.macs.is_empty())
    }

    /// Every client.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse_network;

    #[test]
    fn the_card_counts_for_more_than_the_address() {
        let client = |name: &str, network: &str, mac: &[u8]| {
            let addresses = AddressSet::new(Vec::new(), vec![parse_network(network).unwrap()]);
            let macs = mac.iter().map(|last| Mac([2, 0, 0, 0, 0, *last])).collect();
            Arc::new(Client { name: name.into(), addresses, macs, ..Client::default() })
        };
        let clients = Clients::new(vec![client("desk", "192.0.2.1", &[]), client("phone", "192.0.2.2", &[7])]);
        let find = |address: &str, mac: Option<u8>| {
            let found = clients.find(address.parse().unwrap(), mac.map(|last| Mac([2, 0, 0, 0, 0, last])));
            found.map(|client| client.name.to_string())
        };
        assert_eq!(find("192.0.2.1", None).as_deref(), Some("desk"));
        assert_eq!(find("::ffff:192.0.2.1", Some(8)).as_deref(), Some("desk"));
        assert_eq!(find("192.0.2.1", Some(7)).as_deref(), Some("phone"));
        assert_eq!(find("198.51.100.1", Some(7)).as_deref(), Some("phone"));
        assert_eq!(find("198.51.100.1", None), None);
    }
}
