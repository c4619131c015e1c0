//! Which frames pass over one HTTP/2 connection?
//!
//! A client that writes frames by hand, so that it can say what no library would: floods, malformed heads, resets at
//! will. It reads only what a test asks for.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use super::{Clir, Wire, tls::ClientStream};

/// Frame types (RFC 9113 §6).
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// Flags.
pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// A frame as it came.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of a `GOAWAY` or `RST_STREAM`.
    pub fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("four bytes"))
    }
}

/// A frame's bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Fields as HPACK literals that enter no table (RFC 7541 §6.2.2).
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            length(text.len(), &mut bytes);
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// An integer with a prefix of seven bits (RFC 7541 §5.1).
fn length(mut rest: usize, bytes: &mut Vec<u8>) {
    if rest < 127 {
        return bytes.push(rest as u8);
    }
    bytes.push(127);
    rest -= 127;
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
}

/// The client's end of a connection.
pub struct Frames<S = ClientStream> {
    pub wire: Wire<S>,
    scheme: &'static str,
    authority: String,
    next: u32,
}

impl Frames {
    /// Inside a tunnel that clir opens.
    pub fn connect(clir: &Clir, authority: &str) -> Self {
        Self::over(clir.tls(authority, "127.0.0.1", &["h2"]), authority.to_owned()).greeted()
    }
}

impl Frames<TcpStream> {
    /// To clir as a proxy, in cleartext and without asking.
    pub fn cleartext(clir: &Clir, authority: &str) -> Self {
        Self { scheme: "http", ..Self::over(clir.connect(), authority.to_owned()) }.greeted()
    }
}

impl<S: Read + Write> Frames<S> {
    /// A connection on which the preface has been said.
    pub fn over(wire: Wire<S>, authority: String) -> Self {
        Self { wire, scheme: "https", authority, next: 1 }
    }

    /// Says the preface and empty settings, and takes in the settings of the other side.
    fn greeted(mut self) -> Self {
        self.wire.send([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(SETTINGS, 0, 0, &[])].concat());
        let settings = self.wait_for("its settings", |frame| frame.kind == SETTINGS && frame.flags & ACK == 0);
        assert_eq!(settings.stream, 0);
        self.send(SETTINGS, ACK, 0, &[]);
        self
    }

    /// The pseudo-fields of a request, and `more`.
    pub fn request<'a>(&'a self, method: &'a str, path: &'a str, more: &[(&'a str, &'a str)]) -> Vec<u8> {
        let fields = [(":method", method), (":scheme", self.scheme), (":authority", &self.authority), (":path", path)];
        block(&[fields.as_slice(), more].concat())
    }

    /// The number of the next stream.
    pub fn stream(&mut self) -> u32 {
        self.next += 2;
        self.next - 2
    }

    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.wire.send(frame(kind, flags, stream, payload));
    }

    /// The next frame; nothing at the end of the connection.
    pub fn next(&mut self) -> Option<Frame> {
        let head = self.wire.try_exactly(9).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        let payload = self.wire.try_exactly(length).ok()?;
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// Reads until the wanted frame comes.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let frame = self.next().unwrap_or_else(|| panic!("the connection ended before {what}"));
            if wanted(&frame) {
                return frame;
            }
            assert_ne!(frame.kind, GOAWAY, "the connection is given up before {what}: code {}", frame.code());
        }
    }

    /// Reads to the end, and tells the code of the last `GOAWAY` if there was one.
    pub fn farewell(&mut self) -> Option<u32> {
        let mut code = None;
        while let Some(frame) = self.next() {
            if frame.kind == GOAWAY {
                code = Some(frame.code());
            }
        }
        code
    }
}
