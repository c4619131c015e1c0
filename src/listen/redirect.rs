//! Where was a connection going whose destination the firewall has rewritten?
//!
//! The kernel remembers (`SO_ORIGINAL_DST`, and its twin for IPv6). A connection that was made to us has no memory of
//! another destination, or remembers us: that is for whoever takes the connection to judge.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::SockRef;

use super::explicit;

/// Binds a socket; it needs nothing that another does not have.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    explicit::bind(address)
}

/// The destination before it was rewritten. `local` is the address that the connection was accepted on: it tells the
/// family, also on a socket of both.
pub fn destination(socket: &SockRef<'_>, local: SocketAddr) -> io::Result<SocketAddr> {
    let original = if local.ip().to_canonical().is_ipv4() { original_v4(socket)? } else { original_v6(socket)? };
    original.ok_or_else(|| io::Error::other("its destination is of no known family"))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn original_v4(socket: &SockRef<'_>) -> io::Result<Option<SocketAddr>> {
    socket.original_dst_v4().map(|address| address.as_socket())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn original_v6(socket: &SockRef<'_>) -> io::Result<Option<SocketAddr>> {
    socket.original_dst_v6().map(|address| address.as_socket())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn original_v4(_: &SockRef<'_>) -> io::Result<Option<SocketAddr>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn original_v6(_: &SockRef<'_>) -> io::Result<Option<SocketAddr>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    /// Without a rule of the firewall there is no other destination than ours.
    #[test]
    fn a_connection_that_nobody_led_here_has_no_other_destination() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = bind(address.parse().unwrap()) else { continue };
            let local = listener.local_addr().unwrap();
            let _client = TcpStream::connect(local).unwrap();
            listener.set_nonblocking(false).unwrap();
            let (stream, _) = listener.accept().unwrap();
            let found = destination(&SockRef::from(&stream), local);
            assert!(found.is_err() || found.is_ok_and(|found| found == local));
        }
    }
}
