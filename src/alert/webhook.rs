//! How is an alert posted to a web address?
//!
//! Over HTTPS, with the certificate verified; in cleartext only within this machine and its own networks. Redirections are
//! not followed: where alerts go is for the configuration to say. The address may hold a secret, so it is never told.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    runtime::Builder,
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;

use crate::{
    exchange::{Host, Origin, Scheme, Sensitive},
    policy::{AddressClass, AddressSet},
    tls::{self, Trust, Visitor},
};

/// How often it is tried.
const TRIES: u32 = 4;
/// For how long nothing is tried after the first failure; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(1);

/// Where alerts are posted.
#[derive(Clone)]
pub struct Webhook {
    origin: Origin,
    path: Sensitive<String>,
    trust: Arc<Trust>,
}

/// Why an alert was not taken.
#[derive(Debug)]
struct Failed {
    why: String,
    /// Whether it may help to try again.
    again: bool,
}

impl Webhook {
    /// Posts to this path there, and believes whom `trust` believes.
    pub fn new(origin: Origin, path: Sensitive<String>, trust: Arc<Trust>) -> Self {
        Self { origin, path, trust }
    }

    /// Posts the text, again and again if need be, each time within this limit.
    ///
    /// # Errors
    /// It was not taken; in words without anything of the text and of the address's path.
    pub fn post(&self, text: &str, limit: Duration, tries: Option<u32>) -> Result<(), String> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let mut pause = PAUSE;
            let mut left = tries.unwrap_or(TRIES);
            loop {
                left = left.saturating_sub(1);
                let sent = timeout(limit, Box::pin(self.send(text))).await;
                let failed = match sent {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(failed)) => failed,
                    Err(_elapsed) => again(format!("it did not answer within {} s", limit.as_secs_f32())),
                };
                if !failed.again || left == 0 {
                    return Err(failed.why);
                }
                sleep(pause).await;
                pause *= 2;
            }
        })
    }

    async fn send(&self, text: &str) -> Result<(), Failed> {
        let stream = self.connect().await?;
        match self.origin.scheme {
            Scheme::Http => self.speak(stream, text).await,
            Scheme::Https => self.speak(self.secure(stream).await?, text).await,
        }
    }

    async fn connect(&self) -> Result<TcpStream, Failed> {
        let addresses: Vec<SocketAddr> = match &self.origin.host {
            Host::Ip(address) => vec![(*address, self.origin.port).into()],
            Host::Name(name) => {
                let found = lookup_host((&**name, self.origin.port)).await;
                found.map_err(|error| again(format!("its name cannot be resolved: {error}")))?.collect()
            }
        };
        let may = |address: &&SocketAddr| self.origin.scheme == Scheme::Https || is_near(address.ip());
        let Some(_) = addresses.iter().find(may) else {
            return Err(never("http:// is for this machine and its own networks only: use https://"));
        };
        let mut failed = again("it has no address");
        for address in addresses.iter().filter(may) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = again(format!("cannot connect: {error}")),
            }
        }
        Err(failed)
    }

    async fn secure(&self, stream: TcpStream) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, Failed> {
        let name = match &self.origin.host {
            Host::Ip(address) => ServerName::IpAddress((*address).into()),
            Host::Name(name) => ServerName::try_from(name.to_string()).map_err(|error| never(error.to_string()))?,
        };
        let visitor = Visitor { client: IpAddr::from([0, 0, 0, 0]), port: self.origin.port };
        let opening = self.trust.open(&[b"http/1.1"], visitor, &name, SystemTime::now());
        let untrusted = |error: &io::Error| again(format!("no trustworthy TLS: {}", tls::describe_io(error)));
        let shaken = TlsConnector::from(Arc::clone(&opening.config)).connect(name.clone(), stream).await;
        let stream = shaken.map_err(|error| untrusted(&error))?;
        let judged = opening.judge(stream.get_ref().1, &name, SystemTime::now());
        judged.map_err(|error| untrusted(&io::Error::other(error)))?;
        Ok(stream)
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        text: &str,
    ) -> Result<(), Failed> {
        let broken = |error: hyper::Error| again(format!("the connection broke: {error}"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let request = Request::post(self.path.expose().as_str())
            .header(header::HOST, self.origin.authority())
            .header(header::USER_AGENT, concat!("clir/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::copy_from_slice(text.trim_end().as_bytes())));
        let request = request.map_err(|_| never("its address is none that can be asked for"))?;
        // Whatever becomes of it shows in the answer, or in its absence. It ends with the runtime.
        tokio::spawn(connection);
        let answered = sender.send_request(request).await.map_err(broken)?;
        // What it says is not read.
        judge(answered.status())
    }
}

/// What the answer's status means.
fn judge(status: StatusCode) -> Result<(), Failed> {
    match status {
        _ if status.is_success() => Ok(()),
        _ if status.is_redirection() => Err(never(format!("it redirects ({status}), which is not followed"))),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Err(again(format!("it answered {status}"))),
        _ if status.is_client_error() => Err(never(format!("it answered {status}"))),
        _ => Err(again(format!("it answered {status}"))),
    }
}

fn again(why: impl Into<String>) -> Failed {
    Failed { why: why.into(), again: true }
}

fn never(why: impl Into<String>) -> Failed {
    Failed { why: why.into(), again: false }
}

/// Whether cleartext to there is read by nobody else.
fn is_near(address: IpAddr) -> bool {
    AddressSet::new(vec![AddressClass::Loopback, AddressClass::Private], Vec::new()).contains(address)
}

/// Where it is, and not which path.
impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Webhook").field(&self.origin).finish()
    }
}
