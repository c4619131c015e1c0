//! Does everything that goes by the exit arrive as it was sent?

use super::pair::{BOTH, Pair, Speaks};
use crate::support::{
    LEAK, NUMBER, Origin, Wire,
    certificates::Authority,
    h2::{H2Client, H2Origin},
    origin, tls,
    tls::TlsOrigin,
};

fn joined(pair: &Pair, method: &str) {
    let near = pair.near.wait_for_event(|event| event["method"] == method);
    assert_eq!(near["via"], "exit", "{near}");
    let passage = near["passage"].as_str().expect("the id that the exit was told");
    let far = pair.far.wait_for_event(|event| event["hop"] == passage && event["method"] == method);
    assert_eq!(far["host"], near["host"], "{far}");
    assert_eq!(far["port"], near["port"], "{far}");
}

#[test]
fn a_request_arrives_with_its_head_as_it_was_and_both_logs_tell_of_it() {
    for speaks in BOTH {
        let pair = Pair::new(speaks);
        let origin = Origin::new();
        let mut client = pair.near.connect();
        for round in 1..=3 {
            let fields = format!("uSER-Agent: x\r\nx-B: {round}\r\nX-b: 2\r\nCookie: a=1\r\nContent-Length: 4\r\n");
            client.send(origin.request("POST", "/a?b=%7E", &format!("{LEAK}\r\n{fields}")) + "body");
        }
        let mut site = origin.accept();
        for round in 1..=3 {
            let fields = format!("uSER-Agent: x\r\nx-B: {round}\r\nX-b: 2\r\nCookie: a=1\r\nContent-Length: 4\r\n");
            let head = site.head();
            assert_eq!(head, &origin.received("POST", "/a?b=%7E", &fields), "{speaks:?}");
            assert_eq!(site.body(&head).unwrap().0, b"body");
            let answer =
                "HTTP/1.1 201 Made\r\nsERVER: y\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n";
            site.send(answer);
            assert_eq!(client.head(), answer);
        }
        joined(&pair, "POST");
        let events = pair.near.wait_for_events(3);
        let passages: Vec<_> = events.iter().map(|event| &event["passage"]).collect();
        assert!(passages.iter().all(|passage| **passage == events[0]["id"]), "one tunnel serves all: {passages:?}");
        pair.far.assert_never_wrote(NUMBER);
    }
}

#[test]
fn tls_passes_unread_by_both() {
    for speaks in BOTH {
        let pair = Pair::new(speaks);
        let site = TlsOrigin::new();
        let tunnel = Wire::tunnel(pair.near.address(), &site.authority());
        let mut client =
            tls::connect(tunnel.into_inner(), "localhost", &Authority::trusted().pem, &["http/1.1"]).unwrap();
        let mut server = site.accept();
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(server.head(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        server.send(origin::ok("inside"));
        assert_eq!(client.response().text(), "inside");
        drop(client);
        drop(server);
        joined(&pair, "CONNECT");
        let near = pair.near.wait_for_event(|event| event["method"] == "CONNECT");
        assert_eq!(near["verdict"], "tunnelled");
        assert_eq!(near["tunnel"]["sni"], "localhost");
    }
}

#[test]
fn an_opened_tunnel_is_verified_and_judged_here() {
    for speaks in BOTH {
        let pair = Pair::with(speaks, |near| near.intercept(&Authority::trusted().pem), |far| far);
        let site = TlsOrigin::new();
        let authority = format!("localhost:{}", site.port());
        let mut client = pair.near.tls(&authority, "localhost", &["http/1.1"]);
        for path in ["/1", "/2"] {
            client.send(format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nx-b: 1\r\nX-A: 2\r\n{LEAK}\r\n\r\n"));
        }
        let mut server = site.accept();
        for path in ["/1", "/2"] {
            let head = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nx-b: 1\r\nX-A: 2\r\n\r\n");
            assert_eq!(server.head(), &head, "{speaks:?}");
            server.send(origin::ok(path));
            assert_eq!(client.response().text(), path);
        }
        let near = pair.near.wait_for_event(|event| event["method"] == "GET");
        assert_eq!((&near["via"], &near["scheme"]), (&"exit".into(), &"https".into()), "{near}");
        assert_eq!(site.attempts(), 1);
    }
}

#[test]
fn an_origin_with_a_bad_certificate_is_refused_behind_the_exit_too() {
    let pair = Pair::with(Speaks::Http2, |near| near.intercept(&Authority::trusted().pem), |far| far);
    let site = TlsOrigin::flawed(crate::support::certificates::Flaw::Expired);
    let authority = format!("localhost:{}", site.port());
    let mut client = pair.near.tls(&authority, "localhost", &["http/1.1"]);
    client.send(format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let answer = client.response();
    assert_eq!(answer.head.status(), 502);
    assert!(answer.text().contains("expired"), "{}", answer.text());
}

#[test]
fn http2_to_the_origin_goes_through_http2_to_the_exit() {
    for speaks in BOTH {
        let pair = Pair::with(speaks, |near| near.intercept(&Authority::trusted().pem), |far| far);
        let site = H2Origin::new();
        let authority = site.authority();
        let mut client = H2Client::connect(&pair.near, &authority, "localhost");
        let answer = client.get("/x", &[("x-up-calling-line-id", NUMBER), ("x-other", "1")]);
        assert_eq!(answer.status(), 421, "the name inside TLS is another than the one that is asked for");
        let mut client = H2Client::connect(&pair.near, &format!("localhost:{}", site.address.port()), "localhost");
        assert_eq!(client.get("/x", &[("x-up-calling-line-id", NUMBER), ("x-other", "1")]).status(), 200);
        let seen = site.seen();
        assert_eq!(seen.last().unwrap().values("x-other"), ["1"]);
        assert!(seen.last().unwrap().values("x-up-calling-line-id").is_empty());
        assert_eq!(client.websocket("/chat", &[], b"over and back"), b"over and back");
    }
}

#[test]
fn a_switched_protocol_goes_both_ways() {
    for speaks in BOTH {
        let pair = Pair::new(speaks);
        let origin = Origin::new();
        let mut client = pair.near.connect();
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        client.send(origin.request("GET", "/chat", upgrade));
        let mut site = origin.accept();
        assert_eq!(site.head(), &origin.received("GET", "/chat", upgrade));
        site.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
        assert_eq!(client.head().status(), 101);
        assert_eq!(client.exactly(5), b"hello");
        client.send("and back");
        assert_eq!(site.exactly(8), b"and back");
    }
}

#[test]
fn a_server_that_speaks_first_is_heard() {
    for speaks in BOTH {
        let pair = Pair::new(speaks);
        let origin = Origin::new();
        let mut client = Wire::tunnel(pair.near.address(), &origin.authority());
        let mut site = origin.accept();
        site.send("220 mail.example ESMTP\r\n");
        assert_eq!(client.line().unwrap(), b"220 mail.example ESMTP");
        client.send("QUIT\r\n");
        assert_eq!(site.line().unwrap(), b"QUIT");
        client.half_close();
        assert_eq!(site.rest(), b"", "{speaks:?}: the end passes through");
        site.send("221 bye\r\n");
        assert_eq!(client.line().unwrap(), b"221 bye");
        drop(site);
        assert_eq!(client.rest(), b"");
    }
}

#[test]
fn one_connection_carries_many_tunnels_and_another_is_made_when_it_is_full() {
    let pair = Pair::with(Speaks::Http2, |near| near, |far| far.set("limits.streams", "8"));
    let origin = Origin::new();
    let mut tunnels = Vec::new();
    for number in 0..20 {
        let client = Wire::tunnel(pair.near.address(), &origin.authority());
        tunnels.push((client, origin.accept(), format!("{number:>8}")));
    }
    for (client, site, word) in &mut tunnels {
        site.send(&word);
        assert_eq!(client.exactly(8), word.as_bytes());
    }
    drop(tunnels);
    let events = pair.far.wait_for_events(20);
    let mut clients: Vec<_> =
        events.iter().filter(|event| event["method"] == "CONNECT").map(|event| event["client"].to_string()).collect();
    clients.sort();
    clients.dedup();
    assert!((3..=6).contains(&clients.len()), "connections from near to far: {clients:?}");
}

#[test]
fn the_log_shows_both_accounts_of_one_exchange() {
    let pair = Pair::new(Speaks::Http2);
    let site = Origin::new().serve(|_, _| origin::ok("hello"));
    let mut client = pair.near.connect();
    client.send(format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", site.url("/page"), site.address));
    assert_eq!(client.response().text(), "hello");
    let near = pair.near.wait_for_event(|event| event["target"] == "/page");
    pair.far.wait_for_event(|event| event["target"] == "/page");
    let id = near["id"].as_str().unwrap();
    let log = |clir: &crate::support::Clir| {
        let mut command = crate::support::setup::clir(clir.dir.path());
        let output = command.args(["--config", "clir.toml", "log", "--exchange", id]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(log(&pair.near).contains(&format!("went by the exit, which knows it as {id}")), "{}", log(&pair.near));
    let far = log(&pair.far);
    assert!(far.contains("/page") && far.contains("CONNECT"), "{far}");
    assert!(far.contains(&format!("came from a clir that knows it as {id}")), "{far}");
}
