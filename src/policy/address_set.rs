//! Does this address belong to them?

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// A kind of address with a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressClass {
    /// This machine: 127.0.0.0/8 and ::1, and the unspecified addresses, which reach it just as well.
    Loopback,
    /// This link: 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291 §2.5.6).
    LinkLocal,
    /// Somebody's own network: RFC 1918 and fc00::/7 (RFC 4193). Not 100.64.0.0/10, which a carrier's customers share.
    Private,
    /// Every address.
    Any,
}

impl AddressClass {
    /// Every class.
    pub const ALL: &'static [Self] = &[Self::Loopback, Self::LinkLocal, Self::Private, Self::Any];

    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Private => "private",
            Self::Any => "any",
        }
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::Any, _) => true,
            (Self::Loopback, IpAddr::V4(v4)) => v4.is_loopback() || v4.octets()[0] == 0,
            (Self::Loopback, IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unspecified(),
            (Self::LinkLocal, IpAddr::V4(v4)) => v4.is_link_local(),
            (Self::LinkLocal, IpAddr::V6(v6)) => v6.is_unicast_link_local(),
            (Self::Private, IpAddr::V4(v4)) => v4.is_private(),
            (Self::Private, IpAddr::V6(v6)) => v6.is_unique_local(),
        }
    }
}

impl FromStr for AddressClass {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|class| class.as_str() == text).ok_or(())
    }
}

/// Classes and networks. The empty set contains nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSet {
    classes: Vec<AddressClass>,
    networks: Vec<IpNet>,
}

impl AddressSet {
    /// The union of these classes and networks.
    pub fn new(classes: Vec<AddressClass>, networks: Vec<IpNet>) -> Self {
        Self { classes, networks: networks.into_iter().map(unmap).collect() }
    }

    /// Whether the address is in it. An IPv4 address mapped into IPv6, as a dual-stack socket shows it, is the IPv4
    /// address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.classes.iter().any(|class| class.contains(address))
            || self.networks.iter().any(|net| net.contains(&address))
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.networks.is_empty()
    }
}

/// The words it was made of, separated by commas.
impl fmt::Display for AddressSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = self.classes.iter().map(|class| class.as_str().to_owned());
        let words: Vec<_> = classes.chain(self.networks.iter().map(IpNet::to_string)).collect();
        f.write_str(&words.join(", "))
    }
}

/// Parses `192.0.2.0/24`, `2001:db8::/32` or a single address.
///
/// # Errors
/// [`InvalidAddress`] that says what is wrong with it.
pub fn parse_network(text: &str) -> Result<IpNet, InvalidAddress> {
    let Some((address, length)) = text.split_once('/') else {
        return text.parse::<IpAddr>().map(IpNet::from).map_err(|_| InvalidAddress::Address);
    };
    let address: IpAddr = address.parse().map_err(|_| InvalidAddress::Address)?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse::<u8>().ok().filter(|_| digits).ok_or(InvalidAddress::Length { longest })?;
    let network = IpNet::new(address, length).map_err(|_| InvalidAddress::Length { longest })?;
    match network.trunc() {
        whole if whole == network => Ok(network),
        whole => Err(InvalidAddress::HostBits { network: whole }),
    }
}

/// What is wrong with an address or network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// It is not an address at all.
    #[error("this is neither an IPv4 nor an IPv6 address")]
    Address,
    /// What stands behind the slash is no prefix length.
    #[error("the prefix length is a number from 0 to {longest}")]
    Length {
        /// 32 or 128.
        longest: u8,
    },
    /// The address has bits beyond the prefix, so either of the two is a mistake.
    #[error("the address has bits set beyond the prefix length")]
    HostBits {
        /// The network that it probably means.
        network: IpNet,
    },
}

/// `::ffff:10.0.0.0/104` means 10.0.0.0/8, and addresses are compared in that form.
fn unmap(network: IpNet) -> IpNet {
    let canonical = network.addr().to_canonical();
    match network.prefix_len().checked_sub(96) {
        Some(length) if network.addr().is_ipv6() && canonical.is_ipv4() => {
            IpNet::new(canonical, length).unwrap_or(network)
        }
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn class(class: AddressClass) -> AddressSet {
        AddressSet::new(vec![class], Vec::new())
    }

    #[test]
    fn every_spelling_of_this_machine_is_loopback() {
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "0.1.2.3"] {
            assert!(class(AddressClass::Loopback).contains(ip(text)), "{text}");
        }
        assert!(!class(AddressClass::Loopback).contains(ip("128.0.0.1")));
    }

    #[test]
    fn classes_end_where_their_standards_say() {
        for text in ["10.0.0.1", "172.31.255.255", "192.168.0.1", "fd00::1", "::ffff:192.168.1.1"] {
            assert!(class(AddressClass::Private).contains(ip(text)), "{text}");
        }
        for text in ["172.32.0.0", "192.169.0.0", "100.64.0.1", "2001:db8::1", "192.0.2.1"] {
            assert!(!class(AddressClass::Private).contains(ip(text)), "{text}");
        }
        assert!(class(AddressClass::LinkLocal).contains(ip("169.254.169.254")));
        assert!(class(AddressClass::LinkLocal).contains(ip("febf::1")));
        assert!(!class(AddressClass::LinkLocal).contains(ip("fec0::1")));
        assert!(class(AddressClass::Any).contains(ip("192.0.2.1")));
    }

    #[test]
    fn networks_are_parsed_strictly() {
        for text in ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/8/8", "::/129", "example.org"] {
            assert!(parse_network(text).is_err(), "{text}");
        }
        let truncated = parse_network("192.168.0.0/16").unwrap();
        assert_eq!(parse_network("192.168.1.5/16"), Err(InvalidAddress::HostBits { network: truncated }));
        assert_eq!(parse_network("192.0.2.7").unwrap().prefix_len(), 32);
    }

    #[test]
    fn a_mapped_network_is_the_network_it_maps() {
        let set = AddressSet::new(Vec::new(), vec![parse_network("::ffff:10.0.0.0/104").unwrap()]);
        assert!(set.contains(ip("10.1.2.3")));
        assert!(set.contains(ip("::ffff:10.1.2.3")));
        assert!(!set.contains(ip("11.0.0.0")));
    }
}
