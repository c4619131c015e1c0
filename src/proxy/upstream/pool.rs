//! Which connections to origins are free to be used again?
//!
//! Each worker has a pool of its own, so no lock is shared between cores. A connection of HTTP/1.1 is here only while it
//! is idle; one of HTTP/2, the newest, stays and is shared.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Protocol, Sender, Target};
use crate::{exchange::Host, policy::Access};

/// Origins that the pools of all workers keep connections to: 25 MB where all of them speak TLS. Who visits ever new ones
/// takes no more.
const MAX_ORIGINS: usize = 1024;

/// How long a pool that is full waits before it looks again for what it can let go: each look goes through all of it.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// When more than this are kept in all, each is kept for [`IN_A_CROWD`] at most: one of TLS holds some 20 to 30 kB.
const CROWD: usize = 512;
const IN_A_CROWD: Duration = Duration::from_secs(10);

/// For so long after a rush there may be more connections to one origin than are kept in the end: a crowd that asks in waves
/// would have to make them anew each time.
const RUSH: Duration = Duration::from_secs(1);

/// A connection that has rested for so long is lent to other workers. One in steady use is not: each request on it would have
/// to wake its own worker, several times.
const RESTED: Duration = Duration::from_millis(2);

#[derive(Debug)]
struct Idle {
    sender: Sender,
    /// The rules under which it was made: where others are in force, it may not be allowed any more.
    access: Arc<Access>,
    since: Instant,
}

/// What is kept, by where it leads.
#[derive(Debug, Default)]
struct Origins {
    kept: HashMap<Target, Vec<Idle>>,
    /// When a full pool was last looked through.
    looked: Option<Instant>,
}

/// Connections that wait for work.
#[derive(Debug)]
pub struct Pool {
    idle: Mutex<Origins>,
    per_origin: usize,
    patience: Duration,
    /// This pool's share of [`MAX_ORIGINS`].
    origins: usize,
    /// This pool's share of [`CROWD`].
    crowd: usize,
}

impl Pool {
    /// One of `count` pools. It keeps at most `per_origin` idle connections to one origin, each for at most `patience`; after a
    /// rush more for a moment.
    pub fn new(count: usize, per_origin: usize, patience: Duration) -> Self {
        let share = |of: usize| of / count.max(1);
        Self { idle: Mutex::default(), per_origin, patience, origins: share(MAX_ORIGINS), crowd: share(CROWD) }
    }

    /// Takes the connection that was used last of those that fit; it is the least likely to have been closed.
    pub fn take(&self, target: &Target, access: &Arc<Access>, fits: impl Fn(&Sender) -> bool) -> Option<Sender> {
        self.take_rested(target, access, fits, Duration::ZERO)
    }

    /// The same for another worker: one that nobody has needed in a while.
    pub fn lend(&self, target: &Target, access: &Arc<Access>, fits: impl Fn(&Sender) -> bool) -> Option<Sender> {
        self.take_rested(target, access, fits, RESTED)
    }

    fn take_rested(
        &self,
        target: &Target,
        access: &Arc<Access>,
        fits: impl Fn(&Sender) -> bool,
        rested: Duration,
    ) -> Option<Sender> {
        let pool = &mut self.lock().kept;
        let idle = pool.get_mut(target)?;
        let now = Instant::now();
        let is_good = |idle: &Idle| idle.is_fresh(now, self.patience) && Arc::ptr_eq(&idle.access, access);
        let has_rested = |idle: &Idle| now.saturating_duration_since(idle.since) >= rested;
        let at = idle.iter().rposition(|idle| fits(&idle.sender) && has_rested(idle) && is_good(idle));
        let found = at.map(|at| idle.remove(at));
        if found.is_none() {
            idle.retain(is_good);
        }
        if let Some(sender) = found.as_ref().and_then(|idle| idle.sender.share()) {
            idle.push(Idle { sender, access: Arc::clone(access), since: Instant::now() });
        }
        if idle.is_empty() {
            pool.remove(target);
        }
        found.map(|idle| idle.sender)
    }

    /// Whether there is a connection that fits, under whatever name; it may be gone at the next moment.
    pub fn has(&self, target: &Target, access: &Arc<Access>, fits: impl Fn(&Sender) -> bool) -> bool {
        let now = Instant::now();
        let is_good =
            |idle: &Idle| idle.is_fresh(now, self.patience) && Arc::ptr_eq(&idle.access, access) && fits(&idle.sender);
        let pool = &self.lock().kept;
        let known = pool.get(target).is_some_and(|kept| kept.iter().any(is_good));
        // Who asks for an address names the host only inside TLS. All are looked through then: a handshake costs more.
        let named =
            || pool.iter().filter(|(other, _)| other.leads_as(target)).any(|(_, kept)| kept.iter().any(is_good));
        known || matches!(target.dialled, Host::Ip(_)) && named()
    }

    /// Keeps a connection for later; `access` is what allowed it.
    pub fn put(&self, target: &Target, sender: Sender, access: &Arc<Access>) {
        if sender.is_closed() || self.per_origin == 0 {
            return;
        }
        let mut pool = self.lock();
        if pool.is_full_for(target, self.origins) && pool.may_look() {
            self.drop_stale(&mut pool.kept);
        }
        if pool.is_full_for(target, self.origins) {
            return;
        }
        let idle = pool.kept.entry(target.clone()).or_default();
        if sender.protocol() == Protocol::Http2 {
            // The newest serves everybody; an older one ends with the requests that are under way on it.
            idle.retain(|kept| kept.sender.protocol() != Protocol::Http2);
        }
        let now = Instant::now();
        let is_at_rest = || idle.first().is_some_and(|oldest| oldest.has_calmed(now));
        if idle.len() >= self.per_origin && (idle.len() >= self.crowd || is_at_rest()) {
            idle.remove(0);
        }
        idle.push(Idle { sender, access: Arc::clone(access), since: now });
    }

    /// Lets go of connections that were closed or have been idle for too long. Called from time to time.
    pub fn sweep(&self) {
        self.drop_stale(&mut self.lock().kept);
    }

    /// How many connections are kept.
    pub fn count(&self) -> usize {
        self.lock().kept.values().map(Vec::len).sum()
    }

    /// Lets go of everything. What is under way on a connection of HTTP/2 is finished.
    pub fn clear(&self) {
        self.lock().kept.clear();
    }

    fn drop_stale(&self, pool: &mut HashMap<Target, Vec<Idle>>) {
        let now = Instant::now();
        let is_crowd = pool.values().map(Vec::len).sum::<usize>() > self.crowd;
        let patience = if is_crowd { self.patience.min(IN_A_CROWD) } else { self.patience };
        pool.retain(|_, idle| {
            idle.retain(|idle| idle.is_fresh(now, patience));
            let beyond = idle.len().saturating_sub(self.per_origin);
            let calm = idle.iter().take(beyond).take_while(|idle| idle.has_calmed(now)).count();
            idle.drain(..calm);
            !idle.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, Origins> {
        // The map is sound after any partial change.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Origins {
    fn is_full_for(&self, target: &Target, most: usize) -> bool {
        self.kept.len() >= most && !self.kept.contains_key(target)
    }

    fn may_look(&mut self) -> bool {
        let may = self.looked.is_none_or(|looked| looked.elapsed() >= BETWEEN_LOOKS);
        if may {
            self.looked = Some(Instant::now());
        }
        may
    }
}

impl Idle {
    fn is_fresh(&self, now: Instant, patience: Duration) -> bool {
        !self.sender.is_closed() && now.saturating_duration_since(self.since) < patience
    }

    /// Whether it was not needed since the last rush.
    fn has_calmed(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= RUSH
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::{
        super::{handshake, sender::Made},
        *,
    };
    use crate::exchange::{Origin, Scheme};

    async fn made(offered_http2: bool) -> Sender {
        let limits = handshake::Limits { body: Duration::MAX, header_bytes: 8192, headers: 100, worker: 0 };
        let made = Made { passage: None, client: Some(Ipv4Addr::LOCALHOST.into()), offered_http2, home: 0 };
        let (near, far) = tokio::io::duplex(64);
        // Whoever is gone is not kept.
        Box::leak(Box::new(far));
        handshake::speak(near, Protocol::Http1, made, &limits).await.unwrap().sender
    }

    fn site(number: usize) -> Target {
        Target::of(&Origin::parse(Scheme::Https, format!("s{number}.example").as_bytes()).unwrap())
    }

    /// What has had its time makes room, but a crowd of new ones does not look for it each time.
    #[tokio::test]
    async fn a_full_pool_makes_room_now_and_then() {
        let access = Arc::new(Access::default());
        let pool = Pool::new(1, 4, Duration::ZERO);
        for number in 0..MAX_ORIGINS {
            pool.put(&site(number), made(false).await, &access);
        }
        assert_eq!(pool.count(), MAX_ORIGINS);
        pool.put(&site(MAX_ORIGINS), made(false).await, &access);
        assert_eq!(pool.count(), 1);
        // As if it had just looked, however long this takes. The last of these finds no room.
        pool.lock().looked = Some(Instant::now() + Duration::from_secs(3600));
        for number in 0..MAX_ORIGINS {
            pool.put(&site(number), made(false).await, &access);
        }
        assert_eq!(pool.count(), MAX_ORIGINS);
    }

    /// After a rush there are as many as were needed, and a moment later as many as are kept.
    #[tokio::test]
    async fn what_a_rush_needed_is_kept_for_a_moment() {
        let access = Arc::new(Access::default());
        let pool = Pool::new(1, 2, Duration::from_secs(3600));
        for _ in 0..5 {
            pool.put(&site(1), made(false).await, &access);
        }
        pool.sweep();
        assert_eq!(pool.count(), 5);
        let age = |pool: &Pool| {
            let long_ago = Instant::now().checked_sub(RUSH).unwrap();
            pool.lock().kept.values_mut().flatten().for_each(|idle| idle.since = long_ago);
        };
        age(&pool);
        pool.sweep();
        assert_eq!(pool.count(), 2);
        age(&pool);
        pool.put(&site(1), made(false).await, &access);
        assert_eq!(pool.count(), 2, "without a rush the oldest makes room");
        let full = CROWD + 1;
        for _ in 0..full {
            pool.put(&site(1), made(false).await, &access);
        }
        assert_eq!(pool.count(), CROWD, "there is an end to it");
    }

    /// HTTP/1.1 was chosen where HTTP/2 could have been, or where it was not to be had.
    #[tokio::test]
    async fn a_connection_stands_for_one_that_offers_no_more() {
        let (both, http1, http2) = ([Protocol::Http2, Protocol::Http1], [Protocol::Http1], [Protocol::Http2]);
        let (chosen, alone) = (made(true).await, made(false).await);
        assert!(chosen.stands_for(&both) && chosen.stands_for(&http1) && !chosen.stands_for(&http2));
        assert!(alone.stands_for(&http1) && !alone.stands_for(&both) && !alone.stands_for(&http2));
        assert!(chosen.is_of(Ipv4Addr::LOCALHOST.into()) && !chosen.is_of([127, 0, 0, 2].into()));
    }
}
