//! What does `clir gateway` plan, and which units does it write? Nothing of it needs root.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use clir::{
    gateway::{Device, Facts, Plan, Quic, Receiver, Settings, Unplannable, plan},
    listen::Kind,
};
use tempfile::TempDir;

const TPROXY: Kind = Kind::Tproxy { keep_source: false };

fn facts() -> Facts {
    Facts { ipv6: true, bridged: false, announced: Vec::new() }
}

fn settings() -> Settings {
    Settings { lan: vec!["br-lan".parse().unwrap()], ..Settings::default() }
}

fn planned(settings: &Settings, listeners: &[(Kind, &str)], facts: &Facts) -> Result<Plan, Unplannable> {
    let receiver = |(kind, address): &(Kind, &str)| Receiver { kind: *kind, address: address.parse().unwrap() };
    plan(settings, &listeners.iter().map(receiver).collect::<Vec<_>>(), facts)
}

#[test]
fn redirect_with_everything_that_can_be_exempt() {
    let settings = Settings {
        lan: vec!["br-lan".parse().unwrap(), "wlan0.2".parse().unwrap()],
        exempt_clients: vec![
            Device::card("02:00:5e:10:00:01").unwrap(),
            Device::Network("192.0.2.0/28".parse().unwrap()),
            Device::Network("2001:db8::/64".parse().unwrap()),
        ],
        exempt_targets: vec!["198.51.100.7/32".parse().unwrap()],
        ..settings()
    };
    let plan = planned(&settings, &[(Kind::Explicit, "[::]:8080"), (Kind::Redirect, "[::]:8082")], &facts());
    insta::assert_snapshot!("redirect", plan.unwrap().to_string());
}

#[test]
fn tproxy_that_keeps_the_source_behind_a_bridge() {
    let facts = Facts { bridged: true, announced: vec!["wwan0".parse().unwrap()], ..facts() };
    let plan = planned(&settings(), &[(Kind::Tproxy { keep_source: true }, "[::]:8083")], &facts);
    insta::assert_snapshot!("tproxy", plan.unwrap().to_string());
}

/// Each family may go another way, and a listener may have one address.
#[test]
fn each_family_has_a_listener_of_its_own() {
    let settings = Settings { quic: Quic::Pass, ..settings() };
    let listeners = [(Kind::Redirect, "192.0.2.1:8082"), (TPROXY, "[2001:db8::1]:8083")];
    insta::assert_snapshot!("families", planned(&settings, &listeners, &facts()).unwrap().to_string());
}

#[test]
fn a_family_without_a_listener_is_refused() {
    let plan = planned(&settings(), &[(Kind::Redirect, "0.0.0.0:8082")], &facts()).unwrap();
    assert!(plan.ruleset.contains("meta nfproto ipv6 tcp dport @ports reject with tcp reset"), "{}", plan.ruleset);
    assert!(!plan.ruleset.contains("meta nfproto ipv4 tcp dport @ports reject"), "{}", plan.ruleset);
}

#[test]
fn a_machine_without_ipv6_is_asked_for_none() {
    let plan = planned(&settings(), &[(TPROXY, "[::]:8083")], &Facts { ipv6: false, ..facts() }).unwrap();
    assert!(plan.sysctls.iter().all(|sysctl| sysctl.key.starts_with("net/ipv4/")), "{:?}", plan.sysctls);
    assert_eq!(plan.routes.len(), 1);
}

/// The router that announces itself is believed before this machine begins to forward, or it would be forgotten.
#[test]
fn announced_routers_are_kept() {
    let facts = Facts { announced: vec!["wwan0".parse().unwrap(), "br-lan".parse().unwrap()], ..facts() };
    let plan = planned(&settings(), &[(Kind::Redirect, "[::]:8082")], &facts).unwrap();
    let keys: Vec<_> = plan.sysctls.iter().map(|sysctl| sysctl.key.as_str()).collect();
    let at = |key: &str| keys.iter().position(|other| *other == key);
    assert!(at("net/ipv6/conf/wwan0/accept_ra") < at("net/ipv6/conf/all/forwarding"), "{keys:?}");
    assert!(
        at("net/ipv6/conf/wwan0/accept_ra").is_some() && at("net/ipv6/conf/br-lan/accept_ra").is_none(),
        "{keys:?}"
    );
}

#[test]
fn what_cannot_be_planned_is_told() {
    assert_eq!(planned(&Settings::default(), &[(TPROXY, "[::]:1")], &facts()), Err(Unplannable::NoLan));
    for listeners in
        [&[(Kind::Explicit, "[::]:8080")][..], &[(Kind::Redirect, "127.0.0.1:8082")], &[(TPROXY, "[::]:0")]]
    {
        assert_eq!(planned(&settings(), listeners, &facts()), Err(Unplannable::NoReceiver), "{listeners:?}");
    }
}

fn clir(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clir"));
    command.args(["--config", "clir.toml", "gateway"]).args(arguments).current_dir(dir).env_remove("STATE_DIRECTORY");
    command.output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A directory that the units may name: what is below the temporary one, they would not see.
fn configured(text: &str) -> TempDir {
    let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::write(dir.path().join("clir.toml"), text).unwrap();
    dir
}

const GATEWAY: &str = "[[listener]]\nkind = \"tproxy\"\naddress = \"[::]:8083\"\n[gateway]\nlan = [\"br-lan\"]\n";

#[test]
fn a_plan_is_printed_without_changing_anything() {
    let dir = configured(GATEWAY);
    let output = clir(dir.path(), &["plan"]);
    let plan = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert!(plan.starts_with("#!/usr/sbin/nft -f\n") && plan.contains("tproxy ip6 to :8083"), "{plan}");
    for explicit in ["", "[gateway]\nlan = [\"br-lan\"]\n"] {
        let output = clir(configured(explicit).path(), &["plan"]);
        assert!(output.status.code() == Some(1) && told(&output).contains("there is nothing to put in force"));
    }
}

/// Where the repository is may itself be hidden from a service: then that is what is said.
fn is_hidden(dir: &Path) -> bool {
    ["/home", "/root", "/tmp", "/var/tmp", "/run/user"].iter().any(|hidden| dir.starts_with(hidden))
}

#[test]
fn units_are_written_below_a_root() {
    let dir = configured(GATEWAY);
    let install = |arguments: &[&str]| {
        let output =
            clir(dir.path(), &[&["install", "--binary", "/usr/bin/clir", "--root", "root"], arguments].concat());
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    if is_hidden(dir.path()) {
        let output = clir(dir.path(), &["install", "--binary", "/usr/bin/clir"]);
        assert!(output.status.code() == Some(1) && told(&output).contains("does not see"), "{}", told(&output));
        return;
    }
    let printed = install(&["--print"]);
    assert!(!dir.path().join("root").exists());
    install(&[]);
    let units = dir.path().join("root/etc/systemd/system");
    let text = |name: &str| fs::read_to_string(units.join(name)).unwrap();
    for name in ["clir.service", "clir-tproxy.socket", "clir-gateway.service"] {
        assert!(printed.contains(&text(name)), "{name}");
    }
    assert!(text("clir-gateway.service").contains("\nBindsTo=clir.service\n"));
    fs::write(dir.path().join("clir.toml"), GATEWAY.replace("tproxy", "redirect")).unwrap();
    assert!(install(&[]).contains("removed root/etc/systemd/system/clir-tproxy.socket"));
    assert!(text("clir.socket").contains("\nListenStream=[::]:8083\n") && !units.join("clir-tproxy.socket").exists());
}

#[test]
fn what_a_service_cannot_do_is_refused_before_anything_is_written() {
    for (text, arguments, word) in [
        (GATEWAY, &["install", "--binary", "/root/clir"][..], "below /root"),
        ("[log]\ndir = \"/var/log/clir\"\n", &["install", "--binary", "/usr/bin/clir"], "log.dir"),
        ("[[listener]]\naddress = \"[::]:0\"\n", &["install", "--binary", "/usr/bin/clir"], "port 0"),
    ] {
        let dir = configured(text);
        let output = clir(dir.path(), &[arguments, &["--root", "root"]].concat());
        let told = told(&output);
        assert!(output.status.code() == Some(1), "{told}");
        assert!(told.contains(word) || is_hidden(dir.path()), "{told}");
        assert!(!dir.path().join("root").exists());
    }
}
