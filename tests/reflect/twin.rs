//! Is what was added on the way told by holding two visits against each other?

use super::{ask, get, inside, json, reflector};
use crate::support::{Clir, LEAK, NUMBER, Response};

const NONCE: &str = "6f1c0d9a7b3e48255c2e9f00a1b2c3d4";
const BROWSER: &str = "User-Agent: Mozilla/5.0\r\nAccept-Language: en\r\n";

/// What the page's script fetches.
fn fetch(clir: &Clir, more: &str) -> Response {
    let mut wire = inside(clir);
    let host = clir.addresses[1];
    let origin = format!("Origin: http://localhost:{}", clir.addresses[0].port());
    let host = format!("Host: localhost:{}", host.port());
    wire.send(format!(
        "GET /headers.json?nonce={NONCE} HTTP/1.1\r\n{host}\r\n{BROWSER}{origin}\r\nSec-Fetch-Mode: cors\r\n{more}\r\n"
    ));
    wire.response()
}

#[test]
fn what_is_there_in_cleartext_only_was_inserted() {
    let clir = reflector(&[]);
    get(&clir, &format!("/?nonce={NONCE}"), &format!("{BROWSER}Upgrade-Insecure-Requests: 1\r\n{LEAK}\r\n"));
    let seen = json(&fetch(&clir, ""));
    let compared = &seen["comparisons"][0];
    assert_eq!(compared["verdict"]["sentence"], "Your carrier tells every site your phone number");
    assert_eq!(compared["added"], serde_json::json!([["x-up-calling-line-id", NUMBER]]));
    assert!(compared["removed"].as_array().unwrap().is_empty() && !compared["reordered"].as_bool().unwrap());
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn what_both_hold_was_not_inserted() {
    let clir = reflector(&[]);
    get(&clir, &format!("/?nonce={NONCE}"), &format!("{BROWSER}Upgrade-Insecure-Requests: 1\r\n"));
    let seen = json(&fetch(&clir, ""));
    assert_eq!(seen["comparisons"][0]["verdict"]["sentence"], "Nothing was added on the way");
    get(&clir, &format!("/?nonce={NONCE}"), &format!("{BROWSER}{LEAK}\r\n"));
    let sent = json(&fetch(&clir, &format!("{LEAK}\r\n")));
    assert_eq!(sent["comparisons"][0]["verdict"]["kind"], "sent", "the phone itself sends it: {sent}");
}

#[test]
fn the_same_without_script_is_a_picture_or_a_link() {
    let clir = reflector(&[]);
    let host = format!("localhost:{}", clir.address().port());
    let page = format!("GET /?nonce={NONCE} HTTP/1.1\r\nHost: {host}\r\nX-Unheard-Of: <b>\r\n\r\n");
    let page = ask(&clir, page).text();
    let twin = format!("https://localhost:{}/", clir.addresses[1].port());
    assert!(
        page.contains(&format!("{twin}twin.svg?nonce={NONCE}")) && page.contains(&format!("{twin}?nonce={NONCE}")),
        "{page}"
    );
    for (path, kind) in [("twin.svg", "image/svg+xml"), ("", "text/html; charset=utf-8")] {
        let mut wire = inside(&clir);
        wire.send(format!("GET /{path}?nonce={NONCE} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let answer = wire.response();
        assert_eq!(answer.head.value("content-type").unwrap(), kind);
        assert!(answer.text().contains("Something on the way added 1 header field"), "{}", answer.text());
    }
}

#[test]
fn only_the_cleartext_page_of_the_same_host_may_read_it() {
    let clir = reflector(&[]);
    let allowed = |origin: &str| {
        let mut wire = inside(&clir);
        wire.send(format!("GET /headers.json HTTP/1.1\r\nHost: localhost:8443\r\nOrigin: {origin}\r\n\r\n"));
        wire.response().head.value("access-control-allow-origin")
    };
    assert_eq!(allowed("http://localhost:8080").as_deref(), Some("http://localhost:8080"));
    for origin in
        ["http://other.example", "https://localhost", "null", "http://localhost.other.example", "http://localhost/"]
    {
        assert_eq!(allowed(origin), None, "{origin}");
    }
    let clear = get(&clir, "/headers.json", "Origin: http://localhost\r\n");
    assert!(!clear.head.has("access-control-allow-origin"), "a number that was inserted is for nobody's script");
}

#[test]
fn two_networks_are_compared_tap_by_tap() {
    let clir = reflector(&[]);
    let first = get(&clir, "/test", BROWSER).text();
    assert!(first.contains("Does your carrier add anything?") && first.contains("leg=wifi"), "{first}");
    let wifi = get(&clir, &format!("/test?nonce={NONCE}&leg=wifi"), BROWSER).text();
    assert!(wifi.contains("127.0.0.1") && wifi.contains("Now cellular") && !wifi.contains("I am on Wi-Fi"), "{wifi}");
    let both = get(&clir, &format!("/test?nonce={NONCE}&leg=cellular"), &format!("{BROWSER}{LEAK}\r\n")).text();
    assert!(both.contains("Your carrier tells every site your phone number"), "{both}");
    assert!(both.contains("Both visits came from the same address"), "{both}");
    // By script: the step is fetched, and then the page.
    get(&clir, &format!("/headers.json?nonce={NONCE}&leg=cellular"), BROWSER);
    let same = get(&clir, &format!("/test?nonce={NONCE}"), BROWSER).text();
    assert!(same.contains("</span> Both visits came from the same address</h1>"), "{same}");
}
