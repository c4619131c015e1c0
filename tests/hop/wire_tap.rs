//! What does somebody see, and what can he do, who stands between near and far?

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::pair::{self, BOTH};
use crate::support::{
    Origin, Wire,
    carrier::Carrier,
    certificates::Authority,
    origin,
    tls::{self, TlsOrigin},
};

/// Somebody who writes everything down.
struct Tap {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let tap = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = tap.seen.clone();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(target).unwrap();
                copy(near.try_clone().unwrap(), far.try_clone().unwrap(), seen.clone());
                copy(far, near, seen.clone());
            }
        });
        tap
    }

    fn assert_has_not_seen(&self, text: &str) {
        let seen = self.seen.lock().unwrap();
        assert!(seen.len() > 1000, "everything passes here");
        let lower = seen.to_ascii_lowercase();
        assert!(memchr::memmem::find(&lower, text.to_ascii_lowercase().as_bytes()).is_none(), "{text} was seen");
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, seen: Arc<Mutex<Vec<u8>>>) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            seen.lock().unwrap().extend_from_slice(&buffer[..count]);
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}

#[test]
fn nothing_of_where_and_what_is_seen_on_the_way() {
    for speaks in BOTH {
        let far = pair::far().start();
        let tap = Tap::before(far.address());
        let near = pair::near(tap.address, speaks).start();
        let site = Origin::new().serve(|_, _| origin::ok("an answer that is told to nobody else"));
        let mut client = near.connect();
        let path = "/a-path-that-is-told-to-nobody-else";
        client.send(format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", site.url(path), site.address));
        assert_eq!(client.response().head.status(), 200);
        let inside = TlsOrigin::new();
        let tunnel = Wire::tunnel(near.address(), &inside.authority());
        let mut client = tls::connect(tunnel.into_inner(), "localhost", &Authority::trusted().pem, &[]).unwrap();
        inside.accept().send("x");
        client.exactly(1);
        let told =
            ["nobody-else", "nobody else", "CONNECT", "HTTP/1.1\r", "localhost", "exchange", "Basic", "proxy-auth"];
        for told in told.iter().map(|told| (*told).to_owned()).chain([site.address.to_string(), inside.authority()]) {
            tap.assert_has_not_seen(&told);
        }
    }
}

/// The same box that enriches a request which goes direct.
#[test]
fn a_carrier_in_between_has_nothing_to_enrich() {
    let site = Origin::new().serve(|_, _| origin::ok("hello"));
    let ask = |proxy: SocketAddr| {
        let mut client = Wire::connect(proxy);
        client.send(format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", site.url("/"), site.address));
        client.response();
    };
    ask(Carrier::leaking(site.address).address);
    assert!(site.heads()[0].value("x-up-calling-line-id").is_some(), "it does enrich what it can read");
    for speaks in BOTH {
        let far = pair::far().policy("").start();
        let box_between = Carrier::leaking(far.address());
        let near = pair::near(box_between.address, speaks).policy("").start();
        ask(near.address());
        assert!(!site.heads().last().unwrap().has("x-up-calling-line-id"), "{speaks:?}");
        let event = far.wait_for_event(|event| event["method"] == "GET");
        assert_eq!(event["findings"], serde_json::json!([]), "{event}");
    }
}
