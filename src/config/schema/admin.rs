//! Where is the live view, and who may see it?

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use super::{
    identity, listener,
    reader::{Entry, Reader},
};
use crate::{
    config::{Admin, Code},
    exchange::Sensitive,
};

/// Where it is where nothing is written.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// Reads `[admin]`; the token's file goes to `files`, and is relative to `base`.
pub fn read(root: &Reader<'_>, base: &Path, files: &mut Vec<PathBuf>) -> Admin {
    let default = Admin { address: Some(ADDRESS), is_chosen: false, token: None };
    let Some(table) = root.get("admin").and_then(|entry| entry.table()) else { return default };
    let enabled = table.get("enabled").and_then(|entry| entry.boolean()).unwrap_or(true);
    let written = table.get("address").and_then(|entry| entry.string());
    let token = table.get("token");
    let has_token = token.is_some();
    let token = token.and_then(|entry| read_token(&entry, base, files));
    let faults = table.faults();
    let address = match &written {
        None => default.address,
        Some(written) if written.value.is_empty() => None,
        Some(written) => listener::socket_address(written, faults),
    };
    if let (Some(address), Some(written)) = (address, &written)
        && enabled
        && !has_token
        && !address.ip().to_canonical().is_loopback()
    {
        let message = "the live view would be open to whoever reaches this address";
        let help = "write token = { file = \"…\" } beside it, or an address of this machine only: \"127.0.0.1:8081\"";
        faults.error(Code::ExposedAdmin, &written.place, message, help);
    }
    table.finish();
    Admin { address: address.filter(|_| enabled), is_chosen: written.is_some(), token }
}

/// `token = "…"`, or `{ value = "…" }`, `{ env = "…" }`, `{ file = "…" }`.
fn read_token(entry: &Entry<'_>, base: &Path, files: &mut Vec<PathBuf>) -> Option<Sensitive<String>> {
    if !entry.is_table() {
        return Some(Sensitive::new(entry.text()?.value));
    }
    let table = entry.table()?;
    let value = identity::value(&table, base, files);
    table.finish();
    Some(Sensitive::new(value?.value.expose().trim().to_owned()))
}
