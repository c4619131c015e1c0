//! How do connections arrive?
//!
//! A [`Listener`] is bound once and shared by all workers. One file a kind; today there is one, the explicit proxy that a
//! phone's settings point at.

mod explicit;
mod neighbours;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use crate::exchange::Vantage;
pub use neighbours::Neighbours;

/// What a listener is to be.
#[derive(Clone, Debug)]
pub struct Spec {
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
        let socket = explicit::bind(spec.address)?;
        let address = socket.local_addr()?;
        Ok(Self { address, vantage: spec.vantage, label: Arc::clone(&spec.label), socket })
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
