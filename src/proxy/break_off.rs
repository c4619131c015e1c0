//! How does one side of a tunnel learn that the other broke off?
//!
//! As it would have without us: by a reset. An orderly end would make a part look like the whole, for what is unread in a
//! tunnel may be of a protocol whose end is the end of the connection.

use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_rustls::{client, server};

use super::rewound::Rewound;

/// A side that can be told.
pub trait BreakOff {
    /// Sees to it that the connection ends with a reset once it is dropped.
    fn break_off(&self);
}

impl BreakOff for TcpStream {
    fn break_off(&self) {
        if let Err(error) = SockRef::from(self).set_linger(Some(Duration::ZERO)) {
            tracing::debug!("a connection cannot be reset: {error}");
        }
    }
}

impl<IO: BreakOff> BreakOff for Rewound<IO> {
    fn break_off(&self) {
        self.get_ref().break_off();
    }
}

impl<IO: BreakOff> BreakOff for Box<client::TlsStream<IO>> {
    fn break_off(&self) {
        self.get_ref().0.break_off();
    }
}

impl<IO: BreakOff> BreakOff for Box<server::TlsStream<IO>> {
    fn break_off(&self) {
        self.get_ref().0.break_off();
    }
}
