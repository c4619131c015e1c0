//! Where was a connection going that the firewall has led here as it is?
//!
//! To its own local address: nothing was rewritten. The socket takes connections to addresses that are not this
//! machine's (`IP_TRANSPARENT`), and may speak from such an address to an origin.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::Socket;

use super::socket;

/// Binds a socket that takes connections to any address. Needs `CAP_NET_ADMIN`.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let refused = |error: io::Error| {
        let what = format!("IP_TRANSPARENT cannot be set, which `tproxy` needs CAP_NET_ADMIN for: {error}");
        io::Error::new(error.kind(), what)
    };
    socket::bind(address, set_transparent).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => refused(error),
        _ => error,
    })
}

/// Lets a socket have an address that is not this machine's. Of a socket of both families, the one option is for both.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn set_transparent(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => socket.set_ip_transparent_v4(true),
        SocketAddr::V6(_) => socket.set_ip_transparent_v6(true),
    }
}

/// Only Linux knows this.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn set_transparent(_: &Socket, _: SocketAddr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
