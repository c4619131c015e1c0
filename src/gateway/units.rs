//! What does systemd have to know?
//!
//! The units stand in `config/systemd`; this fills in what depends on the configuration. It writes no file.

use std::{path::PathBuf, time::Duration};

use super::plan::Receiver;
use crate::listen::Kind;

const SERVICE: &str = include_str!("../../config/systemd/clir.service");
const SOCKET: &str = include_str!("../../config/systemd/clir.socket");
const TPROXY_SOCKET: &str = include_str!("../../config/systemd/clir-tproxy.socket");
const GATEWAY: &str = include_str!("../../config/systemd/clir-gateway.service");

/// A connection through clir has two descriptors; a few more are for files, and as many again for idle origins.
const FILES_PER_CONNECTION: usize = 4;
const LEAST_FILES: usize = 65_536;
/// Ten thousand open connections take less than half of it.
const LEAST_MEMORY: usize = 512;
/// Mebibytes for each thousand connections, with room to spare.
const MEMORY_PER_THOUSAND: usize = 50;
/// For what has to be written once clir has ended its connections.
const AFTERWARDS: Duration = Duration::from_secs(10);

/// Every unit that there may be; which of them there are depends on the configuration.
pub const UNITS: [&str; 4] = ["clir.socket", "clir-tproxy.socket", "clir-gateway.service", "clir.service"];

/// What depends on the configuration.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The binary.
    pub clir: PathBuf,
    /// The configuration file; nothing where clir is to look for it.
    pub config: Option<PathBuf>,
    /// Where it listens.
    pub listeners: Vec<Receiver>,
    /// Whether there are rules to put in force.
    pub is_gateway: bool,
    /// Connections at once.
    pub connections: usize,
    /// For what is under way when clir is told to stop.
    pub shutdown: Duration,
}

/// A unit's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub text: String,
}

/// The units of an installation.
pub fn units(installation: &Installation) -> Vec<Unit> {
    let is_tproxy = |receiver: &&Receiver| matches!(receiver.kind, Kind::Tproxy { .. });
    let (tproxy, others): (Vec<_>, Vec<_>) = installation.listeners.iter().partition(is_tproxy);
    let mut units = Vec::new();
    for (name, template, listeners) in [("clir.socket", SOCKET, others), ("clir-tproxy.socket", TPROXY_SOCKET, tproxy)]
    {
        if !listeners.is_empty() {
            units.push(Unit { name, text: template.replace("@LISTEN@", &streams(&listeners)) });
        }
    }
    let sockets = names(&units);
    if installation.is_gateway {
        units.push(Unit { name: "clir-gateway.service", text: commands(GATEWAY, installation) });
    }
    let text = service(installation, &sockets, &names(&units));
    units.push(Unit { name: "clir.service", text });
    units
}

fn names(units: &[Unit]) -> String {
    units.iter().map(|unit| unit.name).collect::<Vec<_>>().join(" ")
}

fn streams(listeners: &[&Receiver]) -> String {
    listeners.iter().map(|listener| format!("ListenStream={}", listener.address)).collect::<Vec<_>>().join("\n")
}

fn service(installation: &Installation, sockets: &str, also: &str) -> String {
    // Sockets that are handed over need no capability, whatever their port; an address of somebody else does.
    let keeps_source = |receiver: &Receiver| receiver.kind == Kind::Tproxy { keep_source: true };
    let keeps_source = installation.listeners.iter().any(keeps_source);
    let connections = installation.connections;
    let memory = LEAST_MEMORY.max(connections.div_ceil(1000) * MEMORY_PER_THOUSAND);
    let files = LEAST_FILES.max(connections.saturating_mul(FILES_PER_CONNECTION));
    commands(SERVICE, installation)
        .replace("@SOCKETS@", sockets)
        .replace("@ALSO@", also)
        .replace("@STOP@", &format!("{}s", (installation.shutdown + AFTERWARDS).as_secs()))
        .replace("@FILES@", &files.to_string())
        .replace("@MEMORY@", &format!("{memory}M"))
        .replace("@CAPABILITIES@", if keeps_source { "CAP_NET_ADMIN" } else { "" })
        .replace("@PRIVATE_USERS@", if keeps_source { "no" } else { "yes" })
}

fn commands(template: &str, installation: &Installation) -> String {
    let config = installation.config.as_ref();
    let config = config.map(|path| format!("--config {} ", escaped(&path.display().to_string()))).unwrap_or_default();
    template.replace("@CLIR@", &escaped(&installation.clir.display().to_string())).replace("@CONFIG@", &config)
}

/// A word of a command line: `%` and `$` mean something to systemd, quotes keep blanks together (systemd.service(5)).
fn escaped(word: &str) -> String {
    let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@:".contains(&byte));
    if is_plain { word } else { format!("\"{word}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(listeners: &[(Kind, &str)]) -> Installation {
        let receiver = |(kind, address): &(Kind, &str)| Receiver { kind: *kind, address: address.parse().unwrap() };
        Installation {
            clir: "/usr/bin/clir".into(),
            config: Some("/etc/clir/clir.toml".into()),
            listeners: listeners.iter().map(receiver).collect(),
            is_gateway: true,
            connections: 4096,
            shutdown: Duration::from_secs(10),
        }
    }

    fn text<'a>(units: &'a [Unit], name: &str) -> &'a str {
        &units.iter().find(|unit| unit.name == name).unwrap().text
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        let all = installation(&[(Kind::Explicit, "[::]:8080"), (Kind::Tproxy { keep_source: true }, "[::]:8083")]);
        for unit in units(&all) {
            let open = unit.text.lines().find(|line| line.split('@').count() > 2 && !line.starts_with("SystemCall"));
            assert_eq!(open, None, "{}", unit.name);
        }
    }

    #[test]
    fn sockets_are_those_of_the_listeners() {
        let both = units(&installation(&[(Kind::Explicit, "[::]:8080"), (Kind::Redirect, "192.0.2.1:8082")]));
        let socket = text(&both, "clir.socket");
        assert!(socket.contains("\nListenStream=[::]:8080\nListenStream=192.0.2.1:8082\n"), "{socket}");
        assert!(both.iter().all(|unit| unit.name != "clir-tproxy.socket"));
        assert!(text(&both, "clir.service").contains("\nRequires=clir.socket\n"));
    }

    #[test]
    fn a_capability_is_there_only_where_it_is_needed() {
        let plain = units(&installation(&[(Kind::Tproxy { keep_source: false }, "[::]:443")]));
        assert!(text(&plain, "clir.service").contains("\nCapabilityBoundingSet=\n"));
        assert!(text(&plain, "clir-tproxy.socket").contains("\nTransparent=yes\n"));
        let keeping = units(&installation(&[(Kind::Tproxy { keep_source: true }, "[::]:443")]));
        assert!(text(&keeping, "clir.service").contains("\nCapabilityBoundingSet=CAP_NET_ADMIN\n"));
    }

    #[test]
    fn words_of_a_command_line_are_kept_together() {
        assert_eq!(escaped("/etc/clir/clir.toml"), "/etc/clir/clir.toml");
        assert_eq!(escaped("/my files/100%$x\"y"), "\"/my files/100%%$$x\\\"y\"");
        let mut odd = installation(&[(Kind::Explicit, "[::]:8080")]);
        odd.config = Some("/my files/clir.toml".into());
        assert!(
            text(&units(&odd), "clir.service")
                .contains("ExecStart=/usr/bin/clir --config \"/my files/clir.toml\" run\n")
        );
    }
}
