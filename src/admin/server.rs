//! How is the admin address served, and what does nobody get from it?
//!
//! A thread and an event loop of its own, so that nothing here is in the way of a request. Connections, heads, bodies
//! and answers have limits.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpStream,
    runtime::Builder,
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{
    Sources,
    api::{self, Desk},
    assets, guard,
    login::Login,
    reply::{self, Fault},
};
use crate::exchange::Sensitive;

/// Connections at once; of these, [`api::WATCHERS`] may watch.
const CONNECTIONS: usize = 96;
/// For a head to arrive, and of silence between two requests.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of a head.
const HEAD_BYTES: usize = 32 << 10;
/// For a request to be answered, its body included.
const ANSWER: Duration = Duration::from_secs(15);
/// Bytes of a body.
const BODY: usize = 64 << 10;
/// For what is under way at the end.
const ENDING: Duration = Duration::from_secs(2);

/// Who may see it.
#[derive(Debug, Default)]
pub struct Settings {
    /// What has to be shown; nothing means that this machine is shown everything.
    pub token: Option<Sensitive<String>>,
    /// Random bytes.
    pub random: [u8; 32],
}

/// The server at work.
#[derive(Debug)]
pub struct Running {
    ending: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Listens there; connections wait until [`Running::start`].
///
/// # Errors
/// Somebody else listens there, or nobody may.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Running {
    /// Serves on this socket.
    ///
    /// # Errors
    /// No thread or event loop can be had.
    pub fn start(listener: TcpListener, settings: Settings, sources: Sources) -> io::Result<Self> {
        let (ending, ends) = watch::channel(false);
        // Questions to the index are asked on threads of their own, a few at a time.
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(api::QUESTIONS + 2).build()?;
        let login = settings.token.map(|token| Arc::new(Login::new(token, settings.random)));
        let router = router(login, Desk::new(sources, ends.clone()));
        let thread = thread::Builder::new().name("admin".into()).spawn(move || {
            runtime.block_on(serve(listener, router, ends));
            runtime.shutdown_timeout(Duration::from_millis(100));
        })?;
        Ok(Self { ending, thread })
    }

    /// Ends: whoever watches is let go, and what is under way is answered.
    pub fn end(self) {
        // A thread that is gone needs no word.
        let _ = self.ending.send(true);
        if self.thread.join().is_err() {
            tracing::error!("the live view panicked");
        }
    }
}

fn router(login: Option<Arc<Login>>, desk: Desk) -> Router {
    api::router(desk, login.clone())
        .fallback(page)
        .layer(middleware::from_fn_with_state(login, admit))
        .layer(middleware::from_fn(limit))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::map_response(async |mut response: Response| {
            reply::protect(response.headers_mut());
            response
        }))
}

/// A page, or nothing of that name.
pub async fn page(request: Request) -> Response {
    let path = request.uri().path();
    match assets::find(path) {
        Some(_) if !request.method().is_safe() => {
            Fault(StatusCode::METHOD_NOT_ALLOWED, "only GET".into()).into_response()
        }
        Some(asset) => asset.response(),
        None => Fault::missing("there is nothing here").into_response(),
    }
}

/// An answer takes so long at most; a stream has begun by then.
async fn limit(request: Request, next: Next) -> Response {
    match timeout(ANSWER, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Fault(StatusCode::REQUEST_TIMEOUT, "this took too long".into()).into_response(),
    }
}

/// Who may not, gets no further.
async fn admit(State(login): State<Option<Arc<Login>>>, request: Request, next: Next) -> Response {
    match admits(login.as_deref(), &request) {
        Ok(()) => next.run(request).await,
        Err(Fault(StatusCode::UNAUTHORIZED, _)) if wants_page(&request) => Redirect::to("/login").into_response(),
        Err(fault) => {
            let is_asking = fault.0 == StatusCode::UNAUTHORIZED;
            let mut response = fault.into_response();
            if is_asking {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
            }
            response
        }
    }
}

fn admits(login: Option<&Login>, request: &Request) -> Result<(), Fault> {
    let (uri, fields, method) = (request.uri(), request.headers(), request.method());
    let peer = request.extensions().get::<Peer>().ok_or_else(|| Fault::forbidden("nobody asks"))?.0;
    let path = uri.path();
    match login {
        None => guard::is_local(peer, uri, fields)?,
        Some(_) if assets::is_open(path) || api::is_open(path) => {}
        Some(login) => login.admits(peer.ip(), fields)?,
    }
    if !method.is_safe() {
        guard::is_from_us(uri, fields)?;
        if path != "/login" {
            guard::is_deliberate(method, fields)?;
        }
    }
    Ok(())
}

fn wants_page(request: &Request) -> bool {
    request.method().is_safe() && request.uri().path() == "/"
}

async fn serve(listener: TcpListener, router: Router, mut ends: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("the live view cannot be served: {error}"),
    };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut ended = ends.clone();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        tokio::select! {
            // Told to end: nobody new is served.
            _ = ended.wait_for(|ending| *ending) => break,
            // A new connection; one that is not accepted yet is not lost by cancelling.
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let connection = connection(stream, peer, router.clone(), ends.clone());
                    tokio::spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                // For want of descriptors, mostly: others may give some back.
                Err(error) => {
                    tracing::debug!("live view: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    // Whoever does not end in time is cut off.
    let _ = timeout(ENDING, room.acquire_many(all)).await;
    let _ = ends.borrow_and_update();
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, mut ends: watch::Receiver<bool>) {
    // Rows are small, and are to be seen at once.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.layer(axum::Extension(Peer(peer))));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // It is over; why, is the peer's business.
        _ = connection.as_mut() => return,
        // Told to end: what is under way is answered first.
        _ = ends.wait_for(|ending| *ending) => connection.as_mut().graceful_shutdown(),
    }
    let _ = timeout(ENDING, connection).await;
}
