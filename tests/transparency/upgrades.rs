//! Does a connection become another protocol only when both sides have agreed to it?

use std::net::TcpStream;

use tokio_tungstenite::tungstenite::{Message, WebSocket, accept, protocol::Role};

use crate::support::{Origin, Setup, Stage, Wire, origin};

const HANDSHAKE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
                         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// Whether the named fields stand in the head with these values, whatever their order.
fn assert_handshake(head: &crate::support::Head) {
    assert!(head.value("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")), "{head:?}");
    assert!(head.value("connection").is_some_and(|value| value.eq_ignore_ascii_case("upgrade")), "{head:?}");
    assert_eq!(head.values("sec-websocket-key"), ["dGhlIHNhbXBsZSBub25jZQ=="]);
    assert_eq!(head.values("sec-websocket-version"), ["13"]);
    assert_eq!(head.values("sec-websocket-protocol"), ["chat, superchat"]);
    assert_eq!(head.values("sec-websocket-extensions"), ["permessage-deflate; client_max_window_bits"]);
}

#[test]
fn the_handshake_and_its_answer_pass_untouched() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("GET", "/ws", HANDSHAKE));
    let mut site = stage.origin.accept();
    assert_handshake(&site.head());
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
    // What comes right behind it belongs to the new protocol already.
    site.send(format!("{answer}\x05at once"));
    let head = stage.client.head();
    assert_eq!(head.status(), 101);
    assert_eq!(head.values("sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
    assert_eq!(head.values("sec-websocket-protocol"), ["chat"]);
    assert!(head.has("upgrade") && head.has("connection"), "{head:?}");
    assert_eq!(stage.client.exactly(8), b"\x05at once");
    stage.client.send(b"\x81\x80frames");
    assert_eq!(site.exactly(8), b"\x81\x80frames");
}

#[test]
fn a_websocket_talks_over_cleartext() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request(
        "GET",
        "/ws",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
    ));
    let server = echo_one(stage.origin.accept().into_inner());
    assert_eq!(stage.client.head().status(), 101);
    talk(stage.client.into_inner());
    server.join().unwrap();
}

#[test]
fn a_websocket_talks_through_connect() {
    let clir = Setup::new().start();
    let origin = Origin::new();
    let authority = origin.authority();
    let mut client = Wire::tunnel(clir.address(), &authority);
    client.send(format!(
        "GET /ws HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ));
    let server = echo_one(origin.accept().into_inner());
    assert_eq!(client.head().status(), 101);
    talk(client.into_inner());
    server.join().unwrap();
}

fn echo_one(stream: TcpStream) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut socket = accept(stream).expect("a handshake");
        while let Ok(message) = socket.read() {
            if message.is_close() {
                break;
            }
            socket.send(message).unwrap();
        }
        // Both sides close together.
        while socket.read().is_ok() {}
    })
}

fn talk(stream: TcpStream) {
    let mut socket = WebSocket::from_raw_socket(stream, Role::Client, None);
    for message in [Message::text("hello"), Message::binary(vec![0, 255, 7]), Message::text("x".repeat(300_000))] {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
    socket.close(None).unwrap();
    while socket.read().is_ok() {}
}

#[test]
fn a_refusal_leaves_http_in_force() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("GET", "/ws", HANDSHAKE));
    let mut site = stage.origin.accept();
    assert_handshake(&site.head());
    site.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    let response = stage.client.response();
    assert_eq!((response.status(), response.text().as_str()), (403, "no"));
    let next = stage.origin.request("GET", "/next", "");
    stage.client.send(next);
    assert_eq!(site.head(), &stage.origin.received("GET", "/next", ""));
    site.send(origin::ok("next"));
    assert_eq!(stage.client.response().text(), "next");
}

#[test]
fn any_protocol_that_both_agree_on_passes() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request(
        "POST",
        "/",
        "Upgrade: echo/1\r\nConnection: upgrade\r\nContent-Length: 0\r\n",
    ));
    let mut site = stage.origin.accept();
    assert_eq!(site.head().values("upgrade"), ["echo/1"]);
    site.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo/1\r\nConnection: upgrade\r\n\r\n");
    assert_eq!(stage.client.head().status(), 101);
    stage.client.send("\0ping");
    assert_eq!(site.exactly(5), b"\0ping");
    site.half_close();
    assert_eq!(stage.client.rest(), b"");
    stage.client.send("later");
    assert_eq!(site.exactly(5), b"later");
}

/// RFC 9113 §3.1 and §8.2.2: cleartext HTTP/2 is not asked for on a client's behalf.
#[test]
fn an_upgrade_to_h2c_is_never_passed_on() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request(
        "GET",
        "/",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nX-A: 1\r\n",
    ));
    let mut site = stage.origin.accept();
    assert_eq!(site.head(), &stage.origin.received("GET", "/", "X-A: 1\r\n"));
    site.send(origin::ok("plain"));
    assert_eq!(stage.client.response().text(), "plain");
}

/// Without `Connection: upgrade` the field is nobody's wish (RFC 9110 §7.8).
#[test]
fn an_upgrade_that_connection_does_not_name_is_dropped() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("GET", "/", "Upgrade: websocket\r\nX-A: 1\r\n"));
    let mut site = stage.origin.accept();
    assert_eq!(site.head(), &stage.origin.received("GET", "/", "X-A: 1\r\n"));
    site.send(origin::ok("plain"));
    assert_eq!(stage.client.response().text(), "plain");
}

#[test]
fn an_upgrade_to_what_nobody_asked_for_is_502() {
    for answer in ["Upgrade: other\r\nConnection: upgrade\r\n", "Connection: upgrade\r\n", ""] {
        let mut stage = Stage::new();
        stage.client.send(stage.origin.request("GET", "/ws", HANDSHAKE));
        let mut site = stage.origin.accept();
        assert_handshake(&site.head());
        site.send(format!("HTTP/1.1 101 Switching Protocols\r\n{answer}\r\n"));
        assert_eq!(stage.client.head().status(), 502, "{answer:?}");
    }
}
