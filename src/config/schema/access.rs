//! Who may connect, and where to?

use std::collections::HashSet;

use super::{matchers, reader::Reader};
use crate::{
    config::{Code, diagnostic::Faults, settings::default_access, source::At, suggest::quoted},
    policy::{Access, AddressSet, PortSet, User},
};

/// Reads `[access]`.
pub fn read(table: Reader<'_>) -> Access {
    let faults = table.faults();
    let default = default_access();
    let clients = table.get("clients").and_then(|entry| entry.strings());
    let targets = table.get("deny_targets").and_then(|entry| entry.strings());
    let users = table.get("users").and_then(|entry| entry.strings()).unwrap_or_default();
    let ports = table.get("deny_connect_ports").and_then(|entry| entry.numbers(1..=65535));
    table.finish();

    let mut access = Access {
        users: read_users(&users, faults),
        connect_ports: ports.map_or(default.connect_ports, PortSet::all_but),
        ..default
    };
    if let Some(written) = targets {
        let targets = matchers::targets(&written, faults);
        access.denied_addresses = targets.addresses;
        access.denied_hosts = targets.hosts;
        access.deny_self = targets.includes_self;
    }
    if let Some(written) = clients {
        access.clients = read_clients(&written, users.is_empty(), faults);
    }
    access
}

fn read_clients(written: &[At<String>], anonymous: bool, faults: &Faults) -> AddressSet {
    let everybody = |text: &&At<String>| text.value == "any" || text.value.ends_with("/0");
    if let Some(wide) = written.iter().find(everybody).filter(|_| anonymous) {
        let help = "name your networks, or let people authenticate with `users`";
        faults.warning(Code::OpenProxy, &wide.place, "anybody who can reach clir may use it", help);
    }
    matchers::addresses(written, faults)
}

fn read_users(written: &[At<String>], faults: &Faults) -> Vec<User> {
    let mut names = HashSet::new();
    let users: Vec<_> = written.iter().filter_map(|text| Some((text, read_user(text, faults)?))).collect();
    for (text, user) in &users {
        if !names.insert(user.name.as_str()) {
            let message = format!("there are two users called {}", quoted(&user.name));
            faults.error(Code::DuplicateName, &text.place, message, "keep one of them");
        }
    }
    users.into_iter().map(|(_, user)| user).collect()
}

/// Parses `name:$argon2…`. What stands behind the colon never goes into a message: it may be a password.
fn read_user(text: &At<String>, faults: &Faults) -> Option<User> {
    let fault = |message: &str| {
        let help = "`clir passwd` prints the entry to paste here";
        faults.error(Code::InvalidUser, &text.place, message, help);
        None
    };
    let Some((name, hash)) = text.value.split_once(':') else {
        return fault("a user is written as `name:$argon2id$…`; there is no colon");
    };
    if name.is_empty() || name.chars().any(char::is_control) {
        return fault("a user is written as `name:$argon2id$…`; the name is missing or holds control characters");
    }
    if !hash.starts_with("$argon2") {
        return fault("a user is written as `name:$argon2id$…`; behind the colon stands no argon2 hash");
    }
    match argon2::PasswordHash::new(hash) {
        Ok(_) => Some(User { name: name.to_owned(), hash: hash.to_owned() }),
        Err(_) => fault("the hash is damaged: it is not in the PHC string format"),
    }
}
