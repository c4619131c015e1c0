//! When does a kept connection stand in for a new one?
//!
//! When a client opens one more tunnel to an origin where it has been a moment ago: what a new connection would show about
//! the origin, its name and what it speaks, one shows that was made for the same client under the same rules. So nobody is
//! called, and no TLS is agreed on, until something is asked that the kept connections cannot carry. A failure shows then
//! in the tunnel, as that of any connection after the first.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::time::timeout;

use super::{
    connect::reach,
    fault::Fault,
    granted::{Granted, of_hello},
    hop::Errand,
    intercepted::{accept, serve_http},
    line::Line,
    reading,
    rewound::Rewound,
    session::{Inside, Judges, Session},
    trusting::{Of, Proof},
    tunnel::{self, FirstWords},
    upstream::{Protocol, Sender, Target},
};
use crate::{
    event::Verdict,
    exchange::{Origin, Scheme},
    policy::{Carries, trust::Contact},
    sniff::ClientHello,
};

/// How long a client may be silent before its origin is called that was not: it may be waiting for the origin to speak.
const PRELUDE: Duration = Duration::from_millis(500);

/// Connects to a host by the way that leads there, for a tunnel: nothing where connections of TLS are kept to this origin that
/// were made for this client under these rules. One of them is likely to serve, and shows that the origin can be reached.
///
/// # Errors
/// A [`Fault`] when there is no way, or nobody at its end.
pub async fn reach_or_keep(
    session: &Session,
    judges: &Judges,
    errand: &Errand,
    origin: &Origin,
) -> Result<Option<Line>, Fault> {
    let target = Target { scheme: Scheme::Https, source: errand.source, ..Target::of(origin) };
    let client = session.client.address.ip();
    if judges.hop.is_none() && session.worker.upstream.keeps(&target, client, &judges.access) {
        return Ok(None);
    }
    Box::pin(reach(session, judges, errand, origin)).await.map(Some)
}

/// Waits for first words while the origin has not been called. That it keeps connections of TLS says that clients speak
/// first there; one that says nothing all the same gets the connection that it asked for.
pub async fn prelude(granted: &mut Granted, client: &mut Rewound<Line>) -> FirstWords {
    let mut words = BytesMut::new();
    match timeout(PRELUDE, reading::some(client, &mut words)).await {
        Ok(_) if words.is_empty() => return FirstWords::Nobody,
        Ok(_) => return FirstWords::Client(words),
        // Nothing has been read.
        Err(_elapsed) => {}
    }
    match granted.line().await {
        Ok(line) => tunnel::first_words(client, granted.stream.insert(line), granted.session.limits().tunnel).await,
        Err(fault) => {
            granted.account.fails(&fault);
            FirstWords::Nobody
        }
    }
}

impl Granted {
    /// The connection to the origin, made now if it is not there yet.
    ///
    /// # Errors
    /// A [`Fault`] when access forbids it or it cannot be reached.
    pub async fn line(&mut self) -> Result<Line, Fault> {
        if let Some(line) = self.stream.take() {
            return Ok(line);
        }
        let errand =
            Errand { id: self.account.id, before: self.before, carries: Carries::Unknown, source: self.source };
        Box::pin(reach(&self.session, &self.judges, &errand, &self.origin)).await
    }
}

/// A connection that serves in place of a new one. Where the client does not say what it speaks inside, it may not be HTTP,
/// and needs a connection of its own.
pub fn find(granted: &Granted, target: &Target, hello: &ClientHello, offered: &[Protocol]) -> Option<Sender> {
    let Granted { session, judges, stream, .. } = granted;
    if stream.is_some() || hello.alpn.is_empty() {
        return None;
    }
    session.worker.upstream.stand_in(target, session.client.address.ip(), offered, &judges.access)
}

/// Opens a tunnel to an origin where this client has been a moment ago, on the connection that was kept.
pub async fn open(
    granted: Granted,
    client: Rewound<Line>,
    (hello, target): (ClientHello, Target),
    contact: Option<Contact>,
    kept: Sender,
) {
    let asked = Instant::now();
    let Granted { session, judges, account, led, before, .. } = granted;
    account.tunnel(Verdict::Intercepted, of_hello(&hello, None));
    let protocol = kept.protocol();
    match Box::pin(accept(&session, client, &target.name, &[protocol.alpn()])).await {
        Ok(client) => {
            drop((judges, account, hello));
            let proof = contact.map(|contact| Proof::begin(&session, contact, Of::Site));
            let extended_connect = kept.takes_extended_connect();
            let inside = Inside::new(target, Some(kept)).led_to(led).behind(before).proving(proof);
            serve_http(session.inside(inside), client, protocol, extended_connect).await;
        }
        Err(unopened) => {
            session.worker.upstream.put(&target, kept, &judges.access);
            unopened.tell(&session, &account, contact.as_ref(), asked);
        }
    }
}
