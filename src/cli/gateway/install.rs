//! Which files make systemd run clir?

use std::{
    env, fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{listeners, print};
use crate::{
    cli::{Failure, Outcome},
    config::Config,
    gateway::{Installation, UNITS, units},
};

/// Where the administrator's own units are (systemd.unit(5)).
const DIRECTORY: &str = "etc/systemd/system";
/// What the service cannot see (`ProtectHome`, `PrivateTmp`).
const HIDDEN: [&str; 5] = ["/home", "/root", "/run/user", "/tmp", "/var/tmp"];
/// All that the service can write to.
const STATE: &str = "/var/lib/clir";

/// Arguments of `gateway install`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Print the units instead of writing them
    #[arg(long)]
    print: bool,

    /// Write below this directory, as for an image of a system
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,

    /// Where the binary will be [default: this one]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Carries the command out.
pub fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Failure> {
    let units = units(&installation(config, arguments)?);
    if arguments.print {
        let text: Vec<_> = units.iter().map(|unit| format!("# /{DIRECTORY}/{}\n{}", unit.name, unit.text)).collect();
        return print(&text.join("\n"));
    }
    let dir = arguments.root.join(DIRECTORY);
    let cannot = |path: &Path, error| Failure::because(format!("{} cannot be written", path.display()), error);
    fs::create_dir_all(&dir).map_err(|error| cannot(&dir, error))?;
    let mut told = String::new();
    for unit in &units {
        let path = dir.join(unit.name);
        replace(&path, &unit.text).map_err(|error| cannot(&path, error))?;
        told.push_str(&format!("wrote {}\n", path.display()));
    }
    // What another configuration needed would hold sockets that nobody takes.
    for name in UNITS.iter().filter(|name| units.iter().all(|unit| unit.name != **name)) {
        let path = dir.join(name);
        match fs::remove_file(&path) {
            Ok(()) => told.push_str(&format!("removed {}: stop what it started\n", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot(&path, error)),
        }
    }
    print(&(told + "now: systemctl daemon-reload && systemctl enable --now clir.service\n"))
}

/// systemd may read at any time: it finds the old file or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("clir-new");
    fs::write(&beside, text)?;
    fs::rename(beside, path)
}

fn installation(config: &Config, arguments: &Arguments) -> Result<Installation, Failure> {
    let clir = match &arguments.binary {
        Some(binary) => absolute(binary)?,
        None => env::current_exe().map_err(|error| Failure::because("where this binary is cannot be told", error))?,
    };
    let file = config.path.as_deref().map(absolute).transpose()?;
    let help = "put it with `install -m 755` to /usr/local/bin, and say --binary /usr/local/bin/clir";
    demand_visible(&clir, "binary", help)?;
    if let Some(file) = &file {
        demand_visible(file, "configuration", "put it to /etc/clir/clir.toml, and its policy beside it")?;
    }
    for (key, dir) in [("log.dir", &config.log.dir), ("tls.ca_dir", &config.tls.ca_dir)] {
        demand_writable(key, dir)?;
    }
    config.listeners.iter().try_for_each(|listener| demand_port(&listener.label, listener.address))?;
    Ok(Installation {
        clir,
        config: file,
        listeners: listeners(config),
        is_gateway: !config.gateway.lan.is_empty(),
        connections: config.limits.connections,
        shutdown: config.timeouts.shutdown,
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::because(format!("{}", path.display()), error))
}

fn demand_visible(path: &Path, what: &str, help: &str) -> Result<(), Failure> {
    match HIDDEN.iter().find(|hidden| path.starts_with(hidden)) {
        None => Ok(()),
        Some(hidden) => {
            let path = path.display();
            Err(Failure::new(format!("the {what} {path} is below {hidden}, which the service does not see: {help}")))
        }
    }
}

/// Relative paths are relative to the state directory there.
fn demand_writable(key: &str, dir: &Path) -> Result<(), Failure> {
    if dir.is_relative() || dir.starts_with(STATE) {
        return Ok(());
    }
    let dir = dir.display();
    Err(Failure::new(format!(
        "the service cannot write to {dir} ({key}): write a relative path, which is below {STATE}"
    )))
}

fn demand_port(label: &str, address: SocketAddr) -> Result<(), Failure> {
    match address.port() {
        0 => Err(Failure::new(format!("listener \"{label}\" has port 0: systemd and the rules need a number"))),
        _ => Ok(()),
    }
}
