//! Which proxies are there, and how is each told to do what is measured?
//!
//! One file each. Those that cannot be told to do something lack the mode; those that do it otherwise than clir say so in
//! `what`.

mod clir;
mod haproxy;
mod nginx;
mod privoxy;
mod relay;
mod squid;
mod tinyproxy;

use std::{
    env, fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{load::client::Door, origin::Origin, papers::Papers, scenario::Mode};

pub use clir::Tuning;

/// A proxy that can be measured.
pub struct Proxy {
    pub name: &'static str,
    /// The program; what is built here has none.
    pub program: Option<&'static str>,
    /// What it takes to tell its version.
    pub version: &'static str,
    pub modes: &'static [Mode],
    /// How it differs from clir in what it does here.
    pub what: &'static str,
    prepare: fn(&Site<'_>) -> io::Result<Recipe>,
}

/// Whom the others are compared with, the floor, and the others.
pub const ALL: &[Proxy] =
    &[clir::PROXY, relay::PROXY, nginx::PROXY, haproxy::PROXY, squid::PROXY, privoxy::PROXY, tinyproxy::PROXY];

/// The name of ours.
pub const OURS: &str = "clir";
/// The name of what does nothing but copy.
pub const FLOOR: &str = "relay";

/// What a proxy is given.
pub struct Site<'a> {
    pub program: &'a Path,
    /// A directory of its own.
    pub dir: &'a Path,
    pub mode: Mode,
    /// Two free ports.
    pub ports: (u16, u16),
    pub papers: &'a Papers,
    pub origin: Origin,
    /// What only clir is told.
    pub tuning: &'a Tuning,
}

/// How it is started, and how it is used then.
pub struct Recipe {
    pub command: Command,
    pub cleartext: Door,
    pub tls: Door,
    /// Where it writes the heads down: a file, or a directory of files.
    pub log: PathBuf,
    /// Whom a client has to trust.
    pub roots: PathBuf,
}

/// Takes away what the proxy at this port may leave behind. To be dropped after the proxy.
pub struct Leftovers(pub u16);

impl Drop for Leftovers {
    fn drop(&mut self) {
        squid::clean(self.0);
    }
}

impl Proxy {
    /// Where its program is.
    pub fn find(&self) -> Option<PathBuf> {
        let Some(program) = self.program else { return Some(self.built_here()) };
        let path = env::var_os("PATH").unwrap_or_default();
        let dirs = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
        dirs.map(|dir| dir.join(program)).find(|path| path.is_file())
    }

    fn built_here(&self) -> PathBuf {
        if self.name == OURS {
            return env::var_os("CLIR").map_or_else(|| env!("CARGO_BIN_EXE_clir").into(), PathBuf::from);
        }
        env::current_exe().unwrap_or_default()
    }

    /// What the program says that it is.
    pub fn version_of(&self, program: &Path) -> String {
        if self.name == FLOOR {
            return String::new();
        }
        let output = Command::new(program).arg(self.version).output();
        let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let is_version = |word: &&str| word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit());
        text.split([' ', '/', '-', '\n', '+']).find(is_version).unwrap_or("of unknown version").to_owned()
    }

    /// Writes what it needs.
    pub fn prepare(&self, site: &Site<'_>) -> io::Result<Recipe> {
        (self.prepare)(site)
    }
}

impl Site<'_> {
    fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.dir.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// The proxy's own certificates must lead to this, or in a tunnel the origin's.
    fn roots(&self, authority: &str) -> PathBuf {
        self.papers.certificate(if self.mode.opens() { authority } else { "origin-ca" })
    }

    /// One door for everything, as clients are told of it.
    fn explicit(&self, command: Command, log: PathBuf) -> Recipe {
        let door = Door { address: local(self.ports.0), is_explicit: true };
        Recipe { command, cleartext: door, tls: door, log, roots: self.roots("ca") }
    }

    /// A door each for cleartext and TLS, which lead to the origin without a word.
    fn silent(&self, command: Command, log: PathBuf) -> Recipe {
        let door = |port| Door { address: local(port), is_explicit: false };
        Recipe { command, cleartext: door(self.ports.0), tls: door(self.ports.1), log, roots: self.roots("ca") }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.current_dir(self.dir);
        command
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The file that a proxy's output goes to.
pub fn output(dir: &Path) -> PathBuf {
    dir.join("output.log")
}
