//! Which clients are known, and how is all of it kept small and quick?
//!
//! Spread over shards, each with a lock that is held for a look into a table. Who is trusted makes room last.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Acquaintance, Consequence, Contact, Look, Passed, Rejection, Ruling, Standing, TrustTimes, Who};
use crate::{exchange::Host, policy::HostSet};

const SHARDS: usize = 16;
/// Clients remembered in a shard.
const CLIENTS: usize = 128;
/// Ordinary use is stored as often, in milliseconds; what changes something at once.
const STORED_EVERY: i64 = 60_000;
/// Who was not heard of for so long beyond what holds at all is forgotten, in milliseconds.
const FORGOTTEN_AFTER: i64 = 30 * 86_400_000;

/// The clients.
#[derive(Debug, Default)]
pub struct TrustTable {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    authority: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    clients: HashMap<Who, Entry>,
    gone: Vec<Who>,
}

#[derive(Debug, Default)]
struct Entry {
    known: Acquaintance,
    is_changed: bool,
    stored: i64,
}

/// What is to be stored of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// This state.
    As(Who, Acquaintance),
    /// Nothing any more.
    Gone(Who),
}

/// What is to be forgotten.
#[derive(Clone, Debug, Default)]
pub struct Forget {
    /// Of this client, or of all.
    pub who: Option<Who>,
    /// About these hosts, or everything.
    pub hosts: Option<HostSet>,
}

impl TrustTable {
    /// Puts an authority in force, by the SHA-256 of its certificate as text: trust in another one counts no longer.
    pub fn set_authority(&self, fingerprint: &str) {
        self.authority.store(authority(fingerprint), Ordering::Relaxed);
    }

    /// A look at what is known at this time.
    pub fn look(&self, times: TrustTimes, now: i64) -> Look {
        Look { times, now, authority: self.authority.load(Ordering::Relaxed) }
    }

    /// What becomes of a tunnel.
    pub fn rule(&self, contact: &Contact, look: &Look) -> Ruling {
        self.turn(&contact.who, look, |entry| {
            entry.is_changed |= look.now.saturating_sub(entry.stored) >= STORED_EVERY;
            entry.known.rule(contact, look)
        })
    }

    /// A client has completed a request that only who trusts the authority completes. Answers whether that was news.
    pub fn shows(&self, who: &Who, program: &str, look: &Look) -> bool {
        self.turn(who, look, |entry| {
            let was = entry.known.trusts(look);
            entry.is_changed = true;
            entry.known.shows(program, look);
            !was
        })
    }

    /// A client has sent something inside TLS that was opened.
    pub fn accepts(&self, contact: &Contact, look: &Look) {
        self.turn(&contact.who, look, |entry| {
            entry.is_changed |= look.now.saturating_sub(entry.stored) >= STORED_EVERY;
            entry.known.accepts(contact, look);
        });
    }

    /// A client has rejected our certificate.
    pub fn rejects(&self, contact: &Contact, how: Rejection, look: &Look) -> Consequence {
        self.turn(&contact.who, look, |entry| {
            entry.is_changed = true;
            entry.known.rejects(contact, how, look)
        })
    }

    /// How a client stands, and what passes for it; nothing if it is not known.
    pub fn standing(&self, who: &Who, look: &Look) -> Option<(Standing, Vec<Passed>)> {
        let shard = self.shard(who);
        let known = &shard.clients.get(who)?.known;
        Some((known.standing(who, look), known.passing(who, look)))
    }

    /// Every client that is known, newest first.
    pub fn standings(&self, look: &Look) -> Vec<Standing> {
        let mut all = self.collect(|who, known, all| all.push(known.standing(who, look)));
        all.sort_by_key(|standing| std::cmp::Reverse(standing.last));
        all
    }

    /// Everything that passes unread, and why, newest first.
    pub fn passing(&self, look: &Look) -> Vec<Passed> {
        let mut all = self.collect(|who, known, all| all.extend(known.passing(who, look)));
        all.sort_by_key(|passed| std::cmp::Reverse(passed.last.unwrap_or(passed.since)));
        all
    }

    /// Forgets, and answers how many clients or hosts that were.
    pub fn forget(&self, forget: &Forget) -> usize {
        let mut forgotten = 0;
        for shard in &self.shards {
            let Shard { clients, gone } = &mut *lock(shard);
            let concerned = |who: &Who| forget.who.as_ref().is_none_or(|one| one == who);
            let Some(hosts) = &forget.hosts else {
                let leaving: Vec<_> = clients.keys().filter(|who| concerned(who)).cloned().collect();
                forgotten += leaving.len();
                leaving.iter().for_each(|who| drop(clients.remove(who)));
                gone.extend(leaving);
                continue;
            };
            for (_, entry) in clients.iter_mut().filter(|(who, _)| concerned(who)) {
                let count = entry.known.forget_hosts(hosts);
                entry.is_changed |= count > 0;
                forgotten += count;
            }
        }
        forgotten
    }

    /// Takes back what was stored.
    pub fn restore(&self, who: Who, known: Acquaintance) {
        let mut shard = self.shard(&who);
        let stored = known.last;
        shard.clients.insert(who, Entry { known, is_changed: false, stored });
        shard.bound();
    }

    /// What has changed since this was last asked; `with_all` also where nothing but counts have.
    pub fn take_changed(&self, now: i64, with_all: bool) -> Vec<Kept> {
        let mut changed = Vec::new();
        for shard in &self.shards {
            let mut shard = lock(shard);
            changed.extend(shard.gone.drain(..).map(Kept::Gone));
            for (who, entry) in &mut shard.clients {
                if entry.is_changed || with_all && entry.known.last > entry.stored {
                    (entry.is_changed, entry.stored) = (false, now);
                    changed.push(Kept::As(who.clone(), entry.known.clone()));
                }
            }
        }
        changed
    }

    /// Forgets who was not heard of for long.
    pub fn forget_strangers(&self, times: &TrustTimes, now: i64) {
        let longest = i64::try_from(times.trusted.max(times.pinned).as_millis()).unwrap_or(i64::MAX);
        let oldest = now.saturating_sub(longest).saturating_sub(FORGOTTEN_AFTER);
        for shard in &self.shards {
            let Shard { clients, gone } = &mut *lock(shard);
            gone.extend(clients.iter().filter(|(_, entry)| entry.known.last < oldest).map(|(who, _)| who.clone()));
            clients.retain(|_, entry| entry.known.last >= oldest);
        }
    }

    fn turn<T>(&self, who: &Who, look: &Look, turn: impl FnOnce(&mut Entry) -> T) -> T {
        let mut shard = self.shard(who);
        if let Some(entry) = shard.clients.get_mut(who) {
            return turn(entry);
        }
        let mut entry = Entry { known: Acquaintance::new(look.now), ..Entry::default() };
        let turned = turn(&mut entry);
        shard.clients.insert(who.clone(), entry);
        shard.bound();
        turned
    }

    fn collect<T>(&self, mut each: impl FnMut(&Who, &Acquaintance, &mut Vec<T>)) -> Vec<T> {
        let mut all = Vec::new();
        for shard in &self.shards {
            lock(shard).clients.iter().for_each(|(who, entry)| each(who, &entry.known, &mut all));
        }
        all
    }

    fn shard(&self, who: &Who) -> MutexGuard<'_, Shard> {
        let at = usize::try_from(self.hasher.hash_one(who) % SHARDS as u64).unwrap_or_default();
        lock(&self.shards[at])
    }
}

impl Shard {
    /// Lets a client go where there are too many: one without trust, the one that was not heard of for longest.
    fn bound(&mut self) {
        while self.clients.len() > CLIENTS {
            let weight = |entry: &Entry| (entry.known.trust.is_some(), entry.known.last);
            let Some(who) = self.clients.iter().min_by_key(|(_, entry)| weight(entry)).map(|(who, _)| who.clone())
            else {
                return;
            };
            self.clients.remove(&who);
            self.gone.push(who);
            // Of those for whom the disk does not answer, age takes the rest.
            self.gone.truncate(CLIENTS);
        }
    }
}

impl Acquaintance {
    /// Forgets hosts, and answers how many.
    pub fn forget_hosts(&mut self, hosts: &HostSet) -> usize {
        let before = self.hosts.len();
        self.hosts.retain(|name, _| !is_among(hosts, name));
        before - self.hosts.len()
    }
}

fn is_among(hosts: &HostSet, name: &str) -> bool {
    Host::parse(name.as_bytes()).map_or_else(|_| hosts.matches_name(name), |host| hosts.matches(&host))
}

/// The first eight bytes of a fingerprint. Nobody chooses those of an authority of ours.
pub fn authority(fingerprint: &str) -> u64 {
    let digits: String = fingerprint.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).unwrap_or_default()
}

/// What is locked here is sound after any partial change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
