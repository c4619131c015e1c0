//! How does a client come in that speaks TLS to the proxy itself?
//!
//! By a certificate of the listener's own, or by one that our authority makes for the name that the client asks for. What
//! is agreed to be spoken inside is HTTP/1.1 or HTTP/2.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{error::Elapsed, timeout},
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{line::Line, moment::now, upstream::Protocol};
use crate::{
    exchange::Host,
    tls::{self, LeafCache, Shown},
};

/// What is agreed on inside, best first.
pub const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// The type of a TLS record that a handshake begins with (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;
/// What somebody is told who speaks HTTP without TLS.
const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 77\r\n\
    connection: close\r\n\r\nThis listener of clir speaks TLS: set it as an https:// proxy, or use another";

/// What a listener shows that speaks TLS.
#[derive(Clone, Debug)]
pub enum Door {
    /// This certificate.
    Shown(Shown),
    /// One that our authority makes for the name that the client asks for, if it is one of these; with none of them, for
    /// any. Who asks for none sees the first of them, or the address that it has connected to.
    Own(Vec<Host>),
}

impl Door {
    /// The handshake. Nothing comes of it where the client does not speak TLS.
    ///
    /// # Errors
    /// The handshake failed, or was not done in time.
    pub async fn enter(
        &self,
        stream: TcpStream,
        leaves: &LeafCache,
        limit: Duration,
    ) -> Result<Option<(Line, Protocol)>, io::Error> {
        let entered = timeout(limit, Box::pin(self.shake_hands(stream, leaves))).await;
        entered.unwrap_or_else(|_: Elapsed| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn shake_hands(&self, stream: TcpStream, leaves: &LeafCache) -> io::Result<Option<(Line, Protocol)>> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Ok(None);
        }
        if first != [HANDSHAKE] {
            turn_away(stream).await?;
            return Ok(None);
        }
        let address = stream.local_addr()?.ip().to_canonical();
        let (stream, protocol) = self.secure(Line::from(stream), address, leaves).await?;
        Ok(Some((Line::tls(stream, <_>::default()), protocol)))
    }

    /// The handshake on any stream, as at this address of ours. It has no limit of its own.
    ///
    /// # Errors
    /// The handshake failed.
    pub async fn secure<IO>(&self, io: IO, address: IpAddr, leaves: &LeafCache) -> io::Result<(TlsStream<IO>, Protocol)>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), io).await?;
        let asked = start.client_hello().server_name().and_then(|name| Host::parse(name.as_bytes()).ok());
        let config = self.config(asked, Host::Ip(address), leaves)?;
        let stream = start.into_stream(config).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(Protocol::Http2.alpn());
        Ok((stream, if is_http2 { Protocol::Http2 } else { Protocol::Http1 }))
    }

    fn config(&self, asked: Option<Host>, address: Host, leaves: &LeafCache) -> io::Result<Arc<ServerConfig>> {
        match self {
            Self::Shown(shown) => Ok(shown.server_config()),
            Self::Own(names) => {
                let host = choose(names, asked, address);
                leaves.server_config(&host, &ALPN, now()).map_err(io::Error::other)
            }
        }
    }
}

fn choose(names: &[Host], asked: Option<Host>, address: Host) -> Host {
    let is_ours = |host: &Host| names.is_empty() || names.contains(host);
    let known = asked.filter(is_ours).or_else(|| Some(&address).filter(|address| is_ours(address)).cloned());
    known.or_else(|| names.first().cloned()).unwrap_or(address)
}

/// Says why, without reading a byte.
async fn turn_away(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(NOT_TLS).await?;
    stream.shutdown().await
}

/// A handshake that failed, in words.
pub fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => "the TLS handshake was not finished in time".into(),
        _ => tls::describe_client(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_as_long_as_it_claims() {
        let text = std::str::from_utf8(NOT_TLS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }

    #[test]
    fn who_asks_for_a_name_of_ours_sees_it_and_others_see_the_first() {
        let host = |text: &str| Host::parse(text.as_bytes()).unwrap();
        let names = [host("a.example"), host("b.example"), host("192.0.2.1")];
        let seen = |asked: &str, at: &str| choose(&names, Some(host(asked)), host(at)).to_string();
        assert_eq!(seen("b.example", "192.0.2.1"), "b.example");
        assert_eq!(seen("c.example", "192.0.2.1"), "192.0.2.1");
        assert_eq!(seen("c.example", "192.0.2.9"), "a.example");
        assert_eq!(choose(&names, None, host("192.0.2.1")), host("192.0.2.1"));
        assert_eq!(choose(&[], Some(host("c.example")), host("192.0.2.1")), host("c.example"));
        assert_eq!(choose(&[], None, host("192.0.2.1")), host("192.0.2.1"));
    }
}
