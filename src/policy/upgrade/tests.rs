//! What stays in cleartext, and what do answers inside TLS say?

use super::*;
use crate::exchange::Version;

fn origin(authority: &str) -> Origin {
    Origin::parse(Scheme::Http, authority.as_bytes()).unwrap()
}

fn declined(authority: &str) -> Option<&'static str> {
    let never = HostSet::parse(&["*.left.example"]).unwrap();
    let site = origin(authority);
    let (dialled, port) = (site.host.clone(), site.port);
    let wish = Wish { site: &site, dialled: &dialled, port, switches: false, is_check: false };
    Upgrading { enabled: true, never, ..Upgrading::default() }.declines(&wish)
}

fn answer(status: u16, fields: &[(&'static str, &'static str)]) -> ResponseHead {
    let fields = fields.iter().copied().collect();
    ResponseHead { status, version: Version::Http11, fields, reason: <_>::default() }
}

fn request(method: &'static str, fields: &[(&'static str, &'static str)]) -> RequestHead {
    let fields = fields.iter().copied().collect();
    RequestHead { method: method.into(), target: "/".into(), version: Version::Http11, fields }
}

#[test]
fn only_public_names_on_the_usual_port_are_tried() {
    for (authority, reason) in [
        ("www.example.org", None),
        ("www.example.org.", None),
        ("locals.example", None),
        ("a.left.example", Some("never")),
        ("www.example.org:8080", Some("port")),
        ("203.0.113.7", Some("address")),
        ("[2001:db8::7]", Some("address")),
        ("printer", Some("private")),
        ("printer.local", Some("private")),
        ("router.HOME.arpa.", Some("private")),
        ("nas.lan", Some("private")),
        ("localhost", Some("private")),
    ] {
        assert_eq!(declined(authority), reason, "{authority}");
    }
}

#[test]
fn the_address_that_is_gone_to_counts_as_well() {
    let site = origin("www.example.org");
    let dialled = |address: &str| Host::Ip(address.parse().unwrap());
    let declines = |dialled: &Host, port| {
        let wish = Wish { site: &site, dialled, port, switches: false, is_check: false };
        Upgrading::default().declines(&wish)
    };
    assert_eq!(declines(&dialled("203.0.113.7"), 80), None);
    assert_eq!(declines(&dialled("203.0.113.7"), 8080), Some("port"));
    for inside in ["192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "100.127.255.255", "fd00::1", "fe80::1"] {
        assert_eq!(declines(&dialled(inside), 80), Some("private"), "{inside}");
    }
    assert!(!is_inside("100.128.0.1".parse().unwrap()) && !is_inside("198.51.100.1".parse().unwrap()));
}

#[test]
fn what_an_answer_says_about_the_site() {
    let site = origin("www.example.org").host;
    let to = |location: &'static str| heard(&site, &answer(302, &[("Location", location)]));
    for back in
        ["http://www.example.org/", "HTTP://example.org", "http://shop.example.org:80/x", "http://example.org?x"]
    {
        assert_eq!(to(back), Heard::SentBack, "{back}");
    }
    for on in ["https://www.example.org/", "/next", "http://example.net/", "http://example.org:8080/", "//x", "http://"]
    {
        assert_eq!(to(on), Heard::There, "{on}");
    }
    for status in [200, 204, 206, 304, 401, 429] {
        assert_eq!(heard(&site, &answer(status, &[])), Heard::There, "{status}");
    }
    for status in [400, 403, 404, 421, 500, 503] {
        assert_eq!(heard(&site, &answer(status, &[])), Heard::Doubtful, "{status}");
    }
}

#[test]
fn cleartext_that_only_leads_to_tls_offers_nothing_more() {
    let site = origin("www.example.org").host;
    assert!(offers_more(&site, &answer(200, &[])));
    assert!(offers_more(&site, &answer(302, &[("Location", "http://www.example.org/a")])));
    assert!(!offers_more(&site, &answer(301, &[("Location", "https://example.org/a")])));
    assert!(!offers_more(&site, &answer(404, &[])));
}

#[test]
fn some_answers_are_for_clients_that_are_in_tls_themselves() {
    let get = request("GET", &[]);
    let wants = |name: &'static str, value: &'static str| wants_tls_itself(&get, &answer(200, &[(name, value)]));
    assert!(wants("Set-Cookie", "id=1; Path=/; secure") && wants("set-cookie", "__Secure-id=1;Secure;HttpOnly"));
    assert!(!wants("Set-Cookie", "secure=1; Path=/") && !wants("Set-Cookie", "Secure"));
    assert!(wants("Strict-Transport-Security", "max-age=300; includeSubDomains"));
    assert!(!wants("Strict-Transport-Security", "max-age=0"));
    let post = request("POST", &[("Origin", "http://www.example.org")]);
    assert!(wants_tls_itself(&post, &answer(403, &[])));
    assert!(!wants_tls_itself(&post, &answer(200, &[])) && !wants_tls_itself(&get, &answer(403, &[])));
}

#[test]
fn only_who_says_so_is_led_to_tls() {
    let asks = [("Upgrade-Insecure-Requests", "1")];
    assert!(can_be_led(&request("GET", &asks)) && can_be_led(&request("HEAD", &asks)));
    assert!(!can_be_led(&request("POST", &asks)) && !can_be_led(&request("GET", &[])));
}
