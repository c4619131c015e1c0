//! Does nobody notice where the site is not there in TLS?

use std::time::{Duration, Instant};

use serde_json::json;

use super::site::{
    ADDRESS, NAME, OTHER, OTHER_ADDRESS, answer, ask, at_sites, cleartext, flawed, get, silent, sound, tls, told,
    upgrading,
};
use crate::support::{Clir, certificates::Flaw, origin::ok};

/// Asks twice, and expects cleartext with this reason both times, the second time at once.
fn expect_cleartext(clir: &Clir, reason: &str) {
    assert_eq!(get(clir, "/"), "cleartext");
    let asked = Instant::now();
    assert_eq!(get(clir, "/"), "cleartext");
    assert!(asked.elapsed() < Duration::from_millis(500), "remembered: {:?}", asked.elapsed());
    assert_eq!(told(clir, 2), [json!(reason), json!(reason)]);
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn where_nobody_listens() {
    at_sites("elsewhere::where_nobody_listens", || {
        let asked = cleartext(ADDRESS, |_| ok("cleartext"));
        expect_cleartext(&upgrading().start(), "no-https");
        assert_eq!(asked.heads().len(), 2);
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn where_nobody_answers_in_time() {
    at_sites("elsewhere::where_nobody_answers_in_time", || {
        cleartext(ADDRESS, |_| ok("cleartext"));
        silent(ADDRESS, 443);
        let clir = upgrading().start();
        let asked = Instant::now();
        expect_cleartext(&clir, "slow");
        assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn where_the_site_shakes_hands_and_says_nothing() {
    at_sites("elsewhere::where_the_site_shakes_hands_and_says_nothing", || {
        cleartext(ADDRESS, |_| ok("cleartext"));
        tls(ADDRESS, NAME, |_| {
            std::thread::sleep(Duration::from_secs(30));
            Vec::new()
        });
        expect_cleartext(&upgrading().start(), "slow");
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn where_the_certificate_is_not_to_be_trusted() {
    at_sites("elsewhere::where_the_certificate_is_not_to_be_trusted", || {
        cleartext(ADDRESS, |_| ok("cleartext"));
        cleartext(OTHER_ADDRESS, |_| ok("cleartext"));
        let strangers = flawed(ADDRESS, NAME, Flaw::UnknownAuthority, |_| ok("tls"));
        let others = tls(OTHER_ADDRESS, NAME, |_| ok("tls"));
        let clir = upgrading().start();
        expect_cleartext(&clir, "untrusted");
        assert_eq!(ask(&clir, "GET", &format!("http://{OTHER}/"), "").body, b"cleartext", "of another name");
        assert!(strangers.heads().is_empty() && others.heads().is_empty(), "nothing is told to strangers");
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn where_tls_has_errors_and_cleartext_has_not() {
    at_sites("elsewhere::where_tls_has_errors_and_cleartext_has_not", || {
        let asked = cleartext(ADDRESS, |_| ok("cleartext"));
        let inside = tls(ADDRESS, NAME, |_| answer("404 Not Found", "", "tls"));
        expect_cleartext(&upgrading().start(), "differs");
        assert_eq!((asked.heads().len(), inside.heads().len()), (2, 1));
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn where_tls_sends_back_to_cleartext() {
    at_sites("elsewhere::where_tls_sends_back_to_cleartext", || {
        let asked = cleartext(ADDRESS, |_| ok("cleartext"));
        let to = format!("Location: http://{NAME}/\r\n");
        let inside = tls(ADDRESS, NAME, move |_| answer("302 Found", &to, "tls"));
        expect_cleartext(&upgrading().start(), "redirects-back");
        assert_eq!((asked.heads().len(), inside.heads().len()), (2, 1));
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn where_two_sites_send_each_other_round() {
    at_sites("elsewhere::where_two_sites_send_each_other_round", || {
        cleartext(ADDRESS, |_| answer("302 Found", &format!("Location: http://{OTHER}/\r\n"), ""));
        cleartext(OTHER_ADDRESS, |_| ok("cleartext"));
        tls(ADDRESS, NAME, |_| answer("302 Found", &format!("Location: http://{OTHER}/\r\n"), ""));
        tls(OTHER_ADDRESS, OTHER, |_| answer("302 Found", &format!("Location: http://{NAME}/\r\n"), ""));
        let clir = upgrading().start();
        let mut url = format!("http://{NAME}/");
        for hop in 0.. {
            assert!(hop < 15, "it goes round for ever");
            let response = ask(&clir, "GET", &url, "");
            match response.head.value("location") {
                Some(next) => url = next,
                None => return assert_eq!(response.body, b"cleartext"),
            }
        }
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn what_may_change_something_stays_where_the_site_is_not_known() {
    at_sites("elsewhere::what_may_change_something_stays_where_the_site_is_not_known", || {
        let asked = cleartext(ADDRESS, |_| ok("cleartext"));
        let inside = tls(ADDRESS, NAME, |_| answer("404 Not Found", "", "tls"));
        let clir = upgrading().start();
        let response = ask(&clir, "POST", &format!("http://{NAME}/form"), "Content-Length: 0\r\n");
        assert_eq!(response.body, b"cleartext");
        assert_eq!(
            (asked.lines(), inside.lines()),
            (vec!["POST /form HTTP/1.1".into()], vec!["HEAD /form HTTP/1.1".into()])
        );
        assert_eq!(told(&clir, 1), [json!("unproven")]);
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn where_a_name_leads_into_somebodys_own_network() {
    let name = "elsewhere::where_a_name_leads_into_somebodys_own_network";
    crate::support::network::own(name, &[("10.20.30.40", NAME)], || {
        cleartext("10.20.30.40", |_| ok("cleartext"));
        let inside = tls("10.20.30.40", NAME, |_| ok("tls"));
        expect_cleartext(&upgrading().start(), "private");
        assert!(inside.heads().is_empty());
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn what_is_never_upgraded() {
    at_sites("elsewhere::what_is_never_upgraded", || {
        let (asked, inside) = sound();
        let clir = upgrading().set("upgrade.never", r#"["*.example.org"]"#).start();
        assert_eq!(get(&clir, "/"), "cleartext");
        let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
        assert_eq!(ask(&clir, "GET", &format!("http://{ADDRESS}/"), "").body, b"cleartext");
        cleartext(OTHER_ADDRESS, |_| ok("cleartext"));
        tls(OTHER_ADDRESS, OTHER, |_| ok("tls"));
        assert_eq!(ask(&clir, "GET", &format!("http://{OTHER}/"), websocket).body, b"cleartext");
        assert_eq!(told(&clir, 3), [json!("never"), json!("address"), json!("protocol-switch")]);
        assert_eq!((asked.heads().len(), inside.heads().len()), (2, 0));
    });
}
