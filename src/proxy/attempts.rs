//! Has this address, or everybody together, been wrong too often?
//!
//! Counted in windows: when one ends, all is forgotten. What is remembered is bounded by how many may be wrong in one.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::claim::place;

/// How long what was wrong is held against somebody.
pub const WINDOW: Duration = Duration::from_secs(600);

/// Counts what was wrong.
#[derive(Debug)]
pub struct Attempts {
    each: u32,
    all: u32,
    counted: Mutex<Counted>,
}

#[derive(Debug)]
struct Counted {
    since: Instant,
    all: u32,
    each: HashMap<IpAddr, u32>,
}

impl Attempts {
    /// So many for each address (of IPv6, for each /64), and so many for all of them.
    pub fn new(each: u32, all: u32) -> Self {
        Self { each, all, counted: Mutex::new(Counted { since: Instant::now(), all: 0, each: HashMap::new() }) }
    }

    /// Whether one more is not to be looked at.
    pub fn are_over(&self, address: IpAddr) -> bool {
        self.are_over_at(address, Instant::now())
    }

    /// Counts one that was wrong. Answers whether there was still room for it.
    pub fn count(&self, address: IpAddr) -> bool {
        self.count_at(address, Instant::now())
    }

    fn are_over_at(&self, address: IpAddr, now: Instant) -> bool {
        let counted = self.at(now);
        counted.all >= self.all || counted.each.get(&place(address)).is_some_and(|&count| count >= self.each)
    }

    fn count_at(&self, address: IpAddr, now: Instant) -> bool {
        let mut counted = self.at(now);
        if counted.all >= self.all {
            return false;
        }
        let count = counted.each.entry(place(address)).or_default();
        if *count >= self.each {
            return false;
        }
        *count += 1;
        counted.all += 1;
        true
    }

    fn at(&self, now: Instant) -> MutexGuard<'_, Counted> {
        // Counts are sound after any partial change.
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(counted.since) >= WINDOW {
            *counted = Counted { since: now, all: 0, each: HashMap::new() };
        }
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_share_and_all_have_theirs_and_time_gives_it_back() {
        let attempts = Attempts::new(2, 3);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let now = Instant::now();
        let one = ip("198.51.100.1");
        assert!(!attempts.are_over_at(one, now));
        assert!(attempts.count_at(one, now) && attempts.count_at(one, now));
        assert!(!attempts.count_at(one, now) && attempts.are_over_at(one, now));
        let (six, same) = (ip("2001:db8::1"), ip("2001:db8::2"));
        assert!(!attempts.are_over_at(six, now) && attempts.count_at(six, now));
        assert!(attempts.are_over_at(same, now) && attempts.are_over_at(ip("203.0.113.9"), now), "all have had theirs");
        let later = now + WINDOW;
        assert!(!attempts.are_over_at(one, later) && attempts.count_at(one, later));
        assert_eq!(attempts.at(later).each.len(), 1);
    }
}
