//! What must hold between any client, any HTTP proxy and any origin?
//!
//! Dialogues that are given nothing but a proxy's address, so that the naive proxy can be put through them as well: they
//! have to fail there, or they prove nothing.

use std::net::SocketAddr;

use super::{Origin, Wire, origin};

/// A conversation through the proxy at this address.
pub type Dialogue = fn(SocketAddr);

/// The dialogues, by name.
pub const ALL: &[(&str, Dialogue)] = &[
    ("absolute_form_becomes_origin_form", absolute_form_becomes_origin_form),
    ("nothing_is_added", nothing_is_added),
    ("spelling_order_and_duplicates_stay", spelling_order_and_duplicates_stay),
    ("hop_by_hop_fields_end_here", hop_by_hop_fields_end_here),
    ("host_is_rebuilt_from_the_target", host_is_rebuilt_from_the_target),
    ("obs_text_passes_byte_for_byte", obs_text_passes_byte_for_byte),
    ("a_connection_is_used_again", a_connection_is_used_again),
    ("half_a_close_is_half_a_close", half_a_close_is_half_a_close),
    ("a_head_in_pieces_is_one_head", a_head_in_pieces_is_one_head),
];

pub fn absolute_form_becomes_origin_form(proxy: SocketAddr) {
    let origin = Origin::new();
    let mut client = Wire::connect(proxy);
    let authority = origin.authority();
    client.send(format!("GET http://{authority}/a//b/../c%2f?x=%7E&y HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head(), &format!("GET /a//b/../c%2f?x=%7E&y HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    site.send(origin::ok("body"));
    assert_eq!(client.response().body, b"body");
}

pub fn nothing_is_added(proxy: SocketAddr) {
    let origin = Origin::new();
    let mut client = Wire::connect(proxy);
    let authority = origin.authority();
    client.send(format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head().field_lines(), [format!("Host: {authority}").into_bytes()]);
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.head(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

pub fn spelling_order_and_duplicates_stay(proxy: SocketAddr) {
    let origin = Origin::new();
    let mut client = Wire::connect(proxy);
    let authority = origin.authority();
    let fields = format!(
        "uSER-aGENT: Nobody/1.0 (like; nothing)\r\nX-b: 1\r\nHOST: {authority}\r\nx-A: first\r\nX-a: second\r\nx-B: 2\r\n\
         cookie: a=1\r\nX-Empty:\r\nCookie: b=2\r\naccept: */*\r\nX-A: third\r\n"
    );
    client.send(format!("GET http://{authority}/ HTTP/1.1\r\n{fields}\r\n"));
    let mut site = origin.accept();
    let expected = fields.replace("X-Empty:\r\n", "X-Empty: \r\n");
    let head = String::from_utf8(site.head().0).unwrap().replace("X-Empty:\r\n", "X-Empty: \r\n");
    assert_eq!(head, format!("GET / HTTP/1.1\r\n{expected}\r\n"));
    let answer = "HTTP/1.1 200 OK\r\nsERVER: x\r\nSet-Cookie: a=1\r\nX-z: 1\r\nset-cookie: b=2\r\nContent-length: 0\r\nX-Z: 2\r\n\r\n";
    site.send(answer);
    assert_eq!(client.head(), answer);
}

pub fn hop_by_hop_fields_end_here(proxy: SocketAddr) {
    let origin = Origin::new();
    let mut client = Wire::connect(proxy);
    let authority = origin.authority();
    client.send(format!(
        "GET http://{authority}/ HTTP/1.1\r\nX-Before: 1\r\nConnection: keep-alive, X-Mine\r\nHost: {authority}\r\nx-mine: 1\r\n\
         Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nTE: gzip\r\nX-After: 1\r\n\r\n"
    ));
    let mut site = origin.accept();
    assert_eq!(site.head(), &format!("GET / HTTP/1.1\r\nX-Before: 1\r\nHost: {authority}\r\nX-After: 1\r\n\r\n"));
    site.send("HTTP/1.1 200 OK\r\nX-One: 1\r\nConnection: x-two\r\nX-Two: 2\r\nContent-Length: 0\r\nKeep-Alive: timeout=3\r\n\r\n");
    assert_eq!(client.head(), "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 0\r\n\r\n");
}

pub fn host_is_rebuilt_from_the_target(proxy: SocketAddr) {
    let origin = Origin::new();
    let mut client = Wire::connect(proxy);
    let authority = origin.authority();
    client.send(format!("GET http://{authority}/ HTTP/1.1\r\nX-A: 1\r\nHost: other.example\r\nX-B: 2\r\n\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head(), &format!("GET / HTTP/1.1\r\nX-A: 1\r\nHost: {authority}\r\nX-B: 2\r\n\r\n"));
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
}

pub fn obs_text_passes_byte_for_byte(proxy: SocketAddr) {
    let origin = Origin::new();
    let mut client = Wire::connect(proxy);
    let authority = origin.authority();
    let line = b"X-Name: caf\xe9 \xff\xfe\x80 \xc3\xa9\tend\r\n";
    client.send(
        [format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n").as_bytes(), line, b"\r\n"].concat(),
    );
    let mut site = origin.accept();
    assert_eq!(site.head(), &[format!("GET / HTTP/1.1\r\nHost: {authority}\r\n").as_bytes(), line, b"\r\n"].concat());
    let answer = [b"HTTP/1.1 200 OK\r\n", &line[..], b"Content-Length: 0\r\n\r\n"].concat();
    site.send(&answer);
    assert_eq!(client.head(), &answer);
}

pub fn a_connection_is_used_again(proxy: SocketAddr) {
    let origin = Origin::new();
    let authority = origin.authority();
    let request = format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    let mut client = Wire::connect(proxy);
    client.send(&request);
    let mut site = origin.accept();
    for body in ["one", "two", "three"] {
        site.head();
        site.send(origin::ok(body));
        assert_eq!(client.response().text(), body);
        client.send(&request);
    }
    site.head();
    site.send(origin::ok("last"));
    assert_eq!(client.response().text(), "last");
    origin.assert_left_alone();
}

pub fn half_a_close_is_half_a_close(proxy: SocketAddr) {
    let origin = Origin::new();
    let mut client = Wire::tunnel(proxy, &origin.authority());
    let mut site = origin.accept();
    client.send("\x00the client's whole say");
    client.half_close();
    assert_eq!(site.rest(), b"\x00the client's whole say");
    site.send("the answer comes later");
    drop(site);
    assert_eq!(client.rest(), b"the answer comes later");
}

pub fn a_head_in_pieces_is_one_head(proxy: SocketAddr) {
    let origin = Origin::new();
    let authority = origin.authority();
    let mut client = Wire::connect(proxy);
    let request =
        format!("POST http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nbody");
    for byte in request.as_bytes() {
        client.send([*byte]);
    }
    let mut site = origin.accept();
    let head = site.head();
    assert_eq!(head, &format!("POST / HTTP/1.1\r\nHost: {authority}\r\nX-A: 1\r\nContent-Length: 4\r\n\r\n"));
    assert_eq!(site.body(&head).unwrap().0, b"body");
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
}

impl Wire<std::net::TcpStream> {
    /// Whether a plain exchange works now.
    pub fn try_next_works(mut self, origin: &Origin) -> bool {
        let authority = origin.authority();
        self.send(format!("GET http://{authority}/next HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        let mut site = origin.accept();
        let asked = site.head().start_line();
        site.send(origin::ok("next"));
        asked == "GET /next HTTP/1.1" && self.response().text() == "next"
    }
}
