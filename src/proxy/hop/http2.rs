//! How does one connection to the exit carry many tunnels?
//!
//! Each is a stream (RFC 9113 §8.5). The connection's window has room for every stream's, so that tunnels whose clients
//! read slowly never hold the others up, and that room is the most that may be held in memory.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{
    Ping, PingPong,
    client::{Builder, Connection, SendRequest},
};
use http::Request;
use tokio::{sync::Mutex, task::AbortHandle, time::timeout};

use super::{
    request::{Asked, Words},
    stream::Stream,
};
use crate::proxy::{line::Line, patient::Patient};

/// Tunnels on one connection; more get another connection. Exits may allow fewer.
const MOST_STREAMS: usize = 100;
/// What may be on its way in one tunnel: large enough for a long fat path.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MOST_STREAMS as u32;
/// No answer to a CONNECT has a longer head.
const LONGEST_HEAD: u32 = 16 * 1024;

/// A connection to the exit.
#[derive(Debug)]
pub struct Shared {
    sender: SendRequest<Bytes>,
    /// Held once here, and once by every stream.
    streams: Arc<()>,
    pings: Mutex<Option<PingPong>>,
    task: AbortHandle,
}

/// What came of a request.
#[derive(Debug)]
pub enum Granted {
    /// A tunnel.
    Tunnel(Box<Stream>),
    /// Another status.
    Status(u16),
}

impl Shared {
    /// Begins to speak HTTP/2. An exit that takes nothing for `patience` is given up.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn open(line: Line, patience: Duration) -> Result<Self, h2::Error> {
        let mut builder = Builder::new();
        builder
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(LONGEST_HEAD)
            .enable_push(false);
        let handshake = builder.handshake::<_, Bytes>(Patient::new(line, patience));
        let (sender, mut connection): (_, Connection<Patient<Line>, Bytes>) = handshake.await?;
        let pings = Mutex::new(connection.ping_pong());
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("connection to the exit: {error}");
            }
        });
        Ok(Self { sender, streams: Arc::default(), pings, task: task.abort_handle() })
    }

    /// Whether another stream may be opened here.
    pub fn has_room(&self) -> bool {
        let most = self.sender.current_max_send_streams().min(MOST_STREAMS);
        !self.task.is_finished() && Arc::strong_count(&self.streams) <= most
    }

    /// Whether the connection has ended.
    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Asks for a tunnel.
    ///
    /// # Errors
    /// The connection broke, or the exit reset the stream.
    pub async fn ask(&self, asked: &Asked<'_>, words: &Words) -> Result<Granted, h2::Error> {
        let request = words.http2(asked).map_err(|_| h2::Error::from(h2::Reason::INTERNAL_ERROR))?;
        let share = Arc::clone(&self.streams);
        let mut sender = self.sender.clone().ready().await?;
        let (response, send) = sender.send_request(request, false)?;
        let response = response.await?;
        let status = response.status();
        if !status.is_success() {
            return Ok(Granted::Status(status.as_u16()));
        }
        Ok(Granted::Tunnel(Box::new(Stream::new(send, response.into_body(), share))))
    }

    /// Sends a request that the exit answers itself, and gives back the status.
    ///
    /// # Errors
    /// The connection broke, or the exit reset the stream.
    pub async fn check(&self, request: Request<()>) -> Result<u16, h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let (response, _) = sender.send_request(request, true)?;
        Ok(response.await?.status().as_u16())
    }

    /// Whether the exit answers a ping in time; how long it took.
    pub async fn ping(&self, limit: Duration) -> Option<Duration> {
        let started = Instant::now();
        let mut pings = self.pings.lock().await;
        let ping = pings.as_mut()?.ping(Ping::opaque());
        let answered = matches!(timeout(limit, ping).await, Ok(Ok(_)));
        answered.then(|| started.elapsed())
    }

    /// Ends the connection at once: every tunnel on it breaks off.
    pub fn give_up(&self) {
        self.task.abort();
    }
}
