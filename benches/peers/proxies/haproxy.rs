//! How is HAProxy measured?
//!
//! In cleartext it goes where the request says. It knows no CONNECT: tunnels and TLS come as if a firewall had led them
//! here, and go to the one origin that it is told.

use std::io;

use super::{Proxy, Recipe, Site};
use crate::scenario::Mode;

pub const PROXY: Proxy = Proxy {
    name: "haproxy",
    program: Some("haproxy"),
    version: "-v",
    modes: &[Mode::Plain, Mode::Strip, Mode::Tunnel, Mode::Open, Mode::OpenStrip],
    what: "no CONNECT; where TLS is opened one origin, fixed; mints with one key for all names",
    prepare,
};

fn prepare(site: &Site<'_>) -> io::Result<Recipe> {
    let log = if site.mode.strips() { "log stdout format raw local0\n" } else { "" };
    let frame = format!(
        "global\nmaxconn 4000\nnbthread 1\ntune.ssl.ssl-ctx-cache-size 10000\ntune.ssl.cachesize 100000\n\
         {log}defaults\ntimeout connect 5s\ntimeout client 900s\ntimeout server 900s\n"
    );
    let inside = match site.mode {
        Mode::Plain | Mode::Strip => clear(site),
        Mode::Tunnel => tunnels(site),
        Mode::Open | Mode::OpenStrip => opened(site),
    };
    let file = site.write("haproxy.cfg", &format!("{frame}{inside}"))?;
    let mut command = site.command();
    command.arg("-db").arg("-f").arg(file);
    let recipe = site.silent(command, super::output(site.dir));
    Ok(match site.mode {
        Mode::Plain | Mode::Strip => site.explicit(recipe.command, recipe.log),
        _ => recipe,
    })
}

/// Stripping and logging, where it is asked for.
fn heads(site: &Site<'_>) -> &'static str {
    if !site.mode.strips() {
        return "";
    }
    "log global\nhttp-request set-var(txn.heads) req.hdrs\n\
     log-format \"%ts %ci %HM %HU %{+Q}[var(txn.heads)] %ST\"\nhttp-request del-header x-up-calling-line-id\n"
}

fn clear(site: &Site<'_>) -> String {
    format!(
        "frontend in\nmode http\nbind 127.0.0.1:{port}\n{heads}http-request set-dst hdr(Host),host_only\n\
         http-request set-dst-port hdr(Host),port_only\ndefault_backend out\n\
         backend out\nmode http\nhttp-reuse always\nserver origin 0.0.0.0:0 pool-max-conn 2000\n",
        port = site.ports.0,
        heads = heads(site),
    )
}

fn tunnels(site: &Site<'_>) -> String {
    let way = |name: &str, here: u16, there: u16| {
        format!(
            "frontend {name}-in\nmode tcp\nbind 127.0.0.1:{here}\noption splice-auto\ndefault_backend {name}-out\n\
             backend {name}-out\nmode tcp\noption splice-auto\nserver origin 127.0.0.1:{there}\n"
        )
    };
    let (cleartext, tls) = (site.origin.cleartext.port(), site.origin.tls.port());
    way("cleartext", site.ports.0, cleartext) + &way("tls", site.ports.1, tls)
}

fn opened(site: &Site<'_>) -> String {
    format!(
        "frontend in\nmode http\nbind 127.0.0.1:{port} ssl crt {unused} ca-sign-file {ca} generate-certificates alpn \
         http/1.1\n{heads}default_backend out\n\
         backend out\nmode http\nhttp-reuse always\nserver origin {origin} ssl verify required ca-file {roots} \
         sni ssl_fc_sni alpn http/1.1 pool-max-conn 2000\n",
        port = site.ports.1,
        unused = site.papers.both("unused").display(),
        ca = site.papers.both("ca").display(),
        heads = heads(site),
        origin = site.origin.tls,
        roots = site.papers.certificate("origin-ca").display(),
    )
}
