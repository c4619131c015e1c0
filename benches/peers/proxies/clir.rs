//! How is clir measured?
//!
//! Always with detection, behaviour and the full event log, which cannot be switched off; with or without rules.

use std::{fs, io, os::unix::fs::PermissionsExt};

use super::{OURS, Proxy, Recipe, Site};
use crate::scenario::Mode;

pub const PROXY: Proxy = Proxy {
    name: OURS,
    program: None,
    version: "--version",
    modes: &[Mode::Plain, Mode::Strip, Mode::Tunnel, Mode::Open, Mode::OpenStrip],
    what: "scans every head and logs it, in all rows",
    prepare,
};

/// What growth is measured by.
#[derive(Clone, Debug, Default)]
pub struct Tuning {
    /// Tables of the configuration.
    pub tables: String,
    /// The longest head, where it is not the usual one.
    pub header_bytes: Option<usize>,
    /// A file of signatures.
    pub signatures: Option<String>,
}

fn prepare(site: &Site<'_>) -> io::Result<Recipe> {
    let certs = site.dir.join("certs");
    fs::create_dir_all(&certs)?;
    fs::set_permissions(&certs, fs::Permissions::from_mode(0o700))?;
    fs::copy(site.papers.certificate("ca"), certs.join("clir-ca.pem"))?;
    let key = certs.join("clir-ca.key");
    fs::copy(site.papers.key("ca"), &key)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    if let Some(text) = &site.tuning.signatures {
        fs::create_dir_all(site.dir.join("signatures"))?;
        site.write("signatures/more.toml", text)?;
    }
    let file = site.write("clir.toml", &configuration(site))?;
    let mut command = site.command();
    command.arg("--config").arg(file).arg("run");
    Ok(site.explicit(command, site.dir.join("logs")))
}

fn configuration(site: &Site<'_>) -> String {
    let (dir, port, roots) = (site.dir.display(), site.ports.0, site.papers.certificate("origin-ca"));
    let (mode, strips) = (if site.mode.opens() { "always" } else { "never" }, site.mode.strips());
    let policy = if strips { "enforce" } else { "observe" };
    let rule =
        "[[rule]]\nname = \"strip\"\nwhen = { severity = \"high\", confidence = \"likely\" }\naction = \"strip\"\n";
    let signatures = site.tuning.signatures.as_ref().map(|_| format!("[signatures]\ndir = \"{dir}/signatures\"\n"));
    format!(
        "[[listener]]\nkind = \"explicit\"\naddress = \"127.0.0.1:{port}\"\nvantage = \"beyond-carrier\"\n\
         label = \"bench\"\n[access]\nclients = [\"loopback\"]\ndeny_targets = []\n[intercept]\nmode = \"{mode}\"\n\
         [tls]\nca_dir = \"{dir}/certs\"\nupstream_roots = [\"{roots}\"]\n[log]\ndir = \"{dir}/logs\"\nvalues = \"full\"\n\
         [admin]\nenabled = false\n[limits]\nconnections = 20000\nconnections_per_client = 20000\n\
         {header_bytes}[policy]\nmode = \"{policy}\"\n{signatures}{tables}\n{rule}",
        header_bytes = site.tuning.header_bytes.map(|most| format!("header_bytes = {most}\n")).unwrap_or_default(),
        roots = roots.display(),
        signatures = signatures.unwrap_or_default(),
        tables = site.tuning.tables,
        rule = if strips { rule } else { "" },
    )
}
