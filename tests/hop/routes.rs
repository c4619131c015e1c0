//! What goes by the exit, what direct, and what nowhere?

use super::pair::{self, Pair, Speaks};
use crate::support::{Clir, Origin, Setup, Wire, origin};

fn near_with(pair_far: &Clir, routes: &str) -> Clir {
    pair::near(pair_far.address(), Speaks::Http2).set("upstream.route", routes).start()
}

/// The answer's status, and the way that the event tells of.
fn ask(near: &Clir, url: &str, host: &str) -> (u16, String) {
    let before = near.events().len();
    let mut client = near.connect();
    client.send(format!("GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    let status = client.response().head.status();
    let events = near.wait_for_events(before + 1);
    (status, events[before]["via"].as_str().unwrap_or("nowhere").to_owned())
}

#[test]
fn the_first_route_that_matches_decides_and_the_rest_goes_by_the_exit() {
    let far = pair::far().start();
    let site = Origin::new().serve(|_, _| origin::ok("hello"));
    let port = site.address.port();
    let to = |near: &Clir, host: &str| ask(near, &format!("http://{host}:{port}/"), &format!("{host}:{port}"));
    let near = near_with(
        &far,
        r#"[{ host = ["127.0.0.1"], via = "direct" }, { host = "127.0.0.0/8", via = "exit" },
            { host = ["*.localhost", "loopback"], via = "direct" }]"#,
    );
    assert_eq!(to(&near, "127.0.0.1"), (200, "direct".into()));
    assert_eq!(to(&near, "localhost").1, "exit");
    assert_eq!(to(&near, "a.localhost").1, "direct");
    assert_eq!(ask(&near, "http://127.0.0.2:1/", "127.0.0.2:1").1, "nowhere", "the exit finds nobody there");
}

#[test]
fn access_holds_on_the_way_by_the_exit_too() {
    let pair = Pair::with(
        Speaks::Http2,
        |near| near.set("access.deny_targets", r#"["198.51.100.0/24", "*.secret.example", "self"]"#),
        |far| far,
    );
    for host in ["198.51.100.7", "[::ffff:198.51.100.7]", "[64:ff9b::198.51.100.7]", "a.secret.example", "224.0.0.1"] {
        assert_eq!(ask(&pair.near, &format!("http://{host}/"), host), (403, "nowhere".into()), "{host}");
        let mut client = pair.near.connect();
        client.send(format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n"));
        assert_eq!(client.response().head.status(), 403, "{host}");
    }
    let own = pair.near.address();
    assert_eq!(ask(&pair.near, &format!("http://{own}/"), &own.to_string()), (403, "nowhere".into()));
    assert!(pair.far.events().iter().all(|event| event["method"] == "OPTIONS"), "{:?}", pair.far.events());
}

/// The exit's own rules hold as well, and what it cannot reach is told.
#[test]
fn what_the_exit_forbids_and_cannot_reach_is_told() {
    let pair = Pair::with(Speaks::Http2, |near| near, |far| far.set("access.deny_targets", r#"["loopback"]"#));
    let mut client = pair.near.connect();
    client.send("GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let answer = client.response();
    assert_eq!(answer.head.status(), 502);
    assert!(answer.text().contains("the exit forbids a tunnel there"), "{}", answer.text());
    // Nobody here is asked for the name: the exit finds that there is none.
    client.send("GET http://no-such-name.invalid/ HTTP/1.1\r\nHost: no-such-name.invalid\r\n\r\n");
    let answer = client.response();
    assert!(answer.text().contains("the exit cannot reach the origin"), "{}", answer.text());
    assert!(pair.near.events().iter().all(|event| event["verdict"] == "failed"));
}

#[test]
fn the_exit_itself_is_reached_direct() {
    let pair = Pair::new(Speaks::Http2);
    let exit = pair.far.address();
    let tunnel = Wire::tunnel(pair.near.address(), &exit.to_string());
    drop(tunnel);
    let event = pair.near.wait_for_event(|event| event["method"] == "CONNECT");
    assert_eq!(event["via"], "direct", "{event}");
}

#[test]
fn a_clir_is_not_its_own_exit() {
    let port = origin::closed_port();
    let setup = pair::near(([127, 0, 0, 1], port).into(), Speaks::Http2).listen(&[&format!("127.0.0.1:{port}")]);
    let near = setup.start();
    assert_eq!(ask(&near, "http://192.0.2.1/", "192.0.2.1"), (502, "nowhere".into()));
    near.wait_for_stderr("to this clir itself");
}

/// Two clirs that are each other's exit.
#[test]
fn a_circle_of_exits_comes_to_an_end() {
    let ports = [origin::closed_port(), origin::closed_port()];
    let one = |own: u16, other: u16| -> Clir {
        let (certificate, key) = pair::certificate();
        let setup: Setup = pair::near(([127, 0, 0, 1], other).into(), Speaks::Http2);
        std::fs::write(setup.dir.path().join("exit.pem"), certificate).unwrap();
        std::fs::write(setup.dir.path().join("exit.key"), key).unwrap();
        setup
            .listen(&[&format!("127.0.0.1:{own}"), "127.0.0.1:0"])
            .each_listener(r#"tls = { certificate = "exit.pem", key = "exit.key" }"#)
            .set("access.users", &format!("[{:?}]", pair::user()))
            .start()
    };
    let (first, second) = (one(ports[0], ports[1]), one(ports[1], ports[0]));
    first.wait_for_stderr("the exit is up");
    second.wait_for_stderr("the exit is up");
    let near = pair::near(first.address(), Speaks::Http2).start();
    let origin = Origin::new();
    let mut client = near.connect();
    client.send(origin.request("GET", "/", ""));
    assert_eq!(client.response().head.status(), 502);
    origin.assert_left_alone();
    first.wait_for_event(|event| event["method"] == "CONNECT" && event.get("hop").is_some());
    second.wait_for_event(|event| event["error"].to_string().contains("form a circle"));
    let hops = first.events().iter().filter(|event| event["method"] == "CONNECT").count();
    assert!((2..=8).contains(&hops), "{hops}");
}
