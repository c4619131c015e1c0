//! What is agreed with an origin before the first request?

use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::oneshot,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Sender, Target, first_frame};
use crate::{
    exchange::{Host, grammar::HeadLimits},
    proxy::{
        body::Body,
        fault::{Fault, Stage},
        patient::Patient,
        verbatim::Verbatim,
    },
    tls::{self, Trust},
};

/// How long a new HTTP/2 connection waits for the origin's settings before it is used without knowing them.
const SETTINGS_WAIT: Duration = Duration::from_secs(1);
/// Flow-control windows towards origins: large enough for a long fat path, small enough to bound memory.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// hyper's least buffer.
const MIN_BUFFER: usize = 8 * 1024;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1
    Http1,
    /// HTTP/2
    Http2,
}

impl Protocol {
    /// The name in ALPN (RFC 7301).
    pub fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

/// A connection, ready for requests.
#[derive(Debug)]
pub struct Connected {
    /// What requests are sent on.
    pub sender: Sender,
    settings: Option<oneshot::Receiver<bool>>,
}

impl Connected {
    /// Whether the origin speaks the extended CONNECT of RFC 8441, for WebSocket over HTTP/2. Waits for the origin's
    /// settings, which are the first thing that it says (RFC 9113 §3.4), but not for long.
    pub async fn speaks_extended_connect(&mut self) -> bool {
        let Some(settings) = self.settings.take() else { return false };
        matches!(timeout(SETTINGS_WAIT, settings).await, Ok(Ok(true)))
    }
}

/// Limits on the way to the first request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub handshake: Duration,
    pub body: Duration,
    pub header_bytes: usize,
    pub headers: usize,
}

/// A stream on which the origin has proved its name.
#[derive(Debug)]
pub struct Secured {
    /// The stream; boxed, because it is large and handed on often.
    pub stream: Box<TlsStream<TcpStream>>,
    /// What was agreed to be spoken.
    pub protocol: Protocol,
}

/// The TLS handshake, with the certificate verified for the target's name.
pub async fn secure(
    stream: TcpStream,
    target: &Target,
    protocols: &[Protocol],
    trust: &Trust,
    limits: &Limits,
) -> Result<Secured, Fault> {
    let alpn: Vec<&'static [u8]> = protocols.iter().map(|protocol| protocol.alpn()).collect();
    let connector = TlsConnector::from(trust.client_config(&alpn));
    let handshake = connector.connect(server_name(&target.name)?, stream);
    let stream = match timeout(limits.handshake, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let words = tls::describe_io(&error);
            return Err(Fault::origin(
                Stage::Handshake,
                format!("no trustworthy TLS connection to the origin: {words}"),
            ));
        }
        Err(_elapsed) => {
            return Err(Fault::timeout(Stage::Handshake, "the origin did not finish the TLS handshake in time"));
        }
    };
    let agreed = stream.get_ref().1.alpn_protocol();
    let protocol = if agreed == Some(Protocol::Http2.alpn()) { Protocol::Http2 } else { Protocol::Http1 };
    Ok(Secured { stream: Box::new(stream), protocol })
}

fn server_name(host: &Host) -> Result<ServerName<'static>, Fault> {
    match host {
        Host::Ip(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.trim_end_matches('.').to_string())
            .map_err(|error| Fault::origin(Stage::Handshake, "no certificate can carry this name").because(error)),
    }
}

/// HTTP in the version that was agreed.
pub async fn speak<IO>(stream: IO, protocol: Protocol, limits: &Limits) -> Result<Connected, Fault>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let stream = Patient::new(stream, limits.body);
    match protocol {
        Protocol::Http1 => http1(stream, limits).await,
        Protocol::Http2 => http2(stream, limits).await,
    }
}

async fn http1<IO>(stream: IO, limits: &Limits) -> Result<Connected, Fault>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let head = HeadLimits { bytes: limits.header_bytes, fields: limits.headers };
    let (stream, heads) = Verbatim::new(stream, head);
    let (sender, connection) = http1::Builder::new()
        .max_headers(limits.headers)
        .max_header_size(limits.header_bytes)
        .max_buf_size(limits.header_bytes.max(MIN_BUFFER))
        .handshake::<_, Body>(TokioIo::new(stream))
        .await
        .map_err(|error| Fault::origin(Stage::Handshake, "the connection to the origin broke").because(error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!("connection to an origin: {error}");
        }
    });
    Ok(Connected { sender: Sender::Http1(sender, heads), settings: None })
}

async fn http2<IO>(stream: IO, limits: &Limits) -> Result<Connected, Fault>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (announce, announced) = oneshot::channel();
    let stream = first_frame::watch(stream, announce);
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .handshake::<_, Body>(TokioIo::new(stream))
        .await
        .map_err(|error| Fault::origin(Stage::Handshake, "the connection to the origin broke").because(error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("connection to an origin: {error}");
        }
    });
    Ok(Connected { sender: Sender::Http2(sender), settings: Some(announced) })
}
