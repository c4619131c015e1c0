//! Which connections to origins are free to be used again?
//!
//! Each worker has a pool of its own, so no lock is shared between cores. A connection of HTTP/1.1 is here only while it
//! is idle; one of HTTP/2 stays and is shared.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hyper::client::conn::{http1, http2};

use super::Target;
use crate::proxy::body::Body;

/// Idle connections in one pool, whatever their origins.
const MAX_IDLE: usize = 1024;

/// A connection that requests can be sent on.
#[derive(Debug)]
pub enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Body>),
    /// Many at a time.
    Http2(http2::SendRequest<Body>),
}

#[derive(Debug)]
struct Idle {
    sender: Sender,
    since: Instant,
}

/// Connections that wait for work.
#[derive(Debug)]
pub struct Pool {
    idle: Mutex<HashMap<Target, Vec<Idle>>>,
    per_origin: usize,
    patience: Duration,
}

impl Pool {
    /// A pool that keeps at most `per_origin` idle connections to one origin, each for at most `patience`.
    pub fn new(per_origin: usize, patience: Duration) -> Self {
        Self { idle: Mutex::default(), per_origin, patience }
    }

    /// Takes the connection that was used last; it is the least likely to have been closed.
    pub fn take(&self, target: &Target) -> Option<Sender> {
        let mut pool = self.lock();
        let idle = pool.get_mut(target)?;
        let found = loop {
            let Some(candidate) = idle.pop() else { break None };
            if candidate.is_fresh(self.patience) {
                break Some(candidate);
            }
        };
        if let Some(Idle { sender: Sender::Http2(shared), .. }) = &found {
            idle.push(Idle { sender: Sender::Http2(shared.clone()), since: Instant::now() });
        }
        if idle.is_empty() {
            pool.remove(target);
        }
        found.map(|idle| idle.sender)
    }

    /// Keeps a connection for later.
    pub fn put(&self, target: &Target, sender: Sender) {
        if sender.is_closed() || self.per_origin == 0 {
            return;
        }
        let mut pool = self.lock();
        if pool.len() >= MAX_IDLE {
            self.drop_stale(&mut pool);
        }
        if pool.len() >= MAX_IDLE && !pool.contains_key(target) {
            return;
        }
        let idle = pool.entry(target.clone()).or_default();
        if idle.len() >= self.per_origin {
            idle.remove(0);
        }
        idle.push(Idle { sender, since: Instant::now() });
    }

    /// Lets go of connections that were closed or have been idle for too long. Called from time to time.
    pub fn sweep(&self) {
        let mut pool = self.lock();
        self.drop_stale(&mut pool);
    }

    fn drop_stale(&self, pool: &mut HashMap<Target, Vec<Idle>>) {
        pool.retain(|_, idle| {
            idle.retain(|idle| idle.is_fresh(self.patience));
            !idle.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, Vec<Idle>>> {
        // The map is sound after any partial change.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }
}

impl Idle {
    fn is_fresh(&self, patience: Duration) -> bool {
        !self.sender.is_closed() && self.since.elapsed() < patience
    }
}
