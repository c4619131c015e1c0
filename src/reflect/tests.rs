//! Does judgement say what follows, and no more?

use std::sync::{Arc, LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use ulid::Ulid;

use super::{Body, Connection, Reply, Seen, Site};
use crate::{
    detect::{Scanner, SignatureSet},
    event::{Redactor, Values},
    exchange::{InstallationKey, grammar::GrammarFault},
};

const NONCE: &str = "6f1c0d9a7b3e48255c2e9f00a1b2c3d4";

pub(super) fn site() -> Site {
    let redactor = Redactor::new(Values::Full, InstallationKey::new([7; 32]));
    Site::new(Scanner::new(Arc::new(SignatureSet::builtin())), redactor, vec![8080, 80], vec![443])
}

fn seen(client: &str, second: i64, head: &str) -> Seen {
    let (local, client) = ("192.0.2.1:80".parse().unwrap(), client.parse().unwrap());
    Seen {
        raw: Bytes::copy_from_slice(head.as_bytes()),
        fault: None,
        body: Body { bytes: 0, sha256: [0; 32], is_complete: true },
        connection: Arc::new(Connection { id: Ulid::nil(), local, client, tls: None }),
        number: 1,
        time: Timestamp::from_second(1_795_305_600 + second).unwrap(),
        entropy: [9; 16],
        keeps_alive: true,
    }
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

fn step(site: &Site, client: &str, second: i64, leg: &str, more: &str) -> String {
    let head = format!("GET /test?nonce={NONCE}&leg={leg} HTTP/1.1\r\nHost: a.example\r\nUser-Agent: M\r\n{more}\r\n");
    text(&site.reply(&seen(client, second, &head)))
}

fn heading(page: &str) -> &str {
    let from = &page[page.find("<h1").unwrap()..];
    let from = &from[..from.find("</h1>").unwrap()];
    from.rsplit("</span> ").next().unwrap().rsplit('>').next().unwrap()
}

#[test]
fn two_addresses_may_be_two_networks_and_one_may_not() {
    let site = site();
    step(&site, "198.51.100.1:1000", 0, "wifi", "");
    let other = step(&site, "203.0.113.9:1000", 60, "cellular", "");
    assert_eq!(heading(&other), "Nothing was added over cellular that Wi-Fi does not show");
    assert!(other.contains("came from different addresses"));
    let same = step(&site, "198.51.100.1:2000", 70, "cellular", "");
    assert_eq!(heading(&same), "Both visits came from the same address");
    let added = step(&site, "203.0.113.9:1000", 80, "cellular", "X-Q: 1\r\nX-R: 2\r\n");
    assert_eq!(heading(&added), "Over cellular 2 header fields are there that Wi-Fi does not show");
    let v6 = step(&site, "[2001:db8::1]:1000", 90, "cellular", "");
    assert!(v6.contains("cannot be told by the addresses"), "{v6}");
}

#[test]
fn a_walk_is_forgotten_after_a_quarter_of_an_hour() {
    let site = site();
    step(&site, "198.51.100.1:1000", 0, "wifi", "");
    let late = step(&site, "203.0.113.9:1000", 15 * 60 + 1, "cellular", "");
    assert!(heading(&late).starts_with("Does your carrier"), "{late}");
}

#[test]
fn a_mapped_port_leads_to_the_schemes_own() {
    let site = Site::new(
        Scanner::new(Arc::new(SignatureSet::builtin())),
        Redactor::new(Values::Full, InstallationKey::new([7; 32])),
        vec![80],
        vec![8443],
    );
    let page =
        |host: &str| text(&site.reply(&seen("192.0.2.9:1000", 0, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))));
    assert!(page("a.example").contains("data-url=\"https://a.example:8443/headers.json"));
    assert!(page("[2001:db8::1]").contains("data-url=\"https://[2001:db8::1]:8443/"));
    // Behind the port 9999 stands a box, or another port of this machine.
    assert!(page("a.example:9999").contains("data-url=\"https://a.example:8443/"));
    assert!(page("a b").contains("could not be read"));
}

#[test]
fn low_severity_is_told_without_naming_the_carrier() {
    let head = "GET /headers.json HTTP/1.1\r\nHost: a\r\nVia: 1.1 gateway.example (squid)\r\n\r\n";
    let json: serde_json::Value = serde_json::from_slice(&site().reply(&seen("192.0.2.9:1", 0, head)).body).unwrap();
    let sentence = json["verdict"]["sentence"].as_str().unwrap();
    assert!(!sentence.contains("carrier"), "{json}");
}

#[test]
fn what_the_visitor_chose_as_nonce_finds_nothing() {
    let head = format!("GET /headers.json?nonce={NONCE} HTTP/1.1\r\nHost: a\r\n\r\n");
    let json: serde_json::Value = serde_json::from_slice(&site().reply(&seen("192.0.2.9:1", 0, &head)).body).unwrap();
    assert_eq!(json["findings"], serde_json::json!([]));
}

proptest! {
    /// Whatever comes, sound or not: it is shown whole to machines, and to people so that nothing of it acts.
    #[test]
    fn any_bytes_are_shown_and_none_act(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        line in "(GET|POST|OPTIONS|HEAD|) (/test|/twin.svg|/|/a.json|http://[a-z]{0,3}/?|)(\\?(nonce|leg)=[a-z<>'\"&%]{0,40})? HTTP/1.[01]",
        field in "[A-Za-z<>-]{0,12}: ?[<>'\"&a-z/\\[\\]:0-9]{0,60}",
    ) {
        static SITE: LazyLock<Site> = LazyLock::new(site);
        let heads = [bytes.clone(), [line.as_bytes(), b"\r\nHost: a\r\n", field.as_bytes(), b"\r\n", &bytes].concat()];
        for raw in heads.map(Bytes::from) {
            for fault in [None, Some(GrammarFault::Malformed)] {
                let seen = Seen { raw: raw.clone(), fault, ..seen("192.0.2.9:1", 0, "") };
                let reply = SITE.reply(&seen);
                prop_assert!(reply.head.ends_with(b"\r\n\r\n"));
                let page = text(&reply);
                prop_assert!(page.matches("<script").count() <= 1 && page.matches("<style").count() <= 1, "{page}");
                let told: serde_json::Value = serde_json::from_slice(&SITE.json(&seen, &SITE.read(&seen, false), None)).unwrap();
                prop_assert_eq!(STANDARD.decode(told["raw"].as_str().unwrap()).unwrap(), &raw[..]);
            }
        }
    }
}
