//! What happens while the exit is down, and when it is back?

use std::time::{Duration, Instant};

use super::pair::{self, BOTH, Pair, Speaks};
use crate::support::{
    Clir, Origin, Wire,
    certificates::Authority,
    eventually,
    origin::{self, closed_port},
    tls::{self, TlsOrigin},
};

/// A clir whose exit is down, with this in its configuration.
fn alone(when_down: Option<&str>) -> Clir {
    let exit = ([127, 0, 0, 1], closed_port()).into();
    let near = pair::near(exit, Speaks::Http2);
    match when_down {
        Some(written) => near.set("upstream.when_down", written).start(),
        None => near.start(),
    }
}

fn get(near: &Clir, origin: &Origin) -> Wire<std::net::TcpStream> {
    let mut client = near.connect();
    client.send(origin.request("GET", "/", ""));
    client
}

#[test]
fn cleartext_is_refused_and_tls_goes_direct() {
    let near = alone(None);
    let origin = Origin::new();
    let answer = get(&near, &origin).response();
    assert_eq!(answer.head.status(), 502);
    assert!(answer.text().contains("`upstream.when_down` refuses cleartext"), "{}", answer.text());
    origin.assert_left_alone();

    let site = TlsOrigin::new();
    let tunnel = Wire::tunnel(near.address(), &site.authority());
    let mut client = tls::connect(tunnel.into_inner(), "localhost", &Authority::trusted().pem, &[]).unwrap();
    site.accept().send("hello");
    assert_eq!(client.exactly(5), b"hello");
    drop(client);
    let event = near.wait_for_event(|event| event["method"] == "CONNECT");
    assert_eq!(event["via"], "fallback", "{event}");
}

#[test]
fn what_turns_out_to_be_cleartext_goes_nowhere() {
    let near = alone(None);
    for words in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-phone\r\n", "\x01\x02\x03\x04"] {
        let origin = Origin::new();
        let mut client = Wire::tunnel(near.address(), &origin.authority());
        client.send(words);
        let answer = client.try_head().map(|head| head.status());
        assert!(answer.as_ref().map_or(true, |status| *status == 502), "{words:?}: {answer:?}");
        let mut site = origin.accept();
        assert_eq!(site.whatever_comes(), b"", "{words:?}: nothing reaches the site");
    }
    // A server that speaks first in cleartext.
    let origin = Origin::new();
    let mut client = Wire::tunnel(near.address(), &origin.authority());
    origin.accept().send("220 mail.example\r\n");
    assert_eq!(client.whatever_comes(), b"");
    let event = near.wait_for_event(|event| event["error"].to_string().contains("refuses cleartext"));
    assert_eq!(event["verdict"], "failed");
}

#[test]
fn both_may_be_refused_and_both_may_go_direct() {
    let near = alone(Some(r#""refuse""#));
    let site = TlsOrigin::new();
    let mut client = near.connect();
    client.send(format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", site.authority()));
    let answer = client.response();
    assert_eq!(answer.head.status(), 502, "{}", answer.text());
    assert_eq!(site.attempts(), 0);

    let near = alone(Some(r#"{ cleartext = "direct", tls = "refuse" }"#));
    let origin = Origin::new();
    let mut client = get(&near, &origin);
    let mut served = origin.accept();
    served.head();
    served.send(origin::ok("direct"));
    assert_eq!(client.response().text(), "direct");
    assert_eq!(near.wait_for_events(1)[0]["via"], "fallback");
    let tunnel = Wire::tunnel(near.address(), &site.authority());
    assert!(tls::connect(tunnel.into_inner(), "localhost", &Authority::trusted().pem, &[]).is_err());
    assert!(site.accepted().is_none());
}

#[test]
fn an_exit_that_comes_back_is_used_again_without_a_restart() {
    for speaks in BOTH {
        let Pair { near, far } = Pair::with(speaks, |near| near.set("upstream.check", r#""1h""#), |far| far);
        let site = Origin::new().serve(|_, _| origin::ok("hello"));
        let ask = || {
            let mut client = near.connect();
            client.send(format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", site.url("/"), site.address));
            client.response().head.status()
        };
        assert_eq!(ask(), 200);
        let dir = far.kill();
        eventually("cleartext is refused", || (ask() == 502).then_some(()));
        // From now on nobody waits for the exit.
        let started = Instant::now();
        assert_eq!(ask(), 502);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        let far = Clir::again(dir);
        eventually("the exit is used again", || (ask() == 200).then_some(()));
        near.wait_for_stderr("the exit is down");
        eventually("that it is up is told", || (near.stderr().matches("the exit is up").count() >= 2).then_some(()));
        drop(far);
    }
}

#[test]
fn an_exit_that_says_nothing_is_given_up_in_time_and_by_all_at_once() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let near = pair::near(silent.local_addr().unwrap(), Speaks::Http2).start();
    let started = Instant::now();
    let origin = Origin::new();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            let mut client = get(&near, &origin);
            scope.spawn(move || assert_eq!(client.response().head.status(), 502));
        }
    });
    // One deadline of 2 s for all of them, not one after another; with room for a busy machine.
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    origin.assert_left_alone();
}

#[test]
fn an_exit_that_is_stopped_is_found_out_by_looking() {
    let Pair { near, far } = Pair::with(Speaks::Http2, |near| near.set("upstream.check", r#""1s""#), |far| far);
    near.wait_for_stderr("the exit is up");
    far.stop();
    near.wait_for_stderr("the exit is down");
    far.signal("CONT");
    eventually("the exit is up again", || (near.stderr().matches("the exit is up").count() > 1).then_some(()));
}

/// Its system still takes connections, and what was asked before is never answered.
#[test]
fn a_request_to_an_exit_that_is_stopped_does_not_wait_for_long() {
    for speaks in BOTH {
        let Pair { near, far } = Pair::with(speaks, |near| near.set("upstream.check", r#""1h""#), |far| far);
        let site = Origin::new().serve(|_, _| origin::ok("hello"));
        let ask = |path: &str| {
            let mut client = near.connect();
            client.send(format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", site.url(path), site.address));
            client
        };
        assert_eq!(ask("/").response().text(), "hello");
        // Another origin, so that it takes a tunnel of its own.
        let other = Origin::new();
        far.stop();
        let started = Instant::now();
        assert_eq!(get(&near, &other).response().head.status(), 502, "{speaks:?}");
        assert!(started.elapsed() < Duration::from_secs(15), "{speaks:?}: {:?}", started.elapsed());
        near.wait_for_stderr("the exit is down");
        far.signal("CONT");
    }
}

#[test]
fn a_reload_keeps_tunnels_and_takes_up_another_exit() {
    let Pair { near, far } = Pair::new(Speaks::Http2);
    let origin = Origin::new();
    let mut tunnel = Wire::tunnel(near.address(), &origin.authority());
    let mut site = origin.accept();
    let other = pair::far().start();
    let config = std::fs::read_to_string(near.path("clir.toml")).unwrap();
    near.replace("clir.toml", &config.replace(&far.address().to_string(), &other.address().to_string()));
    near.signal("HUP");
    near.wait_for_stderr("the configuration was read anew");
    site.send("still here\r\n");
    assert_eq!(tunnel.line().unwrap(), b"still here");
    let mut client = get(&near, &origin);
    let mut served = origin.accept();
    served.head();
    served.send(origin::ok("by the other"));
    assert_eq!(client.response().text(), "by the other");
    other.wait_for_event(|event| event["method"] == "GET" && event.get("hop").is_some());
    tunnel.send("and back\r\n");
    assert_eq!(site.line().unwrap(), b"and back");
}

#[test]
fn an_idle_connection_that_the_exit_lets_go_of_is_made_anew() {
    let pair = Pair::with(
        Speaks::Http2,
        |near| near.set("upstream.check", r#""1h""#),
        |far| far.set("timeouts.idle", r#""1s""#).set("timeouts.body", r#""1s""#),
    );
    let site = Origin::new().serve(|_, _| origin::ok("hello"));
    let ask = || {
        let mut client = pair.near.connect();
        client.send(format!("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", site.url("/"), site.address));
        assert_eq!(client.response().text(), "hello");
    };
    ask();
    let gone = || !connected(pair.near.id(), pair.far.address().port());
    eventually("the exit lets go", || gone().then_some(()));
    ask();
    assert!(!pair.near.stderr().contains("the exit is down"), "{}", pair.near.stderr());
}

/// Whether a process has a connection to this port of 127.0.0.1.
fn connected(process: u32, port: u16) -> bool {
    let table = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let to = format!(" 0100007F:{port:04X} 01 ");
    table.lines().any(|line| line.contains(&to))
}
