//! Do connections survive that began before the rules came, and after they went?

use std::net::TcpStream;

use super::{
    site::Site,
    world::{House, ORIGIN, World},
};
use crate::support::Wire;

fn ask(wire: &mut Wire<TcpStream>) -> String {
    wire.send("GET / HTTP/1.1\r\nHost: site.example\r\n\r\n");
    wire.response().text()
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn what_was_open_before_up_goes_on_around_clir() {
    for kind in ["redirect", "tproxy"] {
        let world = World::new();
        let _site = Site::open(&world);
        let clir = world.start(&House::of(kind));
        // Nobody remembers connections yet: the kernel meets this one for the first time when it is old.
        world.shell("gateway", "nft delete table inet router");
        let mut old =
            world.within("phone", || Wire::connect((ORIGIN[0].parse::<std::net::IpAddr>().unwrap(), 80).into()));
        let before = ask(&mut old);
        world.done(clir.dir.path(), &["up"]);
        assert_eq!(ask(&mut old), before, "{kind}");
        assert!(clir.events().is_empty(), "{kind}");
    }
}

#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn what_is_open_lives_on_while_the_rules_are_renewed() {
    for kind in ["redirect", "tproxy"] {
        let world = World::new();
        let _site = Site::open(&world);
        let clir = world.start(&House::of(kind));
        world.done(clir.dir.path(), &["up"]);
        let mut open =
            world.within("phone", || Wire::connect((ORIGIN[0].parse::<std::net::IpAddr>().unwrap(), 80).into()));
        ask(&mut open);
        world.done(clir.dir.path(), &["up"]);
        ask(&mut open);
        if kind == "redirect" {
            // The kernel remembers what it has rewritten, rules or not.
            world.done(clir.dir.path(), &["down"]);
            ask(&mut open);
        }
        drop(open);
        clir.wait_for_events(2);
    }
}
