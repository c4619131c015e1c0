//! Who cannot get at the live view?

use super::{WRITE, ask, get, view};
use crate::support::{Clir, Setup, Wire};

#[test]
fn a_name_that_was_made_to_lead_here_is_shown_nothing() {
    let clir = Setup::new().with_view().start();
    let view = view(&clir);
    for host in ["rebound.example", "rebound.example:8081", "127.0.0.1.rebound.example", "192.0.2.1", ""] {
        for path in ["/", "/api/v1/summary", "/app.js", "/metrics", "/healthz"] {
            let refused = ask(view, "GET", path, &format!("Host: {host}\r\n"), "");
            assert_eq!(refused.status(), 403, "{host} {path}");
            assert!(refused.head.has("content-security-policy"));
        }
    }
    let port = view.port();
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(ask(view, "GET", "/", &format!("Host: {host}\r\n"), "").status(), 200, "{host}");
    }
}

#[test]
fn another_page_can_change_nothing() {
    let clir = Setup::new().with_view().start();
    let view = view(&clir);
    let body = r#"{"client":"192.0.2.1"}"#;
    let post = |fields: &str| ask(view, "POST", "/api/v1/passed/forget", fields, body).status();
    assert_eq!(post(WRITE), 200);
    assert_eq!(post(&format!("{WRITE}Origin: http://{view}\r\nSec-Fetch-Site: same-origin\r\n")), 200);
    for foreign in [
        "Origin: http://other.example\r\n".to_owned(),
        "Origin: null\r\n".to_owned(),
        format!("Origin: http://127.0.0.1:{}\r\n", clir.address().port()),
        "Sec-Fetch-Site: cross-site\r\n".to_owned(),
        "Sec-Fetch-Site: same-site\r\n".to_owned(),
    ] {
        assert_eq!(post(&format!("{WRITE}{foreign}")), 403, "{foreign}");
    }
    assert_eq!(post("Content-Type: application/json\r\n"), 403);
    assert_eq!(post("X-Clir: 1\r\n"), 403);
    for form in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
        assert_eq!(post(&format!("Content-Type: {form}\r\nX-Clir: 1\r\n")), 403, "{form}");
    }
    // What another page may send without being asked first changes nothing either.
    assert_eq!(ask(view, "GET", "/api/v1/passed/forget", "", "").status(), 405);
    assert_eq!(
        ask(view, "OPTIONS", "/api/v1/passed/forget", "Origin: http://other.example\r\n", "")
            .head
            .value("access-control-allow-origin"),
        None
    );
}

#[test]
fn every_answer_says_what_a_browser_must_not_do() {
    let clir = Setup::new().with_view().start();
    let view = view(&clir);
    for path in
        ["/", "/app.js", "/style.css", "/icon.svg", "/api/v1/summary", "/api/v1/none", "/none", "/metrics", "/healthz"]
    {
        let head = get(view, path).head;
        let policy = head.value("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(head.values("x-content-type-options"), ["nosniff"], "{path}");
        assert_eq!(head.values("referrer-policy"), ["no-referrer"], "{path}");
        assert!(!path.starts_with("/api") || head.values("cache-control") == ["no-store"], "{path}");
    }
    let page = get(view, "/").text();
    assert!(
        !page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick="),
        "nothing stands in line"
    );
}

/// Whatever `access` allows.
fn through(clir: &Clir) {
    let view = view(clir);
    let mut client = clir.connect();
    client.send(format!("GET http://{view}/api/v1/summary HTTP/1.1\r\nHost: {view}\r\nConnection: close\r\n\r\n"));
    assert_eq!(client.response().status(), 403);
    for authority in [view.to_string(), format!("localhost:{}", view.port()), format!("127.9.9.9:{}", view.port())] {
        let mut client: Wire<_> = clir.connect();
        client.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        let status = client.head().status();
        assert!(matches!(status, 403 | 502), "{authority}: {status}");
    }
}

#[test]
fn nobody_gets_there_through_the_proxy() {
    through(&Setup::new().with_view().start());
    through(&Setup::new().with_view().set("access.deny_targets", "[]").start());
}

#[test]
fn nobody_gets_there_by_socks() {
    let clir = Setup::new().with_view().set("access.deny_targets", "[]").kind("kind = \"socks5\"").start();
    let mut client = clir.connect();
    client.send([5, 1, 0]);
    assert_eq!(client.exactly(2), [5, 0]);
    let port = view(&clir).port().to_be_bytes();
    client.send([5, 1, 0, 1, 127, 0, 0, 1, port[0], port[1]]);
    let reply = client.exactly(2);
    assert!(reply[0] == 5 && reply[1] != 0, "{reply:?}");
}

#[test]
fn a_taken_port_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let setup = Setup::new().unset("admin.enabled").set("admin.address", &format!("\"{address}\""));
    let output = setup.run_to_end();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains(&format!("{address} is taken by another program")) && told.contains("admin.address"),
        "{told}"
    );
}

#[test]
fn it_can_be_switched_off() {
    for (key, value) in [("admin.enabled", "false"), ("admin.address", "\"\"")] {
        let clir = Setup::new().unset("admin.enabled").set(key, value).start();
        assert!(clir.stdout().contains("live view    switched off\n"), "{}", clir.stdout());
        assert!(!clir.path("logs/events.db").exists());
    }
}
