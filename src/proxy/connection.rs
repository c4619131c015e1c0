//! What happens to a connection?
//!
//! ```text
//! room → accept → is the client admitted? → has it its share already? → what does it speak? → serve
//! ```

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};

use super::{
    admission::Admission,
    door::{self, Door},
    line::Line,
    reading, serve,
    session::{Client, Scope, Session, Worker},
    upstream::Protocol,
};
use crate::{
    listen::{self, Listener},
    sniff::{Sniffed, sniff},
};

/// How long accepting pauses when it fails: descriptors do not come back by trying harder.
const BACK_OFF: Duration = Duration::from_millis(100);
/// What is longer than the preface of HTTP/2, and still may become a request line, is left to the grammar.
const H2_PREFACE_LENGTH: usize = 24;
/// What somebody is told who may not connect.
const NOT_ADMITTED: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 72\r\n\
    connection: close\r\n\r\nThis clir does not serve your address. See [access] clients in clir.toml";
/// What somebody is told who has too many connections.
const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 57\r\nconnection: close\r\n\r\nToo many connections. See [limits] connections_per_client";

/// Accepts connections until clir ends.
pub async fn accept(worker: Arc<Worker>, listener: Arc<Listener>, admission: Admission) -> io::Result<()> {
    let socket = TcpListener::from_std(listener.handle()?)?;
    let mut ending = worker.ending.clone();
    loop {
        let arrived = tokio::select! {
            // clir ends: what still queues is left to whoever listens next.
            _ = ending.wait_for(|ending| *ending) => return Ok(()),
            // A connection, and room for it. Cancelled, it stays in the kernel's queue.
            arrived = arrive(&socket, &admission) => arrived,
        };
        match arrived {
            Ok((stream, address, room)) => {
                let connection = Connection {
                    worker: Arc::clone(&worker),
                    listener: Arc::clone(&listener),
                    admission: admission.clone(),
                    address: listen::canonical(address),
                };
                tokio::spawn(connection.run(stream, room));
            }
            Err(error) => {
                tracing::warn!(listener = %listener.label, "cannot accept connections: {error}");
                sleep(BACK_OFF).await;
            }
        }
    }
}

async fn arrive(
    socket: &TcpListener,
    admission: &Admission,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let room = admission.room().await.ok_or_else(|| io::Error::other("admission is closed"))?;
    let (stream, address) = socket.accept().await?;
    Ok((stream, address, room))
}

struct Connection {
    worker: Arc<Worker>,
    listener: Arc<Listener>,
    admission: Admission,
    address: SocketAddr,
}

impl Connection {
    async fn run(self, stream: TcpStream, room: OwnedSemaphorePermit) {
        let client = self.address.ip();
        let judges = self.worker.shared.judges.load_full();
        let door = judges.doors.get(&self.listener.label);
        // Who speaks TLS could not read what is said without it.
        let words = |words| if door.is_some() { b"".as_slice() } else { words };
        if !judges.access.admits_client(client) {
            tracing::warn!(listener = %self.listener.label, %client, "refused: not among access.clients");
            return turn_away(stream, words(NOT_ADMITTED)).await;
        }
        let Some(permit) = self.admission.admit(room, client) else {
            tracing::warn!(listener = %self.listener.label, %client, "refused: too many connections");
            return turn_away(stream, words(TOO_MANY)).await;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("cannot set TCP_NODELAY: {error}");
        }
        if let Some(door) = door.cloned() {
            drop(judges);
            self.enter(door, stream).await;
        } else {
            drop(judges);
            self.hear(stream.into()).await;
        }
        drop(permit);
    }

    /// Shakes hands first.
    async fn enter(self, door: Door, stream: TcpStream) {
        let mut ending = self.worker.ending.clone();
        let (shared, client) = (Arc::clone(&self.worker.shared), self.address.ip());
        let entered = tokio::select! {
            // clir ends, and this client has asked for nothing yet.
            _ = ending.wait_for(|ending| *ending) => return,
            // TLS stands, or will not.
            entered = door.enter(stream, &shared.leaves, shared.limits.handshake) => entered,
        };
        match entered {
            Ok(Some((line, Protocol::Http2))) => {
                let session = Session { scope: Scope::Streams(Arc::default()), ..self.session() };
                serve::http2(session, line, false).await;
            }
            Ok(Some((line, Protocol::Http1))) => self.hear(line).await,
            Ok(None) => tracing::debug!(%client, "not TLS; closed"),
            Err(error) => tracing::debug!(%client, "no TLS with a client: {}", door::describe(&error)),
        }
    }

    async fn hear(self, mut stream: Line) {
        let client = self.address.ip();
        let mut ending = self.worker.ending.clone();
        let patience = self.worker.shared.limits.patience.head;
        let spoken = tokio::select! {
            // clir ends, and this client has asked for nothing yet.
            _ = ending.wait_for(|ending| *ending) => return,
            // The first bytes, or the end of our patience.
            spoken = timeout(patience, first_bytes(&mut stream)) => spoken,
        };
        match spoken {
            Ok(Ok(Some(prefix))) => serve::http1(self.session(), stream, prefix).await,
            Ok(Ok(None)) => tracing::debug!(%client, "not HTTP/1; closed"),
            Ok(Err(error)) => tracing::debug!(%client, "connection of a client: {error}"),
            Err(_elapsed) => tracing::debug!(%client, "said nothing; closed"),
        }
    }

    fn session(self) -> Session {
        let client = Client {
            listener: Arc::clone(&self.listener.label),
            vantage: self.listener.vantage,
            address: self.address,
        };
        Session { worker: self.worker, client, scope: Scope::Proxy, tape: None }
    }
}

/// Reads until it is clear that HTTP is meant: then even a faulty request gets an answer. TLS, the preface of HTTP/2 and
/// binary protocols have no place on this port.
async fn first_bytes(stream: &mut Line) -> io::Result<Option<Bytes>> {
    let mut bytes = BytesMut::new();
    loop {
        let is_text = bytes.first().is_some_and(|byte| byte.is_ascii_graphic() || b" \t\r\n".contains(byte));
        match sniff(&bytes) {
            Sniffed::Tls | Sniffed::Http2 => return Ok(None),
            Sniffed::Http1 => return Ok(Some(bytes.freeze())),
            Sniffed::Unknown => return Ok(is_text.then(|| bytes.freeze())),
            Sniffed::NeedMore if bytes.len() > H2_PREFACE_LENGTH => return Ok(Some(bytes.freeze())),
            Sniffed::NeedMore => {}
        }
        if reading::some(stream, &mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

/// Says why, without reading a byte.
async fn turn_away(mut stream: TcpStream, words: &[u8]) {
    let told = async {
        stream.write_all(words).await?;
        stream.shutdown().await
    };
    if let Ok(Err(error)) = timeout(BACK_OFF, told).await {
        tracing::trace!("turning a client away: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_as_long_as_it_claims() {
        for answer in [NOT_ADMITTED, TOO_MANY] {
            let text = std::str::from_utf8(answer).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        }
    }
}
