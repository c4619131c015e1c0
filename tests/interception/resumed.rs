//! Are sessions with origins taken up again, and by nobody but the client that had them?

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use rustls::{
    HandshakeKind::{Full, Resumed},
    version::{TLS12, TLS13},
};
use socket2::{Domain, Socket, Type};

use super::site::{Signer, Site};
use crate::support::{Clir, Wire, tls};

/// Asks from this loopback address and through a tunnel of its own.
pub fn ask_from(clir: &Clir, site: &Site, address: Ipv4Addr, path: &str) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((address, 0)).into()).unwrap();
    socket.connect(&clir.address().into()).unwrap();
    let mut wire = Wire::over(TcpStream::from(socket));
    wire.send(format!("CONNECT localhost:{0} HTTP/1.1\r\nHost: localhost:{0}\r\n\r\n", site.port));
    assert_eq!(wire.head().status(), 200);
    let mut client = tls::connect(wire.into_inner(), "localhost", &clir.authority(), &["http/1.1"]).unwrap();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", site.port));
    assert_eq!(client.response().text(), "ok");
}

#[test]
fn the_same_client_takes_up_its_session_and_another_does_not() {
    let root = Signer::root();
    let clir = root.clir();
    let (one, two) = (Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2));
    for version in [&TLS12, &TLS13] {
        let site = root.leaf(|_| ()).serve_with(&[version]);
        for client in [one, one, two, one] {
            ask_from(&clir, &site, client, "/last");
        }
        assert_eq!(site.handshakes(), [Full, Resumed, Full, Resumed], "{version:?}");
    }
}

/// An origin that has been replaced by one with a bad certificate is refused, although there was a good one before.
#[test]
fn a_session_does_not_vouch_for_another_origin() {
    let root = Signer::root();
    let clir = root.clir();
    let good = root.leaf(|_| ()).serve();
    good.assert_works(&clir, "before");
    let bad = Signer::named("nobody knows it").leaf(|_| ()).serve();
    bad.assert_refused(&clir, "was issued by an authority that is not trusted here");
}
