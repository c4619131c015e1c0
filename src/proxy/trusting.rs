//! Does this client trust our authority, and what does what it does say about that?
//!
//! What is known is kept by [`TrustTable`](crate::policy::trust::TrustTable); here the events of connections become reports to
//! it. A handshake that is finished proves little, since some programs look at the certificate only afterwards, and leave. A
//! request inside does.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::session::{Inside, Scope, Session, Worker};
use crate::{
    exchange::Host,
    policy::trust::{Consequence, Contact, Look, Passed, Rejection, Ruling, Standing, TrustTimes, Who},
    sniff::ClientHello,
};

/// Who leaves so soon after the handshake, without a word, has looked at the certificate; who has nothing to say yet stays.
const HASTE: Duration = Duration::from_secs(2);

impl Session {
    /// The client, as trust knows it.
    pub fn who(&self) -> Who {
        let client = &self.client;
        Who::of(client.vantage, client.address.ip(), client.card, client.user.as_ref())
    }

    /// A connection of this client to a host, by the program that sent this hello.
    pub fn contact(&self, host: &Host, hello: &ClientHello) -> Contact {
        Contact::new(self.who(), host, &hello.ja4, Timestamp::now().as_millisecond())
    }

    /// What is known of the client, and what passes for it.
    pub fn standing(&self, who: &Who) -> Option<(Standing, Vec<Passed>)> {
        self.shared().trusting.standing(who, &look(&self.worker))
    }

    /// What becomes of its tunnel.
    pub fn rule(&self, contact: &Contact) -> Ruling {
        self.shared().trusting.rule(contact, &look(&self.worker))
    }

    /// What follows from its rejecting our certificate.
    pub fn rejects(&self, contact: &Contact, how: Rejection) -> Consequence {
        rejects(&self.worker, contact, how)
    }

    /// Notes that a request has come inside TLS, if this is TLS whose certificate was looked at.
    pub fn proves(&self) {
        if let Scope::Tunnel(inside) = &self.scope
            && let Some(proof) = &inside.proof
        {
            proof.give();
        }
    }
}

impl Inside {
    /// Notes what a request in it proves.
    #[must_use]
    pub fn proving(self, proof: Option<Proof>) -> Self {
        Self { proof, ..self }
    }
}

fn look(worker: &Worker) -> Look {
    let times: TrustTimes = worker.shared.judges.load().interceptor.trust_times();
    worker.shared.trusting.look(times, Timestamp::now().as_millisecond())
}

fn rejects(worker: &Worker, contact: &Contact, how: Rejection) -> Consequence {
    let consequence = worker.shared.trusting.rejects(contact, how, &look(worker));
    if let Some(words) = consequence.words() {
        tracing::info!(client = %contact.who, host = %contact.host, "our certificate was rejected: {words}");
    }
    consequence
}

/// TLS that was opened, until it is known what the client makes of our certificate.
pub struct Proof {
    worker: Arc<Worker>,
    contact: Contact,
    of: Of,
    since: Instant,
    /// The authority that signed the certificate: another may be in force by now.
    authority: u64,
    is_given: AtomicBool,
}

/// What was shown a certificate of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// clir itself: who goes on here trusts the authority.
    Portal,
    /// A site, for a client that is known to trust.
    Site,
}

impl Proof {
    /// Begins when the handshake is finished.
    pub fn begin(session: &Session, contact: Contact, of: Of) -> Self {
        let worker = Arc::clone(&session.worker);
        let authority = look(&worker).authority;
        Self { worker, contact, of, since: Instant::now(), authority, is_given: AtomicBool::new(false) }
    }

    /// It proves nothing: its client need not speak first.
    pub fn withdraw(&self) {
        self.is_given.store(true, Ordering::Relaxed);
    }

    /// The client has sent a request.
    pub fn give(&self) {
        if self.is_given.swap(true, Ordering::Relaxed) {
            return;
        }
        let (trust, look) = (&self.worker.shared.trusting, look(&self.worker));
        match self.of {
            _ if look.authority != self.authority => {}
            Of::Site => trust.accepts(&self.contact, &look),
            Of::Portal if trust.shows(&self.contact.who, &self.contact.program, &look) => {
                tracing::info!(client = %self.contact.who, "the client has shown that it trusts our authority");
            }
            Of::Portal => {}
        }
    }

    fn is_rejection(&self) -> bool {
        let is_ending = *self.worker.ending.borrow();
        self.of == Of::Site && !is_ending && self.since.elapsed() < HASTE && !self.is_given.load(Ordering::Relaxed)
    }
}

impl Drop for Proof {
    fn drop(&mut self) {
        if self.is_rejection() {
            rejects(&self.worker, &self.contact, Rejection::Silence);
        }
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").field("of", &self.of).field("since", &self.since).finish_non_exhaustive()
    }
}
