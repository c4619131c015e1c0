//! How does every exchange come to exactly one event?
//!
//! The event is begun with the head and written when the last holder of the [`Account`] lets go: the service, the body
//! on its way up, the body on its way down. However an exchange ends, it ends there.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use tokio::{runtime::Handle, time::sleep};
use ulid::Ulid;

use crate::{
    detect::Finding,
    event::{Applied, Event, Passage, Tunnel, Upgraded, Verdict},
    exchange::{Context, Host, RequestHead},
    proxy::{fault::Fault, names::Doubt},
    sink::EventLog,
};

/// The account of an exchange under way.
#[derive(Debug)]
pub struct Account {
    /// Its event's id.
    pub id: Ulid,
    log: EventLog,
    started: Instant,
    request_bytes: AtomicU64,
    response_bytes: AtomicU64,
    /// Bytes that were held for a while on their way, and have gone on.
    passed: AtomicU64,
    event: Mutex<Option<Event>>,
    /// A name whose address is still being looked up.
    doubt: Mutex<Option<Doubt>>,
}

impl Account {
    /// Opens the account of a request whose head has arrived.
    pub fn open(log: EventLog, context: Context, head: Arc<RequestHead>) -> Arc<Self> {
        let id = Ulid::new();
        let event = Event::begun(id, Timestamp::now(), context, head);
        Arc::new(Self {
            id,
            log,
            doubt: Mutex::default(),
            started: Instant::now(),
            request_bytes: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            event: Mutex::new(Some(event)),
        })
    }

    /// Notes what was found.
    pub fn found(&self, findings: Vec<Finding>) {
        if !findings.is_empty() {
            self.edit(|event| event.findings.extend(findings));
        }
    }

    /// Notes what the rules did about it.
    pub fn acted(&self, actions: Vec<Applied>) {
        if !actions.is_empty() {
            self.edit(|event| event.actions.extend(actions));
        }
    }

    /// Notes that it asks whether the network is online.
    pub fn is_check(&self) {
        self.edit(|event| event.notes.connectivity = true);
    }

    /// Notes whether a cleartext request went to its origin inside TLS.
    pub fn upgraded(&self, upgraded: Upgraded) {
        self.edit(|event| event.notes.upgraded = Some(upgraded));
    }

    /// Notes how the exchange ends and what the client is answered.
    pub fn ends(&self, verdict: Verdict, status: StatusCode) {
        self.edit(|event| {
            event.verdict = verdict;
            event.status = Some(status.as_u16());
        });
    }

    /// Notes a fault; the first one is the one that counts.
    pub fn fails(&self, fault: &Fault) {
        self.fails_with(fault.to_string());
    }

    /// Notes what went wrong after the answer was begun.
    pub fn fails_with(&self, error: String) {
        self.edit(|event| {
            event.verdict = Verdict::Failed;
            event.error.get_or_insert(error);
        });
    }

    /// Notes why a request was refused; without a status where that was told otherwise than by an answer.
    pub fn refuses(&self, status: impl Into<Option<StatusCode>>, error: String) {
        let status = status.into();
        self.edit(|event| {
            event.verdict = Verdict::Refused;
            event.status = status.map(|status| status.as_u16());
            event.error.get_or_insert(error);
        });
    }

    /// Notes what is known about a tunnel.
    pub fn tunnel(&self, verdict: Verdict, tunnel: Tunnel) {
        self.edit(|event| {
            event.verdict = verdict;
            event.tunnel = Some(tunnel);
        });
    }

    /// Notes the host that a client names inside a connection to an address.
    pub fn names(&self, host: Host) {
        self.edit(|event| event.context.origin.host = host);
    }

    /// Notes a name that may not have the address of the connection.
    pub fn doubts(&self, doubt: Doubt) {
        *self.doubt.lock().unwrap_or_else(PoisonError::into_inner) = Some(doubt);
    }

    /// Notes that this was no tunnel after all: each request in it has an account of its own.
    pub fn withdraw(&self) {
        self.lock().take();
    }

    /// Notes who is asking.
    pub fn is_of(&self, user: Option<Arc<str>>) {
        self.edit(|event| event.context.known.user = user.or(event.context.known.user.take()));
    }

    /// Notes which way it goes, where there is more than one.
    pub fn goes(&self, passage: Option<Passage>) {
        self.edit(|event| event.passage = passage.or(event.passage));
    }

    /// Notes under which id the clir before this one sent it on.
    pub fn comes_by(&self, hop: Option<Ulid>) {
        self.edit(|event| event.hop = hop);
    }

    /// Notes that a tunnel broke off; it was a tunnel all the same.
    pub fn breaks(&self, error: &std::io::Error) {
        self.edit(|event| {
            event.error.get_or_insert_with(|| format!("the tunnel broke off: {error}"));
        });
    }

    /// Bytes that went from the client to the origin.
    pub fn sent(&self, bytes: u64) {
        self.request_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes that went from the origin to the client.
    pub fn received(&self, bytes: u64) {
        self.response_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How much of what could not go on at once has gone on since, in all: who takes it slowly is not silent.
    pub fn passed(&self, bytes: u64) {
        self.passed.store(bytes, Ordering::Relaxed);
    }

    /// How far the exchange has got: it grows while anything moves.
    fn progress(&self) -> u64 {
        let counts = [&self.request_bytes, &self.response_bytes, &self.passed];
        counts.into_iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Completes when nothing has moved for so long, in either direction.
    pub async fn silence(&self, patience: Duration) {
        loop {
            let before = self.progress();
            sleep(patience).await;
            if self.progress() == before {
                return;
            }
        }
    }

    fn edit(&self, change: impl FnOnce(&mut Event)) {
        if let Some(event) = self.lock().as_mut() {
            change(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Event>> {
        // An event is sound after any partial change: better a half-told one than none.
        self.event.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let Some(mut event) = self.lock().take() else { return };
        event.request_bytes = self.request_bytes.load(Ordering::Relaxed);
        event.response_bytes = self.response_bytes.load(Ordering::Relaxed);
        event.duration = self.started.elapsed();
        if event.verdict == Verdict::Failed && event.status.is_none() {
            // Nobody came to say how it ends: what was at work on it was dropped, as happens when its client leaves.
            event
                .error
                .get_or_insert_with(|| "the client went away, or broke its request off, before it was answered".into());
        }
        if std::thread::panicking() {
            withhold(&mut event);
        }
        let doubt = self.doubt.lock().unwrap_or_else(PoisonError::into_inner).take();
        let late = Late { log: self.log.clone(), event: Some(event) };
        match (doubt, Handle::try_current()) {
            (Some(doubt), Ok(runtime)) if !doubt.is_settled() => drop(runtime.spawn(late.settle(doubt))),
            (doubt, _) => late.tell(doubt.as_ref()),
        }
    }
}

/// An event that is ready, and may wait a little for what a look-up says. It is recorded even if nobody waits to the end.
struct Late {
    log: EventLog,
    event: Option<Event>,
}

impl Late {
    async fn settle(self, mut doubt: Doubt) {
        doubt.settle().await;
        self.tell(Some(&doubt));
    }

    fn tell(mut self, doubt: Option<&Doubt>) {
        if let Some(event) = &mut self.event {
            event.mismatch = doubt.and_then(Doubt::mismatch);
        }
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            self.log.record(event);
        }
    }
}

/// A fault of our own struck while the head was being judged: nobody knows what in it would have to be masked.
fn withhold(event: &mut Event) {
    let RequestHead { method, version, fields, .. } = &*event.head;
    let names = fields.iter().map(|field| (field.name.clone(), Bytes::new())).collect();
    let head = RequestHead { method: method.clone(), target: Bytes::new(), version: *version, fields: names };
    event.head = Arc::new(head);
    event.findings.clear();
    event.verdict = Verdict::Failed;
    event.error = Some("clir failed (a fault of its own); the head's values are withheld".into());
}
