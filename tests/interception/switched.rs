//! Do bytes pass as they are after a protocol was switched, in any pieces and in both directions at once?
//!
//! What a WebSocket's peer may do wrong, or in an odd way (fragments, reserved bits, broken UTF-8, frames cut anywhere,
//! close frames of every kind) is bytes to clir. If all bytes pass, no conversation is worse than a direct one.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    thread,
};

use fastrand::Rng;

use crate::support::{Clir, Origin, Setup, Wire, certificates::Authority, tls::TlsOrigin};

/// Bytes in each direction: many times what any buffer on the way holds.
const SIZE: usize = 4 << 20;
const HANDSHAKE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                         Sec-WebSocket-Version: 13\r\n";
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn bytes(seed: u64) -> Vec<u8> {
    let mut random = Rng::with_seed(seed);
    (0..SIZE).map(|_| random.u8(..)).collect()
}

/// Sizes from one byte to more than a TLS record.
fn pieces(bytes: &[u8], seed: u64, mut each: impl FnMut(&[u8])) {
    let mut random = Rng::with_seed(seed);
    let mut rest = bytes;
    while !rest.is_empty() {
        let most = 1 << random.usize(..16);
        let (piece, behind) = rest.split_at(random.usize(1..=most).min(rest.len()));
        each(piece);
        rest = behind;
    }
}

/// Both ends of a switched connection say something at once; the first to end ends its half, and the other still speaks.
fn both_ways_at_once(client: TcpStream, site: TcpStream) {
    let talk = |mut stream: TcpStream, seed: u64, other: u64| {
        let mut reading = stream.try_clone().unwrap();
        let heard = thread::spawn(move || {
            let mut heard = Vec::new();
            reading.read_to_end(&mut heard).unwrap();
            assert!(heard == bytes(other), "{} bytes came, not all of them as they were", heard.len());
        });
        pieces(&bytes(seed), seed, |piece| stream.write_all(piece).unwrap());
        stream.shutdown(Shutdown::Write).unwrap();
        heard
    };
    let client = thread::spawn(move || talk(client, 1, 2));
    let site = talk(site, 2, 1);
    site.join().expect("the site hears everything");
    client.join().unwrap().join().expect("the client hears everything");
}

fn switch(mut client: Wire<TcpStream>, origin: &Origin, target: &str) -> (TcpStream, TcpStream) {
    client.send(format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{HANDSHAKE}\r\n", origin.authority()));
    let mut site = origin.accept();
    assert!(site.head().has("sec-websocket-key"));
    site.send(ANSWER);
    assert_eq!(client.head().status(), 101);
    (client.into_inner(), site.into_inner())
}

#[test]
fn over_cleartext() {
    let (clir, origin) = (Setup::new().start(), Origin::new());
    let (client, site) = switch(clir.connect(), &origin, &origin.url("/"));
    both_ways_at_once(client, site);
}

#[test]
fn through_connect() {
    let (clir, origin) = (Setup::new().start(), Origin::new());
    let (client, site) = switch(Wire::tunnel(clir.address(), &origin.authority()), &origin, "/");
    both_ways_at_once(client, site);
}

/// Inside TLS one direction after the other: the streams of the test cannot be split.
#[test]
fn inside_tls() {
    let clir: Clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let origin = TlsOrigin::new();
    let authority = format!("localhost:{}", origin.port());
    let mut client = clir.tls(&authority, "localhost", &["http/1.1"]);
    client.send(format!("GET / HTTP/1.1\r\nHost: {authority}\r\n{HANDSHAKE}\r\n"));
    let mut site = origin.accept();
    assert!(site.head().has("sec-websocket-key"));
    site.send(ANSWER);
    assert_eq!(client.head().status(), 101);
    let (up, down) = (bytes(1), bytes(2));
    let hearing = thread::spawn(move || {
        assert!(site.exactly(SIZE) == up, "what went up changed");
        site
    });
    pieces(&bytes(1), 1, |piece| client.send(piece));
    let mut site = hearing.join().expect("the site hears everything");
    let hearing = thread::spawn(move || assert!(client.exactly(SIZE) == down, "what came down changed"));
    pieces(&bytes(2), 2, |piece| site.send(piece));
    hearing.join().expect("the client hears everything");
}
