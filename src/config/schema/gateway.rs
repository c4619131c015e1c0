//! Which devices are led here, and how?

use std::collections::{BTreeSet, HashSet};

use ipnet::IpNet;

use super::{
    matchers,
    reader::{Entry, Reader},
    words,
};
use crate::{
    config::{Code, Listener, diagnostic::Faults, source::At, suggest::quoted},
    gateway::{Device, Interface, Receiver, Receivers, Settings},
    policy::{InvalidAddress, parse_network},
};

/// The tables that the kernel keeps for itself (`/etc/iproute2/rt_tables`).
const RESERVED: std::ops::RangeInclusive<u32> = 253..=255;

const TARGET: &str = "write an address or a network, such as \"192.0.2.0/24\" or \"2001:db8::/32\"";

/// Reads `[gateway]`.
pub fn read(root: &Reader<'_>, listeners: &[Listener]) -> Settings {
    let Some(table) = root.get("gateway").and_then(|entry| entry.table()) else { return Settings::default() };
    let faults = table.faults();
    let default = Settings::default();
    let strings = |key| table.get(key).and_then(|entry| entry.strings()).unwrap_or_default();
    let lan = table.get("lan");
    let settings = Settings {
        lan: lan.as_ref().and_then(Entry::strings).map(|names| interfaces(&names, faults)).unwrap_or_default(),
        ports: table.get("ports").and_then(|entry| ports(&entry, faults)).unwrap_or(default.ports),
        exempt_clients: strings("exempt_clients").iter().filter_map(|text| device(text, faults)).collect(),
        exempt_targets: strings("exempt_targets").iter().filter_map(|text| network(text, TARGET, faults)).collect(),
        quic: table
            .get("quic")
            .and_then(|entry| entry.string())
            .and_then(|it| words::word(&it, faults))
            .unwrap_or(default.quic),
        mark: table
            .get("mark")
            .and_then(|entry| entry.number(1..=u32::MAX.into()))
            .and_then(std::num::NonZeroU32::new)
            .unwrap_or(default.mark),
        table: table.get("table").and_then(|entry| routing_table(&entry, faults)).unwrap_or(default.table),
    };
    if let Some(lan) = lan.filter(|_| !settings.lan.is_empty()) {
        tell_missing_listener(&lan, listeners, faults);
    }
    table.finish();
    settings
}

fn interfaces(names: &[At<String>], faults: &Faults) -> Vec<Interface> {
    let mut seen = HashSet::new();
    let mut interfaces = Vec::new();
    for name in names {
        match name.value.parse::<Interface>() {
            Ok(interface) if seen.insert(name.value.as_str()) => interfaces.push(interface),
            Ok(interface) => {
                let message = format!("the interface {} is named twice", quoted(interface.as_str()));
                faults.error(Code::DuplicateName, &name.place, message, "name it once");
            }
            Err(fault) => {
                let message = format!("{} is no interface: {fault}", quoted(&name.value));
                let help = "write the names that `ip link` shows, one by one, such as \"br-lan\"";
                faults.error(Code::InvalidInterface, &name.place, message, help);
            }
        }
    }
    interfaces
}

fn ports(entry: &Entry<'_>, faults: &Faults) -> Option<BTreeSet<u16>> {
    let ports: BTreeSet<u16> = entry.numbers(1..=65535)?.into_iter().collect();
    if ports.is_empty() && !faults.has_errors() {
        let help = "name the ports, such as [80, 443], or leave `lan` out if nothing is to be led here";
        faults.error(Code::EmptyValue, &entry.place(), "`gateway.ports` is empty, so nothing is led to clir", help);
    }
    Some(ports)
}

fn device(text: &At<String>, faults: &Faults) -> Option<Device> {
    let help = "write an address or a network, such as \"192.0.2.7\", or a network card's: \"02:00:5e:10:00:01\"";
    Device::card(&text.value).or_else(|| network(text, help, faults).map(Device::Network))
}

/// Names have no place here: rules know addresses only, and what a name means changes.
fn network(text: &At<String>, help: &str, faults: &Faults) -> Option<IpNet> {
    match parse_network(&text.value) {
        Err(InvalidAddress::HostBits { .. }) => matchers::network(text, faults),
        Err(fault) => {
            let message = format!("{} is not a network: {fault}", quoted(&text.value));
            faults.error(Code::InvalidNetwork, &text.place, message, help);
            None
        }
        Ok(network) => Some(network),
    }
}

fn routing_table(entry: &Entry<'_>, faults: &Faults) -> Option<u32> {
    let table = entry.number(1..=u32::MAX.into())?;
    if RESERVED.contains(&table) {
        let message = format!("the routing table {table} is the kernel's own");
        faults.error(Code::OutOfRange, &entry.place(), message, "take a number that nobody uses, such as 1143");
        return None;
    }
    Some(table)
}

/// Devices would be led to nobody.
fn tell_missing_listener(lan: &Entry<'_>, listeners: &[Listener], faults: &Faults) {
    let listeners: Vec<_> = listeners.iter().map(|it| Receiver { kind: it.kind, address: it.address }).collect();
    if Receivers::among(&listeners) == Receivers::default() {
        let message = "no listener can receive what is led here from the LAN";
        let help = "add a [[listener]] with kind = \"redirect\", or \"tproxy\", and address = \"[::]:8082\"";
        faults.warning(Code::MissingListener, &lan.place(), message, help);
    }
}
