//! Who are the trusted partners?

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::civil::Date;

use super::{listener::is_printable, matchers, reader::Reader};
use crate::{
    config::{
        Code,
        diagnostic::Faults,
        source::At,
        suggest::{hint, quoted},
    },
    policy::Partner,
};

/// The partners that are declared, and which of them a rule has named.
#[derive(Default)]
pub struct Partners {
    list: Vec<At<Arc<Partner>>>,
    by_name: HashMap<Arc<str>, usize>,
    used: RefCell<HashSet<usize>>,
}

impl Partners {
    /// The partner of that name, or a fault.
    pub fn named(&self, written: &At<String>, faults: &Faults) -> Option<Arc<Partner>> {
        let Some(&index) = self.by_name.get(written.value.as_str()) else {
            let message = format!("there is no partner {}", quoted(&written.value));
            let help = match self.list.is_empty() {
                true => "declare it with [[partner]]".to_owned(),
                false => hint(&written.value, "the partners are", self.by_name.keys().map(|name| &**name)),
            };
            faults.error(Code::UnknownPartner, &written.place, message, help);
            return None;
        };
        self.used.borrow_mut().insert(index);
        self.list.get(index).map(|partner| Arc::clone(&partner.value))
    }

    /// Tells of partners whose time is over.
    pub fn check_expiry(&self, today: Date, faults: &Faults) {
        for At { value: partner, place } in &self.list {
            if let Some(last) = partner.expires.filter(|_| partner.is_expired(today)) {
                let message = format!("the last day of partner {} was {last}", quoted(&partner.name));
                let help = "rules treat its hosts like any other; renew it, or delete it";
                faults.warning(Code::ExpiredPartner, place, message, help);
            }
        }
    }

    /// Tells of partners that no rule names.
    pub fn check_use(&self, faults: &Faults) {
        let used = self.used.borrow();
        for (_, At { value: partner, place }) in self.list.iter().enumerate().filter(|(index, _)| !used.contains(index))
        {
            let message = format!("no rule mentions the partner {}", quoted(&partner.name));
            let help = format!("name it in a rule: unless = {{ partner = [\"{}\"] }}", partner.name.escape_debug());
            faults.warning(Code::UnusedPartner, place, message, help);
        }
    }

    /// All partners in the order of the files.
    pub fn into_list(self) -> Vec<Arc<Partner>> {
        self.list.into_iter().map(|at| at.value).collect()
    }

    fn add(&mut self, partner: At<Partner>, faults: &Faults) {
        let At { value: partner, place } = partner;
        if self.by_name.insert(Arc::clone(&partner.name), self.list.len()).is_some() {
            let message = format!("there are two partners called {}", quoted(&partner.name));
            faults.error(Code::DuplicateName, &place, message, "put the hosts of both into one");
        }
        self.list.push(At { value: Arc::new(partner), place });
    }
}

/// Reads every `[[partner]]` of a file.
pub fn read_partners(root: &Reader<'_>, partners: &mut Partners) {
    let Some(entry) = root.get("partner") else { return };
    for table in entry.tables() {
        if let Some(partner) = read_partner(table) {
            partners.add(partner, root.faults());
        }
    }
}

fn read_partner(table: Reader<'_>) -> Option<At<Partner>> {
    let faults = table.faults();
    let (name, hosts) = (table.get("name"), table.get("host"));
    if name.is_none() {
        table.missing("name", "rules refer to a partner by its name");
    }
    if hosts.is_none() {
        table.missing("host", "list the partner's hosts: host = [\"*.pay.example\"]");
    }
    let name = name.and_then(|entry| entry.text()).filter(|name| is_printable(name, faults));
    let hosts = hosts.and_then(|entry| entry.words()).map(|hosts| matchers::hosts(&hosts, faults)).unwrap_or_default();
    let expires = table.get("expires").and_then(|entry| entry.date());
    let reason = table.get("reason").and_then(|entry| entry.string()).map(|reason| reason.value);
    table.finish();
    let At { value: name, place } = name?;
    Some(At { value: Partner { name: name.into(), hosts, expires, reason }, place })
}
