//! Which visits carry the same nonce?
//!
//! For minutes, in memory, and bounded in bytes: what is oldest goes first. Nothing here is printed or written anywhere.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

use bytes::Bytes;
use jiff::Timestamp;

/// How long a page and its twin may be apart, in seconds.
const TWIN: i64 = 2 * 60;
/// How long somebody may take to change networks.
const WALK: i64 = 15 * 60;
/// Larger heads are shown, and not remembered.
const LARGEST: usize = 8 * 1024;
/// Bytes of all heads together, with what keeping each costs.
const MOST: usize = 16 * 1024 * 1024;
const COST: usize = 512;
/// What tells visitors apart must be hard to guess, and is not worth more bytes than this.
const NONCE: std::ops::RangeInclusive<usize> = 16..=64;

/// By which way a visit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// In cleartext.
    Cleartext,
    /// Inside TLS.
    Tls,
    /// In cleartext, when the visitor was asked to be on Wi-Fi.
    Wifi,
    /// In cleartext, when the visitor was asked to be on cellular.
    Cellular,
}

impl Leg {
    /// The word in JSON and in links.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cleartext => "cleartext",
            Self::Tls => "tls",
            Self::Wifi => "wifi",
            Self::Cellular => "cellular",
        }
    }

    /// How long a visit that came this way is remembered, in seconds.
    pub fn lifetime(self) -> i64 {
        match self {
            Self::Cleartext | Self::Tls => TWIN,
            Self::Wifi | Self::Cellular => WALK,
        }
    }
}

/// What is remembered of a visit.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// By which way it came.
    pub leg: Leg,
    /// Its head.
    pub raw: Bytes,
    /// From where.
    pub client: IpAddr,
    /// When.
    pub time: Timestamp,
}

/// The visits of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Memory {
    visitors: HashMap<String, Visitor>,
    /// In the order in which they came; those that are gone already are passed over.
    order: VecDeque<(u64, String)>,
    count: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Visitor {
    born: u64,
    until: i64,
    visits: Vec<Visit>,
}

impl Visitor {
    fn bytes(&self) -> usize {
        self.visits.iter().map(|visit| visit.raw.len() + COST).sum()
    }
}

/// Whether visits can be told apart by this.
pub(super) fn is_nonce(nonce: &str) -> bool {
    NONCE.contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl Memory {
    /// Keeps a visit for this nonce; one that came the same way before is replaced.
    pub fn keep(&mut self, nonce: &str, visit: &Visit) {
        if !is_nonce(nonce) || visit.raw.len() > LARGEST {
            return;
        }
        let until = visit.time.as_second() + visit.leg.lifetime();
        // A copy: the bytes may be a piece of a much larger buffer.
        let visit = Visit { raw: Bytes::copy_from_slice(&visit.raw), ..visit.clone() };
        let mut visitor =
            self.take(nonce).filter(|visitor| visitor.until >= visit.time.as_second()).unwrap_or_else(|| {
                self.count += 1;
                self.order.push_back((self.count, nonce.to_owned()));
                Visitor { born: self.count, until, visits: Vec::new() }
            });
        visitor.until = visitor.until.max(until);
        visitor.visits.retain(|other| other.leg != visit.leg);
        visitor.visits.push(visit);
        self.bytes += visitor.bytes();
        self.visitors.insert(nonce.to_owned(), visitor);
        self.make_room();
    }

    /// The visits with this nonce.
    pub fn recall(&self, nonce: &str, now: Timestamp) -> Vec<Visit> {
        let known = self.visitors.get(nonce).filter(|visitor| visitor.until >= now.as_second());
        known.map(|visitor| visitor.visits.clone()).unwrap_or_default()
    }

    /// Forgets whose time is over.
    pub fn forget(&mut self, now: Timestamp) {
        self.visitors.retain(|_, visitor| visitor.until >= now.as_second());
        let visitors = &self.visitors;
        self.order.retain(|(born, nonce)| visitors.get(nonce).is_some_and(|visitor| visitor.born == *born));
        self.bytes = self.visitors.values().map(Visitor::bytes).sum();
    }

    fn take(&mut self, nonce: &str) -> Option<Visitor> {
        let visitor = self.visitors.remove(nonce)?;
        self.bytes = self.bytes.saturating_sub(visitor.bytes());
        Some(visitor)
    }

    fn make_room(&mut self) {
        while self.bytes > MOST
            && let Some((born, nonce)) = self.order.pop_front()
        {
            if self.visitors.get(&nonce).is_some_and(|visitor| visitor.born == born) {
                self.take(&nonce);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_305_600 + second).unwrap()
    }

    fn visit(leg: Leg, second: i64, raw: &str) -> Visit {
        let raw = Bytes::copy_from_slice(raw.as_bytes());
        Visit { leg, raw, client: "192.0.2.1".parse().unwrap(), time: at(second) }
    }

    const NONCE: &str = "0123456789abcdef";

    #[test]
    fn visits_come_together_for_a_while() {
        let mut memory = Memory::default();
        memory.keep(NONCE, &visit(Leg::Cleartext, 0, "a"));
        memory.keep(NONCE, &visit(Leg::Tls, 1, "b"));
        memory.keep(NONCE, &visit(Leg::Cleartext, 2, "c"));
        let legs: Vec<_> = memory.recall(NONCE, at(3)).into_iter().map(|visit| (visit.leg, visit.raw)).collect();
        assert_eq!(legs, [(Leg::Tls, "b".into()), (Leg::Cleartext, "c".into())]);
        assert!(memory.recall(NONCE, at(2 + TWIN + 1)).is_empty());
        assert!(memory.recall("another-nonce-of-length", at(3)).is_empty());
        memory.forget(at(2 + TWIN + 1));
        assert_eq!((memory.visitors.len(), memory.order.len(), memory.bytes), (0, 0, 0));
    }

    #[test]
    fn a_nonce_that_was_forgotten_begins_anew() {
        let mut memory = Memory::default();
        memory.keep(NONCE, &visit(Leg::Cleartext, 0, "a"));
        memory.keep(NONCE, &visit(Leg::Tls, TWIN + 10, "b"));
        assert_eq!(memory.recall(NONCE, at(TWIN + 10)).len(), 1);
    }

    #[test]
    fn what_could_be_guessed_or_is_too_large_is_not_kept() {
        let mut memory = Memory::default();
        for nonce in ["1", "short", "with space in it...", &"x".repeat(65)] {
            memory.keep(nonce, &visit(Leg::Tls, 0, "a"));
        }
        memory.keep(NONCE, &visit(Leg::Tls, 0, &"a".repeat(LARGEST + 1)));
        assert_eq!((memory.visitors.len(), memory.bytes), (0, 0));
    }

    #[test]
    fn a_flood_is_bounded_and_the_oldest_go_first() {
        let mut memory = Memory::default();
        let head = "a".repeat(LARGEST);
        for n in 0..10_000 {
            memory.keep(&format!("{NONCE}{n}"), &visit(Leg::Cellular, 0, &head));
        }
        assert!(memory.bytes <= MOST && memory.visitors.len() <= MOST / LARGEST);
        assert!(memory.recall(&format!("{NONCE}9999"), at(1)).len() == 1 && memory.order.len() <= MOST / LARGEST);
        assert!(memory.recall(&format!("{NONCE}0"), at(1)).is_empty());
    }
}
