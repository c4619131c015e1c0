//! How does a phone that knows its proxy reach it?
//!
//! Over HTTP or SOCKS, it says itself where it wants to go.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use super::socket;

/// Binds a socket that is like any server's.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    socket::bind(address, |_, _| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_socket_takes_both_families() {
        let listener = bind("[::]:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    }

    #[test]
    fn a_port_that_is_taken_is_refused() {
        let taken = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = bind(taken.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
