//! What happens to a connection?
//!
//! ```text
//! room → accept → is the client admitted? → has it its share already? → what does it speak? → serve
//! ```

use std::{
    io,
    net::{self, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use socket2::SockRef;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, watch},
    time::{sleep, timeout},
};

use super::{
    admission::{Admission, Permit},
    break_off::BreakOff,
    claiming::Claiming,
    door::{self, Door},
    fault::is_exhaustion,
    line::Line,
    lobby::Visitor,
    reading,
    refusals::Reason,
    rewound::Rewound,
    serve,
    session::{Client, Judges, Scope, Session, Worker},
    socks, transparent,
    upstream::Protocol,
};
use crate::{
    exchange::{Mac, Vantage},
    listen::{self, Kind, Listener},
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
            arrived = arrive(&socket, &listener, &admission) => arrived,
        };
        match arrived {
            Ok((stream, address, room, spare)) => {
                let connection = Connection {
                    worker: Arc::clone(&worker),
                    listener: Arc::clone(&listener),
                    admission: admission.clone(),
                    address: listen::canonical(address),
                    _spare: spare,
                };
                tokio::spawn(connection.run(stream, room));
            }
            Err(error) => {
                tracing::warn!(listener = %listener.label, "cannot accept connections: {error}");
                if is_exhaustion(&error) {
                    worker.upstream.let_go();
                    worker.pipes.clear();
                }
                sleep(BACK_OFF).await;
            }
        }
    }
}

async fn arrive(
    socket: &TcpListener,
    listener: &Listener,
    admission: &Admission,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit, Option<net::TcpListener>)> {
    let room = admission.room().await.ok_or_else(|| io::Error::other("admission is closed"))?;
    // Who was led here is connected on at once: with no descriptor left for that, it had better wait.
    let spare = listener.kind.is_transparent().then(|| listener.handle()).transpose()?;
    let (stream, address) = socket.accept().await?;
    Ok((stream, address, room, spare))
}

struct Connection {
    worker: Arc<Worker>,
    listener: Arc<Listener>,
    admission: Admission,
    address: SocketAddr,
    /// Keeps the place of a descriptor, until the session begins that needs it.
    _spare: Option<net::TcpListener>,
}

/// Who was let in.
struct Guest {
    /// The network card, if anybody is known by one.
    card: Option<Mac>,
    /// The address of ours that was reached.
    local: SocketAddr,
    permit: Permit,
    /// Whether it has to speak TLS.
    is_secure: bool,
}

impl Connection {
    async fn run(self, stream: TcpStream, room: OwnedSemaphorePermit) {
        let client = self.address.ip();
        let judges = self.worker.shared.judges.load_full();
        let door = judges.doors.get(&self.listener.label);
        // Who speaks TLS could not read what is said without it.
        let words = |words| if door.is_some() { b"".as_slice() } else { words };
        let is_admitted = judges.admits(&self.listener.label, client);
        let lobby = if is_admitted { None } else { self.lobby(&judges) };
        if !is_admitted && lobby.is_none() {
            self.worker.shared.refusals.tell(client, Reason::NotAdmitted);
            return self.turn_away(stream, words(NOT_ADMITTED)).await;
        }
        let Some(permit) = self.admission.admit(room, client) else {
            self.worker.shared.refusals.tell(client, Reason::TooManyConnections);
            return self.turn_away(stream, words(TOO_MANY)).await;
        };
        if let Some((claiming, _place)) = lobby {
            let door = door.cloned();
            drop(judges);
            return Box::pin(self.receive(claiming, door, stream)).await;
        }
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("cannot set TCP_NODELAY: {error}");
        }
        let door = door.cloned();
        drop(judges);
        let local = stream.local_addr().map_or(self.listener.address, listen::canonical);
        let guest = Guest { card: self.card().await, local, permit, is_secure: door.is_some() };
        match (self.listener.kind, door) {
            (Kind::Explicit, None) => self.hear(stream.into(), guest).await,
            // Boxed, so that no kind makes the connections of another larger.
            (Kind::Explicit, Some(door)) => Box::pin(self.enter(door, stream, guest)).await,
            (Kind::Socks5, _) => Box::pin(socks::serve(self.session(guest), stream)).await,
            (Kind::Redirect | Kind::Tproxy { .. }, _) => {
                let destination = self.destination(&stream);
                Box::pin(transparent::serve(self.session(guest), stream, destination)).await;
            }
        }
    }

    /// Room for somebody who is not admitted and may want to open a link, where links are of use.
    fn lobby(&self, judges: &Judges) -> Option<(Arc<Claiming>, OwnedSemaphorePermit)> {
        let claiming = judges.claiming.as_ref().filter(|claiming| claiming.serves(&self.listener.label))?;
        let place = Arc::clone(&claiming.lobby).try_acquire_owned().ok()?;
        (self.listener.kind == Kind::Explicit).then(|| (Arc::clone(claiming), place))
    }

    /// Serves somebody who is not admitted.
    async fn receive(&self, claiming: Arc<Claiming>, door: Option<Door>, stream: TcpStream) {
        let local = stream.local_addr().map_or(self.listener.address, listen::canonical);
        let shared = Arc::clone(&self.worker.shared);
        let (client, ending) = (self.address.ip(), self.worker.ending.clone());
        let visitor = Visitor { shared: Arc::clone(&shared), claiming, client, local, ending };
        let Some(door) = door else { return visitor.serve(stream, Protocol::Http1, false).await };
        match door.enter(stream, &shared.leaves.load_full(), shared.limits.handshake).await {
            Ok(Some((line, protocol))) => visitor.serve(line, protocol, true).await,
            Ok(None) => shared.refusals.tell(client, Reason::NotAdmitted),
            Err(error) => {
                shared.refusals.tell(client, Reason::NotAdmitted);
                tracing::debug!(%client, "no TLS with a visitor: {}", door::describe(&error));
            }
        }
    }

    /// Where a connection was going that was led here. One that nobody led here was going to us.
    fn destination(&self, stream: &TcpStream) -> SocketAddr {
        let local = stream.local_addr().map_or(self.listener.address, listen::canonical);
        match self.listener.destination(&SockRef::from(stream), local) {
            Ok(destination) => destination.unwrap_or(local),
            Err(error) => {
                tracing::debug!("no original destination: {error}");
                local
            }
        }
    }

    /// Shakes hands first.
    async fn enter(self, door: Door, stream: TcpStream, guest: Guest) {
        let mut ending = self.worker.ending.clone();
        let (shared, client) = (Arc::clone(&self.worker.shared), self.address.ip());
        let leaves = shared.leaves.load_full();
        let entered = tokio::select! {
            // clir ends, and this client has asked for nothing yet.
            _ = ending.wait_for(|ending| *ending) => return,
            // TLS stands, or will not.
            entered = door.enter(stream, &leaves, shared.limits.handshake) => entered,
        };
        match entered {
            Ok(Some((line, Protocol::Http2))) => {
                let session = Session { scope: Scope::Streams(Arc::default()), ..self.session(guest) };
                serve::http2(session, line, false).await;
            }
            Ok(Some((line, Protocol::Http1))) => self.hear(line, guest).await,
            Ok(None) => tracing::debug!(%client, "not TLS; closed"),
            Err(error) => tracing::debug!(%client, "no TLS with a client: {}", door::describe(&error)),
        }
    }

    async fn hear(self, mut stream: Line, guest: Guest) {
        let client = self.address.ip();
        let mut ending = self.worker.ending.clone();
        let patience = self.worker.shared.limits.patience.head;
        let spoken = tokio::select! {
            // clir ends, and this client has asked for nothing, nor does it now.
            () = last_call(&mut ending) => return,
            // The first bytes, or the end of our patience.
            spoken = timeout(patience, first_bytes(&mut stream)) => spoken,
        };
        match spoken {
            Ok(Ok(Some((Protocol::Http1, prefix)))) => serve::http1(self.session(guest), stream, prefix).await,
            Ok(Ok(Some((Protocol::Http2, prefix)))) => {
                serve::http2(self.session(guest), Rewound::new(stream, prefix), false).await;
            }
            Ok(Ok(None)) => tracing::debug!(%client, "not HTTP; closed"),
            Ok(Err(error)) => tracing::debug!(%client, "connection of a client: {error}"),
            Err(_elapsed) => tracing::debug!(%client, "said nothing; closed"),
        }
    }

    /// Says why where HTTP is expected; elsewhere the end of the connection has to do.
    async fn turn_away(&self, stream: TcpStream, words: &[u8]) {
        match self.listener.kind {
            Kind::Explicit => turn_away(stream, words).await,
            Kind::Redirect | Kind::Tproxy { .. } | Kind::Socks5 => stream.break_off(),
        }
    }

    /// The client's network card, if it matters whose it is.
    async fn card(&self) -> Option<Mac> {
        let shared = &self.worker.shared;
        // From beyond a carrier nobody's card is seen.
        let may_show = self.listener.kind.is_transparent() || self.listener.vantage != Vantage::BeyondCarrier;
        if !shared.judges.load().interceptor.wants_cards(may_show) {
            return None;
        }
        shared.neighbours.card(self.address.ip()).await
    }

    fn session(self, Guest { card, local, permit, is_secure }: Guest) -> Session {
        let client = Client {
            kind: self.listener.kind,
            listener: Arc::clone(&self.listener.label),
            vantage: self.listener.vantage,
            address: self.address,
            local,
            card,
            is_secure,
            user: None,
        };
        Session { worker: self.worker, client, scope: Scope::Proxy, tape: None, _permit: Arc::new(permit) }
    }
}

/// Reads until it is clear that HTTP is meant, and in which version: then even a faulty request gets an answer. TLS and
/// binary protocols have no place on this port.
async fn first_bytes(stream: &mut Line) -> io::Result<Option<(Protocol, Bytes)>> {
    let http1 = |bytes: BytesMut| (Protocol::Http1, bytes.freeze());
    let mut bytes = BytesMut::new();
    loop {
        let is_text = bytes.first().is_some_and(|byte| byte.is_ascii_graphic() || b" \t\r\n".contains(byte));
        match sniff(&bytes) {
            Sniffed::Tls | Sniffed::Ssl2 => return Ok(None),
            Sniffed::Http2 => return Ok(Some((Protocol::Http2, bytes.freeze()))),
            Sniffed::Http1 => return Ok(Some(http1(bytes))),
            Sniffed::Unknown => return Ok(is_text.then(|| http1(bytes))),
            Sniffed::NeedMore if bytes.len() > H2_PREFACE_LENGTH => return Ok(Some(http1(bytes))),
            Sniffed::NeedMore => {}
        }
        if reading::some(stream, &mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

/// The end, and a moment for who has connected right before it and is about to ask.
async fn last_call(ending: &mut watch::Receiver<bool>) {
    // Nothing to say is as good as the word to end.
    let _ = ending.wait_for(|ending| *ending).await;
    sleep(BACK_OFF).await;
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
