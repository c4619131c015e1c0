//! Does a tunnel pass bytes, whoever speaks first and whoever stops first?

use crate::support::{Origin, Setup, Stage, Wire, origin};

/// What no sniffer takes for HTTP or TLS.
const NOISE: &[u8] = b"\x00\xff\x01\x80 anything \r\n\r\n at all\n";

fn both_modes() -> [Setup; 2] {
    [Setup::new(), Setup::new().set("intercept.mode", r#""always""#)]
}

#[test]
fn bytes_pass_unchanged_both_ways() {
    for setup in both_modes() {
        let stage = Stage::with(setup);
        let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
        let mut site = stage.origin.accept();
        for _ in 0..3 {
            client.send(NOISE);
            assert_eq!(site.exactly(NOISE.len()), NOISE);
            site.send(NOISE);
            assert_eq!(client.exactly(NOISE.len()), NOISE);
        }
    }
}

#[test]
fn a_server_may_speak_first() {
    for setup in both_modes() {
        let stage = Stage::with(setup);
        let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
        let mut site = stage.origin.accept();
        site.send("220 mail.example ready\r\n");
        assert_eq!(client.line().unwrap(), b"220 mail.example ready");
        client.send("EHLO phone.example\r\n");
        assert_eq!(site.line().unwrap(), b"EHLO phone.example");
    }
}

#[test]
fn what_follows_the_head_at_once_belongs_to_the_tunnel() {
    for setup in both_modes() {
        let stage = Stage::with(setup);
        let authority = stage.origin.authority();
        let mut client = stage.clir.connect();
        client.send([format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes(), NOISE].concat());
        assert_eq!(client.head().status(), 200);
        let mut site = stage.origin.accept();
        assert_eq!(site.exactly(NOISE.len()), NOISE);
    }
}

#[test]
fn a_tunnel_may_follow_a_request_on_the_same_connection() {
    let stage = Stage::with(Setup::new());
    let authority = stage.origin.authority();
    let mut client = stage.clir.connect();
    client.send(stage.origin.request("GET", "/", ""));
    let mut site = stage.origin.accept();
    site.head();
    site.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    drop(site);
    assert_eq!(client.head().status(), 204);
    client.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    assert_eq!(client.head().status(), 200);
    client.send(NOISE);
    let mut site = stage.origin.accept();
    assert_eq!(site.exactly(NOISE.len()), NOISE);
}

#[test]
fn either_side_may_stop_first() {
    for setup in both_modes() {
        let stage = Stage::with(setup);
        let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
        let mut site = stage.origin.accept();
        client.send(NOISE);
        assert_eq!(site.exactly(NOISE.len()), NOISE);
        site.send("the site's whole say");
        site.half_close();
        assert_eq!(client.rest(), b"the site's whole say");
        client.send("the client goes on");
        client.half_close();
        assert_eq!(site.rest(), b"the client goes on");
    }
}

#[test]
fn the_end_of_one_side_reaches_the_other() {
    let stage = Stage::new();
    let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
    let mut site = stage.origin.accept();
    client.send(NOISE);
    site.exactly(NOISE.len());
    drop(site);
    assert_eq!(client.whatever_comes(), b"");
    let client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
    let mut site = stage.origin.accept();
    drop(client);
    assert_eq!(site.whatever_comes(), b"");
}

/// Where the end of the connection is the end of the message, a part must not look like the whole.
#[test]
fn a_side_that_breaks_off_breaks_off_for_the_other() {
    let stage = Stage::new();
    let open = || {
        let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
        let mut site = stage.origin.accept();
        client.send(NOISE);
        assert_eq!(site.exactly(NOISE.len()), NOISE);
        site.send("a part");
        assert_eq!(client.exactly(6), b"a part");
        (client, site)
    };
    let (mut client, site) = open();
    site.reset();
    assert_eq!(client.try_rest().unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let (client, mut site) = open();
    client.reset();
    assert_eq!(site.try_rest().unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let event = stage.clir.wait_for_event(|event| event["method"] == "CONNECT");
    assert!(event["error"].as_str().is_some_and(|error| error.contains("broke off")), "{event}");
}

#[test]
fn a_tunnel_reaches_ipv6_literals() {
    let clir = Setup::new().start();
    let origin = Origin::v6();
    let mut client = Wire::tunnel(clir.address(), &origin.authority());
    client.send(NOISE);
    assert_eq!(origin.accept().exactly(NOISE.len()), NOISE);
}

#[test]
fn cleartext_inside_is_forwarded_as_http() {
    for setup in both_modes() {
        let stage = Stage::with(setup);
        let authority = stage.origin.authority();
        let mut client = Wire::tunnel(stage.clir.address(), &authority);
        let request = format!("GET /inside HTTP/1.1\r\nhOST: {authority}\r\nx-B: 1\r\nX-a: 2\r\n\r\n");
        client.send(&request);
        let mut site = stage.origin.accept();
        assert_eq!(site.head(), &request);
        site.send(origin::ok("one"));
        assert_eq!(client.response().text(), "one");
        client.send(&request);
        assert_eq!(site.head(), &request);
        site.send(origin::ok("two"));
        assert_eq!(client.response().text(), "two");
    }
}

#[test]
fn a_refused_origin_refuses_the_tunnel() {
    let clir = Setup::new().start();
    let authority = format!("127.0.0.1:{}", origin::closed_port());
    let mut client = clir.connect();
    client.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    assert_eq!(client.head().status(), 502);
}

#[test]
fn a_tunnel_is_asked_for_without_host_in_http_1_0() {
    let stage = Stage::new();
    let mut client = stage.clir.connect();
    client.send(format!("CONNECT {} HTTP/1.0\r\n\r\n", stage.origin.authority()));
    assert_eq!(client.head().status(), 200);
    client.send(NOISE);
    assert_eq!(stage.origin.accept().exactly(NOISE.len()), NOISE);
}

#[test]
fn a_tunnel_is_one_event_with_the_bytes_of_each_way() {
    let stage = Stage::new();
    let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
    let mut site = stage.origin.accept();
    client.send(NOISE);
    site.exactly(NOISE.len());
    site.send("answer");
    assert_eq!(client.exactly(6), b"answer");
    drop((client, site));
    let event = stage.clir.wait_for_event(|event| event["method"] == "CONNECT");
    assert_eq!(event["verdict"], "tunnelled", "{event}");
    assert_eq!(event["host"], "127.0.0.1");
    assert_eq!(event["port"], stage.origin.port());
    assert_eq!(event["request_bytes"], NOISE.len());
    assert_eq!(event["response_bytes"], 6);
    assert_eq!(stage.clir.events().len(), 1);
}

/// Whatever the method, and in however many pieces it comes: cleartext in a tunnel is cleartext.
#[test]
fn cleartext_inside_is_known_by_more_than_get() {
    for method in ["POST", "OPTIONS", "PROPFIND", "M-SEARCH", "x-Method"] {
        let stage = Stage::new();
        let authority = stage.origin.authority();
        let mut client = Wire::tunnel(stage.clir.address(), &authority);
        let request = format!("{method} / HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 0\r\n");
        for byte in format!("{request}{}\r\n\r\n", crate::support::LEAK).as_bytes() {
            client.send([*byte]);
        }
        let mut site = stage.origin.accept();
        assert_eq!(site.head(), &format!("{request}\r\n"));
        site.send(origin::ok("seen"));
        assert_eq!(client.response().text(), "seen");
    }
}

/// An application that resolves names itself asks for an address and names the site inside.
#[test]
fn cleartext_inside_names_its_site() {
    let stage = Stage::new();
    let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
    let request = "GET / HTTP/1.1\r\nhost: a.example\r\nX-A: 1\r\n\r\n";
    client.send(request);
    let mut site = stage.origin.accept();
    assert_eq!(site.head(), request);
    site.send(origin::ok("body"));
    assert_eq!(client.response().text(), "body");
}

#[test]
fn what_is_no_target_is_refused_inside() {
    for target in ["x", "a.example:80", "*", "http://a.example/"] {
        let stage = Stage::new();
        let authority = stage.origin.authority();
        let mut client = Wire::tunnel(stage.clir.address(), &authority);
        client.send(format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        let status = client.head().status();
        assert!([400, 421].contains(&status), "{target}: {status}");
    }
}
