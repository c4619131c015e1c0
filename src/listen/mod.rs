//! How do connections arrive?
//!
//! A [`Listener`] is bound once and shared by all workers. One file a kind: what differs is how the socket is bound, and
//! how it is known where a connection wants to go.

mod explicit;
mod inherited;
mod kind;
mod neighbour_table;
mod neighbours;
mod redirect;
mod socket;
pub mod socks5;
mod tproxy;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use socket2::SockRef;

use crate::exchange::Vantage;
pub use inherited::Inherited;
pub use kind::Kind;
pub use neighbours::Neighbours;
pub use tproxy::set_transparent;

/// What a listener is to be.
#[derive(Clone, Debug)]
pub struct Spec {
    /// How connections arrive.
    pub kind: Kind,
    /// Where to listen; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Where it stands on the path.
    pub vantage: Vantage,
    /// Its name in events and rules.
    pub label: Arc<str>,
}

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    /// How connections arrive.
    pub kind: Kind,
    /// The address that it really has.
    pub address: SocketAddr,
    /// Where it stands on the path.
    pub vantage: Vantage,
    /// Its name in events and rules.
    pub label: Arc<str>,
    socket: TcpListener,
}

impl Listener {
    /// Binds a listener. From now on connections queue, though nobody accepts them yet.
    ///
    /// # Errors
    /// The address is taken, not ours, or not allowed.
    pub fn bind(spec: &Spec) -> io::Result<Self> {
        let socket = match spec.kind {
            Kind::Explicit | Kind::Socks5 => explicit::bind(spec.address)?,
            Kind::Redirect => redirect::bind(spec.address)?,
            Kind::Tproxy { .. } => tproxy::bind(spec.address)?,
        };
        let address = socket.local_addr()?;
        Ok(Self { kind: spec.kind, address, vantage: spec.vantage, label: Arc::clone(&spec.label), socket })
    }

    /// Takes over a socket that listens already.
    ///
    /// # Errors
    /// It is not fit for this kind of listener.
    pub fn adopt(spec: &Spec, socket: TcpListener) -> io::Result<Self> {
        inherited::prepare(&socket, spec.kind)?;
        let address = socket.local_addr()?;
        Ok(Self { kind: spec.kind, address, vantage: spec.vantage, label: Arc::clone(&spec.label), socket })
    }

    /// Where an accepted connection was going before it was led here; nothing where its client says so itself.
    ///
    /// # Errors
    /// The kernel knows of no other destination: the connection was made to us.
    pub fn destination(&self, stream: &SockRef<'_>, local: SocketAddr) -> io::Result<Option<SocketAddr>> {
        let destination = match self.kind {
            Kind::Explicit | Kind::Socks5 => return Ok(None),
            Kind::Redirect => redirect::destination(stream, local)?,
            Kind::Tproxy { .. } => local,
        };
        Ok(Some(canonical(destination)))
    }

    /// One more handle on the same socket, for a worker's own event loop.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn handle(&self) -> io::Result<TcpListener> {
        self.socket.try_clone()
    }
}

/// The client's address as it is: an IPv4 client of a dual-stack socket is an IPv4 client.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
