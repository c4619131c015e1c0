//! What is remembered of all clients, and how is it asked?
//!
//! Clients are spread over shards, each behind a lock of its own that is held for the length of one look-up. All numbers
//! have limits; `shard` says who is forgotten first.

use std::sync::{Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

use super::{
    client::Client,
    digest::{Digester, Kind},
    look::{Look, Shown, given},
    shape,
    shard::Shard,
};
use crate::{
    detect::{Finding, Part, Subject},
    exchange::{Direction, Fields, InstallationKey, Vantage},
};

const SHARDS: usize = 16;
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
    /// Whether there are listeners of different vantage: where there is one only, there is nothing to compare.
    compares: bool,
}

impl Behaviour {
    /// Remembers nothing yet. Digests are made under `key`.
    pub fn new(key: &InstallationKey) -> Self {
        Self { digester: Digester::new(key), shards: Default::default(), household: Mutex::default(), compares: false }
    }

    /// The same, where requests arrive from behind a carrier and by another way, which is worth comparing.
    pub fn comparing(self, compares: bool) -> Self {
        Self { compares, ..self }
    }

    /// The same, where evidence may name the sites. Names are kept in memory only.
    pub fn telling_hosts(mut self, tells: bool) -> Self {
        self.digester.tells_hosts = tells;
        self
    }

    /// Looks at a request's head, remembers it, and tells what all of them together show.
    pub fn request(&self, passage: Passage<'_>, subject: &Subject<'_>) -> Vec<Finding> {
        if subject.direction != Direction::Request || subject.part != Part::Header {
            return Vec::new();
        }
        let compares = self.compares && passage.vantage.is_some();
        let Some(look) = Look::at(&self.digester, passage, subject, compares) else { return Vec::new() };
        let mut shown = self.of_client(passage.client, |client| look.alone(client));
        if compares {
            let together = look.together(&mut lock(&self.household));
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

    /// What changed since this was last asked, to be stored. Where nothing was learnt but how often and when, that is
    /// left out unless `with_counts` is set.
    pub fn take_changed(&self, with_counts: bool) -> Vec<Kept> {
        let mut changed = Vec::new();
        for shard in &self.shards {
            let keys: Vec<u64> = lock(shard).due(with_counts).collect();
            for key in keys {
                // Copied under the lock, written out without it.
                let copy = lock(shard).get_mut(key).map(Client::take_copy);
                changed.extend(copy.and_then(|client| kept(key, &client)));
            }
        }
        let household = Some(lock(&self.household)).filter(|client| client.is_due(with_counts));
        let household = household.map(|mut client| client.take_copy());
        changed.extend(household.and_then(|client| kept(HOUSEHOLD, &client)));
        changed
    }

    /// The clients that had to make room since this was last asked: what is stored of them can go as well.
    pub fn take_forgotten(&self) -> Vec<u64> {
        self.shards.iter().flat_map(|shard| lock(shard).take_forgotten()).collect()
    }

    /// Forgets what was last seen before this time, in seconds since 1970.
    pub fn forget_before(&self, time: i64) {
        self.shards.iter().for_each(|shard| lock(shard).forget_before(time));
        lock(&self.household).forget_before(time);
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
        lock(self.shard(kept.client)).turn(kept.client, |known| client.replace(known));
        Ok(())
    }

    fn of_client<T>(&self, client: &[u8], turn: impl FnOnce(&mut Client) -> T) -> T {
        // Zero is the household's.
        let key = self.digester.of(Kind::Client, client).max(1);
        lock(self.shard(key)).turn(key, turn)
    }

    fn shard(&self, client: u64) -> &Mutex<Shard> {
        let [first, ..] = &self.shards;
        self.shards.get(client as usize % SHARDS).unwrap_or(first)
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        let of = |shard: MutexGuard<'_, Shard>| shard.sizes();
        self.shards.iter().map(lock).map(of).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
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
