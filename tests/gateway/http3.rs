//! Is HTTP/3 refused so that clients notice at once?

use std::{
    io::ErrorKind,
    net::UdpSocket,
    time::{Duration, Instant},
};

use super::{
    site::Site,
    world::{House, ORIGIN, World, bracketed},
};

/// What a person does not notice.
const AT_ONCE: Duration = Duration::from_millis(200);
/// So many hosts a page asks of, and more.
const HOSTS: u8 = 40;

/// Asks a host over UDP; says how long it took until the refusal came, or nothing if something else happened.
fn refused(to: &str) -> Option<Duration> {
    let any = if to.contains(':') { "[::]:0" } else { "0.0.0.0:0" };
    let socket = UdpSocket::bind(any).unwrap();
    socket.connect((to, 443)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let start = Instant::now();
    // A long header of QUIC (RFC 9000 §17.2), padded as a first packet has to be.
    let mut packet = vec![0; 1200];
    packet[..6].copy_from_slice(&[0xc3, 0, 0, 0, 1, 8]);
    socket.send(&packet).unwrap();
    match socket.recv(&mut [0; 1500]) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Some(start.elapsed()),
        _ => None,
    }
}

#[test]
#[ignore = "needs root, nftables, iproute2 and curl: run by tests/run"]
fn udp_443_is_refused_at_once_and_the_client_falls_back() {
    let world = World::new();
    let _site = Site::open(&world);
    let clir = world.start(&House::of("redirect"));
    world.done(clir.dir.path(), &["up"]);
    for address in ORIGIN {
        // What a browser does that tries HTTP/3 first: the refusal, then TCP to the same place.
        let waited = world.within("phone", || refused(address)).expect("an ICMP message");
        assert!(waited < AT_ONCE, "{address}: {waited:?}");
        world.fetch("phone", &[&format!("http://{}/", bracketed(address))]);
    }
    let slowest = world.within("phone", || {
        let hosts = (3..3 + HOSTS).flat_map(|host| [format!("203.0.113.{host}"), format!("2001:db8:3::{host:x}")]);
        hosts.map(|host| refused(&host).unwrap_or_else(|| panic!("{host} keeps a browser waiting"))).max()
    });
    assert!(slowest < Some(AT_ONCE), "{slowest:?}");
    assert_eq!(clir.wait_for_events(2).len(), 2);
}

/// Other UDP is none of our business, and this is not where it is meant to pass.
#[test]
#[ignore = "needs root, nftables and iproute2: run by tests/run"]
fn other_udp_passes_and_so_does_http3_where_that_is_wanted() {
    let world = World::new();
    let echo = |port: u16| {
        let socket = world.within("origin", || UdpSocket::bind(("::", port)).unwrap());
        std::thread::spawn(move || {
            let mut bytes = [0; 100];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let _ = socket.send_to(&bytes[..length], from);
            }
        });
    };
    let answers = |port: u16, address: &str| {
        world.within("phone", || {
            let socket = UdpSocket::bind(if address.contains(':') { "[::]:0" } else { "0.0.0.0:0" }).unwrap();
            socket.connect((address, port)).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            socket.send(b"ping").unwrap();
            socket.recv(&mut [0; 10]).is_ok()
        })
    };
    echo(53);
    echo(443);
    let dir = House::of("redirect").write();
    world.done(dir.path(), &["up"]);
    for address in ORIGIN {
        assert!(answers(53, address) && !answers(443, address), "{address}");
    }
    let passing = House::of("redirect").gateway("quic = \"pass\"").write();
    world.done(passing.path(), &["up"]);
    assert!(ORIGIN.iter().all(|address| answers(443, address)));
}
