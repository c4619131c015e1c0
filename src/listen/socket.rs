//! How is a listening socket made?

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Binds a non-blocking socket. `[::]` takes both families; on a machine without IPv6 it becomes `0.0.0.0`. `prepare` is
/// asked before the socket is bound.
pub fn bind(address: SocketAddr, prepare: fn(&Socket, SocketAddr) -> io::Result<()>) -> io::Result<TcpListener> {
    match bind_one(address, prepare) {
        Err(error) if address.is_ipv6() && address.ip().is_unspecified() && is_without_ipv6(&error) => {
            tracing::warn!("this machine has no IPv6; listening on IPv4 only");
            bind_one(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())), prepare)
        }
        bound => bound,
    }
}

fn bind_one(address: SocketAddr, prepare: fn(&Socket, SocketAddr) -> io::Result<()>) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for connections of the last run to be forgotten. A port that somebody listens on is
    // still refused.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    prepare(&socket, address)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::AddrNotAvailable)
        // EAFNOSUPPORT has no kind of its own.
        || error.raw_os_error() == Some(97)
}
