//! How do both ends speak HTTP/2 to clir?
//!
//! An origin that records what reaches it and answers with what it is sent (so that streaming, trailers and RFC 8441 can
//! be seen from the client's side), and a client for one connection. Both are hyper's, on a runtime of their own.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::{
    Request, Response, Version,
    body::{Body, Frame, Incoming},
    client::conn::http2::SendRequest,
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::mpsc,
};

use super::{
    Clir,
    certificates::{Authority, Flaw},
    tls,
};

/// A request as the origin received it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub uri: String,
    pub version: Version,
    pub protocol: Option<String>,
    pub fields: Vec<(String, String)>,
}

impl Seen {
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// A site that speaks HTTP/2 inside TLS, and answers with the body and the trailers it is sent.
pub struct H2Origin {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _runtime: Runtime,
}

impl H2Origin {
    pub fn new() -> Self {
        let runtime = runtime();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let address = listener.local_addr().unwrap();
        let config = Authority::trusted().server(&["127.0.0.1", "localhost"], Flaw::Nothing, &["h2"]);
        runtime.spawn(accept(listener, config.into(), seen.clone()));
        Self { address, seen, _runtime: runtime }
    }

    /// The same in cleartext, for clients that know so beforehand.
    pub fn cleartext() -> Self {
        let runtime = runtime();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let address = listener.local_addr().unwrap();
        let record = seen.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, record.clone()));
            }
        });
        Self { address, seen, _runtime: runtime }
    }

    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn accept(listener: TcpListener, acceptor: tokio_rustls::TlsAcceptor, seen: Arc<Mutex<Vec<Seen>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, seen) = (acceptor.clone(), seen.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            serve(stream, seen).await;
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, seen: Arc<Mutex<Vec<Seen>>>) {
    let service = service_fn(move |request| answer(request, seen.clone()));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.enable_connect_protocol().auto_date_header(false);
    // The client may end the connection as it likes.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    mut request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    let protocol = request.extensions().get::<hyper::ext::Protocol>().map(|protocol| protocol.as_str().to_owned());
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    seen.lock().unwrap().push(Seen {
        method: request.method().to_string(),
        uri: request.uri().to_string(),
        version: request.version(),
        protocol: protocol.clone(),
        fields: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
    });
    let mut response =
        Response::builder().header("x-from", "origin").header("set-cookie", "a=1").header("set-cookie", "b=2");
    if protocol.is_some() {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(
            async move { echo(upgrade.await?).await.map_err(Box::<dyn std::error::Error + Send + Sync>::from) },
        );
        return Ok(response.body(http_body_util::Empty::new().map_err(|never| match never {}).boxed()).unwrap());
    }
    if let Some(kind) = request.headers().get("content-type") {
        response = response.header("content-type", kind);
    }
    Ok(response.body(request.into_body().boxed()).unwrap())
}

async fn echo(stream: hyper::upgrade::Upgraded) -> std::io::Result<()> {
    let (mut from, mut to) = tokio::io::split(TokioIo::new(stream));
    tokio::io::copy(&mut from, &mut to).await?;
    to.shutdown().await
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A body that is fed by the test, frame by frame.
pub struct Feed(mpsc::UnboundedReceiver<Frame<Bytes>>);

impl Body for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}

/// A client with one HTTP/2 connection through a tunnel that clir opens.
pub struct H2Client {
    runtime: Runtime,
    sender: SendRequest<Feed>,
    scheme: &'static str,
    authority: String,
}

/// A response whose body has yet to be read.
pub struct Answer<'a> {
    pub head: http::response::Parts,
    body: Incoming,
    runtime: &'a Runtime,
}

async fn handshake(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> SendRequest<Feed> {
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

impl H2Client {
    /// Connects through `clir` to `authority`; TLS is for `name`.
    pub fn connect(clir: &Clir, authority: &str, name: &str) -> Self {
        let runtime = runtime();
        let stream = super::Wire::tunnel(clir.address(), authority).into_inner();
        stream.set_nonblocking(true).unwrap();
        let connector = tokio_rustls::TlsConnector::from(tls::client_config(&clir.authority(), &["h2", "http/1.1"]));
        let name = rustls::pki_types::ServerName::try_from(name.to_owned()).unwrap();
        let sender = runtime.block_on(async {
            let stream = connector.connect(name, TcpStream::from_std(stream).unwrap()).await.expect("a handshake");
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "HTTP/2 is agreed on");
            handshake(stream).await
        });
        Self { runtime, sender, scheme: "https", authority: authority.to_owned() }
    }

    /// Speaks HTTP/2 in cleartext, without asking.
    pub fn cleartext(stream: std::net::TcpStream, authority: &str) -> Self {
        let runtime = runtime();
        stream.set_nonblocking(true).unwrap();
        let sender = runtime.block_on(async { handshake(TcpStream::from_std(stream).unwrap()).await });
        Self { runtime, sender, scheme: "http", authority: authority.to_owned() }
    }

    /// A request to `path` without a body.
    pub fn get(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer<'_> {
        let (request, _) = self.request("GET", path, fields);
        self.send(request)
    }

    /// A request whose body is what goes into the sender, up to its drop.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> (Request<Feed>, mpsc::UnboundedSender<Frame<Bytes>>) {
        // What a test feeds is bounded by the test.
        #[allow(clippy::disallowed_methods)]
        let (sender, receiver) = mpsc::unbounded_channel();
        let uri = format!("{}://{}{path}", self.scheme, self.authority);
        let builder = fields
            .iter()
            .fold(Request::builder().method(method).uri(uri), |builder, (name, value)| builder.header(*name, *value));
        (builder.body(Feed(receiver)).unwrap(), sender)
    }

    /// Sends it and waits for the answer's head.
    pub fn send(&mut self, request: Request<Feed>) -> Answer<'_> {
        let (head, body) = self.try_send(request).expect("an answer").into_parts();
        Answer { head, body, runtime: &self.runtime }
    }

    pub fn try_send(&mut self, request: Request<Feed>) -> hyper::Result<Response<Incoming>> {
        let sender = &mut self.sender;
        self.runtime.block_on(async {
            sender.ready().await?;
            let answer = tokio::time::timeout(super::PATIENCE, sender.send_request(request)).await;
            answer.expect("an answer in time")
        })
    }

    /// Reads an answer's body; whether it comes to its end.
    pub fn is_whole(&self, answer: Response<Incoming>) -> bool {
        let collected = async { tokio::time::timeout(super::PATIENCE, answer.into_body().collect()).await };
        self.runtime.block_on(collected).expect("an end in time").is_ok()
    }

    /// Waits until the other side closes the connection.
    pub fn wait_for_the_end(&mut self) {
        let sender = &mut self.sender;
        self.runtime.block_on(async {
            let ended = async {
                while sender.ready().await.is_ok() {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(super::PATIENCE, ended).await.expect("the connection ends in time");
        });
    }

    /// Opens a WebSocket's stream (RFC 8441), sends `bytes` and returns as many bytes of the answer.
    pub fn websocket(&mut self, path: &str, fields: &[(&str, &str)], bytes: &[u8]) -> Vec<u8> {
        let (mut request, body) = self.request("CONNECT", path, fields);
        request.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
        drop(body);
        let response = self.try_send(request).expect("an answer");
        assert_eq!(response.status(), 200, "the extended CONNECT is accepted");
        self.runtime.block_on(async {
            let mut stream = TokioIo::new(hyper::upgrade::on(response).await.expect("an upgrade"));
            stream.write_all(bytes).await.unwrap();
            let mut echo = vec![0; bytes.len()];
            tokio::time::timeout(super::PATIENCE, stream.read_exact(&mut echo)).await.expect("in time").unwrap();
            echo
        })
    }
}

impl Answer<'_> {
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub fn values(&self, name: &str) -> Vec<String> {
        self.head
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect()
    }

    /// The next frame of the body; nothing at its end.
    pub fn frame(&mut self) -> Option<hyper::Result<Frame<Bytes>>> {
        let body = &mut self.body;
        self.runtime
            .block_on(async { tokio::time::timeout(super::PATIENCE, body.frame()).await.expect("a frame in time") })
    }

    /// The next piece of data.
    pub fn data(&mut self) -> Bytes {
        self.frame().expect("no end yet").expect("no error").into_data().expect("data")
    }

    /// The whole rest of the body and its trailers.
    pub fn rest(self) -> hyper::Result<(Bytes, Option<http::HeaderMap>)> {
        let collected = self.runtime.block_on(self.body.collect())?;
        let trailers = collected.trailers().cloned();
        Ok((collected.to_bytes(), trailers))
    }
}
