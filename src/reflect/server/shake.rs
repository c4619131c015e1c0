//! How does a TLS connection begin, and what did the first bytes say?

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::ProtocolVersion;
use tokio::{
    io::{AsyncWriteExt as _, copy, sink},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    proxy::{Rewound, read_some},
    reflect::Tls,
    sniff::{self, Hello, Sniffed},
    tls::Shown,
};

/// From the first byte to the end of the handshake.
const DEADLINE: Duration = Duration::from_secs(10);
/// Browsers' hellos have two thousand bytes; more than this is no browser's.
const MAX_HELLO: usize = 16 * 1024;
/// The head of a record (RFC 8446 §5.1).
const RECORD: usize = 5;

/// What came of it.
pub(super) enum Shaken {
    /// TLS.
    Tls(Box<TlsStream<Rewound<TcpStream>>>, Tls),
    /// The client spoke HTTP without it.
    Cleartext(TcpStream),
}

/// Shakes hands; nothing where the client did not, or not in time.
pub(super) async fn hands(stream: TcpStream, shown: &Shown) -> Option<Shaken> {
    match timeout(DEADLINE, shake(stream, shown)).await {
        Ok(shaken) => shaken,
        Err(_) => {
            tracing::debug!("a client did not shake hands in time");
            None
        }
    }
}

async fn shake(mut stream: TcpStream, shown: &Shown) -> Option<Shaken> {
    let mut read = BytesMut::new();
    let hello = match hello(&mut stream, &mut read).await? {
        First::Hello(hello) => hello,
        First::Cleartext => return Some(Shaken::Cleartext(stream)),
        First::Invalid(alert) => {
            // It may have gone already.
            let _ = stream.write_all(&alert).await;
            return None;
        }
    };
    let accepted = TlsAcceptor::from(shown.server_config()).accept(Rewound::new(stream, read.freeze())).await;
    let stream = accepted.inspect_err(|error| tracing::debug!("a handshake failed: {error}")).ok()?;
    let tls = agreed(&stream, hello);
    Some(Shaken::Tls(Box::new(stream), tls))
}

/// What the first bytes are.
enum First {
    Hello(Bytes),
    Cleartext,
    Invalid(Vec<u8>),
}

/// Reads up to the end of the hello. It is looked at only when another record is complete, so that single bytes cost no
/// more than many.
async fn hello(stream: &mut TcpStream, read: &mut BytesMut) -> Option<First> {
    let mut end = RECORD;
    while read.len() <= MAX_HELLO {
        if read_some(stream, read).await.ok()? == 0 {
            return None;
        }
        match sniff::sniff(read) {
            Sniffed::Tls | Sniffed::NeedMore => {}
            Sniffed::Http1 | Sniffed::Http2 => return Some(First::Cleartext),
            Sniffed::Ssl2 | Sniffed::Unknown => return None,
        }
        while let Some(next) = record_end(read, end).filter(|next| *next <= read.len()) {
            end = next + RECORD;
            match sniff::read_hello(read.get(..next).unwrap_or_default()) {
                Hello::NeedMore => {}
                Hello::Complete(_) => return Some(First::Hello(Bytes::copy_from_slice(read.get(..next)?))),
                Hello::Invalid { alert, .. } => return Some(First::Invalid(alert)),
            }
        }
    }
    None
}

/// Where the record ends whose head ends at `head`, if that has come.
fn record_end(read: &[u8], head: usize) -> Option<usize> {
    let length = read.get(head.checked_sub(2)?..head)?;
    let [high, low] = <[u8; 2]>::try_from(length).ok()?;
    Some(head + usize::from(u16::from_be_bytes([high, low])))
}

fn agreed(stream: &TlsStream<Rewound<TcpStream>>, hello: Bytes) -> Tls {
    let (_, connection) = stream.get_ref();
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "unknown",
    };
    let cipher = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    let alpn = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    Tls { version, cipher: cipher.unwrap_or_default().replacen("TLS13_", "TLS_", 1), alpn, hello }
}

/// Tells who speaks HTTP where TLS is spoken.
pub(super) async fn refuse_cleartext(mut stream: TcpStream) {
    const TEXT: &str = "This port speaks HTTPS. Use https:// in front of this address, or the port for http://.\n";
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n",
        TEXT.len()
    );
    let told = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(TEXT.as_bytes()).await?;
        stream.shutdown().await?;
        // What is unread when a socket is closed makes the answer be lost.
        copy(&mut stream, &mut sink()).await
    };
    if let Ok(Err(error)) = timeout(DEADLINE, told).await {
        tracing::debug!("a client of cleartext: {error}");
    }
}
