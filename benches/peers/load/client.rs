//! How does one client go through a proxy?
//!
//! Like a phone: with the head of a browser, into which a carrier has put a number. What comes over TLS is verified each
//! time.

use std::{
    cell::Cell,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::aws_lc_rs::{default_provider, kx_group},
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::reply::{self, Reply};

/// The number that the carrier puts in; it is reserved for fiction.
pub const NUMBER: &str = "447700900123";

/// What stands in the head beside it, and must stand in the log.
pub const AGENT: &str = "Mozilla/5.0 (Linux; Android 14; Phone) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 \
                         Mobile Safari/537.36";

/// The domain that everything is asked of.
pub const DOMAIN: &str = "bench.example";

/// Whoever waits longer is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// A way in.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    pub address: SocketAddr,
    /// Whether it takes requests for a proxy (CONNECT, whole URLs), or leads to one origin without a word.
    pub is_explicit: bool,
}

/// What is asked, and how.
#[derive(Clone)]
pub struct Plan {
    pub door: Door,
    /// Where the origin listens.
    pub origin: SocketAddr,
    /// TLS, inside a tunnel if need be; cleartext where there is none.
    pub tls: Option<TlsConnector>,
    pub path: &'static str,
    /// A field of so many bytes beside the usual ones.
    pub padding: usize,
    /// Whether every request is for an address of its own.
    pub spread: bool,
}

/// An open connection, through the proxy.
pub struct Connection {
    stream: Box<dyn Stream>,
    words: BytesMut,
    request: Vec<u8>,
    leaf: Option<Vec<u8>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl Plan {
    /// Connects, and says nothing yet within. `name` is asked for in TLS; `number` is that of the connection.
    pub async fn open(&self, name: &str, number: u64) -> Result<Connection, String> {
        tokio::time::timeout(PATIENCE, self.open_now(name, number)).await.map_err(|_| "no connection in time")?
    }

    async fn open_now(&self, name: &str, number: u64) -> Result<Connection, String> {
        let stream = TcpStream::connect(self.door.address).await.map_err(|error| format!("connect: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let request = self.request(name, number).into_bytes();
        let (stream, leaf): (Box<dyn Stream>, _) = match &self.tls {
            None => (Box::new(stream), None),
            Some(tls) => {
                let stream = self.secure(tls, stream, name).await?;
                let chain = stream.get_ref().1.peer_certificates();
                let leaf = chain.and_then(|chain| chain.first()).map(|leaf| leaf.to_vec());
                (Box::new(stream), leaf)
            }
        };
        Ok(Connection { stream, words: BytesMut::new(), request, leaf })
    }

    async fn secure(
        &self,
        tls: &TlsConnector,
        mut stream: TcpStream,
        name: &str,
    ) -> Result<TlsStream<TcpStream>, String> {
        if self.door.is_explicit {
            let connect = format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\nUser-Agent: {AGENT}\r\n\r\n", self.origin);
            stream.write_all(connect.as_bytes()).await.map_err(|error| format!("CONNECT: {error}"))?;
            let status = reply::read_head(&mut stream).await?;
            if status != 200 {
                return Err(format!("CONNECT was answered with {status}"));
            }
        }
        let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
        tls.connect(name, stream).await.map_err(|error| format!("TLS: {error}"))
    }

    fn request(&self, name: &str, number: u64) -> String {
        let origin = if self.spread { spread(self.origin, number) } else { self.origin };
        let (before, host) = match (&self.tls, self.door.is_explicit) {
            (None, true) => (format!("http://{origin}"), origin.to_string()),
            (None, false) => (String::new(), origin.to_string()),
            (Some(_), _) => (String::new(), format!("{name}:{}", origin.port())),
        };
        let padding = "ordinary words, ".repeat(self.padding / 16);
        let padding = if padding.is_empty() { padding } else { format!("X-Padding: {}\r\n", padding.trim_end()) };
        let path = self.path;
        format!(
            "GET {before}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\n\
             Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
             Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: identity\r\n\
             Referer: http://www.{DOMAIN}/begin\r\nDNT: 1\r\n\
             Cookie: session=0f9e8d7c6b5a49382716f5e4d3c2b1a0; theme=dark; consent=1\r\n\
             {padding}X-Up-Calling-Line-Id: {NUMBER}\r\n\r\n"
        )
    }
}

/// Another address of this machine for each number, up to sixteen million.
fn spread(origin: SocketAddr, number: u64) -> SocketAddr {
    let offset = u32::try_from(number % 0x00fe_0000).unwrap_or_default();
    SocketAddr::from((Ipv4Addr::from_bits(0x7f01_0000 + offset), origin.port()))
}

impl Connection {
    /// The certificate that was shown.
    pub fn leaf(&self) -> Option<&[u8]> {
        self.leaf.as_deref()
    }

    /// Asks once more, and waits for the whole answer.
    pub async fn ask(&mut self, received: &Cell<u64>) -> Result<Reply, String> {
        let asking = async {
            self.stream.write_all(&self.request).await.map_err(|error| format!("write: {error}"))?;
            self.stream.flush().await.map_err(|error| format!("write: {error}"))?;
            reply::read(&mut self.stream, &mut self.words, received).await
        };
        let reply = tokio::time::timeout(PATIENCE, asking).await.map_err(|_| "no answer in time")??;
        if reply.status == 200 { Ok(reply) } else { Err(format!("answered with {}", reply.status)) }
    }

    /// The same, and how long it took.
    pub async fn timed(&mut self, received: &Cell<u64>) -> Result<(Reply, Duration), String> {
        let begun = Instant::now();
        Ok((self.ask(received).await?, begun.elapsed()))
    }
}

/// TLS as every peer does it, trusting nobody but the authority in this file.
pub fn tls(roots: &Path, resumes: bool) -> Result<TlsConnector, String> {
    let mut provider = default_provider();
    provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1];
    let mut store = RootCertStore::empty();
    let broken = |error: &dyn std::fmt::Display| format!("{}: {error}", roots.display());
    for certificate in CertificateDer::pem_file_iter(roots).map_err(|error| broken(&error))? {
        store.add(certificate.map_err(|error| broken(&error))?).map_err(|error| broken(&error))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
    let mut config = builder.map_err(|error| error.to_string())?.with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if !resumes {
        config.resumption = Resumption::disabled();
    }
    Ok(TlsConnector::from(Arc::new(config)))
}
