//! When does a connection that is kept stand in for a new one?

use std::net::Ipv4Addr;

use rcgen::{CertificateParams, SanType};

use super::{
    resumed::ask_from,
    site::{Signer, Site},
};
use crate::support::{Clir, eventually};

/// Asks once, and waits until the connection that served is kept: the event comes after that.
fn ask(clir: &Clir, site: &Site, address: Ipv4Addr) {
    let served = || clir.events().iter().filter(|event| event["method"] == "GET").count();
    let before = served();
    ask_from(clir, site, address, "/");
    eventually("the event", || (served() > before).then_some(()));
}

/// Another client's would show the site that the two share a proxy.
#[test]
fn a_client_finds_its_connection_again_and_no_other_does() {
    let root = Signer::root();
    let (clir, site) = (root.clir(), root.leaf(|_| ()).serve());
    let (one, two) = (Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2));
    for (client, connections) in [(one, 1), (one, 1), (two, 2), (two, 2), (one, 2)] {
        ask(&clir, &site, client);
        assert_eq!(site.connections(), connections);
    }
}

#[test]
fn a_name_that_was_not_proved_has_no_part_in_what_is_kept() {
    let root = Signer::root();
    let (clir, site) = (root.clir(), root.leaf(|_| ()).serve());
    ask(&clir, &site, Ipv4Addr::LOCALHOST);
    let authority = format!("localhost:{}", site.port);
    let mut client = clir.tls(&authority, "other.localhost", &["http/1.1"]);
    client.send(format!("GET / HTTP/1.1\r\nHost: other.localhost:{}\r\n\r\n", site.port));
    let answer = client.response();
    assert_eq!(answer.status(), 502, "{}", answer.text());
    assert!(answer.text().contains("is not for other.localhost"), "{}", answer.text());
}

/// Whoever looks names up itself asks for an address, and names the host only inside TLS: a connection to that address is
/// found again by the name, and serves no other.
#[test]
fn a_client_that_asks_for_an_address_finds_its_connection_by_the_name_inside() {
    let root = Signer::root();
    let names = |params: &mut CertificateParams| {
        params.subject_alt_names = ["localhost", "other.localhost"].map(dns).into();
    };
    let (clir, site) = (root.clir(), root.leaf(names).serve());
    let served = || clir.events().iter().filter(|event| event["method"] == "GET").count();
    for (name, connections) in [("localhost", 1), ("localhost", 1), ("other.localhost", 2), ("other.localhost", 2)] {
        let before = served();
        assert_eq!(site.ask_as(&clir, name), (200, "ok".to_owned()));
        eventually("the event", || (served() > before).then_some(()));
        assert_eq!(site.connections(), connections, "{name}");
    }
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

/// A client that says nothing about what it speaks, one that may speak more than the kept connection does, and one that
/// speaks no TLS.
#[test]
fn what_a_kept_connection_cannot_carry_gets_one_of_its_own() {
    let root = Signer::root();
    let (clir, site) = (root.clir(), root.leaf(|_| ()).serve());
    let authority = format!("localhost:{}", site.port);
    ask(&clir, &site, Ipv4Addr::LOCALHOST);
    for (alpn, connections) in [([].as_slice(), 2), (&["h2", "http/1.1"], 3)] {
        let mut client = clir.tls(&authority, "localhost", alpn);
        client.send(format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        assert_eq!(client.response().text(), "ok", "{alpn:?}");
        assert_eq!(site.connections(), connections, "{alpn:?}");
    }
    let mut foreign = clir.connect();
    foreign.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    assert_eq!(foreign.head().status(), 200);
    foreign.send("\x01\x02 nothing that is known\r\n\r\n");
    eventually("a connection of its own", || (site.connections() == 4).then_some(()));
}
