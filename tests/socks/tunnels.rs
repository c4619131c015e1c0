//! What becomes of what is spoken behind the reply?

use super::speak::*;
use crate::support::{
    LEAK, Origin,
    tls::{TlsOrigin, connect},
};

#[test]
fn requests_are_judged_and_the_address_stands() {
    let (clir, origin) = (socks().start(), Origin::new());
    let mut client = tunnel(&clir, origin.address);
    client.send(format!("GET /a HTTP/1.1\r\nHost: billing.example\r\n{LEAK}\r\n\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head().0, b"GET /a HTTP/1.1\r\nHost: billing.example\r\n\r\n");
    site.send("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(client.head().status(), 204);
    let event = clir.wait_for_event(|event| event["method"] == "GET");
    assert_eq!((&event["host"], &event["port"]), (&"billing.example".into(), &origin.port().into()));
    assert_eq!(event["destination"], origin.authority());
    assert_eq!(event["mismatch"], "host-unresolved", "{event}");
}

#[test]
fn a_tunnel_by_name_and_over_both_families() {
    let clir = socks().start();
    for origin in [Origin::new(), Origin::v6()] {
        let mut by_address = tunnel(&clir, origin.address);
        by_address.send("\0\x01\x02");
        assert_eq!(origin.accept().exactly(3), b"\0\x01\x02");
    }
    let origin = Origin::new();
    let mut by_name = greeted(&clir);
    assert_eq!(ask(&mut by_name, &request(1, "LocalHost", origin.port())), 0);
    let mut site = origin.accept();
    site.send("220 ready\r\n");
    assert_eq!(by_name.exactly(11), b"220 ready\r\n");
    by_name.half_close();
    assert_eq!(site.whatever_comes(), b"");
    drop(site);
    let event = clir.wait_for_event(|event| event["host"] == "localhost");
    assert_eq!((&event["tunnel"]["reason"], &event["destination"]), (&"server-first".into(), &serde_json::Value::Null));
}

/// Everything in one segment, as clients do that are in a hurry, and everything byte by byte.
#[test]
fn messages_come_in_any_pieces() {
    let (clir, origin) = (socks().start(), Origin::new());
    let all = [&[5, 1, 0][..], &request(1, "127.0.0.1", origin.port()), b"\0eager"].concat();
    let mut hurried = clir.connect();
    hurried.send(&all);
    assert_eq!(hurried.exactly(12)[..4], [5, 0, 5, 0]);
    assert_eq!(origin.accept().exactly(6), b"\0eager");
    let mut slow = clir.connect();
    for byte in &all {
        slow.send([*byte]);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_eq!(slow.exactly(12)[..4], [5, 0, 5, 0]);
    assert_eq!(origin.accept().exactly(6), b"\0eager");
}

#[test]
fn tls_is_opened_as_behind_connect() {
    let origin = TlsOrigin::new();
    let clir = socks().intercept(&crate::support::certificates::Authority::trusted().pem).start();
    let tunnel = tunnel(&clir, origin.address);
    let mut client = connect(tunnel.into_inner(), "localhost", &clir.authority(), &["http/1.1"]).unwrap();
    client.send(format!("GET /s HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", origin.port()));
    let mut site = origin.accept();
    assert_eq!(site.sni().as_deref(), Some("localhost"));
    assert_eq!(site.head().start_line(), "GET /s HTTP/1.1");
    site.send("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(client.head().status(), 204);
    let event = clir.wait_for_event(|event| event["verdict"] == "intercepted");
    assert!(event["tunnel"]["ja4"].as_str().unwrap().starts_with("t13d"), "{event}");
    assert_eq!((&event["tunnel"]["sni"], &event["tunnel"]["alpn"][0]), (&"localhost".into(), &"http/1.1".into()));
}

/// The portal's name leads nowhere: clir answers, and knows the client's trust from then on.
#[test]
fn the_portal_shows_trust_here_too() {
    let origin = TlsOrigin::new();
    let roots = &crate::support::certificates::Authority::trusted().pem;
    let clir = socks().intercept(roots).unset("intercept.mode").start();
    let passed = connect(tunnel(&clir, origin.address).into_inner(), "localhost", roots, &["http/1.1"]);
    assert!(passed.is_ok(), "nothing is known of it");
    drop((passed, origin.accept()));
    let mut portal = greeted(&clir);
    assert_eq!(ask(&mut portal, &request(1, "clir.test", 443)), 0);
    let mut portal = connect(portal.into_inner(), "clir.test", &clir.authority(), &["http/1.1"]).unwrap();
    portal.send("GET / HTTP/1.1\r\nHost: clir.test\r\n\r\n");
    assert!(portal.response().text().contains("The certificate is trusted"));
    // To an address, with a name inside: that name alone is clir's.
    let beside = connect(tunnel(&clir, origin.address).into_inner(), "clir.test", &clir.authority(), &["http/1.1"]);
    assert!(beside.is_ok());
    let opened = connect(tunnel(&clir, origin.address).into_inner(), "localhost", &clir.authority(), &["http/1.1"]);
    assert!(opened.is_ok(), "it is opened now");
}
