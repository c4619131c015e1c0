//! Are connections to origins kept, shared and given up as they should be?

use crate::support::{Stage, Wire, origin};

/// Each of clir's threads may keep connections of its own, and there is one for each processor.
#[test]
fn clients_share_what_is_idle() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let stage = Stage::new();
    let request = stage.origin.request("GET", "/", "");
    let served = stage.origin.serve(|_, _| origin::ok("served"));
    for _ in 0..threads * 10 {
        let mut client = stage.clir.connect();
        client.send(&request);
        assert_eq!(client.response().text(), "served");
    }
    assert!(served.connections() <= threads * 2, "{} connections, {threads} threads", served.connections());
}

#[test]
fn what_is_busy_is_not_shared() {
    let mut stage = Stage::new();
    let mut slow = stage.deliver("GET", "/slow", "");
    let mut other = stage.clir.connect();
    other.send(stage.origin.request("GET", "/quick", ""));
    let mut quick = stage.origin.accept();
    assert_eq!(quick.head(), &stage.origin.received("GET", "/quick", ""));
    quick.send(origin::ok("quick"));
    assert_eq!(other.response().text(), "quick");
    slow.send(origin::ok("slow"));
    assert_eq!(stage.client.response().text(), "slow");
}

#[test]
fn an_origin_that_closes_is_not_asked_again_there() {
    let mut stage = Stage::new();
    for n in 0..5 {
        let mut site = stage.deliver("GET", &format!("/{n}"), "");
        site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(stage.client.response().text(), "ok");
    }
}

/// Nobody but the proxy can know that an idle connection was closed under it.
#[test]
fn an_idle_connection_that_the_origin_closed_is_no_502() {
    for _ in 0..5 {
        let mut stage = Stage::new();
        let mut site = stage.deliver("GET", "/one", "");
        site.send(origin::ok("one"));
        assert_eq!(stage.client.response().text(), "one");
        drop(site);
        let mut site = stage.deliver("GET", "/two", "");
        site.send(origin::ok("two"));
        assert_eq!(stage.client.response().text(), "two");
    }
}

/// The race that RFC 9112 §9.3.1 describes: the request is on its way when the origin closes.
#[test]
fn a_get_that_met_a_closing_connection_is_sent_again() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/one", "");
    site.send(origin::ok("one"));
    assert_eq!(stage.client.response().text(), "one");
    stage.client.send(stage.origin.request("GET", "/two", ""));
    assert_eq!(site.head(), &stage.origin.received("GET", "/two", ""));
    drop(site);
    let mut fresh = stage.origin.accept();
    assert_eq!(fresh.head(), &stage.origin.received("GET", "/two", ""));
    fresh.send(origin::ok("two"));
    assert_eq!(stage.client.response().text(), "two");
}

#[test]
fn what_is_not_idempotent_is_never_sent_twice() {
    for fields in ["Content-Length: 4\r\n", "Content-Length: 0\r\n"] {
        let mut stage = Stage::new();
        let mut site = stage.deliver("GET", "/one", "");
        site.send(origin::ok("one"));
        assert_eq!(stage.client.response().text(), "one");
        stage.client.send(stage.origin.request("POST", "/pay", fields));
        if fields.contains('4') {
            stage.client.send("body");
        }
        assert_eq!(site.head(), &stage.origin.received("POST", "/pay", fields));
        drop(site);
        assert_eq!(stage.client.head().status(), 502);
        stage.origin.assert_left_alone();
    }
}

#[test]
fn a_client_may_ask_for_the_end() {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("GET", "/", "Connection: close\r\n"));
    let mut site = stage.origin.accept();
    site.head();
    site.send(origin::ok("last"));
    assert_eq!(stage.client.response().text(), "last");
    assert_eq!(stage.client.whatever_comes(), b"");
}

/// A client may send its request, shut its writing side and still want the answer.
#[test]
fn a_half_closed_client_gets_its_answer() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    stage.client.half_close();
    site.send(origin::ok("still here"));
    assert_eq!(stage.client.response().text(), "still here");
}

#[test]
fn a_hundred_clients_at_once_get_their_own_answers() {
    let stage = Stage::new();
    let requests: Vec<_> = (0..100).map(|n| (n, stage.origin.request("GET", &format!("/{n}"), ""))).collect();
    let address = stage.clir.address();
    let served = stage.origin.serve(|head, _| origin::ok(head.start_line()));
    let ask = |(n, request): (i32, String)| {
        std::thread::spawn(move || {
            let mut client = Wire::connect(address);
            client.send(request);
            assert_eq!(client.response().text(), format!("GET /{n} HTTP/1.1"));
        })
    };
    let clients: Vec<_> = requests.into_iter().map(ask).collect();
    clients.into_iter().for_each(|client| client.join().expect("its own answer"));
    assert_eq!(served.heads().len(), 100);
}

/// A request that is answered here may have a body that nobody reads: either the connection goes on behind it, or the
/// client is told that it does not.
#[test]
fn an_answer_before_the_body_says_whether_the_connection_goes_on() {
    let clir = crate::support::Setup::new().start();
    let request = |length: usize| format!("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: {length}\r\n\r\n");
    let mut client = clir.connect();
    for _ in 0..20 {
        client.send(request(4));
        client.send("body");
        let response = client.response();
        assert_eq!((response.status(), response.head.value("connection")), (400, None));
    }
    client.send(request(1_000_000));
    assert_eq!(client.head().value("connection").as_deref(), Some("close"));
}

/// What the origin's system says of a connection that it has forgotten: a reset, and not an end.
#[test]
fn an_idle_connection_that_the_origin_reset_is_no_502() {
    for _ in 0..10 {
        let mut stage = Stage::new();
        let mut site = stage.deliver("GET", "/one", "");
        site.send(origin::ok("one"));
        assert_eq!(stage.client.response().text(), "one");
        stage.client.send(stage.origin.request("GET", "/two", ""));
        site.reset();
        let mut site = stage.origin.accept();
        assert_eq!(site.head(), &stage.origin.received("GET", "/two", ""));
        site.send(origin::ok("two"));
        assert_eq!(stage.client.response().text(), "two");
    }
}
