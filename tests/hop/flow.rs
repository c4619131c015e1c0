//! Do tunnels keep out of each other's way, and does what is cut short look cut short?

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use super::pair::{BOTH, Pair, Speaks};
use crate::support::{Origin, Wire, eventually, origin};

const MIB: usize = 1 << 20;

/// Writes until nothing more is taken for a while, and tells how much was.
fn fill(stream: &mut TcpStream) -> usize {
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let piece = vec![b'x'; 64 * 1024];
    let mut taken = 0;
    loop {
        match stream.write(&piece) {
            Ok(count) => taken += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return taken,
            Err(error) => panic!("{error}"),
        }
        assert!(taken < 512 * MIB, "nobody holds this back");
    }
}

fn read_all(stream: &mut TcpStream, mut length: usize) {
    let mut buffer = vec![0; 256 * 1024];
    while length > 0 {
        let count = stream.read(&mut buffer).expect("the rest");
        assert_ne!(count, 0, "{length} bytes are missing");
        length -= count;
    }
}

#[test]
fn a_slow_reader_holds_the_sender_back_and_nobody_else() {
    for speaks in BOTH {
        let pair = Pair::new(speaks);
        let origin = Origin::new();
        // Warm, so that what is measured is what the tunnels hold.
        drop((Wire::tunnel(pair.near.address(), &origin.authority()), origin.accept()));
        let before = (pair.near.resident(), pair.far.resident());
        let mut tunnels: Vec<_> =
            (0..4).map(|_| (Wire::tunnel(pair.near.address(), &origin.authority()), origin.accept(), 0, 0)).collect();
        for (client, site, down, up) in &mut tunnels {
            *down = fill(&mut site.stream);
            *up = fill(&mut client.stream);
        }
        let grown = |now: u64, before: u64| now.saturating_sub(before) as usize / MIB;
        let (near, far) = (grown(pair.near.resident(), before.0), grown(pair.far.resident(), before.1));
        assert!(near < 40 && far < 40, "{speaks:?}: near grew by {near} MiB, far by {far} MiB");
        let mut other = Wire::tunnel(pair.near.address(), &origin.authority());
        let mut site = origin.accept();
        other.send("quick\r\n");
        assert_eq!(site.line().unwrap(), b"quick", "{speaks:?}");
        site.send("answer\r\n");
        assert_eq!(other.line().unwrap(), b"answer");
        for (client, site, down, up) in &mut tunnels {
            read_all(&mut client.stream, *down);
            read_all(&mut site.stream, *up);
        }
    }
}

#[test]
fn an_exit_that_is_killed_is_seen_as_a_cut_and_not_as_an_end() {
    for speaks in BOTH {
        let Pair { near, far } = Pair::new(speaks);
        let origin = Origin::new();
        let mut tunnel = Wire::tunnel(near.address(), &origin.authority());
        let mut in_tunnel = origin.accept();
        in_tunnel.send("SSH-2.0-x\r\n");
        assert_eq!(tunnel.line().unwrap(), b"SSH-2.0-x");

        let mut client = near.connect();
        client.send(origin.request("GET", "/", ""));
        let mut site = origin.accept();
        site.head();
        site.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        let head = client.head();
        assert_eq!(client.exactly(4), b"half");
        drop(far.kill());
        assert!(client.body(&head).is_err(), "{speaks:?}: the body is short");
        assert_eq!(tunnel.try_rest().unwrap_err().kind(), ErrorKind::ConnectionReset, "{speaks:?}");
        let event = near.wait_for_event(|event| event["method"] == "GET");
        assert_eq!(event["verdict"], "failed", "{event}");
        let event = near.wait_for_event(|event| event["method"] == "CONNECT");
        assert!(event["error"].to_string().contains("broke off"), "{event}");
    }
}

#[test]
fn a_reset_passes_through_both_ways() {
    for speaks in BOTH {
        let pair = Pair::new(speaks);
        let origin = Origin::new();
        let open = || {
            let mut client = Wire::tunnel(pair.near.address(), &origin.authority());
            let mut site = origin.accept();
            site.send("SSH-2.0-x\r\n");
            assert_eq!(client.line().unwrap(), b"SSH-2.0-x");
            (client, site)
        };
        let (mut client, site) = open();
        site.reset();
        let end = client.try_rest().map_err(|error| error.kind());
        assert_eq!(end, Err(ErrorKind::ConnectionReset), "{speaks:?}: from the site");
        let (client, mut site) = open();
        client.reset();
        let end = site.try_rest().map_err(|error| error.kind());
        assert_eq!(end, Err(ErrorKind::ConnectionReset), "{speaks:?}: from the client");
        // An end is an end.
        let (mut client, site) = open();
        drop(site);
        assert_eq!(client.rest(), b"");
    }
}

#[test]
fn what_is_sent_before_an_end_arrives_whole() {
    for speaks in BOTH {
        let pair = Pair::new(speaks);
        let origin = Origin::new();
        let mut client = Wire::tunnel(pair.near.address(), &origin.authority());
        let mut site = origin.accept();
        let bytes: Vec<u8> = (0..=250).cycle().take(5 * MIB).collect();
        let sent = bytes.clone();
        let sending = std::thread::spawn(move || {
            site.send(&sent);
            site.half_close();
            site
        });
        assert!(client.rest() == bytes, "{speaks:?}");
        drop(sending.join().unwrap());
    }
}

#[test]
fn an_exit_that_is_told_to_end_finishes_what_is_under_way() {
    let Pair { near, mut far } = Pair::with(Speaks::Http2, |near| near, |far| far.set("timeouts.shutdown", r#""5s""#));
    let origin = Origin::new();
    let mut client = near.connect();
    client.send(origin.request("GET", "/", "Connection: close\r\n"));
    let mut site = origin.accept();
    site.head();
    far.signal("TERM");
    eventually("nobody is let in any more", || TcpStream::connect(far.address()).is_err().then_some(()));
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
    assert_eq!(client.response().text(), "late");
    drop((client, site));
    assert_eq!(far.wait().code(), Some(0));
}

/// Resets are bounded, so that nobody can flood the exit with them: an orderly end must be none.
#[test]
fn hundreds_of_tunnels_that_end_well_cost_no_connection() {
    // A tunnel for each request, ended when it is answered.
    let pair = Pair::with(Speaks::Http2, |near| near.set("limits.idle_upstream", "0"), |far| far);
    let site = Origin::new().serve(|_, _| origin::ok("ok"));
    let mut client = pair.near.connect();
    for _ in 0..400 {
        client.send(format!("GET http://{0}/ HTTP/1.1\r\nHost: {0}\r\n\r\n", site.address));
        assert_eq!(client.response().text(), "ok");
    }
    let events = pair.far.wait_for_events(800);
    let from = |event: &serde_json::Value| (event["method"] == "CONNECT").then(|| event["client"].to_string());
    let clients: std::collections::BTreeSet<_> = events.iter().filter_map(from).collect();
    assert_eq!(clients.len(), 1, "{clients:?}");
}
