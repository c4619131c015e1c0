//! Are rules put in force whole, taken back exactly, and looked at honestly?

use std::{
    collections::BTreeSet,
    process::{Command, Output},
};

use tempfile::TempDir;

use super::world::{House, World};

/// Everything that `up` may touch, line by line; what the kernel does for addresses of its own in its own time apart.
fn state(world: &World) -> BTreeSet<String> {
    let commands = [
        "nft --stateless list ruleset",
        "ip -4 rule show; ip -4 route show table all",
        "ip -6 rule show; ip -6 route show table all | grep -v -e fe80 -e ff00",
        "cd /proc/sys/net; grep -r . ipv4/ip_forward ipv4/conf ipv6/conf ipv4/icmp_* ipv6/icmp bridge 2>/dev/null; true",
    ];
    let lines = |(number, command): (usize, &&str)| {
        let text = world.shell("gateway", command);
        text.lines().map(|line| format!("{number} {line}")).collect::<Vec<_>>()
    };
    commands.iter().enumerate().flat_map(lines).collect()
}

/// Asserts that nothing is otherwise, and says what is.
fn assert_same(is: &BTreeSet<String>, was: &BTreeSet<String>, when: &str) {
    let (new, gone): (Vec<_>, Vec<_>) = (is.difference(was).collect(), was.difference(is).collect());
    assert!(new.is_empty() && gone.is_empty(), "{when}: there is {new:#?}, and was {gone:#?}");
}

fn faults(output: &Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.code().unwrap(),
        text.lines().filter(|line| line.starts_with("FAULT")).collect::<Vec<_>>().join("\n"),
    )
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn up_is_idempotent_and_down_restores_everything() {
    for kind in ["redirect", "tproxy"] {
        let world = World::new();
        // Not yet a router.
        world.shell("gateway", "echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding");
        let dir = House::of(kind).write();
        let before = state(&world);
        world.done(dir.path(), &["up"]);
        let first = state(&world);
        assert_ne!(before, first);
        world.done(dir.path(), &["up"]);
        assert_same(&state(&world), &first, "twice is once");
        world.done(dir.path(), &["down"]);
        assert_same(&state(&world), &before, "everything is as it was");
        world.done(dir.path(), &["up"]);
        assert_same(&state(&world), &first, "up, down, up");
        world.done(dir.path(), &["down"]);
        assert_eq!(world.done(dir.path(), &["down"]), "the gateway was not up\n");
        assert_same(&state(&world), &before, "twice is once");
    }
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn another_configuration_takes_over_and_leaves_nothing_of_the_first() {
    let world = World::new();
    world.shell("gateway", "echo 0 >/proc/sys/net/ipv4/ip_forward");
    let before = state(&world);
    let (first, second) = (House::of("tproxy").write(), House::of("redirect").gateway("quic = \"pass\"").write());
    world.done(second.path(), &["up"]);
    let alone = state(&world);
    world.done(second.path(), &["down"]);
    world.done(first.path(), &["up"]);
    world.done(second.path(), &["up"]);
    assert_same(&state(&world), &alone, "nothing is left of the first");
    world.done(second.path(), &["down"]);
    assert_same(&state(&world), &before, "everything is as it was");
}

/// What was so before is not ours to take away, and what somebody has changed since is not ours to change back.
#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn down_takes_only_what_up_has_brought() {
    let world = World::new();
    let dir = House::of("tproxy").write();
    world.shell(
        "gateway",
        "ip rule add priority 100 fwmark 0x4000000/0x4000000 lookup 1143; ip rule add priority 101 lookup main",
    );
    world.done(dir.path(), &["up"]);
    world.shell("gateway", "echo 7 >/proc/sys/net/ipv4/icmp_ratelimit");
    let changed = world.shell("gateway", "cat /proc/sys/net/ipv4/icmp_ratelimit");
    world.done(dir.path(), &["down"]);
    let rules = world.shell("gateway", "ip rule show");
    assert!(rules.contains("lookup 1143") && rules.contains("101:"), "{rules}");
    assert_eq!(world.shell("gateway", "cat /proc/sys/net/ipv4/icmp_ratelimit"), changed);
    assert_eq!(world.shell("gateway", "cat /proc/sys/net/ipv4/ip_forward"), "1\n");
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn status_sees_what_somebody_changes_and_up_mends_it() {
    let world = World::new();
    let clir = world.start(&House::of("tproxy"));
    let dir = clir.dir.path();
    let status = || faults(&world.gateway(dir, &["status"]));
    assert_eq!(status().0, 1, "nothing is up yet");
    world.done(dir, &["up"]);
    assert_eq!(status(), (0, String::new()));
    for (harm, word) in [
        ("nft delete table inet clir", "not in force"),
        ("nft flush chain inet clir divert", "changed since"),
        ("nft add element inet clir ports '{ 8080 }'", "changed since"),
        ("nft insert rule inet clir exempt accept", "changed since"),
        ("ip -6 rule del priority 100", "IPv6: no rule"),
        ("ip -4 route flush table 1143", "IPv4: table 1143"),
        ("echo 0 >/proc/sys/net/ipv4/ip_forward", "ip_forward is 0"),
        ("echo 0 >/proc/sys/net/ipv6/conf/all/forwarding", "forwarding is 0"),
    ] {
        world.shell("gateway", harm);
        let (code, told) = status();
        assert!(code == 1 && told.contains(word), "{harm}: {code} {told}");
        world.done(dir, &["up"]);
        assert_eq!(status(), (0, String::new()), "{harm} is mended");
    }
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn status_sees_that_nobody_listens_and_that_the_configuration_is_another() {
    let world = World::new();
    let clir = world.start(&House::of("redirect"));
    world.done(clir.dir.path(), &["up"]);
    let other = House::of("redirect").gateway("ports = [80]").write();
    let (code, told) = faults(&world.gateway(other.path(), &["status"]));
    assert!(code == 1 && told.contains("of another configuration"), "{told}");
    let dir = clir.kill();
    let (code, told) = faults(&world.gateway(dir.path(), &["status"]));
    assert!(code == 1 && told.contains("IPv4: nobody listens") && told.contains("IPv6: nobody listens"), "{told}");
}

/// Rules that are refused leave nothing behind, and it is said what is missing.
#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn what_is_missing_is_named_and_nothing_is_left_behind() {
    let world = World::new();
    world.shell("gateway", "echo 0 >/proc/sys/net/ipv4/ip_forward");
    let before = state(&world);
    let dir = House::of("tproxy").write();
    // An `nft` like that of a kernel without tproxy.
    let bin = TempDir::new().unwrap();
    let fake = bin.path().join("nft");
    let script = "#!/bin/sh\nif [ \"$2\" = - ] || [ \"$3\" = - ]; then cat >$0.in; \
        if grep -q tproxy $0.in; then echo 'Error: Could not process rule: No such file or directory' >&2; exit 1; fi; \
        exec /usr/sbin/nft \"$@\" <$0.in; fi\nexec /usr/sbin/nft \"$@\"\n";
    let text = bin.path().join("text");
    std::fs::write(&text, script).unwrap();
    // By another program: a test beside this one that starts something while we write would keep the file busy.
    assert!(Command::new("install").arg("-m755").args([&text, &fake]).status().unwrap().success());
    let path = format!("{}:/usr/sbin:/usr/bin:/bin", bin.path().display());
    let mut command = world.program("gateway", env!("CARGO_BIN_EXE_clir"));
    command.args(["--config", "clir.toml", "gateway", "up"]).current_dir(dir.path()).env("PATH", path);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("no `tproxy` in nftables") && told.contains("nft_tproxy"), "{told}");
    assert_same(&state(&world), &before, "nothing is left behind");

    let missing = House::of("redirect").write();
    let config = std::fs::read_to_string(missing.path().join("clir.toml")).unwrap();
    std::fs::write(missing.path().join("clir.toml"), config.replace("\"lan\"]", "\"lan\", \"wlan7\"]")).unwrap();
    let told = String::from_utf8(world.gateway(missing.path(), &["up"]).stderr).unwrap();
    assert!(told.contains("wlan7") && told.contains("there are:"), "{told}");
    assert_same(&state(&world), &before, "nothing is left behind");
}

/// Whoever may not is told so, and what it takes.
#[test]
#[ignore = "needs root, to become somebody else: run by tests/run"]
fn others_are_refused() {
    let dir = House::of("redirect").write();
    assert!(Command::new("chmod").args(["-R", "a+rX"]).arg(dir.path()).status().unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--clear-groups", env!("CARGO_BIN_EXE_clir"), "--config", "clir.toml", "gateway"]);
    let output = command.arg("up").current_dir(dir.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("CAP_NET_ADMIN"), "{told}");
}
