//! Where does a connection go whose client only names a host?

use std::net::SocketAddr;

/// The destination of a connection that was led here, or that asked for an address: what its client says inside chooses
/// no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Led {
    /// The address that the connection was made to.
    pub destination: SocketAddr,
    /// Whether the host that the client names is known to have that address: by its certificate, or by look-up.
    pub is_proven: bool,
}
