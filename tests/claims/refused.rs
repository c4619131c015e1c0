//! Is everybody else refused, and told as little as possible?

use crate::{
    far::{Far, get},
    support::{Origin, eventually},
};

#[test]
fn strangers_are_told_little_and_reach_nothing() {
    let far = Far::new();
    let site = Origin::new();
    let own = far.clir.address();
    for request in [
        get(site.address, ""),
        format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", site.authority()),
        format!("GET / HTTP/1.1\r\nHost: {own}\r\n\r\n"),
        "GET http://clir.test/ HTTP/1.1\r\nHost: clir.test\r\n\r\n".to_owned(),
        "CONNECT clir.test:443 HTTP/1.1\r\nHost: clir.test\r\n\r\n".to_owned(),
        "GET /claim/ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
    ] {
        let mut wire = far.clir.connect();
        wire.send(request);
        let answer = wire.response();
        assert_eq!((answer.status(), answer.text().as_str()), (403, "This clir does not serve your address.\n"));
    }
    let mut wire = far.secure();
    wire.send(get(site.address, ""));
    assert_eq!(wire.response().status(), 403);
    site.assert_left_alone();
    far.clir.wait_for_stderr("refused client=127.0.0.1 reason=not-admitted");
}

#[test]
fn a_link_that_was_opened_in_cleartext_is_void() {
    for through_proxy in [false, true] {
        let far = Far::new();
        let path = far.link(&[]);
        let host = far.authority();
        let target = if through_proxy { format!("http://{host}{path}") } else { path.clone() };
        let mut wire = far.clir.connect();
        wire.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let answer = wire.response();
        assert_eq!(answer.status(), 403);
        assert!(answer.text().contains("no longer valid") && answer.text().contains("https"), "{}", answer.text());
        assert_eq!(far.open("GET", &path, "").status(), 404);
        assert!(far.claim(&["list"]).contains("revoked (opened without TLS)"));
        far.clir.wait_for_stderr("reason=cleartext-claim");
        far.assert_secret(&path);
    }
}

#[test]
fn who_guesses_is_stopped() {
    let far = Far::new();
    let path = far.link(&[]);
    let tried = far.clir.stderr().matches("reason=wrong-claim").count();
    let guess = format!("/claim/{}", "x".repeat(32));
    let statuses: Vec<_> = (tried..11).map(|_| far.open("GET", &guess, "").status()).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!(statuses[..statuses.len() - 1].iter().all(|&status| status == 404), "{statuses:?}");
    assert_eq!(far.open("POST", &path, "").status(), 429, "from this address nothing is looked at any more");
    let mut wire = far.secure();
    wire.send(far.request("GET", &path, ""));
    assert!(wire.head().has("retry-after"));
    far.clir.wait_for_stderr("refused client=127.0.0.1 reason=wrong-claim");
    far.clir.wait_for_stderr("refused client=127.0.0.1 reason=too-many-attempts");
}

#[test]
fn a_flood_of_refusals_is_told_in_part() {
    let far = Far::new();
    let site = Origin::new();
    (0..60).for_each(|_| assert_eq!(far.ask(site.address), 403));
    assert_eq!(far.clir.stderr().matches("reason=not-admitted").count(), 20);
}

/// Only where the configuration says so does a link admit anybody.
#[test]
fn a_listener_without_the_setting_admits_nobody() {
    let far = Far::new();
    let path = far.link(&[]);
    far.open("POST", &path, "do=claim");
    let site = Origin::new().serve(|_, _| crate::support::origin::ok("a page"));
    assert_eq!(far.ask(site.address), 200);
    let text = std::fs::read_to_string(far.clir.path("clir.toml")).unwrap();
    assert!(text.contains("claims = true"));
    far.clir.replace("clir.toml", &text.replacen("claims = true", "claims = false", 1));
    eventually("the reload", || (far.ask(site.address) == 403).then_some(()));
    let mut wire = far.secure();
    wire.send(get(site.address, ""));
    assert_eq!(wire.response().status(), 200, "the other one does");
}
