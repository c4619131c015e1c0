//! Where do clients connect?

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use super::{door, reader::Reader, words};
use crate::{
    config::{
        Code, Listener,
        diagnostic::Faults,
        source::{At, Place},
        suggest::quoted,
    },
    listen::Kind,
};

/// Reads every `[[listener]]`; none means the default one.
pub fn read(root: &Reader<'_>, base: &Path, has_users: bool) -> Vec<Listener> {
    let Some(entry) = root.get("listener") else { return vec![Listener::default()] };
    let mut listeners: Vec<At<Listener>> = Vec::new();
    for table in entry.tables() {
        let listener = read_one(table, base);
        if has_users && listener.listener.value.kind.is_transparent() {
            tell_users_not_asked(&listener, root.faults());
        }
        check_against(&listeners, &listener, root.faults());
        listeners.push(listener.listener);
    }
    listeners.into_iter().map(|at| at.value).collect()
}

struct Read {
    listener: At<Listener>,
    /// Nothing when what was written is no address, so that the default which stands in for it is not judged.
    address: Option<Place>,
    label: Place,
}

fn read_one(table: Reader<'_>, base: &Path) -> Read {
    let faults = table.faults();
    let default = Listener::default();
    let place = table.place.clone();
    let kind = read_kind(&table);
    let address = table.get("address").and_then(|entry| entry.string());
    let vantage = table.get("vantage").and_then(|entry| entry.string());
    let label = table.get("label").and_then(|entry| entry.text()).filter(|label| is_printable(label, faults));
    let socket = address.as_ref().map(|address| socket_address(address, faults));
    let address = match (&address, socket) {
        (_, Some(None)) => None,
        (Some(address), _) => Some(address.place.clone()),
        (None, _) => Some(place.clone()),
    };
    let read = Read {
        address,
        label: label.as_ref().map_or_else(|| place.clone(), |label| label.place.clone()),
        listener: At {
            value: Listener {
                kind,
                address: socket.flatten().unwrap_or(default.address),
                vantage: vantage.and_then(|vantage| words::word(&vantage, faults)).unwrap_or(default.vantage),
                label: label.map_or(default.label, |label| Arc::from(label.value)),
                tls: door::read(&table, base),
                claims: read_claims(&table, kind),
            },
            place,
        },
    };
    table.finish();
    read
}

/// Who is led here has no setting that anybody else could use, and is let in by its network.
fn read_claims(table: &Reader<'_>, kind: Kind) -> bool {
    let Some(entry) = table.get("claims") else { return false };
    let claims = entry.boolean().unwrap_or_default();
    if claims && kind.is_transparent() {
        let message = format!("`claims` has no meaning for a listener of the kind \"{}\"", kind.as_str());
        let help = "only clients with a setting (kind \"explicit\" or \"socks5\") open links; leave the key out";
        table.faults().error(Code::MisplacedKey, &entry.place(), message, help);
    }
    claims
}

fn tell_users_not_asked(listener: &Read, faults: &Faults) {
    let kind = listener.listener.value.kind.as_str();
    let message = format!("a {kind} listener cannot ask for a password, so `access.users` does not hold for it");
    let help = "its clients do not know of clir; let `access.clients` say whose connections are taken";
    faults.warning(Code::UsersNotAsked, &listener.listener.place, message, help);
}

/// The kind, with what only some kinds know.
fn read_kind(table: &Reader<'_>) -> Kind {
    let kind = table.get("kind").and_then(|entry| entry.string());
    let kind = kind.and_then(|written| words::word(&written, table.faults()));
    let keeps = table.get("keep_source").and_then(|entry| Some((entry.boolean()?, entry.place())));
    match (kind, keeps) {
        (Some(Kind::Tproxy { .. }), Some((keep_source, _))) => Kind::Tproxy { keep_source },
        // An unknown kind has been told, and may have been meant to be the one that takes this.
        (None, _) if table.get("kind").is_some() => Kind::default(),
        (kind, Some((true, place))) => {
            let kind = kind.unwrap_or_default();
            let message = format!("`keep_source` has no meaning for a listener of the kind \"{}\"", kind.as_str());
            let help = "only `kind = \"tproxy\"` can keep the client's address; leave the key out";
            table.faults().error(Code::MisplacedKey, &place, message, help);
            kind
        }
        (kind, _) => kind.unwrap_or_default(),
    }
}

fn check_against(earlier: &[At<Listener>], new: &Read, faults: &Faults) {
    let listener = &new.listener.value;
    let other = earlier.iter().find(|other| overlap(other.value.address, listener.address));
    if let (Some(other), Some(place)) = (other, &new.address) {
        let message = format!("{} overlaps with the listener on {}", listener.address, other.value.address);
        faults.error(Code::DuplicateAddress, place, message, "give each listener a port of its own");
    }
    if earlier.iter().any(|other| other.value.label == listener.label) {
        let message = format!("another listener is called {} as well", quoted(&listener.label));
        faults.error(Code::DuplicateName, &new.label, message, "give each listener a `label` of its own");
    }
}

/// Whether the second of two sockets could not be bound. `[::]` takes IPv4 as well.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    let covers = |wide: std::net::IpAddr, narrow: std::net::IpAddr| {
        wide == narrow || (wide.is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4()))
    };
    one.port() == other.port() && one.port() != 0 && (covers(a, b) || covers(b, a))
}

/// Parses an address with a port; no names, because what a name means would be decided by someone else.
pub fn socket_address(written: &At<String>, faults: &Faults) -> Option<SocketAddr> {
    let text = written.value.as_str();
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let help = match text.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_err() => "the port is a number from 0 to 65535".to_owned(),
        Some(("" | "*", port)) => format!("write \"[::]:{port}\" for every address"),
        Some(("localhost", port)) => format!("write \"{}:{port}\" for this machine only", Ipv4Addr::LOCALHOST),
        Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => {
            format!("did you mean \"[{host}]:{port}\"?")
        }
        _ if text.parse::<std::net::IpAddr>().is_ok() => "add a port, such as :8080".to_owned(),
        _ if text.parse::<u16>().is_ok() => format!("did you mean \"[::]:{text}\"?"),
        _ => "write an IP address and a port, such as \"[::]:8080\" or \"127.0.0.1:8080\"".to_owned(),
    };
    let message = format!("{} is not an address with a port", quoted(text));
    faults.error(Code::InvalidAddress, &written.place, message, help);
    None
}

/// A label stands in every event; control characters have no place in it.
pub fn is_printable(text: &At<String>, faults: &Faults) -> bool {
    let printable = !text.value.chars().any(char::is_control);
    if !printable {
        faults.error(
            Code::InvalidText,
            &text.place,
            "a name has no control characters",
            "write plain text on one line",
        );
    }
    printable
}
