//! Which clients have names, and ways of their own?

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use super::{
    listener::is_printable,
    matchers,
    reader::{Entry, Reader},
    words,
};
use crate::{
    config::{
        Code,
        diagnostic::Faults,
        source::{At, Place},
        suggest::quoted,
    },
    exchange::{InvalidMac, Mac},
    policy::{AddressClass, AddressSet, Client, Clients, InterceptMode},
};

/// What `[[client]]` comes to.
#[derive(Default)]
pub struct NamedClients<'a> {
    list: Vec<Read<'a>>,
}

/// One client, and what has to be looked up for it.
struct Read<'a> {
    client: Arc<Client>,
    networks: Vec<At<IpNet>>,
    macs: Vec<At<Mac>>,
    rules: Rules<'a>,
}

/// The rules of a client's own.
enum Rules<'a> {
    None,
    /// In this file.
    File(At<String>),
    /// Here.
    Here(Vec<Reader<'a>>),
}

impl<'a> NamedClients<'a> {
    /// The clients as they are judged by.
    pub fn clients(&self) -> Arc<Clients> {
        Arc::new(Clients::new(self.list.iter().map(|read| Arc::clone(&read.client)).collect()))
    }

    /// Takes the rules that stand in the clients' own tables, with the owner of each lot.
    pub fn take_rules(&mut self) -> Vec<(Arc<str>, Vec<Reader<'a>>)> {
        let take = |read: &mut Read<'a>| match std::mem::replace(&mut read.rules, Rules::None) {
            Rules::Here(tables) => Some((Arc::clone(&read.client.name), tables)),
            other => {
                read.rules = other;
                None
            }
        };
        self.list.iter_mut().filter_map(take).collect()
    }

    /// The files that hold rules of clients' own, each with all whose it is.
    pub fn files(&self) -> Vec<(At<String>, Vec<Arc<str>>)> {
        let mut files: Vec<(At<String>, Vec<Arc<str>>)> = Vec::new();
        for read in &self.list {
            let Rules::File(file) = &read.rules else { continue };
            match files.iter_mut().find(|(known, _)| known.value == file.value) {
                Some((_, owners)) => owners.push(Arc::clone(&read.client.name)),
                None => files.push((file.clone(), vec![Arc::clone(&read.client.name)])),
            }
        }
        files
    }
}

/// Reads every `[[client]]`.
pub fn read<'a>(root: &Reader<'a>) -> NamedClients<'a> {
    let mut named = NamedClients::default();
    let Some(entry) = root.get("client") else { return named };
    for table in entry.tables() {
        let Some((read, name)) = read_one(table) else { continue };
        check_against(&named.list, &read, &name, root.faults());
        named.list.push(read);
    }
    named
}

fn read_one<'a>(table: Reader<'a>) -> Option<(Read<'a>, Place)> {
    let faults = table.faults();
    let name = read_name(&table);
    let words = |key| table.get(key).and_then(|entry| entry.words());
    let (addresses, macs) = (words("address"), words("mac"));
    let is_nowhere = addresses.is_none() && macs.is_none() && table.get("address").or(table.get("mac")).is_none();
    let networks: Vec<_> = addresses.iter().flatten().filter_map(|text| network(text, faults)).collect();
    let macs: Vec<_> = macs.iter().flatten().filter_map(|text| mac(text, faults)).collect();
    let bypass = table.get("bypass").and_then(|entry| entry.strings()).unwrap_or_default();
    let client = Client {
        name: Arc::from(name.as_ref().map_or("", |name| name.value.as_str())),
        addresses: AddressSet::new(Vec::new(), networks.iter().map(|at| at.value).collect()),
        macs: macs.iter().map(|at| at.value).collect(),
        intercept: table.get("intercept").and_then(|entry| read_mode(&entry, faults)),
        bypass: matchers::hosts(&bypass, faults),
        is_private: table.get("private").and_then(|entry| entry.boolean()).unwrap_or_default(),
    };
    let rules = table.get("policy").map_or(Rules::None, |entry| read_rules(&entry));
    if is_nowhere {
        table.missing("address", "say which client it is: address = [\"192.0.2.7\"], or mac = [\"02:00:5e:10:00:01\"]");
    }
    table.finish();
    let place = name?.place;
    Some((Read { client: Arc::new(client), networks, macs, rules }, place))
}

/// A name stands beside addresses and classes in rules, and must not be mistaken for one.
fn read_name(table: &Reader<'_>) -> Option<At<String>> {
    let Some(entry) = table.get("name") else {
        table.missing("name", "events and rules call the client by it: name = \"kitchen tablet\"");
        return None;
    };
    let name = entry.text().filter(|name| is_printable(name, table.faults()))?;
    let is_address = matchers::is_address_like(&name.value) || name.value.parse::<IpAddr>().is_ok();
    if name.value.parse::<AddressClass>().is_ok() || is_address {
        let message = format!("{} is an address or a class of addresses, and no name", quoted(&name.value));
        table.faults().error(Code::InvalidText, &name.place, message, "call the client something else");
        return None;
    }
    Some(name)
}

fn read_mode(entry: &Entry<'_>, faults: &Faults) -> Option<InterceptMode> {
    words::word(&entry.string()?, faults)
}

fn read_rules<'a>(entry: &Entry<'a>) -> Rules<'a> {
    if entry.is_list() {
        return Rules::Here(entry.tables());
    }
    entry.text().map_or(Rules::None, Rules::File)
}

/// A class is no client's: everybody in it would have one name.
fn network(text: &At<String>, faults: &Faults) -> Option<At<IpNet>> {
    if text.value.parse::<AddressClass>().is_ok() {
        let message = format!("{} is a class of addresses, and no client's", quoted(&text.value));
        let help = "write addresses or networks, such as \"192.0.2.7\" or \"2001:db8::/64\"";
        faults.error(Code::InvalidNetwork, &text.place, message, help);
        return None;
    }
    matchers::network(text, faults).map(|network| At { value: network, place: text.place.clone() })
}

fn mac(text: &At<String>, faults: &Faults) -> Option<At<Mac>> {
    let told = |fault: &InvalidMac| {
        let message = format!("{} is not the address of a network card: {fault}", quoted(&text.value));
        faults.error(Code::InvalidMac, &text.place, message, "write it as in \"02:00:5e:10:00:01\"");
    };
    let mac = text.value.parse::<Mac>().inspect_err(told).ok()?;
    Some(At { value: mac, place: text.place.clone() })
}

/// No two clients have one name, one address or one card: it would depend on their order who is who.
fn check_against(earlier: &[Read<'_>], new: &Read<'_>, name: &Place, faults: &Faults) {
    if earlier.iter().any(|other| other.client.name == new.client.name) {
        let message = format!("another client is called {} as well", quoted(&new.client.name));
        faults.error(Code::DuplicateName, name, message, "give each client a `name` of its own");
    }
    for other in earlier {
        let overlaps = |network: &IpNet| {
            other.networks.iter().any(|At { value, .. }| value.contains(network) || network.contains(value))
        };
        for At { value, place } in new.networks.iter().filter(|at| overlaps(&at.value)) {
            tell_overlap(&value.to_string(), &other.client.name, place, faults);
        }
        for At { value, place } in new.macs.iter().filter(|at| other.client.macs.contains(&at.value)) {
            tell_overlap(&value.to_string(), &other.client.name, place, faults);
        }
    }
}

fn tell_overlap(address: &str, other: &str, place: &Place, faults: &Faults) {
    let message = format!("{address} is of client {} as well", quoted(other));
    faults.error(Code::OverlappingClients, place, message, "let each address belong to one client");
}
