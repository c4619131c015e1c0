//! What has to be in force, so that devices reach clir without any setting of theirs?
//!
//! A function of the configuration and of a few facts about the machine; it does nothing.

use std::{
    fmt::{self, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
};

use serde::{Deserialize, Serialize};

use super::{
    ruleset,
    settings::{Interface, Quic, Settings},
};
use crate::listen::Kind;

/// Our rules come before whatever else picks a routing table.
const PRIORITY: u32 = 100;
/// Milliseconds between two ICMP errors to one client, after a burst of six: none. With Linux's second, a browser that
/// tries HTTP/3 with the hosts of a page would wait for most refusals. The limit for all clients together stays.
const ICMP_GAP: u32 = 0;

/// Where connections may be led to; of all kinds, only `redirect` and `tproxy` can receive them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// How.
    pub kind: Kind,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// IPv4
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// As `ip` takes it.
    pub fn option(self) -> &'static str {
        match self {
            Self::V4 => "-4",
            Self::V6 => "-6",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Who receives the connections of each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receivers {
    /// IPv4 connections.
    pub v4: Option<Receiver>,
    /// IPv6 connections.
    pub v6: Option<Receiver>,
}

impl Receivers {
    /// Of several listeners the first that devices can reach over a family receives its connections.
    pub fn among(listeners: &[Receiver]) -> Self {
        let first = |family| listeners.iter().copied().find(|receiver| receiver.serves(family));
        Self { v4: first(Family::V4), v6: first(Family::V6) }
    }

    /// Who receives this family.
    pub fn of(&self, family: Family) -> Option<Receiver> {
        match family {
            Family::V4 => self.v4,
            Family::V6 => self.v6,
        }
    }
}

impl Receiver {
    /// What it listens on as far as this family is concerned: on every address of both means on every one of IPv4.
    pub fn address_for(&self, family: Family) -> SocketAddr {
        match (self.address.ip().is_unspecified(), family) {
            (true, Family::V4) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, self.address.port())),
            _ => self.address,
        }
    }

    /// Loopback cannot be reached from a LAN, and port 0 cannot be named in a rule.
    fn serves(&self, family: Family) -> bool {
        if !self.kind.is_transparent() {
            return false;
        }
        let address = self.address.ip().to_canonical();
        let speaks = match (address, family) {
            (IpAddr::V4(_), Family::V4) | (IpAddr::V6(_), Family::V6) => true,
            (IpAddr::V6(address), Family::V4) => address.is_unspecified(),
            (IpAddr::V4(_), Family::V6) => false,
        };
        speaks && !address.is_loopback() && self.address.port() != 0
    }
}

/// What is known about the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether its kernel speaks IPv6.
    pub ipv6: bool,
    /// Whether a bridge of the LAN gives its packets to the firewall before they are this machine's. The listener that
    /// `tproxy` finds for such a packet is forgotten on the way.
    pub bridged: bool,
    /// The interfaces whose router announces itself (RFC 4861), which a machine that forwards would no longer believe.
    pub announced: Vec<Interface>,
}

/// Why there is nothing to plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplannable {
    /// No interface is named.
    #[error("`gateway.lan` names no interface: name those that your devices are behind, such as lan = [\"br-lan\"]")]
    NoLan,
    /// Nobody would receive the connections.
    #[error(
        "no listener can receive the connections: add a [[listener]] with kind = \"redirect\" (or \"tproxy\") and \
         address = \"[::]:8082\""
    )]
    NoReceiver,
}

/// What has to be in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Settings of the kernel, in the order in which they are made.
    pub sysctls: Vec<Sysctl>,
    /// How marked packets come here.
    pub routes: Vec<PolicyRoute>,
    /// The table of nftables, replacing what it was before.
    pub ruleset: String,
    /// Who receives what.
    pub receivers: Receivers,
}

/// A setting of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sysctl {
    /// Its path below `/proc/sys`: names of interfaces may hold dots.
    pub key: String,
    /// Its value.
    pub value: u32,
}

impl Sysctl {
    fn new(key: impl Into<String>, value: u32) -> Self {
        Self { key: key.into(), value }
    }

    /// Whether what is set already will do.
    pub fn is_met_by(&self, current: &str) -> bool {
        current.trim().parse() == Ok(self.value)
    }
}

impl fmt::Display for Sysctl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// A rule that sends marked packets to a table, and the route in it that makes every address ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRoute {
    /// Of which family.
    pub family: Family,
    /// The bits of the mark.
    pub mark: NonZeroU32,
    /// The table.
    pub table: u32,
}

impl PolicyRoute {
    /// The rule, as words of `ip rule`.
    pub fn rule(&self) -> Vec<String> {
        let mark = format!("{0:#x}/{0:#x}", self.mark);
        ["priority", &PRIORITY.to_string(), "fwmark", &mark, "lookup", &self.table.to_string()].map(String::from).into()
    }

    /// The route, as words of `ip route`.
    pub fn route(&self) -> Vec<String> {
        ["local", "default", "dev", "lo", "table", &self.table.to_string()].map(String::from).into()
    }

    /// Whether a rule as `ip -json rule show` prints it is this one.
    pub fn is_rule(&self, rule: &serde_json::Value) -> bool {
        let bits = format!("{:#x}", self.mark);
        // Without a mask of its own a mark is compared whole.
        let is = |key: &str, wanted: &str| rule.get(key).and_then(serde_json::Value::as_str) == Some(wanted);
        rule.get("priority").and_then(serde_json::Value::as_u64) == Some(PRIORITY.into())
            && is("fwmark", &bits)
            && is("fwmask", &bits)
            && is("table", &self.table.to_string())
    }
}

/// Plans what has to be in force.
///
/// # Errors
/// The configuration says nothing that could be.
pub fn plan(settings: &Settings, listeners: &[Receiver], facts: &Facts) -> Result<Plan, Unplannable> {
    if settings.lan.is_empty() {
        return Err(Unplannable::NoLan);
    }
    let receivers = Receivers::among(listeners);
    if receivers == Receivers::default() {
        return Err(Unplannable::NoReceiver);
    }
    let is_tproxy = |receiver: Receiver| matches!(receiver.kind, Kind::Tproxy { .. });
    let transparent = |family: &Family| receivers.of(*family).is_some_and(is_tproxy);
    let is_diverted = Family::ALL.iter().any(transparent);
    let spoken = Family::ALL.into_iter().filter(|family| facts.ipv6 || *family == Family::V4);
    let route = |family| PolicyRoute { family, mark: settings.mark, table: settings.table };
    Ok(Plan {
        sysctls: sysctls(settings, facts, is_diverted),
        routes: spoken.filter(transparent).map(route).collect(),
        ruleset: ruleset::ruleset(settings, &receivers),
        receivers,
    })
}

fn sysctls(settings: &Settings, facts: &Facts, is_diverted: bool) -> Vec<Sysctl> {
    // This one first: it resets others.
    let mut wanted = vec![Sysctl::new("net/ipv4/ip_forward", 1)];
    // Devices are not to be told of a shorter way, which passes by. The kernel asks both places.
    wanted.push(Sysctl::new("net/ipv4/conf/all/send_redirects", 0));
    wanted.extend(settings.lan.iter().map(|lan| Sysctl::new(format!("net/ipv4/conf/{lan}/send_redirects"), 0)));
    if is_diverted && facts.bridged {
        wanted.push(Sysctl::new("net/bridge/bridge-nf-call-iptables", 0));
        wanted.push(Sysctl::new("net/bridge/bridge-nf-call-ip6tables", 0));
    }
    if settings.quic == Quic::Reject {
        wanted.push(Sysctl::new("net/ipv4/icmp_ratelimit", ICMP_GAP));
    }
    if facts.ipv6 {
        // Before forwarding: a machine that forwards forgets the routers that announced themselves.
        let believed = facts.announced.iter().filter(|uplink| !settings.lan.contains(uplink));
        wanted.extend(believed.map(|uplink| Sysctl::new(format!("net/ipv6/conf/{uplink}/accept_ra"), 2)));
        wanted.push(Sysctl::new("net/ipv6/conf/all/forwarding", 1));
        if settings.quic == Quic::Reject {
            wanted.push(Sysctl::new("net/ipv6/icmp/ratelimit", ICMP_GAP));
        }
    }
    wanted
}

/// A file for `nft -f`; what other programs do stands there as comments.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut commands = String::new();
        for sysctl in &self.sysctls {
            writeln!(commands, "#   sysctl -w {sysctl}")?;
        }
        for route in &self.routes {
            let family = route.family.option();
            writeln!(commands, "#   ip {family} route replace {}", route.route().join(" "))?;
            writeln!(commands, "#   ip {family} rule add {}", route.rule().join(" "))?;
        }
        write!(f, "#!/usr/sbin/nft -f\n#\n# What `clir gateway up` puts in force: these settings,\n#\n{commands}#\n")?;
        write!(f, "# and this table, in one step.\n\n{}", self.ruleset)
    }
}
