//! How is Tinyproxy measured?

use std::io;

use super::{Proxy, Recipe, Site};
use crate::scenario::Mode;

pub const PROXY: Proxy = Proxy {
    name: "tinyproxy",
    program: Some("tinyproxy"),
    version: "-v",
    modes: &[Mode::Plain, Mode::Tunnel],
    what: "keeps no connections; cannot log heads",
    prepare,
};

fn prepare(site: &Site<'_>) -> io::Result<Recipe> {
    let text = format!(
        "Port {port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 2000\nLogLevel Critical\nDisableViaHeader Yes\n\
         LogFile \"{dir}/tinyproxy.log\"\n",
        port = site.ports.0,
        dir = site.dir.display(),
    );
    let file = site.write("tinyproxy.conf", &text)?;
    let mut command = site.command();
    command.arg("-d").arg("-c").arg(file);
    Ok(site.explicit(command, site.dir.join("tinyproxy.log")))
}
