//! Who listens?
//!
//! Asked of the kernel, not by connecting: a transparent listener would take that for a loop, and say so.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// The state of a socket that listens (`net/tcp_states.h`).
const LISTEN: &str = "0A";

/// The addresses of this network namespace on which somebody listens for TCP connections.
pub fn listening() -> Vec<SocketAddr> {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    tables.iter().flat_map(|table| table.lines()).filter_map(listener).collect()
}

/// Whether a listener on this address would have a connection to its port: one on every address has, too.
pub fn is_served(address: SocketAddr, listening: &[SocketAddr]) -> bool {
    let (wanted, port) = (address.ip().to_canonical(), address.port());
    let serves = |other: &SocketAddr| {
        let ip = other.ip().to_canonical();
        let covers = ip.is_unspecified() && (ip.is_ipv6() || wanted.is_ipv4());
        other.port() == port && (ip == wanted || covers)
    };
    listening.iter().any(serves)
}

/// A line of the table (proc(5)): number, own address, other address, state.
fn listener(line: &str) -> Option<SocketAddr> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let own = words.next()?;
    (words.nth(1)? == LISTEN).then(|| address(own))?
}

/// Words of 32 bits as this machine has them in memory, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words = ip.as_bytes().chunks(8).map(|word| u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok());
    let bytes: Vec<u8> = words.collect::<Option<Vec<_>>>()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let four = <[u8; 4]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    let sixteen = || <[u8; 16]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
    four.or_else(|_| sixteen()).ok().map(|ip| SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_is_found_under_its_own_address() {
        for ip in ["127.0.0.1", "::1"] {
            let Ok(listener) = TcpListener::bind((ip, 0)) else { continue };
            let address = listener.local_addr().unwrap();
            assert!(listening().contains(&address), "{address}");
            assert!(is_served(address, &listening()));
            drop(listener);
            assert!(!is_served(address, &listening()));
        }
        assert!(listener("  sl  local_address rem_address   st").is_none());
        assert!(listener("1: 0100007F:1F90 00000000:0000 01").is_none(), "it is connected");
    }

    #[test]
    fn every_address_is_served_by_one_on_all() {
        let all: SocketAddr = "[::]:8082".parse().unwrap();
        assert!(is_served("192.0.2.1:8082".parse().unwrap(), &[all]));
        let four: SocketAddr = "0.0.0.0:8082".parse().unwrap();
        assert!(is_served("192.0.2.1:8082".parse().unwrap(), &[four]) && !is_served(all, &[four]));
    }
}
