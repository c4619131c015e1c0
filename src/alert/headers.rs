//! Which headers does a carrier insert here, and which no longer?
//!
//! Of each place (a listener and a client) it is counted how often each header was there, and how often in a row it was
//! missing now. Only a header that was nearly always there can be said to have stopped.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::exchange::Fields;

/// Places that are remembered.
const PLACES: usize = 2048;
/// Headers that are remembered of each.
const HEADERS: usize = 32;
/// Of so many exchanges it must be known before its absence says anything.
const LEAST: u64 = 10;
/// It may have been missing once in so many times.
const NEARLY_ALWAYS: u64 = 10;

/// A digest of where something is seen.
pub type Key = [u8; 16];

/// What is known of one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// When something was last seen there, in seconds since 1970.
    pub last: i64,
    /// The headers that a carrier inserts, by their names in lower case.
    headers: BTreeMap<String, Count>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    /// How often it was there.
    seen: u64,
    /// How often it was missing, before it was there again.
    missed: u64,
    /// How often it has been missing since.
    streak: u64,
}

/// What has changed at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Headers that were not there before.
    pub started: Vec<String>,
    /// Headers that are not there any more.
    pub stopped: Vec<String>,
    /// What was known of those.
    gone: Vec<Count>,
}

impl Changes {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.started.is_empty() && self.stopped.is_empty()
    }
}

/// What is known of all places.
#[derive(Debug, Default)]
pub struct Headers {
    places: HashMap<Key, Known>,
}

#[derive(Debug, Default)]
struct Known {
    place: Place,
    has_changed: bool,
}

impl Headers {
    /// Begins with what was known.
    pub fn knowing(places: Vec<(Key, Place)>) -> Self {
        let known = places.into_iter().take(PLACES).map(|(key, place)| (key, Known { place, has_changed: false }));
        Self { places: known.collect() }
    }

    /// Counts one exchange with these fields, of which a carrier inserted those named `inserted`.
    pub fn count(&mut self, key: Key, inserted: &[&[u8]], fields: &Fields, stopped_after: u32, now: i64) -> Changes {
        if inserted.is_empty() && !self.places.contains_key(&key) {
            return Changes::default();
        }
        if self.places.len() >= PLACES {
            self.make_room(&key);
        }
        let known = self.places.entry(key).or_default();
        known.has_changed = true;
        known.place.last = now;
        let mut changes = Changes::default();
        known.place.miss(fields, stopped_after, &mut changes);
        known.place.meet(inserted, &mut changes);
        changes
    }

    /// Takes back that something has started or stopped there.
    pub fn withdraw(&mut self, key: &Key, changes: Changes) {
        let Some(known) = self.places.get_mut(key) else { return };
        known.place.headers.retain(|name, _| !changes.started.contains(name));
        known.place.headers.extend(changes.stopped.into_iter().zip(changes.gone));
    }

    /// What has changed since this was last asked.
    pub fn take_changed(&mut self) -> Vec<(Key, Place)> {
        let changed = |(key, known): (&Key, &mut Known)| {
            std::mem::take(&mut known.has_changed).then(|| (*key, known.place.clone()))
        };
        self.places.iter_mut().filter_map(changed).collect()
    }

    fn make_room(&mut self, key: &Key) {
        if self.places.contains_key(key) {
            return;
        }
        let oldest = self.places.iter().min_by_key(|(_, known)| known.place.last).map(|(key, _)| *key);
        oldest.into_iter().for_each(|key| drop(self.places.remove(&key)));
    }
}

impl Place {
    /// Counts which of the headers are there, and tells which have stopped.
    fn miss(&mut self, fields: &Fields, stopped_after: u32, changes: &mut Changes) {
        for (name, count) in &mut self.headers {
            if fields.iter().any(|field| is_called(&field.name, name)) {
                *count = Count { seen: count.seen + 1, missed: count.missed + count.streak, streak: 0 };
                continue;
            }
            count.streak += 1;
            let was_steady = count.seen >= LEAST && count.missed * NEARLY_ALWAYS <= count.seen;
            if was_steady && count.streak >= u64::from(stopped_after) {
                changes.stopped.push(name.clone());
                changes.gone.push(*count);
            }
        }
        if !changes.stopped.is_empty() {
            self.headers.retain(|name, _| !changes.stopped.contains(name));
        }
    }

    /// Tells which have started.
    fn meet(&mut self, inserted: &[&[u8]], changes: &mut Changes) {
        let is_known = |name: &&&[u8]| self.headers.keys().any(|known| is_called(name, known));
        let mut unknown: Vec<_> = inserted.iter().filter(|name| !is_known(name)).map(|name| lower(name)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.truncate(HEADERS.saturating_sub(self.headers.len()));
        for name in unknown {
            self.headers.insert(name.clone(), Count { seen: 1, ..Count::default() });
            changes.started.push(name);
        }
    }
}

/// Whether a name as it is spelt is this one in lower case.
fn is_called(spelt: &[u8], name: &str) -> bool {
    spelt.eq_ignore_ascii_case(name.as_bytes()) || (!spelt.is_ascii() && lower(spelt) == name)
}

/// A name by which a header is known.
pub fn lower(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [1; 16];
    const NAME: &str = "x-up-calling-line-id";

    fn count(headers: &mut Headers, is_there: bool) -> Changes {
        let fields: Fields = is_there.then_some(("X-Up-Calling-Line-ID", "1")).into_iter().collect();
        let inserted: Vec<_> = fields.iter().map(|field| &field.name[..]).collect();
        headers.count(KEY, &inserted, &fields, 5, 0)
    }

    #[test]
    fn what_was_always_there_and_is_missing_has_stopped_once() {
        let mut headers = Headers::default();
        assert_eq!(count(&mut headers, false), Changes::default());
        assert_eq!(count(&mut headers, true).started, [NAME]);
        (0..10).for_each(|_| assert_eq!(count(&mut headers, true), Changes::default()));
        (0..4).for_each(|_| assert_eq!(count(&mut headers, false), Changes::default()));
        let mut again = Headers::knowing(headers.take_changed());
        assert_eq!(count(&mut again, false).stopped, [NAME], "a restart forgets nothing");
        (0..10).for_each(|_| assert_eq!(count(&mut again, false), Changes::default()));
        assert_eq!(count(&mut again, true).started, [NAME]);
    }

    #[test]
    fn what_comes_and_goes_does_not_stop() {
        let mut headers = Headers::default();
        for round in 0..40 {
            assert!(count(&mut headers, round % 2 == 0).stopped.is_empty());
        }
        (0..20).for_each(|_| assert!(count(&mut headers, false).stopped.is_empty()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut headers = Headers::default();
        let fields: Fields = (0..100).map(|name| (format!("x-{name}"), "1")).collect();
        let inserted: Vec<_> = fields.iter().map(|field| &field.name[..]).collect();
        for number in 0..u32::try_from(PLACES).unwrap() + 50 {
            let mut key = [0; 16];
            key[..4].copy_from_slice(&number.to_be_bytes());
            headers.count(key, &inserted, &fields, 5, i64::from(number));
        }
        assert_eq!(headers.places.len(), PLACES);
        assert!(headers.places.values().all(|known| known.place.headers.len() == HEADERS));
    }

    #[test]
    fn what_was_not_told_is_told_the_next_time() {
        let mut headers = Headers::default();
        let started = count(&mut headers, true);
        headers.withdraw(&KEY, started.clone());
        assert_eq!(count(&mut headers, true), started);
        (0..10).for_each(|_| assert!(count(&mut headers, true).is_empty()));
        (0..4).for_each(|_| assert!(count(&mut headers, false).is_empty()));
        let stopped = count(&mut headers, false);
        headers.withdraw(&KEY, stopped.clone());
        assert_eq!(count(&mut headers, false).stopped, stopped.stopped);
    }
}
