//! Do answers come back as the origin gave them, and does a broken one stay an error?

use crate::support::{Stage, Wire, origin};

#[test]
fn status_and_reason_stay() {
    for line in ["200 Fine, thanks", "299 Odd", "404 Nicht gefunden", "599 Whatever", "200 "] {
        Stage::for_each_way(|stage, mut site| {
            let answer = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
            site.send(&answer);
            assert_eq!(stage.client.head(), &answer);
        });
    }
}

#[test]
fn no_body_follows_where_none_can() {
    let stage = Stage::new();
    for (method, answer) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-A: 1\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 1000\r\n\r\n"),
    ] {
        let mut client = stage.clir.connect();
        client.send(stage.origin.request(method, "/", ""));
        let mut site = stage.origin.accept();
        site.head();
        site.send(answer);
        assert_eq!(client.head(), answer);
        // The next answer begins right behind it, on the same connections.
        client.send(stage.origin.request("GET", "/next", ""));
        assert_eq!(site.head(), &stage.origin.received("GET", "/next", ""));
        site.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnext");
        assert_eq!(client.response().text(), "next");
        stage.origin.assert_left_alone();
    }
}

#[test]
fn an_answer_up_to_the_end_of_the_connection_is_complete() {
    Stage::for_each_way(|stage, mut site| {
        site.send("HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nall there is");
        drop(site);
        assert_eq!(stage.client.response().text(), "all there is");
    });
}

#[test]
fn early_hints_do_not_hide_the_answer() {
    Stage::for_each_way(|stage, mut site| {
        site.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
        site.send(origin::ok("page"));
        let mut head = stage.client.head();
        if head.status() == 103 {
            assert_eq!(head.value("link").as_deref(), Some("</a.css>; rel=preload"));
            head = stage.client.head();
        }
        assert_eq!(stage.client.body(&head).unwrap().0, b"page");
    });
}

#[test]
fn broken_answers_become_502() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nab",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX A: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "\0\u{1}\u{2}\u{3} nothing like HTTP \r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: surprise\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "",
    ] {
        Stage::for_each_way(|stage, mut site| {
            site.send(answer);
            drop(site);
            assert_eq!(stage.client.head().status(), 502, "{:?}", answer.escape_default().to_string());
        });
    }
}

/// RFC 9112 §6.3: both kinds of framing in an answer are an attempt at something, or an error to be handled as one.
#[test]
fn both_kinds_of_framing_never_reach_the_client() {
    Stage::for_each_way(|stage, mut site| {
        site.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        let head = stage.client.head();
        if head.status() != 502 {
            assert!(!head.has("content-length"), "{head:?}");
            assert_eq!(stage.client.body(&head).unwrap().0, b"hello");
        }
    });
}

#[test]
fn an_endless_head_is_cut_off() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 200 OK\r\n");
    for n in 0..2000 {
        site.send_anyway(format!("X-{n}: {}\r\n", "v".repeat(1000)));
    }
    site.send_anyway("\r\n");
    assert_eq!(stage.client.head().status(), 502);
}

/// No byte of one exchange may reach another.
#[test]
fn unasked_bytes_reach_nobody() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/one", "");
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    assert_eq!(stage.client.response().text(), "one");
    let mut other = stage.clir.connect();
    other.send(stage.origin.request("GET", "/two", ""));
    // That connection is spoilt: the next request comes on another.
    let mut fresh: Wire<_> = stage.origin.accept();
    assert_eq!(fresh.head(), &stage.origin.received("GET", "/two", ""));
    fresh.send(origin::ok("two"));
    assert_eq!(other.response().text(), "two");
}

#[test]
fn an_error_page_names_no_product_and_no_value() {
    let clir = crate::support::Setup::new().start();
    let mut client = clir.connect();
    let authority = format!("127.0.0.1:{}", origin::closed_port());
    client.send(format!("GET http://{authority}/secret-path HTTP/1.1\r\nHost: {authority}\r\nX-Secret: hush\r\n\r\n"));
    let response = client.response();
    assert_eq!(response.status(), 502);
    assert!(!response.body.is_empty(), "a page says what happened");
    assert!(!response.text().contains("hush"));
    for name in ["server", "via", "x-powered-by"] {
        assert!(!response.head.has(name), "{:?}", response.head);
    }
}

/// RFC 9110 §15.2: a proxy forwards them, at once, and not to a client that knows none.
#[test]
fn interim_answers_pass_before_the_final_one() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    for hint in ["HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX-b: 1\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n"] {
        site.send(hint);
        assert_eq!(stage.client.head(), hint);
    }
    site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\npage");
    assert_eq!(stage.client.response().text(), "page");
    let mut old = stage.clir.connect();
    old.send(format!("GET {} HTTP/1.0\r\nHost: {}\r\n\r\n", stage.origin.url("/"), stage.origin.authority()));
    let mut site = stage.origin.accept();
    site.head();
    site.send("HTTP/1.1 103 Early Hints\r\n\r\n");
    site.send(origin::ok("page"));
    assert_eq!(old.response().text(), "page");
}

#[test]
fn endless_interim_answers_are_cut_off() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send_anyway("HTTP/1.1 100 Continue\r\n\r\n".repeat(1000));
    assert_eq!(stage.client.head().status(), 502);
}

#[test]
fn chunks_that_break_their_grammar_at_once_become_502() {
    for chunks in [
        "2 \r\nok\r\n0\r\n\r\n",
        " 2\r\nok\r\n0\r\n\r\n",
        "2\nok\n0\n\n",
        "2\r\nokX\r\n0\r\n\r\n",
        "-1\r\n",
        "8000000000000000\r\nok",
    ] {
        let mut stage = Stage::new();
        let mut site = stage.deliver("GET", "/", "");
        site.send(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
        assert_eq!(stage.client.head().status(), 502, "{chunks:?}");
    }
}

#[test]
fn chunks_that_break_their_grammar_later_never_end_as_complete() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
    let head = stage.client.head();
    assert_eq!(stage.client.chunk().unwrap(), b"ok");
    site.send("2 \r\nok\r\n0\r\n\r\n");
    assert!(stage.client.body(&head).is_err());
}

/// RFC 9110 §15.5.22: without the field nobody knows what is wanted. RFC 9112 §4: words may be in any script.
#[test]
fn an_answer_says_which_protocol_it_wants_and_why() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3, HTTP/9\r\nConnection: Upgrade, X-Hop, close\r\nX-Hop: 1\r\nContent-Length: 0\r\n\r\n");
    let expected =
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3, HTTP/9\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(stage.client.head(), expected);
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 426 No\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(stage.client.head(), "HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn words_in_any_script_stay() {
    for words in ["Größe ungültig".as_bytes(), b"Gr\xf6\xdfe", b"\t~", b"\xff"] {
        let mut stage = Stage::new();
        let mut site = stage.deliver("GET", "/", "");
        let hint = [b"HTTP/1.1 103 ", words, b"\r\nLink: x\r\n\r\n"].concat();
        let answer = [b"HTTP/1.1 413 ", words, b"\r\nContent-Length: 0\r\n\r\n"].concat();
        site.send(&hint);
        assert_eq!(stage.client.head().0, hint);
        site.send(&answer);
        assert_eq!(stage.client.head().0, answer);
    }
    for words in [b"a\0b".as_slice(), b"a\x7fb", b"a\x1bb"] {
        let mut stage = Stage::new();
        let mut site = stage.deliver("GET", "/", "");
        site.send([b"HTTP/1.1 413 ", words, b"\r\nContent-Length: 0\r\n\r\n"].concat());
        assert_eq!(stage.client.head().status(), 502, "{}", words.escape_ascii());
    }
}
