//! Which connections to origins are free to be used again?
//!
//! Each worker has a pool of its own, so no lock is shared between cores. A connection of HTTP/1.1 is here only while it
//! is idle; one of HTTP/2, the newest, stays and is shared.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::{Method, Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};

use super::{Protocol, Target};
use crate::{
    event::Passage,
    exchange::{Fields, ResponseHead, grammar::GrammarFault},
    policy::Access,
    proxy::{
        body::Body,
        verbatim::{Asked, Heads},
    },
};

/// Origins that one pool keeps connections to.
const MAX_ORIGINS: usize = 1024;

/// When more than this are kept in all, each is kept for [`IN_A_CROWD`] at most: every one holds some 20 to 30 kB.
const CROWD: usize = 512;
const IN_A_CROWD: Duration = Duration::from_secs(10);

/// A connection that has rested for so long is lent to other workers. One in steady use is not: each request on it would have
/// to wake its own worker, several times.
const RESTED: Duration = Duration::from_millis(2);

/// A connection that requests can be sent on.
#[derive(Debug)]
pub struct Sender {
    way: Way,
    passage: Option<Passage>,
    /// The worker that the connection itself runs on, whoever sends requests.
    home: usize,
}

#[derive(Debug)]
enum Way {
    /// One request at a time, with heads as they are.
    Http1(http1::SendRequest<Body>, Heads),
    /// Many at a time.
    Http2(http2::SendRequest<Body>),
}

#[derive(Debug)]
struct Idle {
    sender: Sender,
    /// The rules under which it was made: where others are in force, it may not be allowed any more.
    access: Arc<Access>,
    since: Instant,
}

/// Connections that wait for work.
#[derive(Debug)]
pub struct Pool {
    idle: Mutex<HashMap<Target, Vec<Idle>>>,
    per_origin: usize,
    patience: Duration,
    /// This pool's share of [`CROWD`].
    crowd: usize,
}

impl Pool {
    /// One of `count` pools. It keeps at most `per_origin` idle connections to one origin, each for at most `patience`.
    pub fn new(count: usize, per_origin: usize, patience: Duration) -> Self {
        Self { idle: Mutex::default(), per_origin, patience, crowd: CROWD / count.max(1) }
    }

    /// Takes the connection of this protocol that was used last; it is the least likely to have been closed.
    pub fn take(&self, target: &Target, protocol: Protocol, access: &Arc<Access>) -> Option<Sender> {
        self.take_rested(target, protocol, access, Duration::ZERO)
    }

    /// The same for another worker: one that nobody has needed in a while.
    pub fn lend(&self, target: &Target, protocol: Protocol, access: &Arc<Access>) -> Option<Sender> {
        self.take_rested(target, protocol, access, RESTED)
    }

    fn take_rested(
        &self,
        target: &Target,
        protocol: Protocol,
        access: &Arc<Access>,
        rested: Duration,
    ) -> Option<Sender> {
        let mut pool = self.lock();
        let idle = pool.get_mut(target)?;
        idle.retain(|candidate| candidate.is_fresh(self.patience) && Arc::ptr_eq(&candidate.access, access));
        let is_fit = |candidate: &Idle| candidate.sender.protocol() == protocol && candidate.since.elapsed() >= rested;
        let at = idle.iter().rposition(is_fit);
        let found = at.map(|at| idle.remove(at));
        if let Some(sender) = found.as_ref().and_then(|idle| idle.sender.share()) {
            idle.push(Idle { sender, access: Arc::clone(access), since: Instant::now() });
        }
        if idle.is_empty() {
            pool.remove(target);
        }
        found.map(|idle| idle.sender)
    }

    /// Keeps a connection for later; `access` is what allowed it.
    pub fn put(&self, target: &Target, sender: Sender, access: &Arc<Access>) {
        if sender.is_closed() || self.per_origin == 0 {
            return;
        }
        let mut pool = self.lock();
        if pool.len() >= MAX_ORIGINS {
            self.drop_stale(&mut pool);
        }
        if pool.len() >= MAX_ORIGINS && !pool.contains_key(target) {
            return;
        }
        let idle = pool.entry(target.clone()).or_default();
        if sender.protocol() == Protocol::Http2 {
            // The newest serves everybody; an older one ends with the requests that are under way on it.
            idle.retain(|kept| kept.sender.protocol() != Protocol::Http2);
        }
        if idle.len() >= self.per_origin {
            idle.remove(0);
        }
        idle.push(Idle { sender, access: Arc::clone(access), since: Instant::now() });
    }

    /// Lets go of connections that were closed or have been idle for too long. Called from time to time.
    pub fn sweep(&self) {
        let mut pool = self.lock();
        self.drop_stale(&mut pool);
    }

    /// How many connections are kept.
    pub fn count(&self) -> usize {
        self.lock().values().map(Vec::len).sum()
    }

    /// Lets go of everything. What is under way on a connection of HTTP/2 is finished.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn drop_stale(&self, pool: &mut HashMap<Target, Vec<Idle>>) {
        let is_crowd = pool.values().map(Vec::len).sum::<usize>() > self.crowd;
        let patience = if is_crowd { self.patience.min(IN_A_CROWD) } else { self.patience };
        pool.retain(|_, idle| {
            idle.retain(|idle| idle.is_fresh(patience));
            !idle.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, Vec<Idle>>> {
        // The map is sound after any partial change.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// A connection of HTTP/1.1 that runs on this worker, and what tells the heads on it.
    pub fn http1(sender: http1::SendRequest<Body>, heads: Heads, passage: Option<Passage>, home: usize) -> Self {
        Self { way: Way::Http1(sender, heads), passage, home }
    }

    /// A connection of HTTP/2 that runs on this worker.
    pub fn http2(sender: http2::SendRequest<Body>, passage: Option<Passage>, home: usize) -> Self {
        Self { way: Way::Http2(sender), passage, home }
    }

    /// What is spoken on it.
    pub fn protocol(&self) -> Protocol {
        match self.way {
            Way::Http1(..) => Protocol::Http1,
            Way::Http2(..) => Protocol::Http2,
        }
    }

    /// Which way it goes; nothing where there is one way only.
    pub fn passage(&self) -> Option<Passage> {
        self.passage
    }

    /// The worker that it runs on.
    pub fn home(&self) -> usize {
        self.home
    }

    /// One more of it, where many requests at a time may be sent on it.
    pub fn share(&self) -> Option<Self> {
        match &self.way {
            Way::Http1(..) => None,
            Way::Http2(sender) => Some(Self::http2(sender.clone(), self.passage, self.home)),
        }
    }

    /// Waits until a request can be sent.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn ready(&mut self) -> hyper::Result<()> {
        match &mut self.way {
            Way::Http1(sender, _) => sender.ready().await,
            Way::Http2(sender) => sender.ready().await,
        }
    }

    /// Sends a request. What was not sent comes back with the error. `fields` are those of the head on HTTP/1.
    pub async fn send(
        &mut self,
        fields: Fields,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match &mut self.way {
            Way::Http1(sender, heads) => {
                let asked = if request.method() == Method::HEAD { Asked::Head } else { Asked::Body };
                heads.send(fields, asked);
                sender.try_send_request(request).await
            }
            Way::Http2(sender) => sender.try_send_request(request).await,
        }
    }

    /// The head of the answer as it came, where it can be had.
    pub fn head(&self) -> Option<Result<ResponseHead, GrammarFault>> {
        match &self.way {
            Way::Http1(_, heads) => heads.answer(),
            Way::Http2(..) => None,
        }
    }

    /// Where the heads of interim answers come from, where they can be had.
    pub fn heads(&self) -> Option<Heads> {
        match &self.way {
            Way::Http1(_, heads) => Some(heads.clone()),
            Way::Http2(..) => None,
        }
    }

    fn is_closed(&self) -> bool {
        match &self.way {
            Way::Http1(sender, _) => sender.is_closed(),
            Way::Http2(sender) => sender.is_closed(),
        }
    }
}

impl Idle {
    fn is_fresh(&self, patience: Duration) -> bool {
        !self.sender.is_closed() && self.since.elapsed() < patience
    }
}
