//! How is HTTP/1.1 spoken by hand, so that every byte of a head can be shown?
//!
//! Request after request, each read by the strict grammar. What is not sound is answered once, shown as it came, and the
//! connection ends.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use super::{Shared, body};
use crate::{
    exchange::{
        Version,
        grammar::{GrammarFault, HeadLimits, HeadScanner, ParsedHead, Scanned, parse_request},
    },
    proxy::read_some,
    reflect::{Connection, Reply, Seen},
    sniff::{Sniffed, sniff},
    tls,
};

const LIMITS: HeadLimits = HeadLimits { bytes: 64 * 1024, fields: 512 };
/// Between requests.
const IDLE: Duration = Duration::from_secs(15);
/// From a head's first byte to its last.
const HEAD: Duration = Duration::from_secs(10);
/// For an answer to be taken.
const ANSWER: Duration = Duration::from_secs(20);
/// For the rest of what a client says that was answered early, and how much of it is read.
const LINGER: Duration = Duration::from_secs(2);
const REST: usize = 256 * 1024;
/// So many requests are answered on one connection.
const MOST: u64 = 1000;

/// A larger head has to wait for its place, and no longer than this.
const LARGE: usize = 8 * 1024;
const PLACE: Duration = Duration::from_secs(10);

const TOO_BUSY: &str =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const TOO_OFTEN: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Type: text/plain; charset=utf-8\r\n\
                         Content-Length: 64\r\nConnection: close\r\n\r\n\
                         Too many requests from your address. Try again in five seconds.\n";

/// One connection.
pub(super) struct Conversation<IO> {
    shared: Arc<Shared>,
    io: IO,
    held: BytesMut,
    connection: Arc<Connection>,
    ending: watch::Receiver<bool>,
    number: u64,
}

/// What came of waiting for a head.
enum Arrived {
    /// A head, its lines counted.
    Head(Bytes, usize),
    /// So much of one, and why there is no more.
    Broken(Bytes, GrammarFault),
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Conversation<IO> {
    /// A conversation that begins now.
    pub fn new(shared: Arc<Shared>, io: IO, connection: Connection) -> Self {
        let ending = shared.ending.clone();
        Self { shared, io, held: BytesMut::new(), connection: Arc::new(connection), ending, number: 0 }
    }

    /// Goes on until one side ends it.
    pub async fn hold(mut self) {
        while let Some(arrived) = self.head().await {
            self.number += 1;
            if !self.is_admitted() {
                self.send(TOO_OFTEN.as_bytes()).await;
                break;
            }
            let Some(_place) = self.place(&arrived).await else {
                self.send(TOO_BUSY.as_bytes()).await;
                break;
            };
            let Some(reply) = self.answer(arrived).await else { break };
            let is_sent = self.send(&reply.head).await && self.send(&reply.body).await;
            if reply.closes || !is_sent {
                break;
            }
        }
        self.part().await;
    }

    /// The next head; nothing where there is none to come.
    async fn head(&mut self) -> Option<Arrived> {
        if self.held.is_empty() {
            // The last buffer may be large.
            self.held = BytesMut::new();
            tokio::select! {
                // The server ends, and nothing is under way.
                _ = self.ending.wait_for(|is_over| *is_over) => return None,
                // The next request begins, or the client leaves or says nothing.
                read = timeout(IDLE, read_some(&mut self.io, &mut self.held)) => {
                    read.ok()?.ok().filter(|count| *count > 0)?
                }
            };
        }
        // TLS where none is spoken, and the like of it: there is nobody who could read an answer.
        if self.number == 0 && matches!(sniff(&self.held), Sniffed::Tls | Sniffed::Ssl2) {
            return None;
        }
        let mut scanner = HeadScanner::default();
        let scanned = match timeout(HEAD, scan(&mut self.io, &mut self.held, &mut scanner)).await {
            Ok(scanned) => scanned,
            Err(_) => Err(GrammarFault::TooSlow),
        };
        Some(match scanned {
            Ok((start, end)) => Arrived::Head(self.held.split_to(end).freeze().slice(start..), scanner.lines()),
            Err(fault) => Arrived::Broken(self.held.split().freeze(), fault),
        })
    }

    /// A place among the large requests, for one of them; nothing where there is none in time.
    async fn place(&self, arrived: &Arrived) -> Option<Option<OwnedSemaphorePermit>> {
        let (Arrived::Head(raw, _) | Arrived::Broken(raw, _)) = arrived;
        if raw.len() <= LARGE {
            return Some(None);
        }
        let place = Arc::clone(&self.shared.large).acquire_owned();
        timeout(PLACE, place).await.ok()?.ok().map(Some)
    }

    async fn answer(&mut self, arrived: Arrived) -> Option<Reply> {
        let time = Timestamp::now();
        let (raw, parsed) = match arrived {
            Arrived::Head(raw, lines) => (raw.clone(), parse_request(&raw, lines)),
            Arrived::Broken(raw, fault) => (raw, Err(fault)),
        };
        let read = match &parsed {
            Ok(parsed) => body::read(&mut self.io, &mut self.held, parsed).await,
            Err(fault) => Err(*fault),
        };
        let keeps_alive = parsed.as_ref().is_ok_and(|parsed| self.keeps_alive(parsed));
        let seen = Seen {
            raw,
            fault: read.err(),
            body: read.unwrap_or_else(|_| body::none()),
            connection: Arc::clone(&self.connection),
            number: self.number,
            time,
            // Without randomness nothing can be told apart, nor encrypted.
            entropy: tls::random().ok()?,
            keeps_alive,
        };
        Some(self.shared.site.reply(&seen))
    }

    /// RFC 9112 §9.3
    fn keeps_alive(&self, parsed: &ParsedHead) -> bool {
        let says = |word: &[u8]| {
            let mut words = parsed.head.fields.values("connection").flat_map(|value| value.split(|byte| *byte == b','));
            words.any(|said| said.trim_ascii().eq_ignore_ascii_case(word))
        };
        let wanted = if parsed.head.version == Version::Http11 { !says(b"close") } else { says(b"keep-alive") };
        wanted && !says(b"close") && self.number < MOST && !*self.ending.borrow()
    }

    fn is_admitted(&self) -> bool {
        let mut rates = self.shared.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.admits(self.connection.client.ip(), self.shared.began.elapsed())
    }

    /// Whether the client has taken it.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        let sending = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        matches!(timeout(ANSWER, sending).await, Ok(Ok(())))
    }

    /// Ends well: what a client still says is read for a moment, since what is unread makes it lose the answer.
    async fn part(mut self) {
        let parting = async {
            self.io.shutdown().await?;
            let mut left = REST;
            while left > 0 {
                self.held.clear();
                let count = read_some(&mut self.io, &mut self.held).await?;
                left = if count == 0 { 0 } else { left.saturating_sub(count) };
            }
            Ok::<_, std::io::Error>(())
        };
        if let Ok(Err(error)) = timeout(LINGER, parting).await {
            tracing::debug!("a connection ended: {error}");
        }
    }
}

/// Reads up to the end of a head: where it begins and where it ends.
async fn scan<IO: AsyncRead + Unpin>(
    io: &mut IO,
    held: &mut BytesMut,
    scanner: &mut HeadScanner,
) -> Result<(usize, usize), GrammarFault> {
    loop {
        if let Scanned::Complete { start, end } = scanner.advance(held, LIMITS)? {
            return Ok((start, end));
        }
        if !matches!(read_some(io, held).await, Ok(count) if count > 0) {
            return Err(GrammarFault::Malformed);
        }
    }
}
