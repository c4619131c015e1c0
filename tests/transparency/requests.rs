//! Do unusual but legal requests arrive as they were sent?

use crate::support::{Origin, Setup, Stage, Wire, origin};

#[test]
fn methods_are_case_sensitive_tokens() {
    for method in ["get", "PROPFIND", "M-SEARCH", "x!#$%&'*+-.^_`|~9"] {
        let mut stage = Stage::new();
        let mut site = stage.deliver(method, "/", "");
        site.send(origin::ok("fine"));
        assert_eq!(stage.client.response().text(), "fine");
    }
}

#[test]
fn odd_but_legal_names_and_values_pass() {
    let mut stage = Stage::new();
    let fields =
        "!#$%&'*+-.^_`|~0aZ: tokens\r\nX_Under: 1\r\n1: digit\r\nx-quoted: \"a, \\\"b\\\"\" ; c=d\r\nX-Tab: a\tb\r\n";
    let mut site = stage.deliver("GET", "/", fields);
    site.send(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n"));
    assert_eq!(stage.client.head(), &format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n"));
}

#[test]
fn a_hundred_fields_and_a_long_one_pass() {
    let mut stage = Stage::new();
    let mut fields: String = (0..100).map(|n| format!("X-{n}: {n}\r\n")).collect();
    fields += &format!("X-Long: {}\r\n", "v".repeat(16 * 1024));
    let path = format!("/{}", "p".repeat(8 * 1024));
    let mut site = stage.deliver("GET", &path, &fields);
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
}

#[test]
fn targets_are_never_rewritten() {
    for path in ["/%7e/../a/./b//c;p=1?q=%2F&r=a+b", "/?", "/a?b?c/d", "/%00%ff", "/'()*,;=:@!$&-._~"] {
        let mut stage = Stage::new();
        let mut site = stage.deliver("GET", path, "");
        site.send(origin::ok(""));
        assert_eq!(stage.client.response().status(), 200);
    }
}

#[test]
fn a_target_without_a_path_gets_one() {
    for (sent, received) in [("", "/"), ("?a=1", "/?a=1")] {
        let mut stage = Stage::new();
        let authority = stage.origin.authority();
        stage.client.send(format!("GET http://{authority}{sent} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        let mut site = stage.origin.accept();
        assert_eq!(site.head(), &stage.origin.received("GET", received, ""));
        site.send(origin::ok(""));
        assert_eq!(stage.client.response().status(), 200);
    }
}

#[test]
fn options_on_an_authority_asks_for_the_server() {
    let mut stage = Stage::new();
    let authority = stage.origin.authority();
    stage.client.send(format!("OPTIONS http://{authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let mut site = stage.origin.accept();
    assert_eq!(site.head().start_line(), "OPTIONS * HTTP/1.1");
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
}

#[test]
fn the_scheme_is_read_in_any_case() {
    let mut stage = Stage::new();
    let authority = stage.origin.authority();
    stage.client.send(format!("GET HTTP://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let mut site = stage.origin.accept();
    assert_eq!(site.head(), &stage.origin.received("GET", "/", ""));
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
}

#[test]
fn ipv6_literals_are_reached() {
    let clir = Setup::new().start();
    let origin = Origin::v6();
    assert!(origin.authority().starts_with("[::1]:"));
    let mut client = clir.connect();
    client.send(origin.request("GET", "/six", ""));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/six", ""));
    site.send(origin::ok("six"));
    assert_eq!(client.response().text(), "six");
}

#[test]
fn names_are_resolved() {
    let clir = Setup::new().start();
    let origin = Origin::new();
    let authority = format!("localhost:{}", origin.port());
    let mut client = clir.connect();
    client.send(format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head(), &format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    site.send(origin::ok("by name"));
    assert_eq!(client.response().text(), "by name");
}

#[test]
fn pipelined_requests_are_answered_in_order_once_each() {
    let mut stage = Stage::new();
    let count = 20;
    let requests: String = (0..count).map(|n| stage.origin.request("GET", &format!("/{n}"), "")).collect();
    stage.client.send(requests);
    let served = stage.origin.serve(|head, _| origin::ok(head.start_line()));
    for n in 0..count {
        assert_eq!(stage.client.response().text(), format!("GET /{n} HTTP/1.1"));
    }
    assert_eq!(served.heads().len(), count);
}

#[test]
fn pipelined_bodies_stay_with_their_requests() {
    let mut stage = Stage::new();
    let one = stage.origin.request("POST", "/one", "Content-Length: 5\r\n") + "first";
    let two = stage.origin.request("PUT", "/two", "Transfer-Encoding: chunked\r\n") + "6\r\nsecond\r\n0\r\n\r\n";
    let three = stage.origin.request("GET", "/three", "");
    stage.client.send([one, two, three].concat());
    let _served = stage.origin.serve(|head, body| origin::ok([head.start_line().as_bytes(), b"|", body].concat()));
    assert_eq!(stage.client.response().text(), "POST /one HTTP/1.1|first");
    assert_eq!(stage.client.response().text(), "PUT /two HTTP/1.1|second");
    assert_eq!(stage.client.response().text(), "GET /three HTTP/1.1|");
}

#[test]
fn trailers_are_asked_for_or_not_but_never_garbled() {
    let mut stage = Stage::new();
    let authority = stage.origin.authority();
    stage.client.send(format!(
        "GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nTE: deflate, trailers\r\nConnection: TE\r\nX-End: 1\r\n\r\n"
    ));
    let mut site = stage.origin.accept();
    let head = site.head();
    match head.value("te") {
        None => assert_eq!(head, &stage.origin.received("GET", "/", "X-End: 1\r\n")),
        Some(te) => {
            assert_eq!(te, "trailers");
            assert!(head.value("connection").is_some_and(|named| named.eq_ignore_ascii_case("te")), "{head:?}");
        }
    }
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
}

/// RFC 9110 §7.6.1: a client may name what it must not; framing and routing do not depend on it.
#[test]
fn connection_cannot_take_away_framing_or_routing() {
    let mut stage = Stage::new();
    let authority = stage.origin.authority();
    stage.client.send(format!(
        "POST http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nConnection: host, content-length, cookie\r\nCookie: a=1\r\n\
         Content-Length: 4\r\n\r\nbody"
    ));
    let mut site = stage.origin.accept();
    let head = site.head();
    assert_eq!(head.values("host"), [authority]);
    assert_eq!(site.body(&head).unwrap().0, b"body", "{head:?}");
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
}

#[test]
fn a_request_for_the_proxy_itself_is_no_request_for_a_site() {
    let clir = Setup::new().start();
    for (method, target, host) in [
        ("GET", "/", "site.example".to_owned()),
        ("GET", "*", clir.address().to_string()),
        ("POST", "/", clir.address().to_string()),
    ] {
        let mut client = clir.connect();
        client.send(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        let status = client.head().status();
        assert!((400..500).contains(&status), "{target}: {status}");
    }
}

#[test]
fn one_site_gets_nothing_of_another() {
    let clir = Setup::new().start();
    let (one, two) = (Origin::new(), Origin::on([127, 0, 0, 2]));
    let mut client = clir.connect();
    for _ in 0..2 {
        client.send(one.request("GET", "/one", "Cookie: one=1\r\n"));
        client.send(two.request("GET", "/two", ""));
        let (mut first, mut second): (Wire<_>, Wire<_>);
        first = one.accept();
        assert_eq!(first.head(), &one.received("GET", "/one", "Cookie: one=1\r\n"));
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\none");
        assert_eq!(client.response().text(), "one");
        second = two.accept();
        assert_eq!(second.head(), &two.received("GET", "/two", ""));
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntwo");
        assert_eq!(client.response().text(), "two");
    }
}

/// RFC 9110 §7.6.2
#[test]
fn hops_are_counted_where_the_request_asks_for_it() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("OPTIONS", "/", "max-Forwards: 7\r\n"));
    let mut site = stage.origin.accept();
    assert_eq!(site.head(), &stage.origin.received("OPTIONS", "/", "max-Forwards: 6\r\n"));
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
    stage.client.send(stage.origin.request("TRACE", "/", "Max-Forwards: 0\r\nX-A: 1\r\nCookie: a=1\r\n"));
    let echo = stage.client.response();
    assert_eq!(echo.head.value("content-type").as_deref(), Some("message/http"));
    assert!(echo.text().contains("X-A: 1\r\n") && !echo.text().contains("Cookie"), "{}", echo.text());
    stage.client.send(stage.origin.request("GET", "/next", "Max-Forwards: 0\r\n"));
    assert_eq!(site.head(), &stage.origin.received("GET", "/next", "Max-Forwards: 0\r\n"));
}
