//! How are `nft` and `ip` asked?

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use super::{plan::Family, ruleset::TABLE};

/// CAP_NET_ADMIN, as a bit of `CapEff` (capabilities(7)).
const NET_ADMIN: u64 = 1 << 12;

/// What keeps the machine from being asked or changed.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The process may not.
    #[error("the network of this machine is not ours to change: run it as root, or with CAP_NET_ADMIN")]
    NotAllowed,
    /// The program is not there.
    #[error("`{program}` is not installed: {cure}")]
    NotInstalled {
        /// Its name.
        program: &'static str,
        /// How to get it.
        cure: &'static str,
    },
    /// The program cannot be run.
    #[error("`{command}` cannot be run: {error}")]
    NotRun {
        /// With its arguments.
        command: String,
        /// Why.
        error: io::Error,
    },
    /// The program refused.
    #[error("`{command}` failed: {said}")]
    Failed {
        /// With its arguments.
        command: String,
        /// What it said.
        said: String,
    },
    /// The kernel was built without something.
    #[error("this kernel has no {what}: load or install the module {module} (OpenWrt: {package})")]
    NoSupport {
        /// What it lacks.
        what: &'static str,
        /// The module's name in Linux.
        module: &'static str,
        /// The package's name in OpenWrt.
        package: &'static str,
    },
    /// An interface is not there.
    #[error("`gateway.lan` names {name}, and there is no such interface here; there are: {others}")]
    NoInterface {
        /// The name.
        name: String,
        /// Those that are.
        others: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Something that the rules need of the kernel.
struct Feature {
    what: &'static str,
    module: &'static str,
    package: &'static str,
    /// A chain that can hold a rule of it, and such a rule.
    probe: Option<[&'static str; 2]>,
}

impl Feature {
    const fn new(
        what: &'static str,
        module: &'static str,
        package: &'static str,
        hook: &'static str,
        rule: &'static str,
    ) -> Self {
        Self { what, module, package, probe: Some([hook, rule]) }
    }

    /// What the kernel takes if it has this; it is only asked, and nothing is changed.
    fn probe(&self) -> String {
        let table = "inet clir_probe";
        let rule = |[hook, rule]: [&str; 2]| {
            format!("add chain {table} c {{ type {hook} priority 0; }}\nadd rule {table} c {rule}\n")
        };
        format!("add table {table}\n{}", self.probe.map(rule).unwrap_or_default())
    }
}

const FEATURES: &[Feature] = &[
    Feature { what: "nftables", module: "nf_tables", package: "kmod-nft-core", probe: None },
    Feature::new("`fib` in nftables", "nft_fib_inet", "kmod-nft-fib", PREROUTING, "fib daddr type local accept"),
    Feature::new("`reject` in nftables", "nft_reject_inet", "kmod-nft-core", "filter hook forward", "reject"),
    Feature::new(
        "`redirect` in nftables",
        "nft_redir",
        "kmod-nft-nat",
        "nat hook prerouting",
        "tcp dport 80 redirect to :1",
    ),
    Feature::new("`tproxy` in nftables", "nft_tproxy", "kmod-nft-tproxy", PREROUTING, "meta l4proto tcp tproxy to :1"),
    Feature::new("`socket` in nftables", "nft_socket", "kmod-nft-socket", PREROUTING, "socket transparent 1 accept"),
];

const PREROUTING: &str = "filter hook prerouting";

/// The first thing that the rules need and the kernel does not have.
pub fn missing_feature() -> Option<Trouble> {
    let lacks = |feature: &&Feature| run("nft", &["--check", "-f", "-"], &feature.probe()).is_err();
    let Feature { what, module, package, .. } = FEATURES.iter().find(lacks)?;
    Some(Trouble::NoSupport { what, module, package })
}

/// Says so if the process may not change the network.
///
/// # Errors
/// It may not.
pub fn demand_permission() -> Result<(), Trouble> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    match bits {
        // Where nobody says what we may, the kernel's own word will do.
        None => Ok(()),
        Some(bits) if bits & NET_ADMIN != 0 => Ok(()),
        Some(_) => Err(Trouble::NotAllowed),
    }
}

/// Carries rules out, all or none of them.
///
/// # Errors
/// `nft` refused; where the kernel lacks something, it says what.
pub fn apply(rules: &str) -> Result<(), Trouble> {
    let refused = match run("nft", &["-f", "-"], rules) {
        Err(refused @ Trouble::Failed { .. }) => refused,
        other => return other.map(drop),
    };
    Err(missing_feature().unwrap_or(refused))
}

/// Our table as the kernel has it, if it has it.
///
/// # Errors
/// `nft` refused.
pub fn table() -> Result<Option<Value>, Trouble> {
    let tables = json("nft", &["--json", "list", "tables"])?;
    let [family, name] = TABLE;
    let is_ours = |entry: &Value| entry["table"]["family"] == family && entry["table"]["name"] == name;
    let is_there = tables["nftables"].as_array().is_some_and(|entries| entries.iter().any(is_ours));
    is_there.then(|| json("nft", &["--json", "list", "table", family, name])).transpose()
}

/// Takes our table away; that it is not there is as good.
///
/// # Errors
/// `nft` refused.
pub fn drop_table() -> Result<(), Trouble> {
    let [family, name] = TABLE;
    run("nft", &["-f", "-"], &format!("add table {family} {name}\ndelete table {family} {name}\n")).map(drop)
}

/// Runs `ip` for one family.
///
/// # Errors
/// It refused.
pub fn ip(family: Family, arguments: &[&str]) -> Result<(), Trouble> {
    let arguments: Vec<_> = [family.option()].iter().chain(arguments).copied().collect();
    run("ip", &arguments, "").map(drop)
}

/// What `ip` lists for one family.
///
/// # Errors
/// It refused, or it is one that knows no JSON.
pub fn ip_list(family: Family, arguments: &[&str]) -> Result<Vec<Value>, Trouble> {
    let arguments: Vec<_> = ["-json", family.option()].iter().chain(arguments).copied().collect();
    match json("ip", &arguments)? {
        Value::Array(list) => Ok(list),
        _ => Ok(Vec::new()),
    }
}

fn json(program: &'static str, arguments: &[&str]) -> Result<Value, Trouble> {
    let output = run(program, arguments, "")?;
    if output.stdout.iter().all(u8::is_ascii_whitespace) {
        // What `ip` prints for an empty list depends on its version.
        return Ok(Value::Array(Vec::new()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| Trouble::Failed {
        command: spell(program, arguments),
        said: format!("what it printed is no JSON ({error}); {}", cure(program)),
    })
}

fn run(program: &'static str, arguments: &[&str], input: &str) -> Result<Output, Trouble> {
    let command = || spell(program, arguments);
    let not_run = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Trouble::NotInstalled { program, cure: cure(program) },
        _ => Trouble::NotRun { command: command(), error },
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env("PATH", path())
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_run)?;
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever stops reading has a reason, and will tell it.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(not_run)?;
    match output.status.success() {
        true => Ok(output),
        false => Err(Trouble::Failed { command: command(), said: said(&output) }),
    }
}

/// The first complaint: `nft` underlines it on lines of its own.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.map_or_else(|| output.status.to_string(), str::to_owned)
}

fn spell(program: &str, arguments: &[&str]) -> String {
    [program].iter().chain(arguments).copied().collect::<Vec<_>>().join(" ")
}

fn cure(program: &str) -> &'static str {
    match program {
        "nft" => "install nftables (Debian: apt install nftables; OpenWrt: opkg install nftables-json)",
        _ => "install iproute2 (Debian: apt install iproute2; OpenWrt: opkg install ip-full)",
    }
}

/// Both programs stand where only root looks.
fn path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}
