//! What is remembered of all clients, and how is it asked?
//!
//! Clients are spread over shards, each behind a lock of its own that is held for the length of one look-up. All numbers
//! have limits: who is heard of least recently is forgotten first.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use smallvec::SmallVec;

use super::{
    client::Client,
    digest::{Digester, Kind},
    look::{Look, Shown, given},
    shape,
};
use crate::{
    detect::{Finding, Part, Subject},
    exchange::{Direction, Fields, InstallationKey, Vantage},
};

const SHARDS: usize = 16;
/// Clients kept in a shard.
const CLIENTS: usize = 64;
/// Values kept of all clients of a shard together.
const VALUES: usize = 4096;
/// Values of one answer that are noted.
const GIVEN: usize = 32;
/// What stands for all clients together.
const HOUSEHOLD: u64 = 0;

/// Whose request it is, where to, and when.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    /// What tells this client from others.
    pub client: &'a [u8],
    /// Name or address of the host, lower case.
    pub host: &'a str,
    /// Where clir, or whoever captured it, stood; nothing if it is not known.
    pub vantage: Option<Vantage>,
    /// Seconds since 1970.
    pub now: i64,
}

/// What is remembered of one client, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// A digest of the client.
    pub client: u64,
    /// When it was last heard of, in seconds since 1970.
    pub last: i64,
    /// All that is remembered of it: JSON of numbers and digests.
    pub state: String,
}

/// The memory.
#[derive(Debug)]
pub struct Behaviour {
    digester: Digester,
    shards: [Mutex<Shard>; SHARDS],
    household: Mutex<Client>,
    /// Which vantages were seen, as bits: where there is one only, there is nothing to compare.
    vantages: AtomicU8,
}

#[derive(Debug, Default)]
struct Shard {
    clients: HashMap<u64, Client>,
    tick: u64,
}

impl Behaviour {
    /// Remembers nothing yet. Digests are made under `key`.
    pub fn new(key: &InstallationKey) -> Self {
        Self {
            digester: Digester::new(key),
            shards: Default::default(),
            household: Mutex::default(),
            vantages: AtomicU8::new(0),
        }
    }

    /// Looks at a request's head, remembers it, and tells what all of them together show.
    pub fn request(&self, passage: Passage<'_>, subject: &Subject<'_>) -> Vec<Finding> {
        if subject.direction != Direction::Request || subject.part != Part::Header {
            return Vec::new();
        }
        let compares = subject.cleartext && self.compares(passage.vantage);
        let Some(look) = Look::at(&self.digester, passage, subject, compares) else { return Vec::new() };
        let mut shown = self.of_client(passage.client, |client| look.alone(client));
        if compares {
            let together = self.of_household(|household| look.together(household));
            let unknown: Shown =
                together.into_iter().filter(|(at, _)| !shown.iter().any(|(known, _)| known == at)).collect();
            shown.extend(unknown);
        }
        let finding = |(at, verdict): (usize, super::evidence::Verdict)| {
            subject.fields.get(at).map(|field| verdict.finding(subject, at, field))
        };
        shown.into_iter().filter_map(finding).collect()
    }

    /// Looks at the head of an answer: what it gives out, the client may well send on.
    pub fn response(&self, passage: Passage<'_>, fields: &Fields) {
        let given = fields.iter().filter_map(given).filter(|value| shape::is_pseudonym(value)).take(GIVEN);
        let given: SmallVec<[u64; 4]> = given.map(|value| self.digester.of(Kind::Value, value)).collect();
        if !given.is_empty() {
            self.of_client(passage.client, |client| given.iter().for_each(|&value| client.receive(value)));
        }
    }

    /// What changed since this was last asked, to be stored.
    pub fn take_changed(&self) -> Vec<Kept> {
        let mut changed = Vec::new();
        for shard in &self.shards {
            let keys: Vec<u64> = lock(shard).changed().collect();
            for key in keys {
                // Copied under the lock, written out without it.
                let copy = lock(shard).clients.get_mut(&key).map(Client::take_copy);
                changed.extend(copy.and_then(|client| kept(key, &client)));
            }
        }
        let household = Some(lock(&self.household)).filter(|client| client.is_changed).map(|mut c| c.take_copy());
        changed.extend(household.and_then(|client| kept(HOUSEHOLD, &client)));
        changed
    }

    /// Takes back what was stored, the clients heard of most recently last.
    ///
    /// # Errors
    /// The state is not what [`Kept`] held.
    pub fn restore(&self, kept: &Kept) -> Result<(), serde_json::Error> {
        let mut client: Client = serde_json::from_str(&kept.state)?;
        client.repair();
        if kept.client == HOUSEHOLD {
            *lock(&self.household) = client;
            return Ok(());
        }
        let mut shard = lock(self.shard(kept.client));
        *shard.client(kept.client) = client;
        shard.bound();
        Ok(())
    }

    fn of_client<T>(&self, client: &[u8], turn: impl FnOnce(&mut Client) -> T) -> T {
        // Zero is the household's.
        let key = self.digester.of(Kind::Client, client).max(1);
        let mut shard = lock(self.shard(key));
        let turned = turn(shard.client(key));
        shard.bound();
        turned
    }

    /// Who finds the household busy goes on: one request more or less does not count.
    fn of_household(&self, turn: impl FnOnce(&mut Client) -> Shown) -> Shown {
        self.household.try_lock().map(|mut household| turn(&mut household)).unwrap_or_default()
    }

    /// Whether there are listeners of different vantage.
    fn compares(&self, vantage: Option<Vantage>) -> bool {
        let Some(vantage) = vantage else { return false };
        let bit = if vantage == Vantage::BeyondCarrier { 1 } else { 2 };
        let seen = self.vantages.load(Ordering::Relaxed);
        if seen & bit == 0 {
            self.vantages.fetch_or(bit, Ordering::Relaxed);
        }
        seen | bit == 3
    }

    fn shard(&self, client: u64) -> &Mutex<Shard> {
        let [first, ..] = &self.shards;
        self.shards.get(client as usize % SHARDS).unwrap_or(first)
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        let of = |shard: MutexGuard<'_, Shard>| (shard.clients.len(), shard.values());
        self.shards.iter().map(lock).map(of).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }
}

impl Shard {
    fn client(&mut self, key: u64) -> &mut Client {
        self.tick += 1;
        let client = self.clients.entry(key).or_default();
        client.used = self.tick;
        client
    }

    /// Forgets the clients heard of least recently until the rest is within the limits.
    fn bound(&mut self) {
        // Nobody has so many values that the last client would have to go.
        while self.clients.len() > CLIENTS || self.clients.len() > VALUES / Client::MOST && self.values() > VALUES {
            let oldest = self.clients.iter().min_by_key(|(_, client)| client.used).map(|(key, _)| *key);
            let Some(oldest) = oldest else { return };
            self.clients.remove(&oldest);
        }
    }

    fn values(&self) -> usize {
        self.clients.values().map(Client::len).sum()
    }

    fn changed(&self) -> impl Iterator<Item = u64> {
        self.clients.iter().filter(|(_, client)| client.is_changed).map(|(key, _)| *key)
    }
}

fn kept(client: u64, state: &Client) -> Option<Kept> {
    // Numbers and lists always become JSON.
    Some(Kept { client, last: state.last, state: serde_json::to_string(state).ok()? })
}

/// What is half noted is noted: every state is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
