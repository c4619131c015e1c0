//! How does a reflector listen, and how does it end?
//!
//! One task a connection, bounded in number, in bytes and in time. What is answered is the room's judgement.

mod accept;
mod body;
mod conversation;
mod shake;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc, watch},
    time::{interval, timeout},
};

use super::{Rates, Site};
use crate::{
    exchange::Vantage,
    listen::{Kind, Listener, Spec},
    proxy::Admission,
    tls::Showing,
};

/// How long what is under way may take to end.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often visits are looked through for those whose time is over.
const TURN: Duration = Duration::from_secs(10);
/// So many large requests are answered at a time: what is shown of one takes several times its size.
const LARGE: usize = 32;

/// How much a reflector takes upon itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub per_address: usize,
    /// Requests a second from one address.
    pub rate: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 512, per_address: 64, rate: 50 }
    }
}

/// A socket that listens, and what is spoken on it.
#[derive(Debug)]
pub struct Door {
    listener: Listener,
    /// Whether TLS is.
    pub is_tls: bool,
}

impl Door {
    /// Binds a socket; `[::]` takes both families.
    ///
    /// # Errors
    /// The address is taken, not ours, or not allowed.
    pub fn bind(address: SocketAddr, is_tls: bool) -> io::Result<Self> {
        let spec = Spec { kind: Kind::Explicit, address, vantage: Vantage::default(), label: "reflect".into() };
        Ok(Self { listener: Listener::bind(&spec)?, is_tls })
    }

    /// The address that it really has.
    pub fn address(&self) -> SocketAddr {
        self.listener.address
    }
}

/// What all connections share.
struct Shared {
    site: Site,
    rates: Mutex<Rates>,
    /// Places for large requests that are being answered.
    large: Arc<Semaphore>,
    showing: Option<Arc<Showing>>,
    ways: shake::Ways,
    ending: watch::Receiver<bool>,
    began: Instant,
}

/// Serves until `end` completes; then what is under way is finished. `showing` may be given another certificate meanwhile.
///
/// # Errors
/// A socket cannot be listened on any more.
pub async fn serve(
    site: Site,
    limits: Limits,
    doors: Vec<Door>,
    showing: Option<Arc<Showing>>,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let (tell, ending) = watch::channel(false);
    let (rates, large) = (Rates::new(limits.rate).into(), Arc::new(Semaphore::new(LARGE)));
    let shared =
        Arc::new(Shared { site, rates, large, showing, ways: shake::Ways::default(), ending, began: Instant::now() });
    let admission = Admission::new(limits.connections, limits.per_address);
    // Every connection holds a sender: when the last is dropped, all have ended.
    let (guard, mut ended) = mpsc::channel::<()>(1);
    for door in doors {
        let socket = TcpListener::from_std(door.listener.handle()?)?;
        tokio::spawn(accept::accept(Arc::clone(&shared), socket, door.is_tls, admission.clone(), guard.clone()));
    }
    drop(guard);
    let mut end = std::pin::pin!(end);
    let mut turns = interval(TURN);
    loop {
        tokio::select! {
            // Told to end.
            () = &mut end => break,
            // Time to forget.
            _ = turns.tick() => shared.site.forget(Timestamp::now()),
        }
    }
    // The receivers are in `shared`.
    let _ = tell.send(true);
    if timeout(FAREWELL, ended.recv()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    Ok(())
}
