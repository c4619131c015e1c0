//! What is the gateway asked for?

use std::{collections::BTreeSet, fmt, num::NonZeroU32, str::FromStr};

use ipnet::IpNet;

/// `[gateway]` of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The interfaces that devices are behind; none means that this machine is no gateway.
    pub lan: Vec<Interface>,
    /// The TCP ports whose connections are led to clir.
    pub ports: BTreeSet<u16>,
    /// Devices that pass by clir.
    pub exempt_clients: Vec<Device>,
    /// Networks to which everybody passes by clir.
    pub exempt_targets: Vec<IpNet>,
    /// What becomes of HTTP/3, which clir cannot look at.
    pub quic: Quic,
    /// The bits that mark packets for a tproxy listener.
    pub mark: NonZeroU32,
    /// The routing table that brings marked packets here.
    pub table: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lan: Vec::new(),
            ports: BTreeSet::from([80, 443]),
            exempt_clients: Vec::new(),
            exempt_targets: Vec::new(),
            quic: Quic::Reject,
            mark: MARK,
            table: 1143,
        }
    }
}

/// What marks packets where nothing else is said: 0x4000000, one high bit, for other programs usually take low ones.
const MARK: NonZeroU32 = NonZeroU32::MIN.saturating_add(0x03ff_ffff);

/// The name of a network interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interface(String);

impl Interface {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why something is no name of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interface's name has 1 to 15 letters, digits, dots, hyphens, underscores or at signs")]
pub struct InvalidInterface;

impl FromStr for Interface {
    type Err = InvalidInterface;

    /// Narrower than the kernel, which takes nearly every byte: a name stands in rules and in paths.
    fn from_str(name: &str) -> Result<Self, InvalidInterface> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
        let plain = (1..=15).contains(&name.len()) && name.bytes().all(allowed) && name != "." && name != "..";
        plain.then(|| Self(name.to_owned())).ok_or(InvalidInterface)
    }
}

/// Devices, by where they are or by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// By address.
    Network(IpNet),
    /// By the address of the network card (IEEE 802 MAC-48).
    Card([u8; 6]),
}

impl Device {
    /// `02:00:5e:10:00:01`, six pairs of hexadecimal digits with colons or hyphens between them.
    pub fn card(text: &str) -> Option<Self> {
        let mut pairs = text.split([':', '-']);
        let mut card = [0; 6];
        for byte in &mut card {
            let pair = pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|it| it.is_ascii_hexdigit()))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        pairs.next().is_none().then_some(Self::Card(card))
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Card([a, b, c, d, e, g]) => write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}"),
        }
    }
}

/// What becomes of UDP to port 443.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quic {
    /// It is refused with an ICMP message, so that a browser takes TCP at once.
    Reject,
    /// It passes by clir.
    Pass,
}

impl Quic {
    /// Every word.
    pub const ALL: [Self; 2] = [Self::Reject, Self::Pass];

    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Pass => "pass",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_interfaces_are_plain() {
        for name in ["br-lan", "eth0.2", "wlan0", "a", "veth1@if2", "fifteen-letters"] {
            assert_eq!(name.parse::<Interface>().unwrap().as_str(), name);
        }
        for name in ["", "sixteen--letters", "eth 0", "a/b", "..", "\"", "eth*", "a;b", "é"] {
            assert!(name.parse::<Interface>().is_err(), "{name}");
        }
    }

    #[test]
    fn cards_are_six_pairs() {
        assert_eq!(Device::card("02:00:5E:10:00:ff").unwrap().to_string(), "02:00:5e:10:00:ff");
        assert_eq!(Device::card("02-00-5e-10-00-ff"), Device::card("02:00:5e:10:00:ff"));
        for text in ["", "02:00:5e:10:00", "02:00:5e:10:00:ff:00", "02:00:5e:10:00:f", "+2:00:5e:10:00:ff"] {
            assert_eq!(Device::card(text), None, "{text}");
        }
    }
}
