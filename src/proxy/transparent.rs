//! What happens to a connection that the firewall has led here?
//!
//! Its client knows nothing of clir: it is connected to where it was going, and then what is spoken is looked at, as in
//! any tunnel. What its client says, `Host` or SNI, names the host for rules and events; it never chooses where the
//! connection goes.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{net::TcpStream, time::timeout};

use super::{
    account::Account,
    break_off::BreakOff,
    connect::reach,
    fault::Fault,
    granted::{First, Granted, cleartext_target, decide, of_hello, open_cleartext},
    hop::Errand,
    http::answer_fault,
    intercepted,
    line::Line,
    moment::today,
    own,
    rewound::Rewound,
    session::{Inside, Judges, Session},
    upstream::Protocol,
};
use crate::{
    event::Verdict,
    exchange::{Host, Origin, RequestHead, Scheme, Version},
    intercept::Outcome,
    listen::Kind,
    policy::Carries,
    sniff::ClientHello,
};

/// How long a client whose origin cannot be reached has to say that it speaks HTTP, so that it can be told why. Others are
/// told by the end of their connection, as they would have been without us.
const TELLING: Duration = Duration::from_secs(1);

/// Serves a connection that was going to `destination`.
pub async fn serve(session: Session, client: TcpStream, destination: SocketAddr) {
    let judges = session.shared().judges.load_full();
    let origin = Origin { scheme: Scheme::Https, host: Host::Ip(destination.ip()), port: destination.port() };
    let head = connect_head(&origin);
    let (context, account) = session.open_to(origin.clone(), Arc::clone(&head), Some(destination));
    if let Err(looped) = session.worker.upstream.may_lead(session.client.address, destination) {
        tracing::warn!(listener = %session.client.listener, client = %session.client.address.ip(), "refused: {looped}");
        client.break_off();
        drop(answer_fault(&account, &looped));
        return;
    }
    let judgement = judges.interceptor.request(&context, &head, today());
    account.found(judgement.findings);
    account.acted(judgement.actions);
    if let Outcome::Blocked(block) = judgement.outcome {
        client.break_off();
        drop(super::http::answer_block(&account, &block));
        return;
    }
    let keeps_source = session.client.kind == Kind::Tproxy { keep_source: true };
    let source = keeps_source.then(|| session.client.address.ip());
    let dialled = match judges.access.admits_connect_port(origin.port) {
        true => {
            let errand = Errand { id: account.id, before: None, carries: Carries::Unknown, source };
            reach(&session, &judges, &errand, &origin).await
        }
        false => Err(Fault::denied("access.deny_connect_ports forbids a tunnel to this port")),
    };
    let client = Rewound::new(Line::from(client), Bytes::new());
    match dialled {
        Ok(stream) => {
            account.goes(stream.passage());
            account.ends(Verdict::Tunnelled, http::StatusCode::OK);
            let (led, stream) = (Some(destination), Some(stream));
            Granted { session, judges, account, origin, led, source, stream, before: None }.serve(client).await;
        }
        Err(fault) => Unreached { session, judges, account, origin, destination, fault }.tell(client).await,
    }
}

/// The head of the CONNECT that nobody sent: what an event tells of a tunnel.
pub fn connect_head(origin: &Origin) -> Arc<RequestHead> {
    let (method, target) = ("CONNECT".into(), origin.with_port().into());
    Arc::new(RequestHead { method, target, version: Version::Http11, fields: <_>::default() })
}

/// A connection that goes nowhere.
struct Unreached {
    session: Session,
    judges: Arc<Judges>,
    account: Arc<Account>,
    origin: Origin,
    destination: SocketAddr,
    fault: Fault,
}

impl Unreached {
    /// Who speaks HTTP gets a page that says why.
    async fn tell(self, mut client: Rewound<Line>) {
        let mut words = BytesMut::new();
        let decided = timeout(TELLING, decide(&mut client, &mut words)).await.unwrap_or(First::Undecided);
        let client = client.again(words.freeze());
        match decided {
            First::Http1 => return self.answer(client, Protocol::Http1).await,
            First::Http2 => return self.answer(client, Protocol::Http2).await,
            First::Tls(hello) if own::is_own(&self.named(&hello)) => {
                let named = self.named(&hello);
                return Box::pin(own::serve_tls(self.session, self.account, named, client, &hello)).await;
            }
            First::Tls(hello) | First::BrokenTls { hello, .. } => {
                let named = hello.sni.as_ref().and_then(|name| Host::parse(name.as_bytes()).ok());
                named.into_iter().for_each(|host| self.account.names(host));
                self.account.tunnel(Verdict::Failed, of_hello(&hello, None));
            }
            First::Unknown | First::Undecided => {}
        }
        client.break_off();
        drop(answer_fault(&self.account, &self.fault));
    }

    fn named(&self, hello: &ClientHello) -> Origin {
        Origin { host: intercepted::name(hello, &self.origin), ..self.origin.clone() }
    }

    async fn answer(self, client: Rewound<Line>, protocol: Protocol) {
        let Self { session, judges, account, origin, destination, fault } = self;
        drop(judges);
        let inside = Inside::broken(cleartext_target(&origin, None), fault).led_to(Some(destination));
        open_cleartext(session, account, inside, protocol, client).await;
    }
}
