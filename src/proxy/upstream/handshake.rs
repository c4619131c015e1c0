//! What is agreed with an origin before the first request?

use std::{
    future::poll_fn,
    io,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use arc_swap::ArcSwap;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ProtocolVersion, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Direct, Hyper, Sender, Target, direct::Stream, first_frame, sender::Made};
use crate::{
    exchange::{Host, grammar::HeadLimits},
    proxy::{
        body::Body,
        fault::{Fault, Stage},
        frames::Judged,
        line::Line,
        moment::now,
        patient::Patient,
        verbatim::Verbatim,
    },
    tls::{self, Opening, Trust, Visitor},
};

/// How long a new HTTP/2 connection waits for the origin's settings before it is used without knowing them.
const SETTINGS_WAIT: Duration = Duration::from_secs(1);
/// How long an origin that asked for our certificate has to say that it cannot do without.
const VERDICT_WAIT: Duration = Duration::from_secs(1);
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
}

impl Connected {
    /// Whether the origin speaks the extended CONNECT of RFC 8441, for WebSocket over HTTP/2. Waits for the origin's
    /// settings, which are the first thing that it says (RFC 9113 §3.4), but not for long.
    pub async fn speaks_extended_connect(&mut self) -> bool {
        let Some(settings) = self.sender.settings() else { return false };
        let said = timeout(SETTINGS_WAIT, settings.wait_for(Option::is_some));
        matches!(said.await, Ok(Ok(said)) if *said == Some(true))
    }
}

/// Limits on the way to the first request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub body: Duration,
    pub header_bytes: usize,
    pub headers: usize,
    /// The worker that connections run on.
    pub worker: usize,
}

/// A stream on which the origin has proved its name.
#[derive(Debug)]
pub struct Secured {
    /// The stream; boxed, because it is large and handed on often.
    pub stream: Box<TlsStream<Line>>,
    /// What was agreed to be spoken.
    pub protocol: Protocol,
    /// How it was made.
    pub made: Made,
}

/// How TLS comes to stand with those whom we call.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// Whom we believe.
    pub trust: Arc<ArcSwap<Trust>>,
    /// For the handshake.
    pub limit: Duration,
    /// What they are called in faults.
    pub whose: &'static str,
}

impl Agreement {
    /// The TLS handshake, with the certificate verified for the target's name.
    ///
    /// # Errors
    /// A [`Fault`] that says in words why the other side is not to be trusted.
    pub async fn secure(
        &self,
        line: Line,
        target: &Target,
        client: IpAddr,
        protocols: &[Protocol],
    ) -> Result<Secured, Fault> {
        let alpn: Vec<&'static [u8]> = protocols.iter().map(|protocol| protocol.alpn()).collect();
        let name = server_name(&target.name)?;
        let passage = line.passage();
        let opening = self.trust.load().open(&alpn, Visitor { client, port: target.port }, &name, now());
        let handshake = TlsConnector::from(Arc::clone(&opening.config)).connect(name.clone(), line);
        let mut stream = match timeout(self.limit, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.untrusted(&opening, &error)),
            Err(_elapsed) => {
                let what = format!("{} did not finish the TLS handshake in time", self.whose);
                return Err(Fault::timeout(Stage::Handshake, what));
            }
        };
        let judged = opening.judge(stream.get_ref().1, &name, now());
        judged.map_err(|error| self.untrusted(&opening, &io::Error::other(error)))?;
        let is_undecided = stream.get_ref().1.protocol_version() == Some(ProtocolVersion::TLSv1_3);
        if opening.was_asked() && is_undecided {
            hear_out(&mut stream).await.map_err(|error| self.untrusted(&opening, &error))?;
        }
        let agreed = stream.get_ref().1.alpn_protocol();
        let protocol = if agreed == Some(Protocol::Http2.alpn()) { Protocol::Http2 } else { Protocol::Http1 };
        let made = Made {
            passage,
            client: Some(client),
            offered_http2: protocols.contains(&Protocol::Http2),
            ..Made::default()
        };
        Ok(Secured { stream: Box::new(stream), protocol, made })
    }

    fn untrusted(&self, opening: &Opening, error: &io::Error) -> Fault {
        if opening.was_asked() && tls::is_dismissal(error) {
            let what = format!(
                "{} demands a certificate from its clients, and clir has none: `intercept.bypass` lets the host pass",
                self.whose
            );
            return Fault::origin(Stage::Handshake, what);
        }
        let words = tls::describe_io(error);
        Fault::origin(Stage::Handshake, format!("no trustworthy TLS connection to {}: {words}", self.whose))
    }
}

/// Waits for the first word of an origin that has asked for our certificate and got none. In TLS 1.3 the handshake is done
/// for us before the origin has judged us (RFC 8446 §4.4.2.4): what comes next is its refusal, or anything else. Nothing is
/// taken out of the stream.
async fn hear_out(stream: &mut TlsStream<Line>) -> io::Result<()> {
    let (line, connection) = stream.get_mut();
    if !connection.wants_read() {
        return Ok(());
    }
    // Cancelled, nothing has been read.
    let heard = poll_fn(|cx| match connection.read_tls(&mut Ready { line, cx }) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        read => Poll::Ready(read),
    });
    match timeout(VERDICT_WAIT, heard).await {
        Err(_elapsed) => return Ok(()),
        Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(read) => _ = read?,
    }
    connection.process_new_packets().map(|_| ()).map_err(io::Error::other)
}

/// What has arrived, without waiting.
struct Ready<'a, 'b> {
    line: &'a mut Line,
    cx: &'a mut Context<'b>,
}

impl io::Read for Ready<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.line).poll_read(self.cx, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

fn server_name(host: &Host) -> Result<ServerName<'static>, Fault> {
    match host {
        Host::Ip(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.trim_end_matches('.').to_string())
            .map_err(|error| Fault::origin(Stage::Handshake, "no certificate can carry this name").because(error)),
    }
}

/// HTTP in the version that was agreed.
pub async fn speak<IO>(stream: IO, protocol: Protocol, made: Made, limits: &Limits) -> Result<Connected, Fault>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let stream = Patient::new(stream, limits.body);
    let made = Made { home: limits.worker, ..made };
    match protocol {
        Protocol::Http1 => {
            let head = HeadLimits { bytes: limits.header_bytes, fields: limits.headers };
            Ok(Connected { sender: Sender::direct(Direct::new(stream, head), made) })
        }
        Protocol::Http2 => http2(stream, made, limits).await,
    }
}

/// Gives a connection of HTTP/1 to hyper.
///
/// # Errors
/// A [`Fault`] when the connection broke.
pub async fn by_hyper(stream: Box<dyn Stream>, limits: HeadLimits) -> Result<Hyper, Fault> {
    let (stream, heads) = Verbatim::new(stream, limits);
    let (sender, connection) = http1::Builder::new()
        .max_header_size(limits.bytes)
        .max_buf_size(limits.bytes.max(MIN_BUFFER))
        .handshake::<_, Body>(TokioIo::new(stream))
        .await
        .map_err(|error| Fault::origin(Stage::Handshake, "the connection to the origin broke").because(error))?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!("connection to an origin: {error}");
        }
    });
    Ok(Hyper::Http1(sender, heads))
}

async fn http2<IO>(stream: IO, made: Made, limits: &Limits) -> Result<Connected, Fault>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (announce, announced) = watch::channel(None);
    let stream = Judged::new(first_frame::watch(stream, announce), limits.header_bytes);
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
    Ok(Connected { sender: Sender::http2(sender, made, announced) })
}
