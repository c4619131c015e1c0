//! Do bodies and trailers pass as they were framed and sent?

use crate::support::{Stage, Wire, origin};

#[test]
fn a_body_of_known_length_keeps_its_length() {
    let mut stage = Stage::new();
    let body: Vec<u8> = (0..100_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut site = stage.deliver("POST", "/", "Content-Length: 100000\r\nX-After: 1\r\n");
    stage.client.send(&body);
    assert_eq!(site.exactly(body.len()), body);
    site.send(origin::ok(&body));
    assert_eq!(stage.client.response().body, body);
}

#[test]
fn chunks_go_up_and_down() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Transfer-Encoding: chunked\r\n");
    stage.client.send("5;name=value\r\nhello\r\n1\r\n \r\n0005\r\nworld\r\n0\r\n\r\n");
    let head = crate::support::Head(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec());
    assert_eq!(site.body(&head).unwrap().0, b"hello world");
    site.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n");
    let response = stage.client.response();
    assert_eq!(response.head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(response.text(), "abcde");
}

#[test]
fn an_empty_body_stays_what_it_was() {
    for (method, fields) in
        [("POST", "Content-Length: 0\r\n"), ("POST", ""), ("PUT", ""), ("DELETE", ""), ("GET", "Content-Length: 0\r\n")]
    {
        let mut stage = Stage::new();
        let mut site = stage.deliver(method, "/", fields);
        site.send(origin::ok(""));
        assert_eq!(stage.client.response().status(), 200);
    }
}

#[test]
fn a_get_may_have_a_body() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "Content-Length: 4\r\n");
    stage.client.send("body");
    assert_eq!(site.exactly(4), b"body");
    site.send(origin::ok("fine"));
    assert_eq!(stage.client.response().text(), "fine");
}

#[test]
fn codings_pass_byte_for_byte() {
    let mut stage = Stage::new();
    let coded = b"\x1f\x8b\x08\x00not really gzip\x00\xff";
    let mut site = stage.deliver("GET", "/", "Accept-Encoding: gzip\r\n");
    site.send(
        [
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", coded.len()).as_bytes(),
            coded,
        ]
        .concat(),
    );
    let response = stage.client.response();
    assert_eq!(response.head.values("content-encoding"), ["gzip"]);
    assert_eq!(response.body, coded);
}

#[test]
fn trailers_need_not_be_announced() {
    let mut stage = Stage::new();
    let body = "5\r\nhello\r\n0\r\nx-sum: 1\r\nx-other: 0\r\n\r\n";
    let mut site = stage.deliver("POST", "/", "Transfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n");
    stage.client.send(body);
    assert_eq!(site.exactly(body.len()), body.as_bytes());
    site.send(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
    let head = stage.client.head();
    assert!(!head.has("trailer"));
    assert_eq!(stage.client.exactly(body.len()), body.as_bytes());
    // The connection goes on, and the next message has none.
    stage.client.send(stage.origin.request("GET", "/", ""));
    site.head();
    site.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    stage.client.head();
    assert_eq!(stage.client.exactly(5), b"0\r\n\r\n");
}

#[test]
fn request_trailers_reach_the_origin() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Trailer: X-Sum, X-Other\r\nTransfer-Encoding: chunked\r\n");
    stage.client.send("4\r\nbody\r\n0\r\nX-Sum: abc\r\nX-Other: d e\r\n\r\n");
    let head = crate::support::Head(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec());
    let (body, trailers) = site.body(&head).unwrap();
    assert_eq!(body, b"body");
    assert_eq!(String::from_utf8(trailers).unwrap().to_lowercase(), "x-sum: abc\r\nx-other: d e\r\n");
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
}

#[test]
fn response_trailers_reach_a_client_that_asks_for_them() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("GET", "/", "TE: trailers\r\nConnection: TE\r\n"));
    let mut site = stage.origin.accept();
    let head = site.head();
    assert_eq!(head.values("te"), ["trailers"], "the origin has to know: {head:?}");
    site.send(
        "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: abc\r\n\r\n",
    );
    let response = stage.client.response();
    assert_eq!(response.text(), "body");
    assert_eq!(String::from_utf8(response.trailers).unwrap().to_lowercase(), "x-sum: abc\r\n");
}

/// RFC 9110 §6.5.1: framing, routing and authentication do not belong there.
#[test]
fn trailers_smuggle_nothing_into_the_head() {
    let mut stage = Stage::new();
    let fields = "Trailer: Host, Content-Length, Authorization, X-Fine\r\nTransfer-Encoding: chunked\r\n";
    stage.client.send(stage.origin.request("POST", "/", fields));
    let mut site = stage.origin.accept();
    let head = site.head();
    stage.client.send(
        "4\r\nbody\r\n0\r\nHost: evil.example\r\nContent-Length: 9\r\nAuthorization: Basic eDp5\r\nX-Fine: 1\r\n\
         HTTP2-Settings: AA\r\nProxy-Connection: close\r\nExpect: 100-continue\r\nMax-Forwards: 0\r\nRange: bytes=0-1\r\n\r\n",
    );
    assert_eq!(head.values("host"), [stage.origin.authority()]);
    match site.body(&head) {
        // Refused altogether: then it must not look complete.
        Err(_) => assert!((400..600).contains(&stage.client.head().status())),
        Ok((_, trailers)) => assert_eq!(String::from_utf8(trailers).unwrap().to_lowercase(), "x-fine: 1\r\n"),
    }
}

#[test]
fn continue_comes_from_the_origin() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n");
    site.send("HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(stage.client.head().status(), 100);
    stage.client.send("body");
    assert_eq!(site.exactly(4), b"body");
    site.send(origin::ok("taken"));
    assert_eq!(stage.client.response().text(), "taken");
}

#[test]
fn an_origin_may_refuse_on_the_head_alone() {
    for status in ["417 Expectation Failed", "413 Content Too Large", "401 Unauthorized", "200 OK"] {
        let mut stage = Stage::new();
        let mut site: Wire<_> = stage.deliver("POST", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n");
        site.send(format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno"));
        let response = stage.client.response();
        assert_eq!(response.head.start_line(), format!("HTTP/1.1 {status}"));
        assert_eq!(response.text(), "no");
    }
}

/// Nobody can know whether the client still sends what it announced: nothing after it is a request, and nothing waits.
#[test]
fn what_was_refused_on_the_head_alone_is_over() {
    for late in ["", "body", "bodyGET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"] {
        let mut stage = Stage::new();
        let mut site: Wire<_> = stage.deliver("POST", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n");
        site.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
        let response = stage.client.response();
        assert_eq!((response.status(), response.head.values("connection")), (401, vec!["close".to_owned()]));
        stage.client.send_anyway(late);
        assert_eq!(stage.client.whatever_comes(), b"");
        // The site's side ends as well, although the site keeps it open, and nothing more was sent on it.
        assert_eq!(site.whatever_comes(), b"");
        let event = stage.clir.wait_for_events(1).remove(0);
        assert_eq!((&event["status"], &event["verdict"]), (&401.into(), &"forwarded".into()), "{event}");
        assert_eq!(stage.clir.events().len(), 1);
    }
}

/// A connection on which one client's upload still goes out is no connection for another.
#[test]
fn an_early_answer_frees_no_connection_that_is_still_busy() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Content-Length: 1000\r\n");
    stage.client.send([b'x'; 10]);
    assert_eq!(site.exactly(10), [b'x'; 10]);
    site.send(origin::ok("early"));
    assert_eq!(stage.client.response().text(), "early");
    let mut other = stage.clir.connect();
    other.send(stage.origin.request("GET", "/other", ""));
    let mut fresh = stage.origin.accept();
    assert_eq!(fresh.head(), &stage.origin.received("GET", "/other", ""));
    fresh.send(origin::ok("other"));
    assert_eq!(other.response().text(), "other");
    stage.client.send([b'x'; 990]);
    assert_eq!(site.exactly(990), [b'x'; 990]);
}

/// RFC 9110 §10.1.1: a client may be tired of waiting.
#[test]
fn a_body_that_does_not_wait_for_continue_arrives() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("POST", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n") + "body");
    let mut site = stage.origin.accept();
    site.head();
    assert_eq!(site.exactly(4), b"body");
    site.send(origin::ok("taken"));
    let mut head = stage.client.head();
    if head.status() == 100 {
        head = stage.client.head();
    }
    assert_eq!(stage.client.body(&head).unwrap().0, b"taken");
}

/// An answer may come before the body is through; it is not lost because the origin stops reading.
#[test]
fn an_early_answer_reaches_the_client() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Content-Length: 1000000\r\n");
    stage.client.send([b'x'; 1000]);
    site.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    let response = stage.client.response();
    assert_eq!((response.status(), response.text().as_str()), (413, "big"));
}

/// It answers, closes, and so resets what is still on its way to it.
#[test]
fn an_early_answer_before_a_reset_reaches_the_client() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Content-Length: 50000000\r\n");
    stage.client.send([b'x'; 100_000]);
    site.exactly(1000);
    site.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    drop(site);
    stage.client.send_anyway(vec![b'x'; 5_000_000]);
    assert_eq!(stage.client.head().status(), 413);
}
