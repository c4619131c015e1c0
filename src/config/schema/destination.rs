//! Which messages does a rule's `to` or `unless` mean?

use std::sync::Arc;

use super::{matchers, reader::Reader, rules::Scope, words};
use crate::{
    config::{
        Code,
        diagnostic::Faults,
        source::At,
        suggest::{hint, quoted},
    },
    policy::{AddressClass, AddressSet, Destination, PathSet, Pattern},
};

/// Reads a `to` or `unless`.
pub fn read(table: Reader<'_>, scope: &Scope<'_>) -> Destination {
    let faults = table.faults();
    let clients = table.get("client").and_then(|entry| entry.words());
    let (clients, client_names) = clients.map(|written| read_clients(&written, scope, faults)).unwrap_or_default();
    let words = |key| table.get(key).and_then(|entry| entry.words());
    let destination = Destination {
        hosts: words("host").map(|hosts| matchers::hosts(&hosts, faults)),
        partners: words("partner")
            .map(|names| names.iter().filter_map(|name| scope.partners.named(name, faults)).collect())
            .unwrap_or_default(),
        methods: words("method").map(|methods| read_methods(&methods, faults)).unwrap_or_default(),
        paths: words("path").and_then(|paths| read_paths(&paths, faults)),
        schemes: words("scheme").map(|schemes| words::words(&schemes, faults)).unwrap_or_default(),
        listeners: words("listener").map(|labels| read_listeners(&labels, scope, faults)).unwrap_or_default(),
        clients,
        client_names,
    };
    table.finish();
    destination
}

fn read_paths(written: &[At<String>], faults: &Faults) -> Option<PathSet> {
    let patterns = matchers::patterns(written, Pattern::path, faults);
    matchers::compiled(written, PathSet::new(patterns.into_iter().map(|at| at.value).collect()), faults)
}

/// A method is a token (RFC 9110 §9.1).
fn read_methods(written: &[At<String>], faults: &Faults) -> Vec<Box<str>> {
    let token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let read = |method: &At<String>| match token(&method.value) && !method.value.contains('*') {
        true => Some(method.value.as_str().into()),
        false => {
            let message = format!("{} is not a method", quoted(&method.value));
            faults.error(
                Code::InvalidPattern,
                &method.place,
                message,
                "write whole methods, such as \"GET\" and \"POST\"",
            );
            None
        }
    };
    written.iter().filter_map(read).collect()
}

/// Names of clients, and addresses of others.
fn read_clients(written: &[At<String>], scope: &Scope<'_>, faults: &Faults) -> (Option<AddressSet>, Vec<Arc<str>>) {
    let mut names = Vec::new();
    let mut addresses = Vec::new();
    for text in written {
        match scope.clients.named(&text.value) {
            Some(client) => names.push(Arc::clone(&client.name)),
            None if matchers::is_address_like(&text.value) => addresses.push(text.clone()),
            None => {
                let message = format!("{} is no client, and no address", quoted(&text.value));
                let known = scope.clients.iter().map(|client| &*client.name);
                let words: Vec<_> = known.chain(AddressClass::ALL.iter().map(|class| class.as_str())).collect();
                let help = hint(&text.value, "a network such as \"192.0.2.0/24\", or one of", words);
                faults.error(Code::UnknownClient, &text.place, message, help);
            }
        }
    }
    let set = (!addresses.is_empty() || names.is_empty()).then(|| matchers::addresses(&addresses, faults));
    (set, names)
}

fn read_listeners(written: &[At<String>], scope: &Scope<'_>, faults: &Faults) -> Vec<Arc<str>> {
    let known = |label: &&At<String>| scope.listeners.iter().any(|listener| *listener.label == label.value);
    for label in written.iter().filter(|label| !known(label)) {
        let message = format!("no listener is called {}", quoted(&label.value));
        let help = hint(&label.value, "the labels are", scope.listeners.iter().map(|listener| &*listener.label));
        faults.error(Code::UnknownListener, &label.place, message, help);
    }
    written.iter().map(|label| label.value.as_str().into()).collect()
}
