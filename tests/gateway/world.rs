//! Who is connected to whom?
//!
//! ```text
//! phone  ─┐
//!         ├─ lan ─ gateway ─ wan ── carrier ── origin
//! tablet ─┘
//! ```

use std::{
    fs::{self, File},
    net::IpAddr,
    os::fd::AsFd,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tempfile::TempDir;

use crate::support::{Clir, setup::STRIP};

/// The addresses of the phone, the tablet, the gateway and the origin, of both families.
pub const PHONE: [&str; 2] = ["192.0.2.10", "2001:db8:1::10"];
pub const TABLET: [&str; 2] = ["192.0.2.11", "2001:db8:1::11"];
pub const GATEWAY: [&str; 2] = ["192.0.2.1", "2001:db8:1::1"];
pub const ORIGIN: [&str; 2] = ["203.0.113.2", "2001:db8:3::2"];

/// The address of the tablet's network card.
pub const TABLET_CARD: &str = "02:00:5e:10:00:11";

/// A house like any other: its gateway forwards, and nothing else stands in the way.
const CABLES: &str = r#"
for place in phone tablet gateway carrier origin; do
    ip netns add $P-$place
    # No wait until an address is known to be nobody else's.
    ip netns exec $P-$place sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
    ip -n $P-$place link set lo up
done
ip link add $P-p type veth peer name $P-q
ip link set $P-p netns $P-phone name eth0; ip link set $P-q netns $P-gateway name port1
ip link add $P-p address 02:00:5e:10:00:11 type veth peer name $P-q
ip link set $P-p netns $P-tablet name eth0; ip link set $P-q netns $P-gateway name port2
ip link add $P-p type veth peer name $P-q
ip link set $P-p netns $P-gateway name wan; ip link set $P-q netns $P-carrier name inside
ip link add $P-p type veth peer name $P-q
ip link set $P-p netns $P-carrier name outside; ip link set $P-q netns $P-origin name eth0
ip -n $P-gateway link add lan type bridge forward_delay 0 mcast_snooping 0
for port in port1 port2; do ip -n $P-gateway link set $port master lan up; done

address() { ip -n $P-$1 link set $2 up; ip -n $P-$1 address add $3 dev $2; ip -n $P-$1 address add $4 dev $2 nodad; }
address phone eth0 192.0.2.10/24 2001:db8:1::10/64
address tablet eth0 192.0.2.11/24 2001:db8:1::11/64
address gateway lan 192.0.2.1/24 2001:db8:1::1/64
address gateway wan 198.51.100.2/24 2001:db8:2::2/64
address carrier inside 198.51.100.1/24 2001:db8:2::1/64
address carrier outside 203.0.113.1/24 2001:db8:3::1/64
address origin eth0 203.0.113.2/24 2001:db8:3::2/64

route() { ip -n $P-$1 route add $2 via $3; ip -n $P-$1 route add $4 via $5; }
route phone default 192.0.2.1 default 2001:db8:1::1
route tablet default 192.0.2.1 default 2001:db8:1::1
route gateway default 198.51.100.1 default 2001:db8:2::1
route carrier 192.0.2.0/24 198.51.100.2 2001:db8:1::/64 2001:db8:2::2
route origin default 203.0.113.1 default 2001:db8:3::1
for place in gateway carrier; do
    ip netns exec $P-$place sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
done
# As on every router, connections are remembered and may be rewritten.
ip netns exec $P-gateway nft -f - <<'EOF'
table inet router {
    chain out { type nat hook postrouting priority srcnat; }
    chain on { type filter hook forward priority filter; ct state established accept; }
}
EOF
"#;

/// A house, the carrier and a site, with nobody else on the line.
pub struct World {
    prefix: String,
    /// Where the gateway keeps its record.
    records: TempDir,
}

impl World {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("ct{}-{number}", std::process::id() % 1_000_000);
        let world = Self { prefix, records: TempDir::with_prefix("clir-").unwrap() };
        world.cable(CABLES);
        world
    }

    /// Lays cables by a script, in which names of places begin with `$P-`.
    pub fn cable(&self, script: &str) {
        let script = format!("set -e\nP={}\n{script}", self.prefix);
        let output = Command::new("sh").args(["-c", &script]).env("PATH", path()).output().unwrap();
        assert!(output.status.success(), "root and iproute2 are needed: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn name(&self, place: &str) -> String {
        format!("{}-{place}", self.prefix)
    }

    /// Does something in one place: the sockets that are made there stay there.
    pub fn within<T: Send>(&self, place: &str, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/var/run/netns/{}", self.name(place))).unwrap();
        let work = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("to be root");
            work()
        };
        thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// A program to be run in one place.
    pub fn program(&self, place: &str, name: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(place), name]).stdin(Stdio::null()).env("PATH", path());
        for variable in ["CLIR_CONFIG", "XDG_CONFIG_HOME", "STATE_DIRECTORY", "RUST_LOG", "http_proxy", "https_proxy"] {
            command.env_remove(variable);
        }
        command.env("RUNTIME_DIRECTORY", self.records.path());
        command
    }

    /// Runs a line of shell in one place; it has to end well.
    pub fn shell(&self, place: &str, line: &str) -> String {
        let output = self.program(place, "sh").args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// From now on connections to this port that come to the carrier by this cable end in its box at that port of loopback,
    /// of which the devices know nothing.
    pub fn lead(&self, cable: &str, port: u16, to: u16) {
        let rules = format!(
            "echo 1 >/proc/sys/net/ipv4/conf/{cable}/route_localnet\n\
             nft -f - <<'EOF'\ntable inet boxes\ndelete table inet boxes\ntable inet boxes {{\n chain in {{\n \
             type nat hook prerouting priority dstnat;\n iifname {cable} tcp dport {port} dnat ip to 127.0.0.1:{to}\n }}\n}}\nEOF"
        );
        self.shell("carrier", &rules);
    }

    /// What curl says somewhere, and whether it was content.
    pub fn curl(&self, place: &str, arguments: &[&str]) -> (bool, String) {
        let mut command = self.program(place, "curl");
        command.args(["--silent", "--show-error", "--fail", "--max-time", "20"]).args(arguments);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Asserts that a device gets the page, and returns it.
    pub fn fetch(&self, place: &str, arguments: &[&str]) -> String {
        let (is_content, said) = self.curl(place, arguments);
        assert!(is_content, "curl {arguments:?} in {place}: {said}");
        said
    }

    /// Starts clir in the gateway.
    pub fn start(&self, house: &House) -> Clir {
        let dir = house.write();
        let mut command = self.program("gateway", env!("CARGO_BIN_EXE_clir"));
        Clir::spawn(command.args(["--config", "clir.toml", "run", "-v"]).current_dir(dir.path()), dir, 1)
    }

    /// Runs `clir gateway …` in the gateway.
    pub fn gateway(&self, dir: &Path, arguments: &[&str]) -> Output {
        self.gateway_command(dir, arguments).output().unwrap()
    }

    /// As [`Self::gateway`], and it stays.
    pub fn guard(&self, dir: &Path, arguments: &[&str]) -> Child {
        self.gateway_command(dir, arguments).stdout(Stdio::piped()).spawn().unwrap()
    }

    fn gateway_command(&self, dir: &Path, arguments: &[&str]) -> Command {
        let mut command = self.program("gateway", env!("CARGO_BIN_EXE_clir"));
        command.args(["--config", "clir.toml", "gateway"]).args(arguments).current_dir(dir);
        command
    }

    /// Asserts that `clir gateway …` ends well, and returns what it said.
    pub fn done(&self, dir: &Path, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.gateway(dir, arguments);
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "clir gateway {arguments:?}: {status}\n{stdout}\n{stderr}");
        stdout
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for place in ["phone", "tablet", "gateway", "carrier", "origin"] {
            let _ = Command::new("ip").args(["netns", "delete", &self.name(place)]).env("PATH", path()).status();
        }
    }
}

/// How clir is configured in the gateway.
pub struct House {
    pub kind: &'static str,
    pub address: &'static str,
    /// More lines of `[[listener]]`.
    pub listener: &'static str,
    /// Lines of `[gateway]`, beside `lan`.
    pub gateway: String,
    /// Other tables.
    pub others: String,
}

impl House {
    pub fn of(kind: &'static str) -> Self {
        Self { kind, address: "[::]:8082", listener: "", gateway: String::new(), others: String::new() }
    }

    /// With these lines in `[gateway]`.
    pub fn gateway(mut self, lines: &str) -> Self {
        self.gateway = lines.to_owned();
        self
    }

    /// Writes the configuration into a directory of its own.
    pub fn write(&self) -> TempDir {
        let dir = TempDir::with_prefix("clir-").unwrap();
        let Self { kind, address, listener, gateway, others } = self;
        let config = format!(
            "[[listener]]\nkind = {kind:?}\naddress = {address:?}\nvantage = \"before-carrier\"\nlabel = \"lan\"\n{listener}\
             [access]\nclients = [\"192.0.2.0/24\", \"2001:db8:1::/64\", \"loopback\"]\n\
             [policy]\nfile = \"policy.toml\"\n[gateway]\nlan = [\"lan\"]\n{gateway}\n{others}\n"
        );
        fs::write(dir.path().join("clir.toml"), config).unwrap();
        fs::write(dir.path().join("policy.toml"), STRIP).unwrap();
        dir
    }
}

/// As it stands in a URL.
pub fn bracketed(address: &str) -> String {
    match address.parse().unwrap() {
        IpAddr::V4(_) => address.to_owned(),
        IpAddr::V6(_) => format!("[{address}]"),
    }
}

fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}
