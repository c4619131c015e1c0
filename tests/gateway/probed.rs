//! What does `clir probe` say on a phone in the carrier's network, and what on one that has two ways out?

use std::{fs, net::SocketAddr};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    kinds::{KINDS, is_named_in_the_hello},
    world::{ORIGIN, World},
};
use crate::support::{
    Clir, LEAK, MASKED, NUMBER,
    carrier::{Carrier, Edit, Which},
    certificates::Authority,
    hello::{IN_THE_HELLO, inserting},
    middlebox::before,
    probe::said,
};

/// The reflector, as the phone finds it.
const CLEAR: &str = "http://203.0.113.2";
const ENCRYPTED: &str = "https://203.0.113.2";

/// A second cable, from the phone to the carrier and past the gateway: its cellular interface.
const CELLULAR: &str = "set -e
ip link add $P-p type veth peer name $P-q
ip link set $P-p netns $P-phone name wwan0; ip link set $P-q netns $P-carrier name cell
ip -n $P-phone link set wwan0 up; ip -n $P-phone address add 198.51.100.130/25 dev wwan0
ip -n $P-carrier link set cell up; ip -n $P-carrier address add 198.51.100.129/25 dev cell
ip -n $P-phone route add default via 198.51.100.129 dev wwan0 metric 500
for place in phone carrier; do
    ip netns exec $P-$place sh -c 'for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$file; done'
done";

/// A reflector where the site is, in cleartext and inside TLS.
fn reflector(world: &World) -> Clir {
    let dir = TempDir::with_prefix("clir-").unwrap();
    let (certificate, key) = Authority::trusted().pem_for(&[ORIGIN[0]]);
    fs::write(dir.path().join("site.pem"), certificate).unwrap();
    fs::write(dir.path().join("site.key"), key).unwrap();
    let mut command = world.program("origin", env!("CARGO_BIN_EXE_clir"));
    command.args(["reflect", "--http", "80", "--https", "443", "--limit", "rate=10000"]);
    Clir::spawn(command.args(["--certificate", "site.pem", "--key", "site.key"]).current_dir(dir.path()), dir, 2)
}

/// The carrier does this to requests to port 80 that come in by this cable.
fn edit(world: &World, cable: &str, edits: Vec<Edit>) {
    world.lead(cable, 80, world.within("carrier", || Carrier::start(site(80), Which::Each, edits).address.port()));
}

fn site(port: u16) -> SocketAddr {
    SocketAddr::new(ORIGIN[0].parse().unwrap(), port)
}

fn probe(world: &World, arguments: &[&str]) -> (Value, i32) {
    let dir = TempDir::with_prefix("clir-").unwrap();
    let mut command = world.program("phone", env!("CARGO_BIN_EXE_clir"));
    said(command.arg("probe").args(arguments).current_dir(dir.path()))
}

/// The differences of each trial, with the interface that it went by.
fn told(result: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let trials = result["trials"].as_array().unwrap().iter();
    let each = trials.flat_map(|trial| {
        assert_eq!(trial["error"], Value::Null, "{trial}");
        let one =
            move |one: &Value| (text(&trial["interface"]), format!("{} {}", text(&one["kind"]), text(&one["name"])));
        trial["differences"].as_array().unwrap().iter().map(one)
    });
    each.collect()
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn a_clean_path_shows_no_difference() {
    let world = World::new();
    let _reflector = reflector(&world);
    let (result, code) = probe(&world, &[CLEAR, "http://[2001:db8:3::2]"]);
    assert_eq!((code, told(&result)), (0, Vec::new()), "{}", result["verdict"]);
    let coverage = result["coverage"][0].as_str().unwrap();
    assert!(coverage.contains("over IPv4") && coverage.contains("over IPv6"), "{coverage}");
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn what_the_carrier_inserts_is_named() {
    let world = World::new();
    let _reflector = reflector(&world);
    edit(&world, "inside", vec![Edit::Append(LEAK)]);
    let (result, code) = probe(&world, &[CLEAR]);
    assert_eq!((code, &result["verdict"]["identifies"]), (3, &true.into()));
    let name = LEAK.split(':').next().unwrap();
    let told = told(&result);
    assert!(told.iter().any(|(_, one)| *one == format!("added {name}")), "{told:?}");
    let text = result.to_string();
    assert!(text.contains(MASKED) && !text.contains(NUMBER));
}

/// One box after the other, in the carrier, of which the phone and the gateway know nothing.
#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn whatever_a_box_does_is_named() {
    let world = World::new();
    let _reflector = reflector(&world);
    for kind in KINDS {
        world.lead("inside", 80, world.within("carrier", || before(site(80), (kind.work)()).port()));
        let (result, code) = probe(&world, &[&[CLEAR], kind.arguments].concat());
        (kind.is_named)(&result, code);
    }
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn what_a_box_puts_into_the_hello_is_named() {
    let world = World::new();
    let _reflector = reflector(&world);
    let roots = TempDir::with_prefix("clir-").unwrap();
    let file = roots.path().join("roots.pem");
    fs::write(&file, &Authority::trusted().pem).unwrap();
    let arguments = [ENCRYPTED, "--ca", file.to_str().unwrap()];
    let (result, code) = probe(&world, &arguments);
    assert_eq!((code, told(&result)), (0, Vec::new()), "{}", result["verdict"]);
    world.lead("inside", 443, world.within("carrier", || inserting(site(443), IN_THE_HELLO).port()));
    let (result, code) = probe(&world, &arguments);
    is_named_in_the_hello(&result, code);
}

/// Wi-Fi goes by the gateway, cellular by the carrier's other door, where the number is written into requests.
#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn wifi_and_cellular_are_compared_by_their_interfaces() {
    let world = World::new();
    world.cable(CELLULAR);
    let _reflector = reflector(&world);
    edit(&world, "cell", vec![Edit::Append(LEAK)]);
    let (result, code) = probe(&world, &[CLEAR, "--interface", "eth0", "--interface", "wwan0"]);
    let told = told(&result);
    assert!(code == 3 && !told.is_empty(), "{}", result["verdict"]);
    assert!(told.iter().all(|(interface, _)| interface == "wwan0"), "{told:?}");
    let statement = result["verdict"]["statement"].as_str().unwrap();
    let beside = "Through eth0 nothing was added, taken away or changed; through wwan0 it was.";
    assert!(statement.ends_with(beside), "{statement}");
    let trials = result["trials"].as_array().unwrap();
    assert!(["eth0", "wwan0"].iter().all(|name| trials.iter().any(|trial| trial["interface"] == **name)));
}
