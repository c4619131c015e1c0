//! How is HTTP spoken with a client?

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{sleep, timeout},
};

use super::{
    arriving::Arriving,
    frame_meter::{FrameMeter, Pulse},
    frames::{Heads, Requests},
    http as service,
    plain::{self, Left},
    reading,
    recorder::{REST_AFTER, Recorder},
    session::{Scope, Session},
    stream_tasks::StreamTasks,
};

/// Room that hyper needs beyond the largest head.
const SLACK: usize = 8 * 1024;
/// Flow-control windows of a client: what it may send before it is read.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// The same of one that opens tunnels: as much for each, so that none waits for another whose origin takes nothing.
const TUNNEL_WINDOW: u32 = 256 * 1024;
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

/// What hyper holds for a connection is given back while the connection is idle, and made anew when it goes on.
async fn serve_http1<IO>(session: Session, mut io: IO, mut prefix: Bytes)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    while let Some(resting) = Box::pin(serve_awake(&session, io, prefix)).await {
        io = resting;
        match rest(&session, &mut io).await {
            Some(bytes) => prefix = bytes,
            None => return,
        }
    }
}

/// Serves until the connection ends, which leaves nothing, or rests, which leaves the stream.
async fn serve_awake<IO>(session: &Session, io: IO, prefix: Bytes) -> Option<IO>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = *session.limits();
    let (recorder, tape) = Recorder::new(io, prefix, limits.head, limits.patience);
    let inner = Arc::new(session.recorded(tape.clone()));
    let recorder = match plain::serve(&inner, &tape, recorder).await {
        Left::ForHyper(recorder) => recorder,
        Left::Resting(recorder) => return Some(recorder.into_inner()),
        Left::Ended => return None,
    };
    let service =
        service_fn(move |request: Request<Incoming>| service::handle(Arc::clone(&inner), request.map(Arriving::Hyper)));
    let mut connection = http1::Builder::new()
        .auto_date_header(false)
        .header_read_timeout(None)
        .max_buf_size(limits.head.bytes + SLACK)
        .max_header_size(limits.head.bytes + SLACK)
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(recorder), service)
        .with_upgrades();
    // Within one poll, so that nothing can come in between.
    let goes_on = poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
        Poll::Pending if tape.is_resting() => Poll::Ready(None),
        polled => polled.map(Some),
    });
    let ended = tokio::select! {
        // In this order: hyper drops what it was given and has not looked at when it is told to end.
        biased;
        // The client left, or the connection broke, or it rests.
        ended = goes_on => ended,
        // clir ends: what is under way is finished, nothing is lost.
        () = session.ending() => {
            Pin::new(&mut connection).graceful_shutdown();
            Some((&mut connection).await)
        }
    };
    if let Some(ended) = ended {
        tell(ended);
        return None;
    }
    // hyper was given whole messages, and has used them up; what is not so is no connection to go on with.
    let parts = connection.into_parts().filter(|parts| parts.read_buf.is_empty())?;
    Some(parts.io.into_inner().into_inner())
}

/// Waits for the next request on a connection that is idle, holding nothing but the stream. Nothing is given back when the
/// connection has ended, or was ended here.
async fn rest<IO>(session: &Session, io: &mut IO) -> Option<Bytes>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let limits = session.limits();
    let mut bytes = BytesMut::new();
    let read = tokio::select! {
        // The next request begins, or the client leaves. The other branches lose nothing of it.
        read = timeout(limits.patience.idle.saturating_sub(REST_AFTER), reading::some(io, &mut bytes)) => read,
        // clir ends, and nothing is under way.
        () = session.ending() => Ok(Ok(0)),
    };
    match read {
        Ok(Ok(count)) if count > 0 => return Some(bytes.freeze()),
        Ok(Err(error)) => tracing::debug!("connection of a client: {error}"),
        Ok(Ok(_)) | Err(_) => {
            // Whoever does not take the end in time has it without a word.
            let _ = timeout(limits.handshake, io.shutdown()).await;
        }
    }
    None
}

/// Serves HTTP/2 until the client leaves or clir ends.
pub fn http2<IO>(session: Session, io: IO, extended_connect: bool) -> Pin<Box<dyn Future<Output = ()> + Send>>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    Box::pin(serve_http2(session, io, extended_connect))
}

async fn serve_http2<IO>(session: Session, io: IO, extended_connect: bool)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = *session.limits();
    let (inner, teller) = (session.clone(), session.clone());
    let heads = Heads::new(limits.streams as usize + 2 * RESET_STREAMS);
    let tell = Box::new(move |head, malformed| service::malformed(&teller, head, malformed));
    let requests = Requests::new(heads.clone(), extended_connect, tell);
    let (metered, pulse) = FrameMeter::new(io, limits.patience.body, limits.head.bytes, requests);
    // The head is taken at once: requests are handed over in the order in which their heads came.
    let service = service_fn(move |request: Request<Incoming>| {
        let head = heads.take(&request);
        service::handle_http2(inner.clone(), head, request.map(Arriving::Hyper))
    });
    let windows = windows(&session);
    let mut builder = http2::Builder::new(StreamTasks);
    builder
        .auto_date_header(false)
        .initial_stream_window_size(windows.0)
        .initial_connection_window_size(windows.1)
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

/// Of a stream, and of the connection.
fn windows(session: &Session) -> (u32, u32) {
    // RFC 9113 §6.9.1
    const LARGEST: u32 = (1 << 31) - 1;
    match session.scope {
        Scope::Streams(_) => (TUNNEL_WINDOW, TUNNEL_WINDOW.saturating_mul(session.limits().streams).min(LARGEST)),
        Scope::Proxy | Scope::Tunnel(_) => (STREAM_WINDOW, CONNECTION_WINDOW),
    }
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
    tell(ended);
}

fn tell(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!("connection of a client: {error}");
    }
}

/// Completes when nothing has moved for a while and no stream is open. Open streams are waited for longer, but not for
/// ever: a client that answers pings and opens no window is gone all the same.
async fn idle(session: &Session, pulse: &Pulse) {
    // Ours, the service's, and the frame reader's; every request under way holds one more.
    const AT_REST: usize = 3;
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
