//! At which addresses of this machine can a phone reach clir?
//!
//! Judged by what is passed in: which cards there are, where clir listens, whom it admits. Whether the phone's network lets
//! it through cannot be known here.

use std::{
    cmp::Reverse,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use crate::{config, listen, listen::Kind, policy::AddressSet};

/// An address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    /// What the system calls the card.
    pub name: String,
    /// One of its addresses.
    pub address: IpAddr,
    /// Whether it leads to one other machine only, as a VPN does.
    pub is_point_to_point: bool,
}

/// What is known of this machine's networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    /// Every address.
    pub cards: Vec<Card>,
    /// Those from which it would send to the internet.
    pub outward: Vec<IpAddr>,
    /// The cards that devices are behind, where this machine is their gateway.
    pub lan: Vec<String>,
}

/// Where clir listens.
#[derive(Clone, Debug)]
pub(super) struct Door {
    /// How connections arrive.
    pub kind: Kind,
    /// Address and port.
    pub address: SocketAddr,
    /// Whether clients have to speak TLS to it.
    pub is_tls: bool,
}

/// One way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// What a phone is to be pointed at.
    pub address: SocketAddr,
    /// The card's name.
    pub card: String,
    /// Whether a client of this network is admitted.
    pub is_admitted: bool,
}

/// Why there is no way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoWay {
    /// No listener is for clients that know of it.
    #[error(
        "no [[listener]] is of the kind \"explicit\", so there is no address that a phone could be pointed at: add one, \
         such as address = \"[::]:8080\""
    )]
    NoProxy,
    /// A phone cannot begin with a page that it does not trust.
    #[error(
        "every explicit [[listener]] speaks TLS, which a phone that knows nothing of clir's certificate does not accept: \
         add one without `tls` for the phone's own network"
    )]
    OnlyTls,
    /// Loopback.
    #[error(
        "clir listens on loopback only, which no other machine can reach: let the [[listener]] say \
         address = \"[::]:8080\""
    )]
    OnlyLoopback,
    /// The port is not known yet.
    #[error(
        "the [[listener]] leaves its port to the system (port 0), and only `clir run` knows which it got: give it one, \
         such as address = \"[::]:8080\""
    )]
    NoPort,
    /// Not in any network.
    #[error(
        "this machine has no address that a phone could reach, only loopback and link-local ones: join it to the phone's \
         network first (`ip address` shows what it has)"
    )]
    NoAddress,
}

impl Network {
    /// As the system tells it.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn of_machine(config: &config::Config) -> io::Result<Self> {
        let card = |interface: if_addrs::Interface| Card {
            address: interface.ip(),
            is_point_to_point: interface.is_p2p(),
            name: interface.name,
        };
        let cards = if_addrs::get_if_addrs()?.into_iter().filter(if_addrs::Interface::is_oper_up).map(card).collect();
        let lan = config.gateway.lan.iter().map(ToString::to_string).collect();
        Ok(Self { cards, outward: [outward_v4(), outward_v6()].into_iter().flatten().collect(), lan })
    }
}

/// Addresses that are documentation's: nothing is sent to find out by which card something would be.
fn outward_v4() -> Option<IpAddr> {
    outward((Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv4Addr::new(198, 51, 100, 1), 9).into())
}

fn outward_v6() -> Option<IpAddr> {
    outward((Ipv6Addr::UNSPECIFIED, 0).into(), (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into())
}

fn outward(from: SocketAddr, to: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

impl Door {
    /// As it is configured.
    pub fn written(listener: &config::Listener) -> Self {
        let config::Listener { kind, address, ref tls, .. } = *listener;
        Self { kind, address, is_tls: tls.is_some() }
    }

    /// As it was bound.
    pub fn bound(listener: &listen::Listener, config: &config::Config) -> Self {
        let written = config.listeners.iter().find(|written| written.label == listener.label);
        Self {
            kind: listener.kind,
            address: listener.address,
            is_tls: written.is_some_and(|written| written.tls.is_some()),
        }
    }

    fn is_reached_by(&self, address: IpAddr) -> bool {
        let local = self.address.ip().to_canonical();
        match local {
            // One on every address of IPv6 takes IPv4 as well.
            IpAddr::V6(v6) if v6.is_unspecified() => true,
            IpAddr::V4(v4) if v4.is_unspecified() => address.is_ipv4(),
            local => local == address,
        }
    }
}

/// Every way in, the likeliest first.
pub(super) fn ways(doors: &[Door], network: &Network, admitted: &AddressSet) -> Result<Vec<Way>, NoWay> {
    let doors = usable(doors)?;
    let cards = network.cards.iter().filter(|card| is_reachable(card.address));
    let way = |card: &Card| {
        let door = doors.iter().find(|door| door.is_reached_by(card.address))?;
        let address = SocketAddr::new(card.address, door.address.port());
        Some((card.clone(), Way { address, card: card.name.clone(), is_admitted: admitted.contains(card.address) }))
    };
    let mut found: Vec<_> = cards.filter_map(way).collect();
    found.sort_by_key(|(card, way)| {
        let is_lan = network.lan.contains(&card.name);
        let is_outward = network.outward.contains(&card.address);
        (
            Reverse(is_lan),
            Reverse(way.is_admitted),
            card.is_point_to_point,
            Reverse(is_outward),
            !card.address.is_ipv4(),
        )
    });
    let ways: Vec<_> = found.into_iter().map(|(_, way)| way).collect();
    if ways.is_empty() { Err(NoWay::NoAddress) } else { Ok(ways) }
}

/// The doors that a phone may find, or why there is none.
fn usable(doors: &[Door]) -> Result<Vec<&Door>, NoWay> {
    let explicit: Vec<_> = doors.iter().filter(|door| door.kind == Kind::Explicit).collect();
    let clear: Vec<_> = explicit.iter().copied().filter(|door| !door.is_tls).collect();
    let open: Vec<_> = clear.iter().copied().filter(|door| !door.address.ip().to_canonical().is_loopback()).collect();
    let known: Vec<_> = open.iter().copied().filter(|door| door.address.port() != 0).collect();
    match () {
        () if explicit.is_empty() => Err(NoWay::NoProxy),
        () if clear.is_empty() => Err(NoWay::OnlyTls),
        () if open.is_empty() => Err(NoWay::OnlyLoopback),
        () if known.is_empty() => Err(NoWay::NoPort),
        () => Ok(known),
    }
}

/// Link-local addresses need the name of a card, which differs from machine to machine.
fn is_reachable(address: IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !address.is_loopback() && !address.is_unspecified() && !address.is_multicast() && !is_link_local
}

#[cfg(test)]
mod tests {
    use crate::policy::AddressClass;

    use super::*;

    fn card(name: &str, address: &str) -> Card {
        Card { name: name.into(), address: address.parse().unwrap(), is_point_to_point: name.starts_with("tun") }
    }

    fn door(address: &str) -> Door {
        Door { kind: Kind::Explicit, address: address.parse().unwrap(), is_tls: false }
    }

    fn network(cards: &[(&str, &str)], outward: &[&str]) -> Network {
        Network {
            cards: cards.iter().map(|(name, address)| card(name, address)).collect(),
            outward: outward.iter().map(|address| address.parse().unwrap()).collect(),
            lan: Vec::new(),
        }
    }

    fn found(doors: &[Door], network: &Network) -> Vec<String> {
        let admitted = AddressSet::new(vec![AddressClass::Loopback, AddressClass::Private], vec![]);
        ways(doors, network, &admitted).unwrap().iter().map(|way| way.address.to_string()).collect()
    }

    #[test]
    fn the_way_to_the_internet_comes_first_and_what_no_phone_reaches_not_at_all() {
        let cards = [
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("wlan0", "fe80::1"),
            ("wlan0", "fd00::5"),
            ("wlan0", "192.168.1.5"),
            ("eth1", "169.254.3.4"),
            ("tun0", "10.8.0.2"),
        ];
        let network = network(&cards, &["192.168.1.5", "fd00::5"]);
        let all = ["192.168.1.5:8080", "[fd00::5]:8080", "172.17.0.1:8080", "10.8.0.2:8080"];
        assert_eq!(found(&[door("[::]:8080")], &network), all);
        assert_eq!(found(&[door("0.0.0.0:3128")], &network)[..1], ["192.168.1.5:3128"]);
        assert!(!found(&[door("0.0.0.0:3128")], &network).iter().any(|way| way.starts_with('[')));
        assert_eq!(found(&[door("127.0.0.1:1"), door("172.17.0.1:8080")], &network), ["172.17.0.1:8080"]);
    }

    #[test]
    fn behind_a_gateway_its_own_devices_come_first() {
        let mut network = network(&[("wan", "10.64.0.9"), ("br-lan", "192.168.1.1")], &["10.64.0.9"]);
        network.lan = vec!["br-lan".into()];
        assert_eq!(found(&[door("[::]:8080")], &network), ["192.168.1.1:8080", "10.64.0.9:8080"]);
    }

    #[test]
    fn who_would_be_refused_comes_last() {
        let network = network(&[("eth0", "192.0.2.9"), ("eth1", "192.168.1.1")], &["192.0.2.9"]);
        assert_eq!(found(&[door("[::]:8080")], &network), ["192.168.1.1:8080", "192.0.2.9:8080"]);
    }

    #[test]
    fn no_way_says_why() {
        let why = |doors: &[Door]| ways(doors, &network(&[("lo", "127.0.0.1")], &[]), &AddressSet::default());
        let tls = Door { is_tls: true, ..door("[::]:8443") };
        let led = Door { kind: Kind::Redirect, ..door("[::]:8082") };
        assert_eq!(why(&[led]), Err(NoWay::NoProxy));
        assert_eq!(why(&[tls]), Err(NoWay::OnlyTls));
        assert_eq!(why(&[door("127.0.0.1:8080"), door("[::1]:8080")]), Err(NoWay::OnlyLoopback));
        assert_eq!(why(&[door("[::]:0")]), Err(NoWay::NoPort));
        assert_eq!(why(&[door("[::]:8080")]), Err(NoWay::NoAddress));
    }

    #[test]
    fn this_machine_can_be_asked() {
        let cards = if_addrs::get_if_addrs().unwrap();
        assert!(cards.iter().any(if_addrs::Interface::is_loopback));
    }
}
