//! How is the floor measured?

use std::io;

use super::{FLOOR, Proxy, Recipe, Site};
use crate::scenario::Mode;

pub const PROXY: Proxy = Proxy {
    name: FLOOR,
    program: None,
    version: "relay",
    modes: &[Mode::Plain, Mode::Tunnel],
    what: "copies bytes and understands none: the floor, not a peer",
    prepare,
};

fn prepare(site: &Site<'_>) -> io::Result<Recipe> {
    let mut command = site.command();
    let pair = |here: u16, there: u16| format!("{here}:{there}");
    command.arg("relay").arg(pair(site.ports.0, site.origin.cleartext.port()));
    command.arg(pair(site.ports.1, site.origin.tls.port()));
    Ok(site.silent(command, super::output(site.dir)))
}
