//! Who stands where: a phone, a gateway with clir, and a site, each in a network of its own?
//!
//! ```text
//! phone 192.0.2.2, 2001:db8:1::2 ── lan │ gateway │ wan ── 198.51.100.2, 2001:db8:2::2 site
//! ```
//! Network namespaces of this process alone, joined by veth pairs, and taken away with the stage.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::Value;

use crate::support::{Clir, Setup, certificates::Authority, eventually};

/// What the site is called, and what it is not.
pub const NAME: &str = "site.example";
pub const OTHER: &str = "billing.example";

pub const SITE: &str = "198.51.100.2";
pub const SITE_V6: &str = "2001:db8:2::2";
pub const PHONE: &str = "192.0.2.2";
pub const PHONE_V6: &str = "2001:db8:1::2";
pub const GATEWAY: &str = "192.0.2.1";

/// How the firewall leads connections to clir.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Redirect,
    /// Whether origins see the phone's address.
    Tproxy {
        keep_source: bool,
    },
}

const PORTS: &str = "{ 25, 80, 443, 2525, 7000, 8025, 8999 }";

pub struct World {
    pub clir: Clir,
    names: Names,
    _site: Site,
    dir: PathBuf,
}

/// The namespaces; dropped last.
struct Names {
    phone: String,
    gateway: String,
    site: String,
}

impl World {
    pub fn new(way: Way, prepare: impl FnOnce(Setup) -> Setup) -> Self {
        let names = Names::new();
        names.join(&names.phone, "lan", ("192.0.2", "2001:db8:1:"));
        names.join(&names.site, "wan", ("198.51.100", "2001:db8:2:"));
        let mut setup = prepare(Setup::new())
            .set("access.clients", r#"["192.0.2.0/24", "2001:db8:1::/64", "198.51.100.0/24"]"#)
            .set("access.deny_targets", r#"["loopback", "link-local", "self"]"#);
        let (kind, port) = match way {
            Way::Redirect => ("kind = \"redirect\"", 8082),
            Way::Tproxy { keep_source: false } => ("kind = \"tproxy\"", 8083),
            Way::Tproxy { keep_source: true } => ("kind = \"tproxy\"\nkeep_source = true", 8083),
        };
        setup = setup.kind(kind).listen(&[&format!("[::]:{port}")]);
        let dir = setup.dir.path().join("site");
        fs::create_dir(&dir).unwrap();
        let site = names.serve(&dir);
        names.lead(way, port);
        let clir = setup.start_by(&["ip", "netns", "exec", &names.gateway]);
        Self { clir, names, _site: site, dir }
    }

    /// Runs a program on the phone.
    pub fn on_phone(&self, program: &str, arguments: &[&str]) -> Output {
        within(&self.names.phone, program, arguments)
    }

    /// Runs a program on the gateway itself.
    pub fn on_gateway(&self, program: &str, arguments: &[&str]) -> Output {
        within(&self.names.gateway, program, arguments)
    }

    /// What curl on the phone prints.
    pub fn curl(&self, arguments: &[&str]) -> String {
        let roots = self.clir.path("roots.pem");
        fs::write(&roots, format!("{}{}", self.clir.authority(), Authority::trusted().pem)).unwrap();
        let common = ["-sS", "--max-time", "20", "--noproxy", "*", "--cacert", roots.to_str().unwrap()];
        let output = self.on_phone("curl", &[&common[..], arguments].concat());
        assert!(output.status.success(), "curl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What comes back when the phone says these pieces.
    pub fn speak(&self, host: &str, port: u16, pause: &str, pieces: &[&[u8]]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transparent/speak.py");
        let hex = |piece: &&[u8]| piece.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let pieces = pieces.iter().map(hex).collect::<Vec<_>>().join(",");
        let output = self.on_phone("python3", &[script, host, &port.to_string(), pause, &pieces]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What the site received first on its connections to this port.
    pub fn received(&self, port: &str) -> Vec<Vec<u8>> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        let mut files: Vec<_> = fs::read_dir(&self.dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        files
            .retain(|path| name(path).rsplit_once('-').is_some_and(|(at, number)| at == port && !number.contains('.')));
        files.sort();
        files.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    /// Who connected to this port of the site.
    pub fn peers(&self, port: u16) -> Vec<String> {
        let lines = fs::read_to_string(self.dir.join("peers")).unwrap_or_default();
        let at_port = lines.lines().filter_map(|line| line.strip_prefix(&format!("{port} ")));
        at_port.map(str::to_owned).collect()
    }

    /// Adds a rule to the gateway's own table.
    pub fn nft(&self, rule: &str) {
        must(within(&self.names.gateway, "nft", &[rule]), rule);
    }

    pub fn event(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.clir.wait_for_event(wanted)
    }
}

/// The process of the sites; it ends with the test, however that ends.
struct Site(Child);

impl Drop for Site {
    fn drop(&mut self) {
        // Whoever has gone already needs no word.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Names {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = |what: &str| format!("clir-{}-{number}-{what}", std::process::id());
        let names = Self { phone: name("phone"), gateway: name("gateway"), site: name("site") };
        for name in names.all() {
            ip(&["netns", "add", name]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
        }
        for (file, text) in
            [("hosts", hosts()), ("resolv.conf", String::new()), ("nsswitch.conf", "hosts: files\n".into())]
        {
            let dir = PathBuf::from("/etc/netns").join(&names.gateway);
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join(file), text).unwrap();
        }
        names
    }

    fn all(&self) -> [&str; 3] {
        [&self.phone, &self.gateway, &self.site]
    }

    /// A cable from the gateway, which is number 1 on it, to somebody who is number 2.
    fn join(&self, to: &str, device: &str, (v4, v6): (&str, &str)) {
        ip(&["-n", &self.gateway, "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", to]);
        for (name, device, number) in [(self.gateway.as_str(), device, 1), (to, "eth0", 2)] {
            ip(&["-n", name, "link", "set", device, "up"]);
            ip(&["-n", name, "addr", "add", &format!("{v4}.{number}/24"), "dev", device]);
            ip(&["-n", name, "addr", "add", &format!("{v6}:{number}/64"), "dev", device, "nodad"]);
        }
        ip(&["-n", to, "route", "add", "default", "via", &format!("{v4}.1")]);
        ip(&["-n", to, "-6", "route", "add", "default", "via", &format!("{v6}:1")]);
    }

    fn serve(&self, dir: &std::path::Path) -> Site {
        let (certificate, key) = Authority::trusted().pem_for(&[NAME, SITE]);
        let file = dir.join("site.pem");
        fs::write(&file, certificate + &key).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transparent/origin.py");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.site, "python3", script]).args([dir, &file]);
        let site = Site(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the site starts"));
        eventually("the site is ready", || dir.join("ready").exists().then_some(()));
        site
    }

    fn lead(&self, way: Way, port: u16) {
        for key in ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"] {
            must(within(&self.gateway, "sysctl", &["-qw", key]), key);
        }
        let rules = match way {
            Way::Redirect => format!(
                "table inet clir_test {{ chain lead {{ type nat hook prerouting priority dstnat;
                 iifname lan tcp dport {PORTS} redirect to :{port}; }}; }}"
            ),
            Way::Tproxy { .. } => format!(
                "table inet clir_test {{ chain lead {{ type filter hook prerouting priority mangle;
                 iifname wan meta l4proto tcp socket transparent 1 meta mark set 1 accept;
                 iifname lan tcp dport {PORTS} meta mark set 1 tproxy to :{port} accept; }}; }}"
            ),
        };
        must(within(&self.gateway, "nft", &[&rules]), &rules);
        if way != Way::Redirect {
            for family in ["-4", "-6"] {
                ip(&["-n", &self.gateway, family, "rule", "add", "fwmark", "1", "lookup", "100"]);
                ip(&["-n", &self.gateway, family, "route", "add", "local", "default", "dev", "lo", "table", "100"]);
            }
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        for name in self.all() {
            // What could not be made cannot be taken away.
            let _ = Command::new("ip").args(["netns", "del", name]).output();
            let _ = fs::remove_dir_all(PathBuf::from("/etc/netns").join(name));
        }
    }
}

/// What the gateway's resolver knows.
fn hosts() -> String {
    format!("{SITE} {NAME}\n{SITE_V6} {NAME}\n203.0.113.7 {OTHER}\n127.0.0.1 localhost\n")
}

fn ip(arguments: &[&str]) {
    must(Command::new("ip").args(arguments).output().expect("iproute2 is installed"), &arguments.join(" "));
}

fn within(namespace: &str, program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, program]).args(arguments).stdin(Stdio::null());
    command.output().expect("iproute2 is installed")
}

fn must(output: Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}
