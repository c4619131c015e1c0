//! With which sockets were we started?
//!
//! A service manager may hold the sockets (`LISTEN_FDS`, sd_listen_fds(3)): it keeps them while clir restarts, so that
//! whoever connects meanwhile waits and is served. They need no permission of ours.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use listenfd::ListenFd;
use socket2::SockRef;

use super::Kind;

/// Sockets that were handed over, and that nobody has taken yet.
#[derive(Debug, Default)]
pub struct Inherited {
    sockets: Vec<(SocketAddr, TcpListener)>,
}

impl Inherited {
    /// Takes those of this process; the second time there are none. To be called before there are threads.
    ///
    /// # Errors
    /// One of them does not listen for TCP connections.
    pub fn of_process() -> io::Result<Self> {
        let mut handed = ListenFd::from_env();
        let mut sockets = Vec::new();
        for at in 0..handed.len() {
            let told = |error| io::Error::other(format!("socket {} of those handed over: {error}", at + 1));
            if let Some(socket) = handed.take_tcp_listener(at).map_err(told)? {
                let address = listening(&socket).map_err(told)?;
                sockets.push((address, socket));
            }
        }
        Ok(Self { sockets })
    }

    /// The socket on this address.
    pub fn take(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let at = self.sockets.iter().position(|(other, _)| *other == address)?;
        Some(self.sockets.swap_remove(at).1)
    }

    /// The addresses of those that are left.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|(address, _)| *address).collect()
    }
}

fn listening(socket: &TcpListener) -> io::Result<SocketAddr> {
    let address = socket.local_addr()?;
    match is_listening(socket)? {
        true => Ok(address),
        false => Err(io::Error::other(format!("{address} does not listen"))),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_listening(socket: &TcpListener) -> io::Result<bool> {
    SockRef::from(socket).is_listener()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_listening(_: &TcpListener) -> io::Result<bool> {
    Ok(true)
}

/// Makes a socket that was handed over fit for this kind of listener.
pub fn prepare(socket: &TcpListener, kind: Kind) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    match kind {
        Kind::Tproxy { .. } if !is_transparent(socket)? => {
            let what = "the socket that was handed over is not transparent: set Transparent=yes in its .socket unit";
            Err(io::Error::other(what))
        }
        _ => Ok(()),
    }
}

/// Of a socket of both families, the one option is for both.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_transparent(socket: &TcpListener) -> io::Result<bool> {
    let options = SockRef::from(socket);
    match socket.local_addr()? {
        SocketAddr::V4(_) => options.ip_transparent_v4(),
        SocketAddr::V6(_) => options.ip_transparent_v6(),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_transparent(_: &TcpListener) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_taken_once_and_by_its_address() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listening(&socket).unwrap();
        let mut inherited = Inherited { sockets: vec![(address, socket)] };
        assert!(inherited.take(SocketAddr::new("::".parse().unwrap(), address.port())).is_none());
        assert_eq!(inherited.addresses(), [address]);
        assert!(inherited.take(address).is_some());
        assert!(inherited.take(address).is_none() && inherited.addresses().is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn tproxy_takes_no_ordinary_socket() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = TcpListener::bind(address) else { continue };
            prepare(&socket, Kind::Redirect).unwrap();
            let error = prepare(&socket, Kind::Tproxy { keep_source: false }).unwrap_err();
            assert!(error.to_string().contains("Transparent=yes"), "{error}");
        }
    }
}
