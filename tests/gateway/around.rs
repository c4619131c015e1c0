//! Does anything go round and round, or around clir?

use std::{
    io::{ErrorKind, Read},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    site::Site,
    world::{GATEWAY, House, ORIGIN, World, bracketed},
};
use crate::support::eventually;

/// clir's own connections, and those of other programs of the gateway, go out as they are.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn what_the_gateway_sends_is_not_led_to_clir() {
    for kind in ["redirect", "tproxy"] {
        let world = World::new();
        let site = Site::open(&world);
        let clir = world.start(&House::of(kind));
        world.done(clir.dir.path(), &["up"]);
        for address in ORIGIN {
            world.fetch("gateway", &[&format!("http://{}/own", bracketed(address))]);
            world.fetch("phone", &[&format!("http://{}/", bracketed(address))]);
        }
        let events = clir.wait_for_events(2);
        assert_eq!((events.len(), site.visits().len()), (2, 4), "{kind}: {events:?}");
    }
}

/// Whoever names clir itself, by its port or as a site, is refused, once.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn a_way_back_to_clir_ends_at_once() {
    for kind in ["redirect", "tproxy"] {
        let world = World::new();
        let clir = world.start(&House::of(kind));
        world.done(clir.dir.path(), &["up"]);
        let start = Instant::now();
        for address in GATEWAY {
            for port in [8082, 80, 443] {
                let (is_content, said) = world.curl("phone", &[&format!("http://{}:{port}/", bracketed(address))]);
                assert!(!is_content, "{kind}: {said}");
            }
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{kind}: refused, not timed out");
        // One event at most for each connection that reached clir: none came back to it.
        std::thread::sleep(Duration::from_millis(300));
        assert!(clir.events().len() <= 2, "{kind}: {:?}", clir.events());
    }
}

/// Where clir takes IPv4 only, IPv6 is refused and clients use IPv4: it does not pass by.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn ipv6_does_not_pass_by() {
    let world = World::new();
    let site = Site::open(&world);
    let mut house = House::of("redirect");
    house.address = "0.0.0.0:8082";
    let clir = world.start(&house);
    world.done(clir.dir.path(), &["up"]);
    let refused = world.within("phone", || {
        let start = Instant::now();
        let error = TcpStream::connect((ORIGIN[1], 80)).unwrap_err();
        (error.kind(), start.elapsed() < Duration::from_millis(200))
    });
    assert_eq!(refused, (ErrorKind::ConnectionRefused, true));
    // As a browser does with both addresses of a name.
    let resolve = format!("site.example:80:[{}],{}", ORIGIN[1], ORIGIN[0]);
    world.fetch("phone", &["--resolve", &resolve, "http://site.example/"]);
    assert!(site.visits().iter().all(|(from, _)| from.is_ipv4()), "{:?}", site.visits());
    let status = world.done(clir.dir.path(), &["status"]);
    assert!(status.contains("IPv6: no listener takes it"), "{status}");
    assert_eq!(clir.wait_for_events(1).len(), 1);
}

/// What goes on without clir is counted, and a second router in the LAN is seen.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn status_tells_what_passes_by() {
    let world = World::new();
    let _site = Site::open(&world);
    let clir = world.start(&House::of("tproxy"));
    let dir = clir.dir.path().to_owned();
    world.done(&dir, &["up"]);
    world.fetch("phone", &[&format!("http://{}/", ORIGIN[0])]);
    let status = world.done(&dir, &["status"]);
    assert!(status.contains("no connection to these ports went on without clir"), "{status}");
    world.shell("gateway", "ip neighbour add 2001:db8:1::99 lladdr 02:00:5e:10:00:99 dev lan router");
    let output = world.gateway(&dir, &["status"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(1) && told.contains("2001:db8:1::99 on lan is a router as well"), "{told}");
    world.shell("gateway", "ip neighbour del 2001:db8:1::99 dev lan");
    // Somebody's own rule that takes the packets first.
    world
        .shell("gateway", "nft add table ip own; nft add chain ip own c '{ type filter hook prerouting priority 0; }'");
    let dir = clir.kill();
    world.fetch("phone", &[&format!("http://{}/", ORIGIN[0])]);
    let told = String::from_utf8(world.gateway(dir.path(), &["status"]).stdout).unwrap();
    assert!(told.contains("1 connections to these ports went on without clir"), "{told}");
}

/// However clir ends, the house is online.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn the_house_is_online_when_clir_is_killed() {
    for (kind, stays) in [("redirect", true), ("tproxy", true), ("redirect", false), ("tproxy", false)] {
        let world = World::new();
        let site = Site::open(&world);
        let clir = world.start(&House::of(kind));
        let pid = clir.id().to_string();
        let arguments: &[&str] = if stays { &["up", "--while", &pid] } else { &["up"] };
        let mut guard = world.guard(clir.dir.path(), arguments);
        let mut said = [0; 17];
        guard.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
        assert_eq!(&said, b"the gateway is up");
        let url = format!("http://{}/", ORIGIN[0]);
        world.fetch("phone", &[&url]);
        let _dir = clir.kill();
        assert!(guard.wait().unwrap().success());
        if (kind, stays) != ("tproxy", false) {
            let rules = || world.shell("gateway", "nft list tables");
            eventually("rules that have gone", || (!rules().contains("clir")).then_some(()));
        }
        for address in ORIGIN {
            world.fetch("phone", &[&format!("http://{}/", bracketed(address))]);
        }
        assert_eq!(site.visits().len(), 3, "{kind}");
    }
}

/// A guard that is told to end takes the rules along.
#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn a_guard_that_ends_takes_the_rules_along() {
    let world = World::new();
    let clir = world.start(&House::of("redirect"));
    let mut guard = world.guard(clir.dir.path(), &["up", "--while", &clir.id().to_string()]);
    let mut said = [0; 17];
    guard.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert!(world.shell("gateway", "nft list tables").contains("clir"));
    assert!(Command::new("kill").arg(guard.id().to_string()).status().unwrap().success());
    assert!(guard.wait().unwrap().success());
    assert!(!world.shell("gateway", "nft list tables").contains("clir"));
    let output = world.gateway(clir.dir.path(), &["up", "--while", "4194305"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("cannot be watched"), "{told}");
}
