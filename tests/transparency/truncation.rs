//! Does what was cut short still look cut short on the other side?
//!
//! RFC 9112 §8: an incomplete message must not be taken for a complete one.

use crate::support::{Stage, Wire, origin};

#[test]
fn a_body_shorter_than_its_length_ends_the_connection() {
    Stage::for_each_way(|stage, mut site| {
        site.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        let head = stage.client.head();
        assert_eq!(stage.client.exactly(4), b"half");
        drop(site);
        assert_eq!(head.values("content-length"), ["10"]);
        assert_eq!(stage.client.whatever_comes(), b"");
    });
}

#[test]
fn chunks_without_a_last_one_end_the_connection() {
    for cut in
        ["5\r\nhello\r\n", "5\r\nhello\r\n6\r\nwor", "5\r\nhello\r\n6", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\nzz\r\n"]
    {
        Stage::for_each_way(|stage, mut site| {
            site.send(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{cut}"));
            drop(site);
            let head = stage.client.head();
            // What is broken from the start may be told as such.
            if head.status() == 502 {
                return;
            }
            let body = stage.client.body(&head);
            // What is known to be broken before the head is passed on is a 502.
            assert!(body.is_err() || head.status() == 502, "{cut:?} came out as complete: {body:?}");
        });
    }
}

#[test]
fn a_reset_in_a_body_up_to_the_end_is_no_end() {
    Stage::for_each_way(|stage, mut site| {
        site.send("HTTP/1.1 200 OK\r\n\r\nhalf of");
        let head = stage.client.head();
        let first: Vec<u8> =
            if head.has("transfer-encoding") { stage.client.chunk().unwrap() } else { stage.client.exactly(7) };
        assert_eq!(first, b"half of");
        site.reset();
        let rest = stage.client.body(&head);
        assert!(rest.is_err(), "a reset came out as the end of {head:?}: {rest:?}");
    });
}

#[test]
fn a_request_cut_short_is_never_delivered_as_complete() {
    for (fields, part) in [
        ("Content-Length: 10\r\n", "half"),
        ("Transfer-Encoding: chunked\r\n", "4\r\nhalf\r\n"),
        ("Transfer-Encoding: chunked\r\n", "4\r\nhalf\r\n0\r\n"),
        ("Transfer-Encoding: chunked\r\n", "4\r\nhalf\r\n5\r\not"),
    ] {
        let mut stage = Stage::new();
        let mut site = stage.deliver("POST", "/", fields);
        let head = crate::support::Head(format!("POST / HTTP/1.1\r\n{fields}\r\n").into_bytes());
        stage.client.send(part);
        drop(stage.client);
        let body = site.body(&head);
        assert!(body.is_err(), "{fields}{part:?} came out as complete: {body:?}");
    }
}

#[test]
fn a_faulty_chunk_from_the_client_is_never_delivered_as_complete() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Transfer-Encoding: chunked\r\n");
    let head = crate::support::Head(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec());
    stage.client.send("4\r\nhalf\r\nnonsense\r\n\r\n0\r\n\r\n");
    assert!(site.body(&head).is_err());
}

/// A FIN alone may be half a close, so only a reset tells that nobody waits any more.
#[test]
fn a_client_that_goes_away_takes_its_request_along() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/slow", "");
    stage.client.reset();
    // The origin sees the end before it has said anything.
    assert_eq!(site.whatever_comes(), b"");
    let event = stage.clir.wait_for_events(1).remove(0);
    assert_eq!((&event["verdict"], &event["status"]), (&"failed".into(), &serde_json::Value::Null));
    assert!(event["error"].as_str().is_some_and(|error| error.contains("went away")), "{event}");
}

#[test]
fn an_origin_that_goes_away_within_a_head_is_a_502() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Content-Length: 0\r\n");
    site.send("HTTP/1.1 200 OK\r\nX-Ha");
    drop(site);
    assert_eq!(stage.client.head().status(), 502);
}

#[test]
fn after_a_cut_other_connections_go_on() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    drop(site);
    stage.client.whatever_comes();
    let mut next: Wire<_> = stage.clir.connect();
    next.send(stage.origin.request("GET", "/next", ""));
    let mut site = stage.origin.accept();
    assert_eq!(site.head(), &stage.origin.received("GET", "/next", ""));
    site.send(origin::ok("next"));
    assert_eq!(next.response().text(), "next");
}
