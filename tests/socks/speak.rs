//! How is SOCKS 5 spoken, byte by byte?

use std::net::{IpAddr, SocketAddr, TcpStream};

use crate::support::{Clir, Setup, Wire};

/// clir with one listener of this kind.
pub fn socks() -> Setup {
    Setup::new().kind("kind = \"socks5\"")
}

/// A request for a host, by address or by name.
pub fn request(command: u8, host: &str, port: u16) -> Vec<u8> {
    let mut bytes = vec![5, command, 0];
    match host.parse() {
        Ok(IpAddr::V4(ip)) => bytes.extend([&[1], &ip.octets()[..]].concat()),
        Ok(IpAddr::V6(ip)) => bytes.extend([&[4], &ip.octets()[..]].concat()),
        Err(_) => bytes.extend([&[3, u8::try_from(host.len()).unwrap()], host.as_bytes()].concat()),
    }
    bytes.extend(port.to_be_bytes());
    bytes
}

/// A client that has said hello and needs no login.
pub fn greeted(clir: &Clir) -> Wire<TcpStream> {
    let mut wire = clir.connect();
    wire.send([5, 1, 0]);
    assert_eq!(wire.exactly(2), [5, 0]);
    wire
}

/// Asks, and returns the reply code.
pub fn ask(wire: &mut Wire<TcpStream>, request: &[u8]) -> u8 {
    wire.send(request);
    let reply = wire.exactly(10);
    assert_eq!((reply[0], &reply[2..]), (5, &[0, 1, 0, 0, 0, 0, 0, 0][..]), "nothing of our own address");
    reply[1]
}

/// A tunnel.
pub fn tunnel(clir: &Clir, to: SocketAddr) -> Wire<TcpStream> {
    let mut wire = greeted(clir);
    assert_eq!(ask(&mut wire, &request(1, &to.ip().to_string(), to.port())), 0);
    wire
}
