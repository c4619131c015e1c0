//! Does what devices send pass, seen by clir, without any setting of theirs?

use std::fs;

use super::{
    site::{NAME, Site},
    world::{House, ORIGIN, PHONE, TABLET, TABLET_CARD, World, bracketed},
};
use crate::support::{Clir, LEAK, NUMBER, certificates::Authority};

const KINDS: [&str; 2] = ["redirect", "tproxy"];

/// The address that clir itself has on its way out.
const WAY_OUT: [&str; 2] = ["198.51.100.2", "2001:db8:2::2"];

pub fn up(world: &World, house: &House) -> Clir {
    let clir = world.start(house);
    world.done(clir.dir.path(), &["up"]);
    clir
}

#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn cleartext_passes_and_loses_the_number() {
    for kind in KINDS {
        let world = World::new();
        let site = Site::open(&world);
        let clir = up(&world, &House::of(kind));
        for (family, address) in ORIGIN.iter().enumerate() {
            let page = world.fetch("phone", &["-H", LEAK, &format!("http://{}/page", bracketed(address))]);
            assert!(page.starts_with(&format!("from {}\nGET /page HTTP/1.1\n", WAY_OUT[family])), "{kind}: {page}");
            assert!(!page.contains(NUMBER), "{kind}: {page}");
        }
        let events = clir.wait_for_events(2);
        let clients: Vec<_> = events.iter().filter(|event| event["findings"][0]["identifier"] == "msisdn").collect();
        assert_eq!(clients.len(), 2, "{kind}: {events:?}");
        for (event, phone) in clients.iter().zip(PHONE) {
            assert!(event["client"].as_str().unwrap().contains(phone), "{kind}: {event}");
        }
        assert_eq!(site.visits().len(), 2, "{kind}");
    }
}

#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn tls_passes_unread_with_the_certificate_of_the_site() {
    for kind in KINDS {
        let world = World::new();
        let _site = Site::open(&world);
        let clir = up(&world, &House::of(kind));
        let authority = clir.path("origins.pem");
        fs::write(&authority, &Authority::trusted().pem).unwrap();
        for address in ORIGIN {
            let resolve = format!("{NAME}:443:{}", bracketed(address));
            let url = format!("https://{NAME}/");
            let file = authority.to_str().unwrap();
            let page = world.fetch("phone", &["--cacert", file, "--resolve", &resolve, "-H", LEAK, &url]);
            assert!(page.contains(NUMBER), "{kind}: inside TLS nothing is touched: {page}");
        }
        let events = clir.wait_for_events(2);
        assert!(events.iter().all(|event| event["tunnel"]["sni"] == NAME), "{kind}: {events:?}");
        clir.assert_never_wrote(NUMBER);
    }
}

#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn tls_is_opened_where_that_is_wanted() {
    let world = World::new();
    let _site = Site::open(&world);
    let roots = tempfile::NamedTempFile::new().unwrap();
    fs::write(roots.path(), &Authority::trusted().pem).unwrap();
    let mut house = House::of("redirect");
    house.others =
        format!("[intercept]\nmode = \"always\"\n[tls]\nupstream_roots = [{:?}]\n", roots.path().to_str().unwrap());
    let clir = up(&world, &house);
    let authority = clir.path("clir.pem");
    fs::write(&authority, clir.authority()).unwrap();
    for address in ORIGIN {
        let resolve = format!("{NAME}:443:{}", bracketed(address));
        let file = authority.to_str().unwrap();
        let page =
            world.fetch("phone", &["--cacert", file, "--resolve", &resolve, "-H", LEAK, &format!("https://{NAME}/")]);
        assert!(!page.contains(NUMBER), "{page}");
    }
}

/// An origin sees the phone's own address, and answers find their way back.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn the_source_is_kept_where_that_is_wanted() {
    let world = World::new();
    let _site = Site::open(&world);
    let mut house = House::of("tproxy");
    house.listener = "keep_source = true\n";
    // The strictest check of sources that there is (RFC 3704).
    world.shell("gateway", "echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter");
    let _clir = up(&world, &house);
    for (family, address) in ORIGIN.iter().enumerate() {
        let page = world.fetch("phone", &["-H", LEAK, &format!("http://{}/", bracketed(address))]);
        assert!(page.starts_with(&format!("from {}\n", PHONE[family])), "{page}");
        assert!(!page.contains(NUMBER), "{page}");
    }
}

#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn devices_are_told_apart_and_may_be_exempt() {
    let world = World::new();
    let site = Site::open(&world);
    let clir = up(&world, &House::of("redirect"));
    let url = format!("http://{}/", ORIGIN[0]);
    world.fetch("phone", &[&url]);
    world.fetch("tablet", &[&url]);
    let events = clir.wait_for_events(2);
    for (event, device) in events.iter().zip([PHONE[0], TABLET[0]]) {
        assert!(event["client"].as_str().unwrap().starts_with(device), "{event}");
    }
    drop(clir);

    for exempt in [format!("[{TABLET_CARD:?}]"), format!("[{:?}, {:?}]", TABLET[0], TABLET[1])] {
        let clir = up(&world, &House::of("redirect").gateway(&format!("exempt_clients = {exempt}")));
        for address in ORIGIN {
            let page = world.fetch("tablet", &["-H", LEAK, &format!("http://{}/exempt", bracketed(address))]);
            assert!(
                page.contains(NUMBER) && TABLET.iter().any(|it| page.starts_with(&format!("from {it}\n"))),
                "{page}"
            );
            let page = world.fetch("phone", &["-H", LEAK, &format!("http://{}/", bracketed(address))]);
            assert!(!page.contains(NUMBER), "{page}");
        }
        assert_eq!(clir.wait_for_events(2).len(), 2);
    }
    assert_eq!(site.visits().len(), 2 + 2 * 4);
}

/// What is exempt is not looked at, whoever goes there.
#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn targets_may_be_exempt() {
    let world = World::new();
    let _site = Site::open(&world);
    let clir = up(&world, &House::of("tproxy").gateway("exempt_targets = [\"203.0.113.0/24\"]"));
    let page = world.fetch("phone", &["-H", LEAK, &format!("http://{}/", ORIGIN[0])]);
    assert!(page.contains(NUMBER), "{page}");
    let page = world.fetch("phone", &["-H", LEAK, &format!("http://{}/", bracketed(ORIGIN[1]))]);
    assert!(!page.contains(NUMBER), "{page}");
    assert_eq!(clir.wait_for_events(1).len(), 1);
}
