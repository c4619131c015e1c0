//! Where do secret links lead, and what do they admit?

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::reader::{Entry, Reader};
use crate::{
    config::{Claiming, Code, Listener, diagnostic::Faults, suggest::quoted},
    exchange::{Origin, Scheme},
};

/// How long an address is admitted where nothing is written.
const LASTS: Duration = Duration::from_secs(24 * 3600);
/// Longer is no admission for a while.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);
/// Addresses at once where nothing is written.
const ADDRESSES: u32 = 256;
/// What it takes.
const HELP: &str = "give one listener `tls` and `claims = true`, and say where phones reach it: [claim] url = \
                    \"https://proxy.example:8443\"";

/// Reads `[claim]`; nothing comes of it unless a listener takes claims.
pub fn read(root: &Reader<'_>, listeners: &[Listener]) -> Option<Claiming> {
    let labels: HashSet<Arc<str>> =
        listeners.iter().filter(|listener| listener.claims).map(|listener| Arc::clone(&listener.label)).collect();
    let Some(table) = root.get("claim").and_then(|entry| entry.table()) else {
        if !labels.is_empty() {
            root.faults().error(
                Code::MissingKey,
                None,
                "a listener has `claims = true`, and there is no [claim]",
                HELP,
            );
        }
        return None;
    };
    let faults = table.faults();
    let url = table.get("url");
    let origin = url.as_ref().and_then(|entry| read_url(entry, faults));
    let lasts = table.get("lasts").and_then(|entry| entry.duration(LONGEST)).unwrap_or(LASTS);
    let addresses = table.get("addresses").and_then(|entry| entry.number(1..=10_000)).unwrap_or(ADDRESSES);
    if url.is_none() && !labels.is_empty() {
        table.missing("url", HELP);
    }
    let door = listeners.iter().find(|listener| listener.claims && listener.tls.is_some());
    if let (Some(entry), None) = (&url, door) {
        let message = "links lead here, and no listener with `claims = true` speaks TLS";
        faults.error(Code::MissingListener, &entry.place(), message, HELP);
    }
    table.finish();
    Some(Claiming { url: origin?, lasts, addresses, listeners: labels, door: Arc::clone(&door?.label) })
}

/// `https://name[:port]`, and no more: what follows is the link's own.
fn read_url(entry: &Entry<'_>, faults: &Faults) -> Option<Origin> {
    let text = entry.text()?;
    let rest = text.value.strip_prefix("https://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let origin = rest.and_then(|authority| Origin::parse(Scheme::Https, authority.as_bytes()).ok());
    if origin.is_none() {
        let message = format!("{} is not where links can lead", quoted(&text.value));
        let help = "write https, a name or an address, and a port, and no path: \"https://proxy.example:8443\"";
        faults.error(Code::InvalidUrl, &text.place, message, help);
    }
    origin
}
