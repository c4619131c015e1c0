//! What does a listener show to clients that speak TLS to it?

use std::{path::Path, time::SystemTime};

use super::reader::{Entry, Reader};
use crate::{
    config::{Code, Door, diagnostic::Faults, source::At, suggest::quoted},
    exchange::Host,
    tls::Shown,
};

/// The word for certificates of our own making.
const OWN_CA: &str = "own-ca";

/// Reads `tls` of a `[[listener]]`; relative paths are relative to `base`.
pub fn read(listener: &Reader<'_>, base: &Path) -> Option<Door> {
    let entry = listener.get("tls")?;
    if !entry.is_table() {
        return read_word(&entry, listener.faults());
    }
    let table = entry.table()?;
    let (certificate, key, names) = (table.get("certificate"), table.get("key"), table.get("own_ca"));
    let place = table.place.clone();
    let faults = table.faults();
    let door = match (certificate, key, names) {
        (Some(certificate), Some(key), None) => read_files(&certificate, &key, base, faults),
        (None, None, Some(names)) => Some(Door::OwnCa(read_names(&names.words()?, faults))),
        (Some(_), None, None) => {
            table.missing("key", "name the file with the certificate's private key");
            None
        }
        (None, Some(_), None) => {
            table.missing("certificate", "name the file with the listener's certificate");
            None
        }
        (None, None, None) => {
            let help = "write { certificate = \"…\", key = \"…\" }, { own_ca = [\"names\"] } or \"own-ca\"";
            faults.error(Code::MissingKey, &place, "`tls` says nothing", help);
            None
        }
        _ => {
            let message = "`tls` has a certificate of its own and one of clir's authority";
            faults.error(Code::ConflictingKeys, &place, message, "keep one of them");
            None
        }
    };
    table.finish();
    door
}

fn read_word(entry: &Entry<'_>, faults: &Faults) -> Option<Door> {
    let word = entry.string()?;
    if word.value == OWN_CA {
        return Some(Door::OwnCa(Vec::new()));
    }
    super::words::unknown(&word, "kind of TLS", [OWN_CA], faults);
    None
}

/// The files are tried now, so that a fault is told before anything listens.
fn read_files(certificate: &Entry<'_>, key: &Entry<'_>, base: &Path, faults: &Faults) -> Option<Door> {
    let (at, beside) = (certificate.path(base)?, key.path(base)?);
    match Shown::load(&at, &beside, &[], SystemTime::now()) {
        Ok(_) => Some(Door::Files { certificate: at, key: beside }),
        Err(error) => {
            let help = "`certificate` is a PEM file with the listener's certificate and those that it leads by to its \
                        root, `key` one with its private key; `tls = \"own-ca\"` does without";
            faults.error(Code::UnusableCertificate, &certificate.place(), error.to_string(), help);
            None
        }
    }
}

fn read_names(written: &[At<String>], faults: &Faults) -> Vec<Host> {
    let read = |name: &At<String>| {
        let host = name.value.parse().map(Host::Ip).or_else(|_| Host::parse(name.value.as_bytes()));
        if host.is_err() {
            let message = format!("{} is no name that a certificate can carry", quoted(&name.value));
            let help = "write host names and addresses, without port: \"exit.example\", \"192.0.2.1\"";
            faults.error(Code::InvalidPattern, &name.place, message, help);
        }
        host.ok()
    };
    written.iter().filter_map(read).collect()
}
