//! From which address do we speak to an origin, and how do we know ourselves again?
//!
//! A firewall that leads too much to us leads our own connections as well: each would make another, without end. So
//! while there are listeners that connections are led to, the address of every connection that we make is remembered for
//! a moment, from before its first packet; what arrives from such an address is ours.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

use crate::listen;

/// A connection that comes back to us does so at once, or after waiting to be accepted.
const REMEMBERED: Duration = Duration::from_secs(15);
/// More than so many are looked through for old ones first.
const CROWD: usize = 1024;

/// The connections that we have just made. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Outgoing(Arc<Mutex<HashMap<SocketAddr, Instant>>>);

impl Outgoing {
    /// Whether this is the other end of a connection that we made ourselves.
    pub fn is_ours(&self, peer: SocketAddr) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&peer).is_some_and(|at| at.elapsed() < REMEMBERED)
    }

    /// Begins to connect. The lock is held until the address is known, so that nobody can meet the connection before.
    fn begin(&self, socket: &Socket, to: SocketAddr) -> io::Result<()> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connect(socket, to)?;
        if made.len() >= CROWD {
            made.retain(|_, at| at.elapsed() < REMEMBERED);
        }
        let own = socket.local_addr()?.as_socket();
        made.extend(own.map(|own| (listen::canonical(own), Instant::now())));
        Ok(())
    }
}

/// Connects to an address: from `source`, where that is given, which need not be this machine's, and remembered by
/// `outgoing`, where somebody wants to know.
pub async fn open(to: SocketAddr, source: Option<IpAddr>, outgoing: Option<&Outgoing>) -> io::Result<TcpStream> {
    if source.is_none() && outgoing.is_none() {
        return TcpStream::connect(to).await;
    }
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if let Some(source) = source.map(|source| SocketAddr::new(source, 0)) {
        listen::set_transparent(&socket, source)?;
        socket.bind(&source.into())?;
    }
    match outgoing {
        Some(outgoing) => outgoing.begin(&socket, to)?,
        None => connect(&socket, to)?,
    }
    let stream = TcpStream::from_std(socket.into())?;
    stream.writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}

/// The beginning of a connection; its end is waited for elsewhere.
fn connect(socket: &Socket, to: SocketAddr) -> io::Result<()> {
    /// `EINPROGRESS` has no kind of its own.
    const IN_PROGRESS: i32 = 115;
    match socket.connect(&to.into()) {
        Err(error) if error.raw_os_error() == Some(IN_PROGRESS) || error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        connected => connected,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_we_made_is_known_when_it_arrives_and_others_are_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (outgoing, to) = (Outgoing::default(), listener.local_addr().unwrap());
        let _ours = open(to, None, Some(&outgoing)).await.unwrap();
        assert!(outgoing.is_ours(listener.accept().await.unwrap().1));
        let _other = open(to, None, None).await.unwrap();
        assert!(!outgoing.is_ours(listener.accept().await.unwrap().1));
    }

    #[tokio::test]
    async fn a_refusal_is_an_error() {
        let to = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };
        let refused = open(to, None, Some(&Outgoing::default())).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }
}
