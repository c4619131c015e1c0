//! Whom do we trust, and where is our own authority kept?

use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{listener::is_printable, reader::Reader};
use crate::config::{
    Code, Roots, Tls,
    diagnostic::Faults,
    source::At,
    suggest::{closest, quoted},
};

/// Reads `[tls]`; relative paths are relative to `base`.
pub fn read(root: &Reader<'_>, base: &Path) -> Tls {
    let default = Tls { ca_dir: base.join("certs"), upstream_roots: vec![Roots::System] };
    let Some(table) = root.get("tls").and_then(|entry| entry.table()) else { return default };
    let ca_dir = table.get("ca_dir").and_then(|entry| entry.path(base));
    let roots = table.get("upstream_roots").and_then(|entry| entry.words());
    let read = |roots: Vec<At<String>>| roots.iter().filter_map(|at| read_roots(at, base, table.faults())).collect();
    let tls =
        Tls { ca_dir: ca_dir.unwrap_or(default.ca_dir), upstream_roots: roots.map_or(default.upstream_roots, read) };
    table.finish();
    tls
}

/// One set of roots; a file must hold certificates.
pub fn read_roots(text: &At<String>, base: &Path, faults: &Faults) -> Option<Roots> {
    match text.value.as_str() {
        "system" => return Some(Roots::System),
        "bundled" => return Some(Roots::Bundled),
        _ if !is_printable(text, faults) => return None,
        _ => {}
    }
    let path = base.join(&text.value);
    match certificates_in(&path) {
        Ok(()) => Some(Roots::File(path)),
        Err(why) => {
            let message = format!("{} cannot be used as a file of roots: {why}", quoted(&text.value));
            faults.error(Code::UnusableRoots, &text.place, message, advice(&text.value, &path));
            None
        }
    }
}

fn advice(text: &str, path: &Path) -> String {
    match closest(text, ["system", "bundled"]).filter(|_| !text.contains(['/', '.'])) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "write `system`, `bundled` or a file with certificates in PEM; looked for {}",
            absolute(path).display()
        ),
    }
}

fn certificates_in(path: &Path) -> Result<(), String> {
    let mut count = 0usize;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| told(&error))? {
        certificate.map_err(|error| told(&error))?;
        count += 1;
    }
    if count == 0 { Err("there is no certificate in it".to_owned()) } else { Ok(()) }
}

/// The cause without the type names around it.
fn told(error: &rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(error) => error.to_string(),
        _ => "it is not well-formed PEM".to_owned(),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
