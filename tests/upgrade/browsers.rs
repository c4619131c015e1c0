//! Does a site that wants to be visited in TLS work for a browser that asked in cleartext?

use serde_json::json;

use super::site::{ADDRESS, NAME, answer, ask, at_sites, cleartext, tls, told, upgrading};
use crate::support::origin::ok;

const PAGE: &str = "Upgrade-Insecure-Requests: 1\r\n";

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_browser_is_led_to_a_site_whose_cookies_are_for_tls() {
    at_sites("browsers::a_browser_is_led_to_a_site_whose_cookies_are_for_tls", || {
        let asked = cleartext(ADDRESS, |_| ok("cleartext"));
        let inside = tls(ADDRESS, NAME, |_| answer("200 OK", "Set-Cookie: id=1; Secure; HttpOnly\r\n", "tls"));
        let clir = upgrading().start();
        let url = format!("http://{NAME}/login?next=1");
        for count in [1, 1] {
            let led = ask(&clir, "GET", &url, PAGE);
            assert_eq!(
                (led.head.status(), led.head.value("location")),
                (307, Some(format!("https://{NAME}/login?next=1")))
            );
            assert_eq!(led.head.value("vary").as_deref(), Some("Upgrade-Insecure-Requests"));
            assert_eq!(inside.heads().len(), count, "what is known is not asked for");
        }
        // Whoever cannot be led gets the answer as it is.
        let other = ask(&clir, "GET", &url, "");
        assert_eq!(
            (other.body.as_slice(), other.head.value("set-cookie")),
            (&b"tls"[..], Some("id=1; Secure; HttpOnly".into()))
        );
        assert_eq!(told(&clir, 3), [json!("led"), json!("led"), json!(true)]);
        assert_eq!(clir.events()[0]["verdict"], "redirected");
        assert!(asked.heads().is_empty());
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_browser_that_comes_back_again_and_again_is_led_no_more() {
    at_sites("browsers::a_browser_that_comes_back_again_and_again_is_led_no_more", || {
        cleartext(ADDRESS, |_| ok("cleartext"));
        tls(ADDRESS, NAME, |_| answer("200 OK", "Strict-Transport-Security: max-age=1\r\n", "tls"));
        let clir = upgrading().start();
        let url = format!("http://{NAME}/");
        let answers: Vec<_> = (0..6).map(|_| ask(&clir, "GET", &url, PAGE).head.status()).collect();
        assert_eq!(answers[0], 307);
        assert_eq!(answers[5], 200, "{answers:?}");
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_browser_is_served_where_it_loses_nothing() {
    at_sites("browsers::a_browser_is_served_where_it_loses_nothing", || {
        cleartext(ADDRESS, |_| ok("cleartext"));
        tls(ADDRESS, NAME, |_| answer("200 OK", "Set-Cookie: id=1; HttpOnly\r\n", "tls"));
        let clir = upgrading().start();
        let answer = ask(&clir, "GET", &format!("http://{NAME}/"), PAGE);
        assert_eq!((answer.head.status(), answer.body.as_slice()), (200, &b"tls"[..]));
    });
}
