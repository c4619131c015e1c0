//! Do the bytes of a side travel on its socket as they are?

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::{client, server};

use super::rewound::Rewound;

/// A side that may be no more than a socket.
pub trait Bare {
    /// The socket, if nothing is between it and us and nothing that it brought is held on the way.
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

impl Bare for TcpStream {
    fn socket(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

impl<IO: Bare> Bare for Rewound<IO> {
    fn socket(&self) -> Option<&TcpStream> {
        self.rest().and_then(IO::socket)
    }
}

impl<IO> Bare for Box<client::TlsStream<IO>> {}
impl<IO> Bare for Box<server::TlsStream<IO>> {}
impl Bare for TokioIo<Upgraded> {}
#[cfg(test)]
impl Bare for tokio::io::DuplexStream {}
