//! What does a mobile carrier's gateway do to the requests of a phone?
//!
//! A small box on a socket of its own. It edits the head of each request (or of the first only) on its way to `target`,
//! follows bodies by their framing so that later requests of a connection are enriched too, and copies everything
//! else: answers, the inside of tunnels, what follows an upgrade.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use super::{Head, LEAK, Wire};

/// One thing that is done to a head.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Adds a line at the end.
    Append(&'static str),
    /// Adds a line before the one with this index.
    Insert(usize, &'static str),
    /// Spells a field's name differently.
    Recase(&'static str, &'static str),
    /// Gives a field another value.
    Replace(&'static str, &'static str),
    /// Takes a field out.
    Delete(&'static str),
    /// Turns the order of the fields round.
    Reverse,
}

/// Which requests of a connection are edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Each,
    FirstOnly,
}

/// A running box.
pub struct Carrier {
    pub address: SocketAddr,
}

impl Carrier {
    /// Adds the subscriber's number to each request, at the end of its head.
    pub fn leaking(target: SocketAddr) -> Self {
        Self::start(target, Which::Each, vec![Edit::Append(LEAK)])
    }

    pub fn start(target: SocketAddr, which: Which, edits: Vec<Edit>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().unwrap();
        let edits: Arc<[Edit]> = edits.into();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let edits = edits.clone();
                // Either side may go away at any time: that ends this connection and nothing else.
                thread::spawn(move || relay(client, target, which, &edits));
            }
        });
        Self { address }
    }

    /// A raw connection through the box.
    pub fn connect(&self) -> Wire<TcpStream> {
        Wire::connect(self.address)
    }
}

fn relay(client: TcpStream, target: SocketAddr, which: Which, edits: &[Edit]) -> io::Result<()> {
    let server = TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Write);
    });
    let outcome = Requests { from: client, to: server.try_clone()?, ahead: Vec::new() }.pass(which, edits);
    let _ = server.shutdown(Shutdown::Write);
    outcome
}

/// The requests of one connection.
struct Requests {
    from: TcpStream,
    to: TcpStream,
    ahead: Vec<u8>,
}

impl Requests {
    fn pass(&mut self, which: Which, edits: &[Edit]) -> io::Result<()> {
        let mut edits = edits;
        if !self.is_text()? {
            return self.copy(u64::MAX);
        }
        while let Some(head) = self.head()? {
            let edited = edits.iter().fold(head.clone(), |head, edit| edit.apply(&head));
            self.to.write_all(&edited.0)?;
            if which == Which::FirstOnly {
                edits = &[];
            }
            if head.0.starts_with(b"CONNECT ") || head.has("upgrade") {
                return self.copy(u64::MAX);
            }
            self.body(&head)?;
        }
        Ok(())
    }

    fn body(&mut self, head: &Head) -> io::Result<()> {
        if head.has("transfer-encoding") {
            return self.chunks();
        }
        self.copy(head.value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0))
    }

    fn chunks(&mut self) -> io::Result<()> {
        loop {
            let line = self.line()?;
            let size = line.split(|byte| !byte.is_ascii_hexdigit()).next().unwrap_or_default();
            let size = u64::from_str_radix(&String::from_utf8_lossy(size), 16).map_err(io::Error::other)?;
            if size == 0 {
                break;
            }
            self.copy(size + 2)?;
        }
        while self.line()?.len() > 2 {}
        Ok(())
    }

    /// Passes a line on and returns it, its end included.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let end = loop {
            if let Some(at) = memchr::memchr(b'\n', &self.ahead) {
                break at + 1;
            }
            if !self.more()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let line: Vec<u8> = self.ahead.drain(..end).collect();
        self.to.write_all(&line)?;
        Ok(line)
    }

    /// Passes on as many bytes, or what there is of them.
    fn copy(&mut self, mut length: u64) -> io::Result<()> {
        while length > 0 {
            if self.ahead.is_empty() && !self.more()? {
                break;
            }
            let part = self.ahead.len().min(usize::try_from(length).unwrap_or(usize::MAX));
            self.to.write_all(&self.ahead[..part])?;
            self.ahead.drain(..part);
            length -= part as u64;
        }
        Ok(())
    }

    fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.ahead, b"\r\n\r\n") {
                return Ok(Some(Head(self.ahead.drain(..at + 4).collect())));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Whether this may be HTTP: what is not is copied as it is.
    fn is_text(&mut self) -> io::Result<bool> {
        Ok(!self.ahead.is_empty() || self.more()?).map(|_| self.ahead.first().is_none_or(u8::is_ascii_graphic))
    }

    fn more(&mut self) -> io::Result<bool> {
        let mut buffer = vec![0; 64 * 1024];
        let length = self.from.read(&mut buffer)?;
        self.ahead.extend_from_slice(&buffer[..length]);
        Ok(length > 0)
    }
}

impl Edit {
    /// The head after this edit; what the edit does not name stays byte for byte.
    pub fn apply(&self, head: &Head) -> Head {
        let mut lines = head.field_lines();
        match self {
            Self::Append(line) => lines.push(line.as_bytes().to_vec()),
            Self::Insert(at, line) => lines.insert((*at).min(lines.len()), line.as_bytes().to_vec()),
            Self::Recase(name, spelling) => {
                for_each(&mut lines, name, |line| line[..name.len()].copy_from_slice(spelling.as_bytes()));
            }
            Self::Replace(name, value) => for_each(&mut lines, name, |line| {
                line.truncate(name.len());
                line.extend(format!(": {value}").bytes());
            }),
            Self::Delete(name) => lines.retain(|line| !is_named(line, name)),
            Self::Reverse => lines.reverse(),
        }
        let start = head.0.iter().position(|&byte| byte == b'\r').unwrap_or_default();
        let mut edited = head.0[..start].to_vec();
        edited.extend(b"\r\n");
        for line in lines {
            edited.extend(line);
            edited.extend(b"\r\n");
        }
        edited.extend(b"\r\n");
        Head(edited)
    }
}

fn is_named(line: &[u8], name: &str) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        && line.get(name.len()) == Some(&b':')
}

fn for_each(lines: &mut [Vec<u8>], name: &str, edit: impl Fn(&mut Vec<u8>)) {
    lines.iter_mut().filter(|line| is_named(line, name)).for_each(edit);
}
