//! Which clients are remembered, where there are too many?
//!
//! What a client costs is counted, so that thousands who send nothing unusual take as much room as a few who do. Those
//! in whose requests something went to two strangers already are pushed out last: of them a third site is all that is
//! missing. A quarter of the room stays for the others, since everybody begins as one of them.

use std::collections::hash_map::Entry;

use super::client::Client;
use crate::detect::digested::ByDigest;

/// Clients kept in a shard.
const CLIENTS: usize = 512;
/// What they may weigh together: values and names under observation, each of about 400 bytes.
const WEIGHT: usize = 8192;
/// One in so many clients at least may be one without evidence.
const NEWCOMERS: usize = 4;
/// So many that were pushed out wait for the disk to be told.
const FORGOTTEN: usize = 1024;

/// Some of the clients.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// Keys are digests under the installation's key; the low bits of all in one shard are alike.
    clients: ByDigest<Client>,
    forgotten: Vec<u64>,
    weight: usize,
    tick: u64,
}

impl Shard {
    /// Turns to a client, which is new where it is not remembered; others go if that is too much.
    pub fn turn<T>(&mut self, key: u64, turn: impl FnOnce(&mut Client) -> T) -> T {
        self.tick += 1;
        // One that is new weighs nothing yet.
        let (client, before) = match self.clients.entry(key) {
            Entry::Occupied(known) => {
                let client = known.into_mut();
                let before = client.weight();
                (client, before)
            }
            Entry::Vacant(place) => (place.insert(Client::default()), 0),
        };
        client.used = self.tick;
        let turned = turn(client);
        self.weight = self.weight + client.weight() - before;
        self.bound();
        turned
    }

    /// A client that is remembered.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut Client> {
        self.clients.get_mut(&key)
    }

    /// Those whose state is to be stored.
    pub fn due(&self, with_counts: bool) -> impl Iterator<Item = u64> {
        self.clients.iter().filter(move |(_, client)| client.is_due(with_counts)).map(|(key, _)| *key)
    }

    /// Those who were pushed out since this was last asked.
    pub fn take_forgotten(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.forgotten)
    }

    /// Forgets what was last seen before this time, in seconds since 1970.
    pub fn forget_before(&mut self, time: i64) {
        self.clients.retain(|_, client| client.last >= time);
        self.clients.values_mut().for_each(|client| client.forget_before(time));
        self.weight = self.clients.values().map(Client::weight).sum();
    }

    /// How many clients there are, and how many values of them.
    #[cfg(test)]
    pub fn sizes(&self) -> (usize, usize) {
        (self.clients.len(), self.clients.values().map(Client::len).sum())
    }

    /// Nobody weighs so much that the last client would have to go.
    fn bound(&mut self) {
        while self.clients.len() > CLIENTS || self.weight > WEIGHT {
            let Some(client) = self.dispensable().and_then(|key| Some((key, self.clients.remove(&key)?))) else {
                return;
            };
            let (key, client) = client;
            self.weight -= client.weight();
            if self.forgotten.len() < FORGOTTEN {
                self.forgotten.push(key);
            }
        }
    }

    /// Of those without evidence, unless they are few, the one heard of least recently; else of all.
    fn dispensable(&self) -> Option<u64> {
        let newcomers = self.clients.values().filter(|client| !client.is_telling).count();
        let spares = newcomers * NEWCOMERS > self.clients.len();
        let candidates = self.clients.iter().filter(|(_, client)| !(spares && client.is_telling));
        candidates.min_by_key(|(_, client)| client.used).map(|(key, _)| *key)
    }
}
