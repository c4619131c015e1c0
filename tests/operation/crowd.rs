//! Do many clients, slow ones and silent ones among them, leave the others alone, and no trace when they go?

use std::{fs, net::TcpStream};

use crate::support::{Clir, Origin, Setup, Wire, eventually, origin};

fn descriptors(clir: &Clir) -> usize {
    fs::read_dir(format!("/proc/{}/fd", clir.id())).unwrap().count()
}

#[test]
fn slow_clients_delay_nobody() {
    let clir = Setup::new().start();
    let mut slow: Vec<Wire<TcpStream>> = (0..200).map(|_| clir.connect()).collect();
    for (at, client) in slow.iter_mut().enumerate() {
        // Some say nothing, some half a head, some half a body.
        client.send(["", "GET http://a.ex", "GET http://a.example/ HTTP/1.1\r\nHost: "][at % 3]);
    }
    for _ in 0..20 {
        assert!(clir.connect().try_next_works(&Origin::new()));
    }
}

#[test]
fn a_crowd_leaves_nothing_behind() {
    let clir = Setup::new().start();
    let origin = Origin::new();
    let request = origin.request("GET", "/", "Connection: close\r\n");
    let _served =
        origin.serve(|_, _| b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\ncrowd".to_vec());
    let visit = |count: usize| {
        let mut crowd: Vec<_> = (0..count).map(|_| clir.connect()).collect();
        crowd.iter_mut().for_each(|client| client.send(&request));
        crowd.iter_mut().for_each(|client| assert_eq!(client.response().text(), "crowd"));
    };
    visit(100);
    let base = eventually("quiet", || Some(descriptors(&clir)).filter(|count| *count < 60));
    let resident = clir.resident();
    for _ in 0..10 {
        visit(200);
    }
    eventually("descriptors back at their base", || (descriptors(&clir) <= base + 5).then_some(()));
    let grown = clir.resident().saturating_sub(resident);
    assert!(grown < 32 << 20, "{grown} bytes stay after the crowd has gone");
}

/// Tunnels and requests side by side, each with its own bytes.
#[test]
fn a_hundred_tunnels_keep_apart() {
    let clir = Setup::new().start();
    let origin = Origin::new();
    let authority = origin.authority();
    let mut pairs: Vec<_> = (0..100)
        .map(|n| {
            let mut client = Wire::tunnel(clir.address(), &authority);
            client.send(format!("\0{n:03}"));
            let mut site = origin.accept();
            assert_eq!(site.exactly(4), format!("\0{n:03}").as_bytes());
            (n, client, site)
        })
        .collect();
    for (n, client, site) in pairs.iter_mut().rev() {
        site.send(format!("answer {n:03}"));
        assert_eq!(client.exactly(10), format!("answer {n:03}").as_bytes());
    }
    drop(pairs);
    let events = clir.wait_for_events(100);
    assert!(events.iter().all(|event| event["verdict"] == "tunnelled" && event["request_bytes"] == 4), "{events:?}");
}

#[test]
fn many_origins_at_once_are_kept_apart() {
    let clir = Setup::new().start();
    let origins: Vec<_> = (1..=50).map(|n| (n, Origin::on([127, 0, 1, n]))).collect();
    let mut client = clir.connect();
    for (n, origin) in origins {
        client.send(origin.request("GET", "/", ""));
        let _served = origin.serve(move |_, _| origin::ok(n.to_string()));
        assert_eq!(client.response().text(), n.to_string());
    }
}
