//! On what do a tunnel's bytes travel?
//!
//! A socket, TLS, or one stream of an HTTP/2 connection, towards clients and towards origins alike. Whoever reads and
//! writes need not know which.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::TlsStream;

use super::{bare::Bare, break_off::BreakOff, hop::Stream, rewound::Rewound, stream_tasks::Reset};
use crate::event::Passage;

/// A way for bytes, and how it was made.
#[derive(Debug)]
pub struct Line {
    io: Io,
    passage: Option<Passage>,
}

#[derive(Debug)]
enum Io {
    Tcp(TcpStream),
    /// With a client, or with the exit; boxed, because it is large.
    Tls(Rewound<Box<TlsStream<Line>>>),
    /// A stream that a client opened.
    Accepted(Box<TokioIo<Upgraded>>, Option<Arc<Reset>>),
    /// A stream that we opened at the exit.
    Opened(Box<Stream>),
}

/// Does the same with whatever bytes travel on.
macro_rules! each {
    ($line:expr, $io:ident => $do:expr) => {
        match &mut $line.get_mut().io {
            Io::Tcp($io) => $do,
            Io::Tls($io) => $do,
            Io::Accepted($io, _) => $do,
            Io::Opened($io) => $do,
        }
    };
}

impl Line {
    /// TLS, and what was already read of its inside.
    pub fn tls(stream: impl Into<TlsStream<Self>>, read: Bytes) -> Self {
        Io::Tls(Rewound::new(Box::new(stream.into()), read)).into()
    }

    /// A stream of HTTP/2 that a client opened. It is reset by way of `reset`, where there is one.
    pub fn accepted(stream: Upgraded, reset: Option<Arc<Reset>>) -> Self {
        Io::Accepted(Box::new(TokioIo::new(stream)), reset).into()
    }

    /// A stream of HTTP/2 that we opened.
    pub fn opened(stream: Box<Stream>) -> Self {
        Io::Opened(stream).into()
    }

    /// Notes which way this was made.
    #[must_use]
    pub fn by(self, passage: Option<Passage>) -> Self {
        Self { passage, ..self }
    }

    /// The address at the other end, where bytes travel on a socket of their own.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.socket()?.peer_addr().ok()
    }

    /// Which way this was made; nothing where there is one way only.
    pub fn passage(&self) -> Option<Passage> {
        self.passage
    }
}

impl From<Io> for Line {
    fn from(io: Io) -> Self {
        Self { io, passage: None }
    }
}

impl From<TcpStream> for Line {
    fn from(stream: TcpStream) -> Self {
        Io::Tcp(stream).into()
    }
}

impl Bare for Line {
    fn socket(&self) -> Option<&TcpStream> {
        match &self.io {
            Io::Tcp(stream) => Some(stream),
            Io::Tls(_) | Io::Accepted(..) | Io::Opened(_) => None,
        }
    }
}

impl BreakOff for Line {
    fn break_off(&self) {
        match &self.io {
            Io::Tcp(stream) => stream.break_off(),
            Io::Tls(stream) => stream.get_ref().get_ref().0.break_off(),
            Io::Accepted(_, reset) => reset.iter().for_each(|reset| reset.fire()),
            Io::Opened(stream) => stream.break_off(),
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, io => Pin::new(io).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, io => Pin::new(io).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, io => Pin::new(io).poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self.io, Io::Tcp(_) | Io::Tls(_))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, io => Pin::new(io).poll_shutdown(cx))
    }
}
