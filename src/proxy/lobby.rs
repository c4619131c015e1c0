//! What may somebody do who is not admitted?
//!
//! Open a secret link, and nothing else: over TLS, or through a tunnel to where links are, which is served here and leads
//! nowhere. Whatever else is asked for is refused in few words. Connections are few, and short.

use std::{
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use http::{Method, Request, Response, StatusCode, header};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::timeout,
};

use super::{
    body::Body,
    claiming::{Claiming, text},
    refusal,
    refusals::Reason,
    session::Shared,
    upstream::Protocol,
};

/// For one connection, all in all: a person looks at a page and presses a button on a new one.
const LONGEST: Duration = Duration::from_secs(30);
/// For a head.
const HEAD: Duration = Duration::from_secs(10);
/// Of a head: a browser's own fields, and cookies of other sites on this host.
const HEAD_BYTES: u32 = 16 * 1024;
/// Requests at the same time.
const STREAMS: u32 = 4;
/// What somebody is told who wants anything else.
const NOT_ADMITTED: &str = "This clir does not serve your address.\n";

/// Somebody who is not admitted, or wants to open a link through a tunnel.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// What all workers share.
    pub shared: Arc<Shared>,
    /// How links are opened.
    pub claiming: Arc<Claiming>,
    /// Its address.
    pub client: IpAddr,
    /// The address of ours that it has reached.
    pub local: SocketAddr,
    /// Turns true when clir is to end.
    pub ending: watch::Receiver<bool>,
}

impl Visitor {
    /// Serves a connection of a visitor.
    pub async fn serve<IO>(self, io: IO, protocol: Protocol, is_secure: bool)
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut ending = self.ending.clone();
        let served = timeout(LONGEST, self.speak(io, protocol, is_secure));
        tokio::select! {
            // clir ends; nothing is under way that could not be asked for again.
            _ = ending.wait_for(|ending| *ending) => {}
            // The visitor left, or has had its time.
            _ = served => {}
        }
    }

    /// Boxed, because a tunnel inside this connection is served by the same function.
    fn speak<IO>(self, io: IO, protocol: Protocol, is_secure: bool) -> Pin<Box<dyn Future<Output = ()> + Send>>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Box::pin(async move {
            let client = self.client;
            let service = service_fn(move |request| {
                let visitor = self.clone();
                async move { Ok::<_, std::convert::Infallible>(visitor.answer(request, is_secure).await) }
            });
            let size = usize::try_from(HEAD_BYTES).unwrap_or(usize::MAX);
            let spoken = match protocol {
                Protocol::Http1 => {
                    let mut builder = http1::Builder::new();
                    builder
                        .auto_date_header(false)
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEAD)
                        .max_buf_size(size);
                    builder.serve_connection(TokioIo::new(io), service).with_upgrades().await
                }
                Protocol::Http2 => {
                    let mut builder = http2::Builder::new(TokioExecutor::new());
                    builder.auto_date_header(false).timer(TokioTimer::new()).max_concurrent_streams(STREAMS);
                    builder.max_header_list_size(HEAD_BYTES).serve_connection(TokioIo::new(io), service).await
                }
            };
            if let Err(error) = spoken {
                tracing::debug!(%client, "connection of a visitor: {error}");
            }
        })
    }

    async fn answer(self, mut request: Request<Incoming>, is_secure: bool) -> Response<Body> {
        let target = request.uri().to_string();
        if request.method() == Method::CONNECT && !is_secure && self.claiming.leads_here(target.as_bytes()) {
            tokio::spawn(self.tunnel(hyper::upgrade::on(&mut request)));
            return Response::new(Body::empty());
        }
        let host = request.headers().get(header::HOST).map(|host| host.as_bytes().to_vec());
        let Some(visit) = self.claiming.visit(target.as_bytes(), host.as_deref(), is_secure) else {
            self.shared.refusals.tell(self.client, Reason::NotAdmitted);
            return refusal::closing_if_http1(text(StatusCode::FORBIDDEN, NOT_ADMITTED), request.version());
        };
        let method = request.method().clone();
        self.claiming.answer(&self.shared, self.client, visit, &method, request.into_body().into()).await
    }

    async fn tunnel(self, upgrade: OnUpgrade) {
        match upgrade.await {
            Ok(upgraded) => self.serve_inside(TokioIo::new(upgraded)).await,
            Err(error) => tracing::debug!(client = %self.client, "a tunnel to a link was not opened: {error}"),
        }
    }

    /// Serves the inside of a tunnel to where links are: TLS comes first.
    pub async fn serve_inside<IO>(self, io: IO)
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (leaves, limit) = (self.shared.leaves.load_full(), self.shared.limits.handshake);
        let Some(door) = self.claiming.door().cloned() else { return };
        match timeout(limit, Box::pin(door.secure(io, self.local.ip(), &leaves))).await {
            Ok(Ok((stream, protocol))) => self.serve(stream, protocol, true).await,
            Ok(Err(error)) => tracing::debug!(client = %self.client, "no TLS with a visitor: {error}"),
            Err(_elapsed) => {}
        }
    }
}
