//! Which bytes pass over one connection?
//!
//! Both ends of a dialogue are a [`Wire`]: it sends what it is told and reads heads and bodies by their framing,
//! without a library that could tidy anything up on the way.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use super::PATIENCE;

/// One side of a connection, with what was read ahead.
pub struct Wire<S> {
    pub stream: S,
    pending: Vec<u8>,
}

impl Wire<TcpStream> {
    /// Opens a connection.
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap_or_else(|error| panic!("cannot connect to {address}: {error}")))
    }

    /// Takes a connection over, with a limit to how long it may say nothing.
    pub fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self::new(stream)
    }

    /// Says that nothing more will be sent; reading goes on.
    pub fn half_close(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Ends the connection with a reset instead of an orderly end.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    }

    /// Opens a tunnel: sends `CONNECT` and expects a bare 200.
    pub fn tunnel(proxy: SocketAddr, authority: &str) -> Self {
        let mut wire = Self::connect(proxy);
        wire.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        let head = wire.head();
        assert_eq!(head.status(), 200, "CONNECT was answered with {head:?}");
        assert!(
            !head.has("content-length") && !head.has("transfer-encoding"),
            "framing in an answer to CONNECT: {head:?}"
        );
        wire
    }
}

impl<S: Read + Write> Wire<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, pending: Vec::new() }
    }

    /// The stream itself. What was read ahead must have been used up.
    pub fn into_inner(self) -> S {
        assert!(self.pending.is_empty(), "read ahead: {}", self.pending.escape_ascii());
        self.stream
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush()).expect("the other side takes it");
    }

    /// Sends what a peer may refuse to read to its end.
    pub fn send_anyway(&mut self, bytes: impl AsRef<[u8]>) {
        // The peer may have answered and closed already: what it said is what the test looks at.
        let _ = self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush());
    }

    /// Reads a head, the empty line included.
    pub fn head(&mut self) -> Head {
        match self.try_head() {
            Ok(head) => head,
            Err(error) => panic!("no head ({error}), but {:?}", self.pending.escape_ascii().to_string()),
        }
    }

    /// Reads a head, or tells why there is none.
    pub fn try_head(&mut self) -> io::Result<Head> {
        let end = self.find(b"\r\n\r\n")? + 4;
        Ok(Head(self.pending.drain(..end).collect()))
    }

    /// Reads exactly `length` bytes.
    pub fn exactly(&mut self, length: usize) -> Vec<u8> {
        self.try_exactly(length)
            .unwrap_or_else(|error| panic!("{length} bytes wanted: {error}, {} came", self.pending.len()))
    }

    /// Reads exactly `length` bytes, or tells why it cannot.
    pub fn try_exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.pending.len() < length {
            self.more()?;
        }
        Ok(self.pending.drain(..length).collect())
    }

    /// Reads a response that must be complete by its framing.
    pub fn response(&mut self) -> Response {
        let head = self.head();
        match self.body(&head) {
            Ok((body, trailers)) => Response { head, body, trailers },
            Err(error) => panic!("body of {head:?} is cut short: {error}"),
        }
    }

    /// Reads the body that `head` announces, chunks taken apart, and the trailer section of a chunked one.
    pub fn body(&mut self, head: &Head) -> io::Result<(Vec<u8>, Vec<u8>)> {
        if head.is_bodiless() {
            return Ok((Vec::new(), Vec::new()));
        }
        if head.has("transfer-encoding") {
            return self.chunks();
        }
        match head.value("content-length") {
            Some(length) => Ok((self.try_exactly(length.parse().expect("a length"))?, Vec::new())),
            None if head.is_request() => Ok((Vec::new(), Vec::new())),
            None => Ok((self.try_rest()?, Vec::new())),
        }
    }

    fn chunks(&mut self) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok((body, self.trailers()?));
            }
            body.extend(chunk);
        }
    }

    /// Reads one chunk; an empty one is the last, and the trailer section stands next.
    pub fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let line = self.line()?;
        let size = line.split(|&byte| byte == b';').next().unwrap_or_default();
        let size = usize::from_str_radix(std::str::from_utf8(size).expect("a size").trim(), 16).expect("a size");
        let data = self.try_exactly(size)?;
        if size > 0 {
            assert_eq!(self.line()?, b"", "a chunk ends with CRLF");
        }
        Ok(data)
    }

    fn trailers(&mut self) -> io::Result<Vec<u8>> {
        let mut trailers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(trailers);
            }
            trailers.extend(line);
            trailers.extend(b"\r\n");
        }
    }

    /// Reads up to CRLF, which is dropped.
    pub fn line(&mut self) -> io::Result<Vec<u8>> {
        let end = self.find(b"\r\n")?;
        let line = self.pending.drain(..end).collect();
        self.pending.drain(..2);
        Ok(line)
    }

    /// Everything up to the end of the connection, which must be an orderly one.
    pub fn rest(&mut self) -> Vec<u8> {
        self.try_rest().expect("an orderly end")
    }

    /// Everything up to the end of the connection, if the end is an orderly one.
    pub fn try_rest(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.more() {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && is_plain_end(&error) => {
                    return Ok(std::mem::take(&mut self.pending));
                }
                Err(error) => return Err(error),
                Ok(()) => {}
            }
        }
    }

    /// Everything up to the end, however the connection ends. Only silence is a failure.
    pub fn whatever_comes(&mut self) -> Vec<u8> {
        loop {
            match self.more() {
                Err(error) if is_time_out(&error) => {
                    panic!("no end in sight after {:?}", self.pending.escape_ascii().to_string())
                }
                Err(_) => return std::mem::take(&mut self.pending),
                Ok(()) => {}
            }
        }
    }

    fn find(&mut self, mark: &[u8]) -> io::Result<usize> {
        let mut from = 0;
        loop {
            if let Some(at) = memchr::memmem::find(&self.pending[from..], mark) {
                return Ok(from + at);
            }
            from = self.pending.len().saturating_sub(mark.len() - 1);
            self.more()?;
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        let length = self.stream.read(&mut buffer)?;
        if length == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, PlainEnd));
        }
        self.pending.extend_from_slice(&buffer[..length]);
        Ok(())
    }
}

/// An end that the stream itself calls orderly: a FIN, or close_notify inside TLS.
#[derive(Debug)]
struct PlainEnd;

impl fmt::Display for PlainEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection ended")
    }
}

impl std::error::Error for PlainEnd {}

fn is_plain_end(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<PlainEnd>)
}

fn is_time_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A head as it stood on the wire, empty line included.
#[derive(Clone, PartialEq, Eq)]
pub struct Head(pub Vec<u8>);

impl Head {
    /// The first line, without its end.
    pub fn start_line(&self) -> String {
        String::from_utf8_lossy(self.lines().next().unwrap_or_default()).into_owned()
    }

    /// The field lines, each whole and without its end.
    pub fn field_lines(&self) -> Vec<Vec<u8>> {
        self.lines().skip(1).filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The values of all fields with this name, in any spelling.
    pub fn values(&self, name: &str) -> Vec<String> {
        let of = |line: Vec<u8>| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let value = line[colon + 1..].trim_ascii();
            line[..colon].eq_ignore_ascii_case(name.as_bytes()).then(|| String::from_utf8_lossy(value).into_owned())
        };
        self.field_lines().into_iter().filter_map(of).collect()
    }

    pub fn value(&self, name: &str) -> Option<String> {
        self.values(name).into_iter().next()
    }

    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The status code of a response.
    pub fn status(&self) -> u16 {
        let line = self.start_line();
        line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no status in {line:?}"))
    }

    fn is_request(&self) -> bool {
        !self.0.starts_with(b"HTTP/")
    }

    fn is_bodiless(&self) -> bool {
        !self.is_request() && matches!(self.status(), 100..=199 | 204 | 304)
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Head {
    fn eq(&self, other: &T) -> bool {
        self.0 == other.as_ref()
    }
}

/// A complete response: its head, its body with the chunks taken apart, its trailer lines.
#[derive(Debug)]
pub struct Response {
    pub head: Head,
    pub body: Vec<u8>,
    pub trailers: Vec<u8>,
}

impl Response {
    pub fn status(&self) -> u16 {
        self.head.status()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
