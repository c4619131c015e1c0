//! Is a request inside TLS forwarded as one outside is?

use tokio_tungstenite::tungstenite::{Message, WebSocket, accept, protocol::Role};

use crate::support::{
    Clir, LEAK, MASKED, NUMBER, Setup, Wire,
    certificates::Authority,
    origin,
    tls::{ClientStream, ServerStream, TlsOrigin},
};

/// A client inside a tunnel that clir opened, to an origin on loopback.
fn stage() -> (Clir, TlsOrigin, Wire<ClientStream>) {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let origin = TlsOrigin::new();
    let client = clir.tls(&format!("localhost:{}", origin.port()), "localhost", &["http/1.1"]);
    (clir, origin, client)
}

fn request(origin: &TlsOrigin, line: &str, fields: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost:{}\r\n{fields}\r\n", origin.port())
}

#[test]
fn bytes_inside_pass_as_they_are() {
    let (clir, origin, mut client) = stage();
    let sent = request(
        &origin,
        "POST /a?b=%7E",
        "uSER-Agent: x\r\nx-B: 1\r\nX-b: 2\r\nCookie: a=1\r\nContent-Length: 4\r\nx-last: caf\u{e9}\r\n",
    ) + "body";
    client.send(&sent);
    let mut site = origin.accept();
    assert_eq!(site.sni().as_deref(), Some("localhost"), "the origin is asked for by its name");
    let head = site.head();
    assert_eq!(head, sent.strip_suffix("body").unwrap());
    assert_eq!(site.body(&head).unwrap().0, b"body");
    let answer = "HTTP/1.1 201 Made\r\nsERVER: y\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n";
    site.send(answer);
    assert_eq!(client.head(), answer);
    let event = clir.wait_for_event(|event| event["method"] == "POST");
    assert_eq!(event["scheme"], "https", "{event}");
    assert_eq!(event["host"], "localhost");
    assert_eq!(event["port"], origin.port());
}

#[test]
fn one_tunnel_carries_many_requests() {
    let (_clir, origin, mut client) = stage();
    client.send(request(&origin, "GET /1", "").repeat(2));
    let mut site = origin.accept();
    for body in ["one", "two", "three"] {
        assert_eq!(site.head(), &request(&origin, "GET /1", ""));
        site.send(origin::ok(body));
        assert_eq!(client.response().text(), body);
        client.send(request(&origin, "GET /1", ""));
    }
    origin.assert_left_alone();
}

#[test]
fn the_number_stays_here() {
    let (clir, origin, mut client) = stage();
    client.send(request(&origin, "GET /", &format!("X-A: 1\r\n{LEAK}\r\nX-B: 2\r\n")));
    let mut site = origin.accept();
    assert_eq!(site.head(), &request(&origin, "GET /", "X-A: 1\r\nX-B: 2\r\n"));
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
    let event = clir.wait_for_event(|event| event["method"] == "GET");
    assert_eq!(event["findings"][0]["location"]["index"], 2, "{event}");
    assert_ne!(event["findings"][0]["origin"], "carrier", "no carrier can insert inside TLS: {event}");
    assert_eq!(event["headers"][2][1], MASKED);
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn chunks_trailers_and_continue_work_inside() {
    let (_clir, origin, mut client) = stage();
    let fields = "Expect: 100-continue\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n";
    client.send(request(&origin, "PUT /", fields));
    let mut site = origin.accept();
    let head = site.head();
    assert_eq!(head, &request(&origin, "PUT /", fields));
    site.send("HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    client.send("4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n");
    let (body, trailers) = site.body(&head).unwrap();
    assert_eq!(body, b"body");
    assert_eq!(String::from_utf8(trailers).unwrap().to_lowercase(), "x-sum: 1\r\n");
    site.send(origin::ok("taken"));
    assert_eq!(client.response().text(), "taken");
}

/// Inside the tunnel the names must agree (RFC 9110 §7.4): nothing is sent to a site for another.
#[test]
fn a_host_that_is_not_the_tunnels_reaches_nobody() {
    let (clir, origin, mut client) = stage();
    let mut site = origin.accept();
    client.send("GET / HTTP/1.1\r\nHost: other.example\r\n\r\n");
    let status = client.head().status();
    assert!([400, 403, 421, 502, 504].contains(&status), "{status}");
    drop((client, clir));
    assert_eq!(site.whatever_comes(), b"", "nothing is sent to a site for another");
}

#[test]
fn an_end_without_close_notify_is_no_end() {
    let (_clir, origin, mut client) = stage();
    client.send(request(&origin, "GET /", ""));
    let mut site: Wire<ServerStream> = origin.accept();
    site.head();
    site.send("HTTP/1.1 200 OK\r\n\r\nperhaps not all");
    drop(site);
    let head = client.head();
    let body = client.body(&head);
    assert!(body.is_err(), "a cut came out as complete: {head:?} {body:?}");
}

#[test]
fn an_end_with_close_notify_is_one() {
    let (_clir, origin, mut client) = stage();
    client.send(request(&origin, "GET /", ""));
    let mut site: Wire<ServerStream> = origin.accept();
    site.head();
    site.send("HTTP/1.1 200 OK\r\n\r\nall there is");
    site.close();
    assert_eq!(client.response().text(), "all there is");
}

#[test]
fn a_body_cut_short_inside_stays_cut_short() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let (_clir, origin, mut client) = stage();
        client.send(request(&origin, "GET /", ""));
        let mut site = origin.accept();
        site.head();
        site.send(answer);
        site.close();
        let head = client.head();
        assert!(client.body(&head).is_err(), "{answer:?}");
    }
}

#[test]
fn a_websocket_talks_inside() {
    let (_clir, origin, mut client) = stage();
    client.send(request(
        &origin,
        "GET /ws",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
    ));
    let server = std::thread::spawn(move || {
        let mut socket = accept(origin.accept().into_inner()).expect("a handshake");
        while let Ok(message) = socket.read() {
            if message.is_close() {
                break;
            }
            socket.send(message).unwrap();
        }
        while socket.read().is_ok() {}
    });
    assert_eq!(client.head().status(), 101);
    let mut socket = WebSocket::from_raw_socket(client.into_inner(), Role::Client, None);
    for message in [Message::text("hello"), Message::binary(vec![7; 200_000])] {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
    socket.close(None).unwrap();
    while socket.read().is_ok() {}
    server.join().unwrap();
}

#[test]
fn a_tunnel_that_is_opened_says_so() {
    let (clir, origin, mut client) = stage();
    client.send(request(&origin, "GET /", "Connection: close\r\n"));
    let mut site = origin.accept();
    site.head();
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
    drop(client);
    let event = clir.wait_for_event(|event| event["method"] == "CONNECT");
    assert_eq!(event["verdict"], "intercepted", "{event}");
}

/// `https://name./` has the dot in `Host` and not in TLS (RFC 6066 §3).
#[test]
fn a_dot_at_the_end_of_the_name_changes_nothing() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let origin = TlsOrigin::new();
    let authority = format!("localhost.:{}", origin.port());
    let mut client = clir.tls(&authority, "localhost", &["http/1.1"]);
    let request = format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    client.send(&request);
    let mut site = origin.accept();
    assert_eq!(site.head(), &request);
    site.send(origin::ok("body"));
    assert_eq!(client.response().text(), "body");
}
