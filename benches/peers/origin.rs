//! What do the proxies lead to?
//!
//! A site of three pages, in cleartext and over TLS, on a thread of its own: `/small` is 1 KiB, `/large` is 64 MiB, and
//! `/seen` tells whether the carrier's number has arrived. It answers proxies that pass whole URLs on as well.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use bytes::{Buf, BytesMut};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::PrivateKeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, SigningKey},
};
use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{LocalSet, spawn_local},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    load::client::{DOMAIN, NUMBER},
    papers::{self, Authority, Papers},
    process::Cores,
};

/// A body of 1 KiB.
pub const SMALL: &str = "/small";
/// A body of [`LARGE_BYTES`].
pub const LARGE: &str = "/large";
/// Whether the number was seen.
pub const SEEN: &str = "/seen";

const LARGE_BYTES: usize = 64 << 20;
const PIECE: usize = 256 << 10;

/// Where it listens.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub cleartext: SocketAddr,
    pub tls: SocketAddr,
    /// The same as `cleartext`, at every address that leads back to this machine.
    pub everywhere: SocketAddr,
}

/// Starts it; it ends with the process.
pub fn start(papers: &Papers, cores: Cores) -> io::Result<Origin> {
    let acceptor = acceptor(papers).map_err(io::Error::other)?;
    let (tell, told) = mpsc::channel();
    thread::Builder::new().name("origin".into()).spawn(move || {
        Cores::bind(cores.driver);
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(tell.send(Err(error))),
        };
        LocalSet::new().block_on(&runtime, async {
            let listening = listen(acceptor);
            drop(tell.send(listening));
            std::future::pending::<()>().await;
        });
    })?;
    told.recv().map_err(io::Error::other)?
}

fn listen(acceptor: TlsAcceptor) -> io::Result<Origin> {
    let (cleartext, tls, everywhere) = (listener(false)?, listener(false)?, listener(true)?);
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, everywhere.local_addr()?.port()));
    let origin = Origin { cleartext: cleartext.local_addr()?, tls: tls.local_addr()?, everywhere: at };
    spawn_local(accept(cleartext, None));
    spawn_local(accept(tls, Some(acceptor)));
    spawn_local(accept(everywhere, None));
    Ok(origin)
}

/// On loopback only: at one address, or bound to its interface.
fn listener(everywhere: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let address = if everywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    if everywhere {
        socket.bind_device(Some(b"lo"))?;
    }
    socket.bind(&SocketAddr::from((address, 0)).into())?;
    socket.listen(4096)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// Each host shows a certificate of its own, as hosts do: proxies may make theirs after it.
#[derive(Debug)]
struct Hosts {
    authority: Arc<Authority>,
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl ResolvesServerCert for Hosts {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name().unwrap_or(DOMAIN);
        let mut made = self.made.lock().ok()?;
        if let Some(certified) = made.get(host) {
            return Some(Arc::clone(certified));
        }
        let leaf = papers::leaf(host).ok()?.signed_by(&self.key, &self.authority).ok()?;
        let certified = Arc::new(CertifiedKey::new(vec![leaf.der().clone()], Arc::clone(&self.signing)));
        made.insert(host.to_owned(), Arc::clone(&certified));
        Some(certified)
    }
}

fn acceptor(papers: &Papers) -> Result<TlsAcceptor, Box<dyn std::error::Error + Send + Sync>> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let signing = any_supported_type(&PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    let hosts = Hosts { authority: papers.origins(), key, signing, made: Mutex::default() };
    let mut config = ServerConfig::builder().with_no_client_auth().with_cert_resolver(Arc::new(hosts));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(spawn_local(serve(stream, tls.clone()))),
            // Out of descriptors: some will come back.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// A client that goes away ends its connection, and nothing else.
async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => answer(stream).await,
        Some(tls) => answer(Box::new(tls.accept(stream).await?)).await,
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut words = BytesMut::with_capacity(4 << 10);
    let small = page(&"0123456789abcdef".repeat(64));
    loop {
        let Some(asked) = parse(&words)? else {
            if stream.read_buf(&mut words).await? == 0 {
                return Ok(());
            }
            continue;
        };
        match asked.page {
            Page::Small => stream.write_all(&small).await?,
            Page::Large => large(&mut stream).await?,
            Page::Seen(true) => stream.write_all(&page("yes")).await?,
            Page::Seen(false) => stream.write_all(&page("no")).await?,
        }
        stream.flush().await?;
        words.advance(asked.length);
        if asked.closes {
            return stream.shutdown().await;
        }
    }
}

fn page(text: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

async fn large(stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {LARGE_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let piece = vec![b'x'; PIECE];
    for _ in 0..LARGE_BYTES / PIECE {
        stream.write_all(&piece).await?;
    }
    Ok(())
}

enum Page {
    Small,
    Large,
    Seen(bool),
}

struct Asked {
    page: Page,
    length: usize,
    closes: bool,
}

fn parse(words: &[u8]) -> io::Result<Option<Asked>> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = request.parse(words).map_err(io::Error::other)? else { return Ok(None) };
    let path = request.path.unwrap_or_default();
    let is_closing = |field: &httparse::Header<'_>| {
        field.name.eq_ignore_ascii_case("connection") && field.value.eq_ignore_ascii_case(b"close")
    };
    let closes = request.version == Some(0) || request.headers.iter().any(is_closing);
    let page = if path.ends_with(SEEN) {
        Page::Seen(request.headers.iter().any(|field| field.value == NUMBER.as_bytes()))
    } else if path.ends_with(LARGE) {
        Page::Large
    } else {
        Page::Small
    };
    Ok(Some(Asked { page, length, closes }))
}
