//! How is HTTP spoken with a client?

use std::{pin::Pin, sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{sleep, timeout},
};

use super::{
    frame_meter::{FrameMeter, Pulse},
    http as service,
    recorder::Recorder,
    session::Session,
};

/// Room that hyper needs beyond the largest head.
const SLACK: usize = 8 * 1024;
/// Flow-control windows of a client: what it may send before it is read.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Streams that a client may make us reset, and reset itself before we have looked at them: more is a flood.
const RESET_STREAMS: usize = 128;
/// How long an idle connection may take to end well.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves HTTP/1 until the client leaves or clir ends. `prefix` is what was read already.
///
/// Boxed, because a tunnel inside this connection is served by the same function.
pub fn http1<IO>(session: Session, io: IO, prefix: Bytes) -> Pin<Box<dyn Future<Output = ()> + Send>>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    Box::pin(serve_http1(session, io, prefix))
}

async fn serve_http1<IO>(session: Session, io: IO, prefix: Bytes)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = *session.limits();
    let (recorder, tape) = Recorder::new(io, prefix, limits.head, limits.patience);
    let inner = session.recorded(tape);
    let service = service_fn(move |request: Request<Incoming>| service::handle(inner.clone(), request));
    let connection = http1::Builder::new()
        .auto_date_header(false)
        .header_read_timeout(None)
        .max_buf_size(limits.head.bytes + SLACK)
        .max_headers(limits.head.fields)
        .max_header_size(limits.head.bytes + SLACK)
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(recorder), service)
        .with_upgrades();
    // The recorder has its own clock for silence.
    let never_idle = std::future::pending();
    until_end(&session, connection, http1::UpgradeableConnection::graceful_shutdown, never_idle).await;
}

/// Serves HTTP/2 until the client leaves or clir ends.
pub async fn http2<IO>(session: Session, io: IO, extended_connect: bool)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = *session.limits();
    let inner = session.clone();
    let (metered, pulse) = FrameMeter::new(io, limits.patience.body);
    let service = service_fn(move |request: Request<Incoming>| service::handle_http2(inner.clone(), request));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .auto_date_header(false)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(limits.patience.idle / 2)
        .keep_alive_timeout(limits.handshake)
        .max_concurrent_streams(limits.streams)
        .max_local_error_reset_streams(RESET_STREAMS)
        .max_pending_accept_reset_streams(RESET_STREAMS)
        .max_header_list_size(u32::try_from(limits.head.bytes).unwrap_or(u32::MAX))
        .timer(TokioTimer::new());
    if extended_connect {
        builder.enable_connect_protocol();
    }
    let connection = builder.serve_connection(TokioIo::new(metered), service);
    let idle = idle(&session, &pulse);
    until_end(&session, connection, http2::Connection::graceful_shutdown, idle).await;
}

async fn until_end<C>(
    session: &Session,
    connection: C,
    shut_down: impl FnOnce(Pin<&mut C>),
    idle: impl Future<Output = ()>,
) where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        // The client left, or the connection broke.
        ended = &mut connection => ended,
        // clir ends: what is under way is finished, nothing is lost.
        () = session.ending() => {
            shut_down(connection.as_mut());
            connection.await
        }
        // Nothing has moved in a while. What is still under way then is lost: its client does not take it.
        () = idle => {
            shut_down(connection.as_mut());
            timeout(FAREWELL, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!("connection of a client: {error}");
    }
}

/// Completes when nothing has moved for a while and no stream is open. Open streams are waited for longer, but not for
/// ever: a client that answers pings and opens no window is gone all the same.
async fn idle(session: &Session, pulse: &Pulse) {
    // Ours, and the service's; every request under way holds one more.
    const AT_REST: usize = 2;
    // Waiting for an origin, and its silence, have limits of their own. What outlasts them is the client's doing.
    const OUTLASTS: u32 = 3;
    let limits = session.limits();
    let patience = limits.patience.idle;
    let mut still = Duration::ZERO;
    loop {
        let before = pulse.load(Ordering::Relaxed);
        sleep(patience).await;
        let has_moved = pulse.load(Ordering::Relaxed) != before;
        still = if has_moved { Duration::ZERO } else { still + patience };
        let longest = if session.has_switched() { limits.tunnel } else { limits.patience.body * OUTLASTS };
        if !has_moved && session.holders() <= AT_REST || still >= longest {
            return;
        }
    }
}
