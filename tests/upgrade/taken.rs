//! Is TLS taken where the site is there?

use serde_json::json;

use super::site::{ADDRESS, NAME, answer, ask, at_sites, get, sound, tls, told, upgrading};
use crate::support::{LEAK, Wire, origin::ok};

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn cleartext_goes_inside_tls_and_nothing_is_asked_in_cleartext() {
    at_sites("taken::cleartext_goes_inside_tls_and_nothing_is_asked_in_cleartext", || {
        let (cleartext, tls) = sound();
        let clir = upgrading().start();
        for path in ["/", "/a?b=c", "/a"] {
            assert_eq!(get(&clir, path), "tls");
        }
        assert_eq!(tls.lines(), ["GET / HTTP/1.1", "GET /a?b=c HTTP/1.1", "GET /a HTTP/1.1"]);
        assert!(cleartext.heads().is_empty(), "{:?}", cleartext.heads());
        assert_eq!(told(&clir, 3), [json!(true), json!(true), json!(true)]);
        let event = &clir.events()[0];
        assert_eq!((&event["scheme"], &event["port"], &event["host"]), (&json!("http"), &json!(80), &json!(NAME)));
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn the_head_is_the_same_as_in_cleartext_and_the_rules_still_hold() {
    at_sites("taken::the_head_is_the_same_as_in_cleartext_and_the_rules_still_hold", || {
        let (_, tls) = sound();
        let clir = upgrading().start();
        let fields = format!("ACCEPT: x\r\nx-b: 1\r\nX-B: 2\r\n{LEAK}\r\nReferer: http://{NAME}/from\r\n");
        let response = ask(&clir, "GET", &format!("http://{NAME}/"), &fields);
        assert_eq!(response.body, b"tls");
        let sent = format!(
            "GET / HTTP/1.1\r\nHost: {NAME}\r\nACCEPT: x\r\nx-b: 1\r\nX-B: 2\r\nReferer: http://{NAME}/from\r\n\r\n"
        );
        assert_eq!(tls.heads()[0], sent.as_bytes().to_vec(), "{:?}", tls.heads()[0]);
        let event = &clir.wait_for_events(1)[0];
        assert_eq!(event["actions"][0]["action"], "strip");
        assert_eq!(event["findings"][0]["origin"], "carrier", "it was in cleartext that it was found");
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn what_may_change_something_goes_once_and_to_a_site_that_has_answered() {
    at_sites("taken::what_may_change_something_goes_once_and_to_a_site_that_has_answered", || {
        let (cleartext, tls) = sound();
        let clir = upgrading().start();
        let post = |path: &str| {
            let fields = "User-Agent: me\r\nCookie: id=1\r\nContent-Length: 2\r\n\r\nhi";
            let mut client = clir.connect();
            client.send(format!("POST http://{NAME}{path} HTTP/1.1\r\nHost: {NAME}\r\n{fields}"));
            client.response()
        };
        assert_eq!(post("/form?id=1").body, b"tls");
        assert_eq!(post("/form").body, b"tls");
        assert_eq!(tls.lines(), ["HEAD /form HTTP/1.1", "POST /form?id=1 HTTP/1.1", "POST /form HTTP/1.1"]);
        let probe = format!("HEAD /form HTTP/1.1\r\nHost: {NAME}\r\nUser-Agent: me\r\n\r\n");
        assert_eq!(tls.heads()[0], probe.as_bytes().to_vec(), "no cookie, no query: {:?}", tls.heads()[0]);
        assert!(cleartext.heads().is_empty());
        assert_eq!(told(&clir, 2), [json!(true), json!(true)]);
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn in_a_cleartext_tunnel_the_site_must_prove_the_name_that_the_client_uses() {
    at_sites("taken::in_a_cleartext_tunnel_the_site_must_prove_the_name_that_the_client_uses", || {
        let (cleartext, tls) = sound();
        let clir = upgrading().start();
        let ask = |host: &str| {
            let mut client = Wire::tunnel(clir.address(), &format!("{ADDRESS}:80"));
            client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            client.response().body
        };
        assert_eq!(ask(NAME), b"tls");
        assert_eq!(ask("other.example.org"), b"cleartext", "the certificate is of another name");
        assert_eq!((tls.heads().len(), cleartext.heads().len()), (1, 1));
        let requests: Vec<_> = clir.wait_for_events(4).into_iter().filter(|event| event["method"] == "GET").collect();
        assert_eq!((&requests[0]["upgraded"], &requests[1]["upgraded"]), (&json!(true), &json!("untrusted")));
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn an_error_that_cleartext_has_as_well_is_the_sites_own() {
    at_sites("taken::an_error_that_cleartext_has_as_well_is_the_sites_own", || {
        let missing = |body: &'static str| move |_: &_| answer("404 Not Found", "", body);
        let cleartext = super::site::cleartext(ADDRESS, missing("cleartext"));
        let tls = tls(ADDRESS, NAME, missing("tls"));
        let clir = upgrading().start();
        for _ in 0..6 {
            assert_eq!(get(&clir, "/nothing"), "tls");
        }
        assert_eq!(tls.heads().len(), 6);
        assert_eq!(cleartext.heads().len(), 3, "a second opinion is asked for a few times only");
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_site_that_is_there_may_lack_pages_and_nothing_is_asked_in_cleartext() {
    at_sites("taken::a_site_that_is_there_may_lack_pages_and_nothing_is_asked_in_cleartext", || {
        let cleartext = super::site::cleartext(ADDRESS, |_| ok("cleartext"));
        tls(ADDRESS, NAME, |head| match head.start_line().contains("favicon") {
            true => answer("404 Not Found", "", "missing"),
            false => ok("tls"),
        });
        let clir = upgrading().start();
        assert_eq!((get(&clir, "/"), get(&clir, "/favicon.ico")), ("tls".into(), "missing".into()));
        assert!(cleartext.heads().is_empty());
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_redirection_to_tls_is_passed_on() {
    at_sites("taken::a_redirection_to_tls_is_passed_on", || {
        let to = format!("Location: https://{NAME}/in\r\n");
        let tls = tls(ADDRESS, NAME, move |_| answer("301 Moved Permanently", &to, "tls"));
        let cleartext = super::site::cleartext(ADDRESS, |_| ok("cleartext"));
        let clir = upgrading().start();
        let response = ask(&clir, "GET", &format!("http://{NAME}/"), "");
        assert_eq!((response.head.status(), response.body.as_slice()), (301, &b"tls"[..]));
        assert_eq!((tls.heads().len(), cleartext.heads().len()), (1, 0));
    });
}
