//! How do exact bytes get to a reflector, and what comes back?
//!
//! Blocking, one thing after the other; every wait has an end, and no answer is read beyond a limit.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};
use socket2::{Domain, Protocol, Socket, Type};

use super::{plan::Planned, route::Route};
use crate::{
    exchange::{
        ResponseHead,
        grammar::{BodyTracker, Framing, HeadLimits, HeadScanner, Scanned, parse_response},
    },
    tls::{self, RootSource},
};

/// For a connection to stand, and for each silence.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a whole answer.
const WHOLE: Duration = Duration::from_secs(60);
/// The longest answer that is read.
const LONGEST: usize = 4 << 20;

const LIMITS: HeadLimits = HeadLimits { bytes: 256 * 1024, fields: 1000 };

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub head: ResponseHead,
    pub body: Bytes,
}

/// A connection, which keeps the first bytes that went out on it.
pub(super) struct Wire {
    stream: Stream,
    read_ahead: Vec<u8>,
    /// In absolute form: a proxy is in between, and the request is in cleartext.
    is_absolute: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, Tap>>),
}

/// Keeps what is sent before anything is received: the ClientHello.
struct Tap {
    stream: TcpStream,
    sent: Vec<u8>,
    is_over: bool,
}

/// How TLS is spoken: as elsewhere here, with HTTP/1.1 only.
pub(super) fn tls(roots: &[RootSource]) -> Result<Arc<ClientConfig>, String> {
    let roots = tls::gather(roots).map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Each hello is to be a first one.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

impl Wire {
    /// Connects by this route.
    pub(super) fn open(route: &Route, config: &Arc<ClientConfig>) -> io::Result<Self> {
        let address = route.address.clone().map_err(io::Error::other)?;
        let mut stream = connect(address, route.interface.as_deref())?;
        if !route.is_tls() {
            return Ok(Self {
                stream: Stream::Plain(stream),
                read_ahead: Vec::new(),
                is_absolute: route.via.is_some(),
            });
        }
        if route.via.is_some() {
            tunnel(&mut stream, route)?;
        }
        let name = ServerName::try_from(route.origin.host.to_string()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, Tap { stream, sent: Vec::new(), is_over: false });
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).map_err(|error| refused(&error))?;
        }
        Ok(Self { stream: Stream::Tls(Box::new(stream)), read_ahead: Vec::new(), is_absolute: false })
    }

    /// The ClientHello that was sent.
    pub(super) fn hello(&self) -> Option<&[u8]> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Tls(stream) => Some(&stream.sock.sent),
        }
    }

    /// Sends a request, and reads its answer.
    pub(super) fn ask(&mut self, planned: &Planned, route: &Route) -> io::Result<Answer> {
        let target = match self.is_absolute {
            true => format!("http://{}{}", planned.host, planned.path),
            false => planned.path.clone(),
        };
        let mut bytes = format!("{} {target} HTTP/1.1\r\n", planned.method).into_bytes();
        for field in &planned.fields {
            bytes.extend([&field.name[..], b": ", &field.value, b"\r\n"].concat());
        }
        bytes.extend([b"\r\n", planned.body].concat());
        // A named host goes to the reflector's own address, which a proxy would not find by that name.
        if self.is_absolute && planned.host != route.origin.authority() {
            return Err(io::Error::other("a proxy goes where Host says: named hosts are tried without one"));
        }
        self.write(&bytes)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let deadline = Instant::now() + WHOLE;
        loop {
            let mut scanner = HeadScanner::default();
            let (start, end) = loop {
                match scanner.advance(&self.read_ahead, LIMITS).map_err(io::Error::other)? {
                    Scanned::Complete { start, end } => break (start, end),
                    Scanned::Partial => self.more(deadline)?,
                }
            };
            let raw: Bytes = self.read_ahead.drain(..end).skip(start).collect::<Vec<u8>>().into();
            let head = parse_response(&raw, scanner.lines()).map_err(io::Error::other)?;
            // What comes before the answer itself (RFC 9110 §15.2).
            if !(100..200).contains(&head.status) {
                let body = self.body(&head, deadline)?;
                return Ok(Answer { head, body });
            }
        }
    }

    fn body(&mut self, head: &ResponseHead, deadline: Instant) -> io::Result<Bytes> {
        if head.fields.values("transfer-encoding").any(|value| value.to_ascii_lowercase().ends_with(b"chunked")) {
            return self.chunked(deadline);
        }
        let length =
            head.fields.first("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let wanted: usize = length.unwrap_or(LONGEST);
        while self.read_ahead.len() < wanted.min(LONGEST) {
            match self.more(deadline) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && length.is_none() => break,
                other => other?,
            }
        }
        let end = wanted.min(self.read_ahead.len());
        Ok(self.read_ahead.drain(..end).collect::<Vec<u8>>().into())
    }

    fn chunked(&mut self, deadline: Instant) -> io::Result<Bytes> {
        let (mut chunks, mut body) = (BodyTracker::new(Framing::Chunked), Vec::new());
        loop {
            let taken = chunks.advance_telling(&self.read_ahead, |content| body.extend_from_slice(content));
            self.read_ahead.drain(..taken.map_err(io::Error::other)?);
            if chunks.is_done() {
                return Ok(body.into());
            }
            if body.len() > LONGEST {
                return Err(io::Error::other("the answer is too long"));
            }
            self.more(deadline)?;
        }
    }

    fn more(&mut self, deadline: Instant) -> io::Result<()> {
        if Instant::now() > deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut buffer = [0; 16 * 1024];
        let count = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut buffer)?,
            Stream::Tls(stream) => stream.read(&mut buffer)?,
        };
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before the answer did"));
        }
        self.read_ahead.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}

/// In words for a person, with what cures it.
fn refused(error: &io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let is_about_certificate = matches!(inner, Some(rustls::Error::InvalidCertificate(_)));
    let cure = if is_about_certificate { "; --ca FILE names what else it may lead to" } else { "" };
    io::Error::new(error.kind(), format!("{}{cure}", tls::describe_io(error)))
}

fn connect(address: SocketAddr, interface: Option<&str>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if let Some(name) = interface {
        let told = |error| io::Error::new(io::Error::kind(&error), format!("cannot use the interface {name}: {error}"));
        socket.bind_device(Some(name.as_bytes())).map_err(told)?;
    }
    socket.connect_timeout(&address.into(), PATIENCE)?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Byte by byte: what follows the proxy's head is the reflector's.
fn tunnel(stream: &mut TcpStream, route: &Route) -> io::Result<()> {
    let host = route.origin.host.to_string();
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let authority = format!("{host}:{}", route.origin.port);
    stream.write_all(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes())?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
        if head.len() > 16 * 1024 {
            return Err(io::Error::other("the proxy's answer to CONNECT is too long"));
        }
    }
    match head.get(9..12) {
        Some(status) if status.starts_with(b"2") => Ok(()),
        Some(status) => Err(io::Error::other(format!("the proxy answers CONNECT with {}", status.escape_ascii()))),
        None => Err(io::Error::other("the proxy does not speak HTTP")),
    }
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_over = true;
        self.stream.read(buffer)
    }
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.stream.write(bytes)?;
        if !self.is_over {
            self.sent.extend_from_slice(bytes.get(..count).unwrap_or_default());
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
