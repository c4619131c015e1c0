//! What happens to a client of SOCKS 5?
//!
//! ```text
//! greeting → login, where there are users → request → access → scan, decide → connect → reply → what is spoken decides
//! ```
//! The messages are read in `listen::socks5`; here they come and go. From the reply on it is a tunnel like any other.

use std::{error::Error, io, net::SocketAddr, sync::Arc};

use bytes::{Buf, BytesMut};
use http::StatusCode;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::{
    account::Account,
    entrance,
    fault::{Fault, Stage},
    granted::Granted,
    hop::Errand,
    http::{answer_block, answer_fault},
    line::Line,
    moment::today,
    own, reading,
    refusals::Reason,
    rewound::Rewound,
    session::{Judges, Session},
    stand_in::reach_or_keep,
    transparent::connect_head,
};
use crate::{
    event::Verdict,
    exchange::{Context, Host, Origin, RequestHead, Scheme},
    intercept::Outcome,
    listen::socks5::{self, Command, Login, Method, Parsed, Reply, Request},
    policy::Carries,
};

/// Serves a client.
pub async fn serve(session: Session, stream: TcpStream) {
    let judges = session.shared().judges.load_full();
    let mut dialogue = Dialogue { stream, held: BytesMut::new(), user: None };
    let patience = session.limits().handshake;
    let asked = tokio::select! {
        // clir ends, and this client has not been granted anything.
        () = session.ending() => return,
        // What the client asks for, or the end of our patience.
        asked = timeout(patience, dialogue.ask(&session, &judges)) => asked,
    };
    match asked {
        Ok(Ok(Some(request))) => Box::pin(grant(session, judges, dialogue, request)).await,
        Ok(Ok(None)) => {}
        Ok(Err(error)) => tracing::debug!("a client of SOCKS: {error}"),
        Err(_elapsed) => tracing::debug!("a client of SOCKS did not say in time what it wants"),
    }
}

/// A connection on which messages are exchanged.
struct Dialogue {
    stream: TcpStream,
    /// What was read, and belongs to the next message.
    held: BytesMut,
    /// Who has logged in.
    user: Option<Arc<str>>,
}

impl Dialogue {
    /// What the client asks for; nothing if it may not ask, and has been told so.
    async fn ask(&mut self, session: &Session, judges: &Judges) -> io::Result<Option<Request>> {
        let greeting = self.read(socks5::greeting).await?;
        let claimed = judges.claimed(&session.client.listener, session.client.address.ip());
        let is_free = claimed.is_some() && greeting.offers(Method::None);
        let must_login = judges.authenticator.is_required() && !is_free;
        let method = if must_login { Method::Password } else { Method::None };
        if !greeting.offers(method) {
            let why = match method {
                Method::Password => "a user name and a password are required",
                Method::None => "the client offers no method that is known here; no login is needed",
            };
            if method == Method::Password {
                session.shared().refusals.tell(session.client.address.ip(), Reason::NoCredentials);
            }
            refuse_login(session, why);
            self.say(&socks5::choice(None)).await?;
            return Ok(None);
        }
        self.say(&socks5::choice(Some(method))).await?;
        if method == Method::Password {
            let Login { name, password } = self.read(socks5::login).await?;
            let login = entrance::log_in(session, judges, name, password).await;
            self.say(&socks5::verdict(login.is_ok())).await?;
            match login {
                Ok(user) => self.user = user,
                Err(why) => {
                    refuse_login(session, why);
                    return Ok(None);
                }
            }
        } else {
            self.user = claimed.and_then(|claimed| claimed.user.clone());
        }
        let request = self.read(socks5::request).await;
        if request.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            self.say(&Reply::AddressTypeNotSupported.bytes()).await?;
        }
        request.map(Some)
    }

    /// Reads a message, however many pieces it comes in.
    async fn read<T>(&mut self, parse: fn(&[u8]) -> Parsed<T>) -> io::Result<T> {
        loop {
            let parsed = parse(&self.held).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            if let Some((message, length)) = parsed {
                self.held.advance(length.min(self.held.len()));
                return Ok(message);
            }
            if self.held.len() > socks5::LONGEST || reading::some(&mut self.stream, &mut self.held).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn say(&mut self, message: &[u8]) -> io::Result<()> {
        self.stream.write_all(message).await
    }

    /// Says the last word.
    async fn end(mut self, reply: Reply) {
        let said = async {
            self.say(&reply.bytes()).await?;
            self.stream.shutdown().await
        };
        if let Err(error) = said.await {
            tracing::debug!("a client of SOCKS went away first: {error}");
        }
    }
}

fn refuse_login(session: &Session, why: &str) {
    let head = connect_head(&session.nowhere());
    let (_, account) = session.open_to(session.nowhere(), head, None);
    account.refuses(StatusCode::PROXY_AUTHENTICATION_REQUIRED, why.into());
}

/// Connects to where the client wants to go, or tells it why not.
async fn grant(session: Session, judges: Arc<Judges>, mut dialogue: Dialogue, request: Request) {
    let session = session.known_as(dialogue.user.take());
    let host = request.host.clone().unwrap_or_else(|| Host::Name("".into()));
    let origin = Origin { scheme: Scheme::Https, host, port: request.port };
    let led = match origin.host {
        Host::Ip(ip) => Some(SocketAddr::new(ip.to_canonical(), origin.port)),
        Host::Name(_) => None,
    };
    let head = head(&request, &origin);
    let (context, account) = session.open_to(origin.clone(), Arc::clone(&head), led);
    if let Err(reply) = admit(&request, &origin, &judges, &account, (&context, &head)) {
        return dialogue.end(reply).await;
    }
    if own::is_own(&origin) {
        return Box::pin(portal(session, account, origin, dialogue)).await;
    }
    let errand = Errand { id: account.id, before: None, carries: Carries::Unknown, source: None };
    let stream = match reach_or_keep(&session, &judges, &errand, &origin).await {
        Ok(stream) => stream,
        Err(fault) => {
            drop(answer_fault(&account, &fault));
            return dialogue.end(reply_to(&fault)).await;
        }
    };
    account.goes(stream.as_ref().and_then(Line::passage));
    account.ends(Verdict::Tunnelled, StatusCode::OK);
    if let Err(error) = dialogue.say(&Reply::Succeeded.bytes()).await {
        return account.fails_with(format!("the tunnel was not opened: {error}"));
    }
    let client = Rewound::new(Line::from(dialogue.stream), dialogue.held.freeze());
    Granted { session, judges, account, origin, led, source: None, stream, before: None }.serve(client).await;
}

/// A tunnel to clir itself goes nowhere.
async fn portal(session: Session, account: Arc<Account>, origin: Origin, mut dialogue: Dialogue) {
    account.ends(Verdict::Answered, StatusCode::OK);
    if let Err(error) = dialogue.say(&Reply::Succeeded.bytes()).await {
        return account.fails_with(format!("the tunnel was not opened: {error}"));
    }
    let client = Rewound::new(Line::from(dialogue.stream), dialogue.held.freeze());
    own::serve(session, account, origin, client).await;
}

/// A tunnel as every event has it, under the name of what was asked for.
fn head(request: &Request, origin: &Origin) -> Arc<RequestHead> {
    let head = connect_head(origin);
    let method = match request.command {
        Command::Connect => return head,
        Command::Bind => "BIND",
        Command::UdpAssociate => "UDP-ASSOCIATE",
        Command::Other => "UNKNOWN",
    };
    Arc::new(RequestHead { method: method.into(), ..RequestHead::clone(&head) })
}

/// Whether this may be asked for, and by this client.
fn admit(
    request: &Request,
    origin: &Origin,
    judges: &Judges,
    account: &Account,
    (context, head): (&Context, &RequestHead),
) -> Result<(), Reply> {
    let judgement = judges.interceptor.request(context, head, today());
    account.found(judgement.findings);
    let refuse = |status, why: &str, reply| {
        account.refuses(status, why.into());
        Err(reply)
    };
    if request.command != Command::Connect {
        let why = "SOCKS carries connections only: neither UDP ASSOCIATE nor BIND is served";
        return refuse(StatusCode::METHOD_NOT_ALLOWED, why, Reply::CommandNotSupported);
    }
    if request.host.is_none() || request.port == 0 {
        let why = "the request names no valid host and port";
        return refuse(StatusCode::BAD_REQUEST, why, Reply::GeneralFailure);
    }
    if !judges.access.admits_connect_port(origin.port) {
        let why = "access.deny_connect_ports forbids a tunnel to this port";
        return refuse(StatusCode::FORBIDDEN, why, Reply::NotAllowed);
    }
    account.acted(judgement.actions);
    if let Outcome::Blocked(block) = judgement.outcome {
        drop(answer_block(account, &block));
        return Err(Reply::NotAllowed);
    }
    Ok(())
}

/// What a fault is called in SOCKS.
fn reply_to(fault: &Fault) -> Reply {
    let cause = fault.source().and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    match (fault.stage, cause) {
        (Stage::Access, _) => Reply::NotAllowed,
        (_, Some(io::ErrorKind::ConnectionRefused)) => Reply::ConnectionRefused,
        (_, Some(io::ErrorKind::NetworkUnreachable)) => Reply::NetworkUnreachable,
        (Stage::Resolve | Stage::Connect, _) => Reply::HostUnreachable,
        _ => Reply::GeneralFailure,
    }
}
