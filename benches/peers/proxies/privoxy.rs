//! How is Privoxy measured?
//!
//! Debian's build signs with RSA only.

use std::{fs, io};

use super::{Proxy, Recipe, Site};
use crate::scenario::Mode;

pub const PROXY: Proxy = Proxy {
    name: "privoxy",
    program: Some("privoxy"),
    version: "--version",
    modes: &[Mode::Plain, Mode::Strip, Mode::Tunnel, Mode::Open, Mode::OpenStrip],
    what: "a thread for each connection; RSA leaves, for the address of a CONNECT",
    prepare,
};

fn prepare(site: &Site<'_>) -> io::Result<Recipe> {
    let dir = site.dir.display();
    fs::create_dir_all(site.dir.join("minted"))?;
    let strip = if site.mode.strips() { "+crunch-client-header{X-Up-Calling-Line-Id:} " } else { "" };
    let open = if site.mode.opens() { "+https-inspection " } else { "" };
    let neither = if strip.is_empty() && open.is_empty() { "+set-image-blocker{blank}" } else { "" };
    site.write("bench.action", &format!("{{{strip}{open}{neither}}}\n/\n"))?;
    let log = if site.mode.strips() { "debug 8\n" } else { "" };
    let minting = format!(
        "ca-directory {papers}\nca-cert-file rsa-ca.pem\nca-key-file rsa-ca.key\ncertificate-directory {dir}/minted\n\
         trusted-cas-file {roots}\n",
        papers = site.papers.certificate("ca").parent().unwrap_or(site.dir).display(),
        roots = site.papers.certificate("origin-ca").display(),
    );
    let text = format!(
        "confdir {dir}\nlogdir {dir}\nactionsfile bench.action\nlisten-address 127.0.0.1:{port}\n\
         keep-alive-timeout 300\ntolerate-pipelining 1\nconnection-sharing 1\nsocket-timeout 300\n\
         max-client-connections 2000\nlisten-backlog 1024\ntoggle 1\nenable-edit-actions 0\n{log}{minting}",
        port = site.ports.0,
        minting = if site.mode.opens() { &minting } else { "" },
    );
    let file = site.write("config", &text)?;
    let mut command = site.command();
    command.arg("--no-daemon").arg(file);
    let recipe = site.explicit(command, super::output(site.dir));
    Ok(Recipe { roots: site.roots("rsa-ca"), ..recipe })
}
