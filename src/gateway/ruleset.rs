//! Which rules lead connections to clir?
//!
//! One table of both families, `inet clir`, which nobody else writes to. Only what comes in through an interface of the
//! LAN is looked at: what clir and other programs of this machine send never passes these chains, and so cannot be led
//! back to clir.

use std::{fmt::Display, net::IpAddr, num::NonZeroU32};

use ipnet::IpNet;

use super::{
    plan::{Family, Receiver, Receivers},
    settings::{Device, Quic, Settings},
};
use crate::listen::Kind;

/// The family and the name of the table.
pub const TABLE: [&str; 2] = ["inet", "clir"];
/// The comment of the rule that counts what was not led to clir.
pub const PASSED_BY: &str = "passed by clir";

/// A segment that opens a connection. One that was open before the rules came is none of theirs, and would break.
const OPENING: &str = "tcp flags & (fin | syn | rst | ack) == syn";

/// The whole table, as one transaction that replaces an older one.
pub fn ruleset(settings: &Settings, receivers: &Receivers) -> String {
    let mut chains = vec![exempt(settings)];
    chains.extend(redirect(receivers));
    chains.extend(divert(settings.mark, receivers));
    chains.push(forward(settings, receivers));
    // `add` first, since what is not there cannot be deleted.
    let mut text = String::from("add table inet clir\ndelete table inet clir\n\ntable inet clir {\n");
    for part in sets(settings).into_iter().chain(chains) {
        text.push_str(&part);
    }
    text.push_str("}\n");
    text
}

fn sets(settings: &Settings) -> Vec<String> {
    let lan = settings.lan.iter().map(|name| format!("\"{name}\"")).collect();
    let mut sets = vec![
        set("lan", "ifname", "", lan),
        set("ports", "inet_service", "", settings.ports.iter().map(u16::to_string).collect()),
    ];
    let devices = settings.exempt_clients.iter();
    let clients: Vec<IpNet> = devices.clone().filter_map(|device| network(*device)).collect();
    let cards = devices.filter(|device| matches!(device, Device::Card(_))).map(Device::to_string).collect();
    for (name, networks) in [("clients", &clients), ("targets", &settings.exempt_targets)] {
        sets.extend(family_set(name, Family::V4, networks));
        sets.extend(family_set(name, Family::V6, networks));
    }
    sets.push(set("cards", "ether_addr", "", cards));
    sets.retain(|text| !text.is_empty());
    sets
}

fn network(device: Device) -> Option<IpNet> {
    match device {
        Device::Network(network) => Some(network),
        Device::Card(_) => None,
    }
}

fn family_set(name: &str, family: Family, networks: &[IpNet]) -> Option<String> {
    let of_family: Vec<_> = networks.iter().filter(|network| is_of(family, network)).map(ToString::to_string).collect();
    let (suffix, kind) = match family {
        Family::V4 => ("4", "ipv4_addr"),
        Family::V6 => ("6", "ipv6_addr"),
    };
    let flags = "\t\tflags interval\n\t\tauto-merge\n";
    Some(set(&format!("{name}{suffix}"), kind, flags, of_family)).filter(|text| !text.is_empty())
}

fn is_of(family: Family, network: &IpNet) -> bool {
    matches!((family, network), (Family::V4, IpNet::V4(_)) | (Family::V6, IpNet::V6(_)))
}

fn set(name: &str, kind: &str, flags: &str, elements: Vec<String>) -> String {
    if elements.is_empty() {
        return String::new();
    }
    format!("\tset {name} {{\n\t\ttype {kind}\n{flags}\t\telements = {{ {} }}\n\t}}\n\n", elements.join(", "))
}

/// Accepting here ends the chain that asked, and nothing else.
fn exempt(settings: &Settings) -> String {
    let mut rules = vec![
        "# To this machine itself, or to no single machine.".to_owned(),
        "fib daddr type { local, broadcast, anycast, multicast } accept".to_owned(),
    ];
    let clients: Vec<IpNet> = settings.exempt_clients.iter().filter_map(|device| network(*device)).collect();
    for (set, direction, networks) in [("clients", "saddr", &clients), ("targets", "daddr", &settings.exempt_targets)] {
        if networks.iter().any(|network| is_of(Family::V4, network)) {
            rules.push(format!("ip {direction} @{set}4 accept"));
        }
        if networks.iter().any(|network| is_of(Family::V6, network)) {
            rules.push(format!("ip6 {direction} @{set}6 accept"));
        }
    }
    if settings.exempt_clients.iter().any(|device| matches!(device, Device::Card(_))) {
        rules.push("ether saddr @cards accept".to_owned());
    }
    chain("exempt", &rules)
}

/// The destination is rewritten, and the connection remembered by the kernel: it lives on when the rules go.
fn redirect(receivers: &Receivers) -> Option<String> {
    let rule = |(family, receiver): (Family, Receiver)| {
        let protocol = protocol(family);
        let port = receiver.address.port();
        let leads = match specific(receiver, family) {
            None => format!("redirect to :{port}"),
            Some(address) => format!("dnat {} to {address}:{port}", keyword(family)),
        };
        format!("{protocol} tcp dport @ports {OPENING} {leads}")
    };
    let leading: Vec<_> = of_kind(receivers, |kind| kind == Kind::Redirect).map(rule).collect();
    // Before other people's rewriting: a connection is rewritten once.
    let head = ["type nat hook prerouting priority dstnat - 10; policy accept;", LAN_ONLY, "jump exempt"];
    (!leading.is_empty())
        .then(|| chain("lead", &head.map(str::to_owned).into_iter().chain(leading).collect::<Vec<_>>()))
}

/// The packet stays as it is. Where nobody listens, the rule does not match, and the connection goes its way.
fn divert(mark: NonZeroU32, receivers: &Receivers) -> Option<String> {
    let marks = format!("meta mark set meta mark | {mark:#x} accept");
    let rule = |(family, receiver): (Family, Receiver)| {
        let port = receiver.address.port();
        let address = specific(receiver, family).unwrap_or_default();
        let (protocol, keyword) = (protocol(family), keyword(family));
        format!("{protocol} tcp dport @ports {OPENING} tproxy {keyword} to {address}:{port} {marks}")
    };
    let leading: Vec<_> = of_kind(receivers, |kind| matches!(kind, Kind::Tproxy { .. })).map(rule).collect();
    let keeps_source = of_kind(receivers, |kind| kind == Kind::Tproxy { keep_source: true }).next().is_some();
    let ours = format!("meta l4proto tcp socket transparent 1 {marks}");
    let mut head = vec!["type filter hook prerouting priority mangle; policy accept;".to_owned()];
    match keeps_source {
        // Origins answer the client's address; what they send is clir's all the same, wherever it comes in.
        true => head.extend([format!("iifname != \"lo\" {ours}"), LAN_ONLY.to_owned()]),
        // Connections that are ours already. Older ones, which are not, go on as they are.
        false => head.extend([LAN_ONLY.to_owned(), ours]),
    }
    head.push("jump exempt".to_owned());
    (!leading.is_empty()).then(|| chain("divert", &head.into_iter().chain(leading).collect::<Vec<_>>()))
}

/// What gets here is about to leave without clir.
fn forward(settings: &Settings, receivers: &Receivers) -> String {
    let mut rules: Vec<String> = [
        "type filter hook forward priority filter - 10; policy accept;",
        LAN_ONLY,
        "# What this machine sent and somebody led back to it.",
        "fib saddr type local drop",
        "jump exempt",
    ]
    .map(str::to_owned)
    .into();
    if settings.quic == Quic::Reject {
        rules.push("# HTTP/3: an answer at once, so that the client takes TCP.".to_owned());
        rules.push("udp dport 443 reject with icmpx type port-unreachable".to_owned());
    }
    for family in Family::ALL.into_iter().filter(|family| receivers.of(*family).is_none()) {
        rules.push(format!("# No listener takes {family}: clients are to use the other."));
        rules.push(format!("{} tcp dport @ports reject with tcp reset", protocol(family)));
    }
    rules.push(format!("tcp dport @ports ct state new counter comment \"{PASSED_BY}\""));
    chain("forward", &rules)
}

const LAN_ONLY: &str = "iifname != @lan accept";

fn of_kind(receivers: &Receivers, is: impl Fn(Kind) -> bool) -> impl Iterator<Item = (Family, Receiver)> {
    let all = [(Family::V4, receivers.v4), (Family::V6, receivers.v6)];
    all.into_iter().filter_map(|(family, receiver)| Some((family, receiver?))).filter(move |(_, it)| is(it.kind))
}

/// The address of a listener that has only one, as rules write it.
fn specific(receiver: Receiver, family: Family) -> Option<String> {
    match (receiver.address.ip().to_canonical(), family) {
        (address, _) if address.is_unspecified() => None,
        (IpAddr::V6(address), Family::V6) => Some(format!("[{address}]")),
        (address, _) => Some(address.to_string()),
    }
}

fn protocol(family: Family) -> &'static str {
    match family {
        Family::V4 => "meta nfproto ipv4",
        Family::V6 => "meta nfproto ipv6",
    }
}

fn keyword(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    }
}

fn chain(name: &str, rules: &[impl Display]) -> String {
    let rules: String = rules.iter().map(|rule| format!("\t\t{rule}\n")).collect();
    format!("\tchain {name} {{\n{rules}\t}}\n\n")
}
