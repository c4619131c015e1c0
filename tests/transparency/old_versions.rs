//! Do HTTP/1.0 clients get what they can read?

use crate::support::{Stage, origin};

fn ask(stage: &mut Stage, fields: &str) -> crate::support::Wire<std::net::TcpStream> {
    let authority = stage.origin.authority();
    stage.client.send(format!("GET http://{authority}/ HTTP/1.0\r\n{fields}\r\n"));
    let mut site = stage.origin.accept();
    let head = site.head();
    assert_eq!(head.start_line(), "GET / HTTP/1.1", "a proxy speaks its own version");
    assert_eq!(head.values("host"), [authority], "HTTP/1.1 needs Host");
    site
}

#[test]
fn without_keep_alive_the_connection_ends() {
    let mut stage = Stage::new();
    let mut site = ask(&mut stage, "X-A: 1\r\n");
    site.send(origin::ok("body"));
    assert_eq!(stage.client.response().text(), "body");
    assert_eq!(stage.client.whatever_comes(), b"");
}

/// RFC 9112 §9.3 leaves both open, but not to promise one and do the other.
#[test]
fn with_keep_alive_the_connection_lives_as_it_is_told() {
    let mut stage = Stage::new();
    let mut site = ask(&mut stage, "Connection: keep-alive\r\n");
    site.send(origin::ok("body"));
    let response = stage.client.response();
    assert_eq!(response.text(), "body");
    let promised = response.head.value("connection").is_some_and(|value| value.eq_ignore_ascii_case("keep-alive"));
    if !promised {
        assert_eq!(stage.client.whatever_comes(), b"");
        return;
    }
    let authority = stage.origin.authority();
    stage.client.send(format!("GET http://{authority}/again HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    assert_eq!(site.head().start_line(), "GET /again HTTP/1.1");
    site.send(origin::ok("again"));
    assert_eq!(stage.client.response().text(), "again");
}

#[test]
fn chunks_are_taken_apart() {
    let mut stage = Stage::new();
    let mut site = ask(&mut stage, "");
    site.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    let head = stage.client.head();
    assert!(!head.has("transfer-encoding"), "{head:?}");
    assert_eq!(stage.client.rest(), b"hello world");
}

#[test]
fn no_interim_answer_is_sent() {
    let mut stage = Stage::new();
    let mut site = ask(&mut stage, "");
    site.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    site.send(origin::ok("final"));
    let response = stage.client.response();
    assert_eq!((response.status(), response.text().as_str()), (200, "final"));
}

#[test]
fn an_origin_of_http_1_0_is_understood() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nup to the end");
    drop(site);
    let response = stage.client.response();
    assert_eq!(response.head.value("x-old").as_deref(), Some("yes"));
    assert_eq!(response.head.start_line(), "HTTP/1.1 200 OK", "a proxy speaks its own version");
    assert_eq!(response.text(), "up to the end");
}
