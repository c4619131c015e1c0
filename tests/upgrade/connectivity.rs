//! Is a question whether the network is online left alone, and does a claim to be one gain nothing?

use std::net::{Ipv4Addr, TcpStream};

use serde_json::json;

use super::site::{ADDRESS, OTHER, OTHER_ADDRESS, ask, cleartext, tls, upgrading};
use crate::support::{Clir, LEAK, NUMBER, Wire, network, origin::ok};

const CHECK: &str = "connectivitycheck.gstatic.com";

fn at_checks(test: &str, then: impl FnOnce()) {
    network::own(test, &[(ADDRESS, CHECK), (ADDRESS, "www.google.com"), (OTHER_ADDRESS, OTHER)], then);
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_check_is_scanned_and_left_alone() {
    at_checks("connectivity::a_check_is_scanned_and_left_alone", || {
        let asked = cleartext(ADDRESS, |_| ok("cleartext"));
        let inside = tls(ADDRESS, CHECK, |_| ok("tls"));
        let block = "[[rule]]\nname = \"no\"\nwhen = { identifier = [\"msisdn\"] }\naction = \"block\"\n";
        let clir = upgrading().policy(block).start();
        let url = format!("http://{CHECK}/generate_204");
        assert_eq!(ask(&clir, "GET", &url, &format!("{LEAK}\r\n")).body, b"cleartext");
        assert!(asked.heads()[0].has("x-up-calling-line-id") && inside.heads().is_empty());
        let event = &clir.wait_for_events(1)[0];
        assert_eq!((&event["connectivity"], &event["upgraded"]), (&json!(true), &json!("connectivity")));
        assert_eq!((&event["verdict"], &event["findings"][0]["identifier"]), (&json!("forwarded"), &json!("msisdn")));
        assert_eq!((&event["actions"][0]["action"], &event["actions"][0]["observed"]), (&json!("block"), &json!(true)));
        clir.assert_never_wrote(NUMBER);
        // Of a host that does other things only these questions are left alone.
        assert_eq!(ask(&clir, "GET", "http://www.google.com/generate_204", &format!("{LEAK}\r\n")).head.status(), 200);
        assert_eq!(ask(&clir, "GET", "http://www.google.com/search", &format!("{LEAK}\r\n")).head.status(), 403);
    });
}

/// A connection to an address, by SOCKS 5 (RFC 1928): its client names a host only inside.
fn socks_tunnel(clir: &Clir, address: &str, port: u16) -> Wire<TcpStream> {
    let mut wire = clir.connect();
    wire.send([5, 1, 0]);
    assert_eq!(wire.exactly(2), [5, 0]);
    let octets = address.parse::<Ipv4Addr>().unwrap().octets();
    wire.send([&[5, 1, 0, 1][..], &octets, &port.to_be_bytes()].concat());
    assert_eq!(wire.exactly(10)[1], 0, "granted");
    wire
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_name_that_is_only_claimed_gains_nothing() {
    at_checks("connectivity::a_name_that_is_only_claimed_gains_nothing", || {
        let asked = [ADDRESS, OTHER_ADDRESS].map(|address| cleartext(address, |_| ok("cleartext")));
        let socks = upgrading().kind("kind = \"socks5\"").start();
        for address in [ADDRESS, OTHER_ADDRESS] {
            let mut client = socks_tunnel(&socks, address, 80);
            client.send(format!("GET /generate_204 HTTP/1.1\r\nHost: {CHECK}\r\n{LEAK}\r\n\r\n"));
            assert_eq!(client.response().body, b"cleartext");
        }
        assert!(asked[0].heads()[0].has("x-up-calling-line-id"), "the name leads there");
        assert!(!asked[1].heads()[0].has("x-up-calling-line-id"), "somebody else uses the name");
        drop(socks);
        let clir = upgrading().start();
        let url = format!("http://{OTHER}/generate_204");
        let mut client = clir.connect();
        client.send(format!("GET {url} HTTP/1.1\r\nHost: {CHECK}\r\n{LEAK}\r\n\r\n"));
        assert_eq!(client.response().body, b"cleartext");
        assert!(!asked[1].heads()[1].has("x-up-calling-line-id"), "the host is the one that is gone to");
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn what_is_asked_inside_tls_is_not_opened() {
    at_checks("connectivity::what_is_asked_inside_tls_is_not_opened", || {
        tls(ADDRESS, CHECK, |_| ok("tls"));
        tls(OTHER_ADDRESS, CHECK, |_| ok("tls"));
        let clir = upgrading().set("intercept.mode", r#""always""#).start();
        let issuer = |authority: &str| {
            let tunnel = Wire::tunnel(clir.address(), authority).into_inner();
            let roots = format!("{}{}", clir.authority(), crate::support::certificates::Authority::trusted().pem);
            let wire = crate::support::tls::connect(tunnel, CHECK, &roots, &["http/1.1"]).unwrap();
            wire.certificates().len()
        };
        issuer(&format!("{CHECK}:443"));
        issuer(&format!("{ADDRESS}:443"));
        issuer(&format!("{OTHER_ADDRESS}:443"));
        let verdicts: Vec<_> = clir.wait_for_events(3).iter().map(|event| event["verdict"].clone()).collect();
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == "tunnelled").count(), 2, "{verdicts:?}");
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == "intercepted").count(), 1, "{verdicts:?}");
    });
}
