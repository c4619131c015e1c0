//! Does every exchange end as exactly one event, however it ends?

use serde_json::Value;

use crate::support::{Setup, Stage, Wire, eventually, origin};

/// Waits for the one event of a stage, and stops clir to be sure that there is no second.
fn only_event(stage: Stage) -> Value {
    let event = stage.clir.wait_for_events(1).remove(0);
    let mut clir = stage.clir;
    drop(stage.client);
    clir.signal("TERM");
    assert_eq!(clir.wait().code(), Some(0));
    assert_eq!(clir.events().len(), 1, "{:?}", clir.events());
    event
}

#[test]
fn a_body_that_the_origin_cuts_short() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    drop(site);
    stage.client.whatever_comes();
    let event = only_event(stage);
    assert_eq!(event["verdict"], "failed", "{event}");
    assert_eq!(event["status"], 200);
    assert_eq!(event["response_bytes"], 4);
    assert!(event["error"].is_string());
}

#[test]
fn a_client_that_leaves_within_the_answer() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nbegun");
    assert_eq!(stage.client.head().status(), 200);
    let client = std::mem::replace(&mut stage.client, stage.clir.connect());
    client.reset();
    // The origin notices, and is not read for nobody.
    eventually("an end for the origin", || {
        use std::io::Write;
        site.stream.write_all(&[0; 65536]).is_err().then_some(())
    });
    let event = only_event(stage);
    assert_eq!(event["verdict"], "failed", "{event}");
    assert!(event["error"].is_string());
}

#[test]
fn a_client_that_leaves_within_its_own_body() {
    let mut stage = Stage::new();
    let site = stage.deliver("POST", "/", "Content-Length: 100\r\n");
    let mut client = std::mem::replace(&mut stage.client, stage.clir.connect());
    client.send("half");
    drop(client);
    let event = only_event(stage);
    assert_eq!(event["verdict"], "failed", "{event}");
    drop(site);
}

#[test]
fn an_upgrade() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("GET", "/", "Connection: upgrade\r\nUpgrade: echo/1\r\n"));
    let mut site = stage.origin.accept();
    site.head();
    site.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo/1\r\n\r\n");
    assert_eq!(stage.client.head().status(), 101);
    stage.client.send("ping!");
    assert_eq!(site.exactly(5), b"ping!");
    site.send("pong");
    assert_eq!(stage.client.exactly(4), b"pong");
    drop(site);
    stage.client.whatever_comes();
    // It is over when both sides have stopped.
    stage.client = stage.clir.connect();
    let event = only_event(stage);
    assert_eq!(event["status"], 101, "{event}");
    assert_eq!(event["request_bytes"], 5);
    assert_eq!(event["response_bytes"], 4);
}

#[test]
fn a_refusal_for_faulty_framing() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("POST", "/", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"));
    assert_eq!(stage.client.head().status(), 400);
    let event = only_event(stage);
    assert_eq!(event["verdict"], "refused", "{event}");
    assert_eq!(event["status"], 400);
}

#[test]
fn a_refused_target() {
    let mut stage = Stage::with(Setup::new().set("access.deny_targets", r#"["loopback", "self"]"#));
    stage.client.send(stage.origin.request("GET", "/", ""));
    assert_eq!(stage.client.head().status(), 403);
    let event = only_event(stage);
    assert_eq!(event["verdict"], "refused", "{event}");
    assert_eq!(event["status"], 403);
}

#[test]
fn pipelined_requests() {
    let mut stage = Stage::new();
    stage.client.send((0..50).map(|n| stage.origin.request("GET", &format!("/{n}"), "")).collect::<String>());
    let _served = stage.origin.serve(|_, _| origin::ok("x"));
    for _ in 0..50 {
        assert_eq!(stage.client.response().status(), 200);
    }
    let events = stage.clir.wait_for_events(50);
    let mut targets: Vec<_> = events.iter().map(|event| event["target"].as_str().unwrap().to_owned()).collect();
    targets.dedup();
    assert_eq!(targets, (0..50).map(|n| format!("/{n}")).collect::<Vec<_>>());
    let mut ids: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50, "an id is nobody else's");
}

/// An IPv4 client of a socket for both families is an IPv4 client.
#[test]
fn clients_are_named_as_they_are() {
    let clir = Setup::new().listen(&["[::]:0"]).start();
    let port = clir.address().port();
    let stage = crate::support::Origin::new();
    for (at, ip) in [("127.0.0.1:", "127.0.0.1"), ("[::1]:", "::1")] {
        let mut client = Wire::connect((ip.parse::<std::net::IpAddr>().unwrap(), port).into());
        client.send(stage.request("GET", "/", ""));
        let mut site = stage.accept();
        site.head();
        site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(client.response().status(), 200);
        clir.wait_for_event(|event| event["client"].as_str().unwrap().starts_with(at));
    }
}
