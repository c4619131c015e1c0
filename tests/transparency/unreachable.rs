//! What does a client get when the origin cannot be reached, or says nothing?

use std::{
    io::{ErrorKind, Write},
    time::{Duration, Instant},
};

use crate::support::{Origin, Setup, Stage, origin};

#[test]
fn a_refused_connection_is_502() {
    let clir = Setup::new().start();
    let mut client = clir.connect();
    let authority = format!("127.0.0.1:{}", origin::closed_port());
    client.send(format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let response = client.response();
    assert_eq!(response.status(), 502);
    assert!(!response.body.is_empty());
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(event["verdict"], "failed", "{event}");
    assert_eq!(event["status"], 502);
    assert!(event["error"].is_string(), "{event}");
}

#[test]
fn a_name_that_does_not_exist_is_502() {
    let clir = Setup::new().start();
    let mut client = clir.connect();
    client.send("GET http://no-such-host.invalid/ HTTP/1.1\r\nHost: no-such-host.invalid\r\n\r\n");
    let start = Instant::now();
    let status = client.head().status();
    assert!(status == 502 || status == 504, "{status}");
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_silent_origin_is_504() {
    let mut stage = Stage::with(Setup::new().set("timeouts.response", r#""1s""#));
    let site = stage.deliver("GET", "/", "");
    assert_eq!(stage.client.head().status(), 504);
    drop(site);
    let event = stage.clir.wait_for_events(1).remove(0);
    assert_eq!(event["verdict"], "failed", "{event}");
    assert_eq!(event["status"], 504);
}

#[test]
fn an_origin_that_falls_silent_within_a_body_is_cut_off() {
    let mut stage = Stage::with(Setup::new().set("timeouts.body", r#""1s""#));
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    assert_eq!(stage.client.head().status(), 200);
    assert_eq!(stage.client.whatever_comes(), b"half");
}

#[test]
fn a_client_that_never_ends_its_head_is_let_go() {
    let clir = Setup::new().set("timeouts.header", r#""1s""#).start();
    let mut client = clir.connect();
    client.send("GET http://a.example/ HTTP/1.1\r\nHo");
    let answer = String::from_utf8_lossy(&client.whatever_comes()).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    let clir = Setup::new().set("timeouts.header", r#""1s""#).set("timeouts.idle", r#""1s""#).start();
    let mut client = clir.connect();
    let answer = String::from_utf8_lossy(&client.whatever_comes()).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn an_idle_client_is_let_go() {
    let mut stage = Stage::with(Setup::new().set("timeouts.idle", r#""1s""#));
    let mut site = stage.deliver("GET", "/", "");
    site.send(origin::ok("body"));
    assert_eq!(stage.client.response().text(), "body");
    assert_eq!(stage.client.whatever_comes(), b"");
}

/// It reads nothing of an answer that is longer than all buffers on the way.
#[test]
fn a_client_that_takes_nothing_is_let_go() {
    let mut stage = Stage::with(Setup::new().set("timeouts.body", r#""1s""#));
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n");
    let piece = vec![0; 1 << 20];
    let error = (0..1000).find_map(|_| site.stream.write_all(&piece).err()).expect("it has an end");
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    let event = stage.clir.wait_for_events(1).remove(0);
    assert_eq!(event["verdict"], "failed", "{event}");
}

#[test]
fn a_silent_tunnel_is_let_go() {
    let stage = Stage::with(Setup::new().set("timeouts.tunnel", r#""1s""#));
    let mut client = crate::support::Wire::tunnel(stage.clir.address(), &stage.origin.authority());
    let mut site = stage.origin.accept();
    client.send("\0");
    assert_eq!(site.exactly(1), b"\0");
    assert_eq!(client.whatever_comes(), b"");
    assert_eq!(site.whatever_comes(), b"");
}

#[test]
fn foreign_protocols_end_in_bounded_time() {
    let clir = Setup::new().set("timeouts.header", r#""1s""#).start();
    let origin = Origin::new();
    let hello = b"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03".as_slice();
    for noise in [hello, b"\x05\x01\x00", b"\0\0\0\0\0\0\0\0", b"SSH-2.0-x\r\n", &[b'\n'; 100_000]] {
        let mut client = clir.connect();
        client.send_anyway(noise);
        let answer = client.whatever_comes();
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{:?}", answer.escape_ascii().to_string());
    }
    origin.assert_left_alone();
}

/// The origin has done nothing wrong when the client stops in the middle.
#[test]
fn a_body_that_does_not_come_is_the_clients_own_fault() {
    let mut stage = Stage::with(Setup::new().set("timeouts.body", r#""1s""#));
    let mut site = stage.deliver("POST", "/", "Content-Length: 10\r\n");
    stage.client.send("half");
    assert_eq!(stage.client.head().status(), 408);
    assert_eq!(site.whatever_comes(), b"half");
    let mut other = Stage::new();
    let mut site = other.deliver("POST", "/", "Transfer-Encoding: chunked\r\n");
    other.client.send("4\r\nhalf\r\n");
    site.chunk().unwrap();
    other.client.send("zz\r\n");
    assert_eq!(other.client.head().status(), 400);
}
