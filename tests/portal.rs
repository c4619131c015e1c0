//! Does clir show a phone what it needs, through the proxy, at its own address and inside TLS?

mod support;

use std::{fs, io::Write as _, process::Command};

use plist::Value;
use support::{Clir, Setup, Wire, eventually, tls};

fn get(clir: &Clir, target: &str, host: &str) -> support::Response {
    let mut client = clir.connect();
    client.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    client.response()
}

fn verdict_of(clir: &Clir, target: &str) -> String {
    let event = clir.wait_for_event(|event| event["target"] == target && event["method"] == "GET");
    event["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn through_the_proxy_it_says_so_and_goes_nowhere() {
    let clir = Setup::new().start();
    let page = get(&clir, "http://clir.test/", "clir.test");
    assert!(page.text().contains("clir is in between"), "{}", page.text());
    assert_eq!(page.head.values("content-type"), ["text/html; charset=utf-8"]);
    assert_eq!(verdict_of(&clir, "/"), "answered");
    assert_eq!(get(&clir, "http://CLIR.TEST/none", "clir.test").status(), 404);
}

#[test]
fn at_its_own_address_it_says_what_is_missing() {
    let clir = Setup::new().start();
    let address = clir.address().to_string();
    let page = get(&clir, "/", &address);
    assert!(page.text().contains("do not pass through it yet"), "{}", page.text());
    assert!(page.text().contains(&clir.address().port().to_string()));
    // Under a name that somebody has made to lead here, nothing is shown.
    assert_eq!(get(&clir, "/", "rebound.example").status(), 400);
}

#[test]
fn inside_tls_only_who_trusts_the_authority_sees_it() {
    let clir = Setup::new().start();
    let trusting = Wire::tunnel(clir.address(), "clir.test:443").into_inner();
    let mut wire = tls::connect(trusting, "clir.test", &clir.authority(), &["http/1.1"]).unwrap();
    wire.send("GET /trusted.svg HTTP/1.1\r\nHost: clir.test\r\n\r\n");
    assert_eq!(wire.response().head.values("content-type"), ["image/svg+xml"]);
    let other = support::certificates::Authority::trusted().pem.clone();
    let doubting = Wire::tunnel(clir.address(), "clir.test:443").into_inner();
    assert!(tls::connect(doubting, "clir.test", &other, &["http/1.1"]).is_err());
}

#[test]
fn the_certificate_is_the_one_that_signs() {
    let clir = Setup::new().start();
    assert_eq!(get(&clir, "http://clir.test/ca.pem", "clir.test").text(), clir.authority());
    let der = get(&clir, "http://clir.test/ca.crt", "clir.test");
    let profile = get(&clir, "http://clir.test/clir.mobileconfig", "clir.test");
    assert_eq!(profile.head.values("content-type"), ["application/x-apple-aspen-config"]);
    let profile = Value::from_reader_xml(profile.body.as_slice()).unwrap().into_dictionary().unwrap();
    let payload = profile["PayloadContent"].as_array().unwrap()[0].as_dictionary().unwrap();
    assert_eq!(payload["PayloadContent"].as_data(), Some(der.body.as_slice()));
    fs::write(clir.path("ca.crt"), &der.body).unwrap();
}

/// In a JavaScript engine: what a browser would make of it.
#[test]
#[ignore = "needs Node: run by tests/run"]
fn the_script_runs_and_leads_to_the_proxy() {
    let clir = Setup::new().start();
    let script = get(&clir, "http://clir.test/proxy.pac?fail=open", "clir.test").text();
    let helpers = "const isPlainHostName = h => !h.includes('.');\n\
                   const dnsDomainIs = (h, d) => h.endsWith(d);\n";
    let asked =
        ["example.org", "clir.test", "printer", "nas.local", "192.168.1.1", "10.0.0.1", "[fe80::1]", "172.32.0.1"];
    let asking = asked.map(|host| format!("console.log(FindProxyForURL('http://{host}/', '{host}'));")).join("\n");
    let file = clir.path("proxy.js");
    fs::File::create(&file).unwrap().write_all(format!("{helpers}{script}{asking}").as_bytes()).unwrap();
    let said = Command::new("node").arg(&file).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let proxy = format!("PROXY {}; DIRECT", clir.address());
    let proxy = proxy.as_str();
    let expected = [proxy, proxy, "DIRECT", "DIRECT", "DIRECT", "DIRECT", "DIRECT", proxy];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    eventually("the event", || (!clir.events().is_empty()).then_some(()));
}
