//! Which headers does a carrier insert here, and which no longer?
//!
//! Of each place (a listener and a client) it is counted how often each header was there, and how often in a row it was
//! missing now. Only a header that was nearly always there can be said to have stopped.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

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
}

/// What is known of all places.
#[derive(Debug, Default)]
pub struct Headers {
    places: HashMap<Key, Place>,
    changed: HashMap<Key, ()>,
}

impl Headers {
    /// Begins with what was known.
    pub fn knowing(places: Vec<(Key, Place)>) -> Self {
        Self { places: places.into_iter().take(PLACES).collect(), changed: HashMap::new() }
    }

    /// Counts one exchange, in which a carrier inserted `inserted`, and which has all of the headers of which `has` is true.
    pub fn count(
        &mut self,
        key: Key,
        inserted: &[String],
        has: impl Fn(&str) -> bool,
        stopped_after: u32,
        now: i64,
    ) -> Changes {
        if inserted.is_empty() && !self.places.contains_key(&key) {
            return Changes::default();
        }
        self.make_room(&key);
        self.changed.insert(key, ());
        let place = self.places.entry(key).or_default();
        place.last = now;
        let mut changes = Changes::default();
        for (name, count) in &mut place.headers {
            if has(name) {
                *count = Count { seen: count.seen + 1, missed: count.missed + count.streak, streak: 0 };
                continue;
            }
            count.streak += 1;
            let was_steady = count.seen >= LEAST && count.missed * NEARLY_ALWAYS <= count.seen;
            if was_steady && count.streak >= u64::from(stopped_after) {
                changes.stopped.push(name.clone());
            }
        }
        place.headers.retain(|name, _| !changes.stopped.contains(name));
        for name in inserted {
            if !place.headers.contains_key(name) && place.headers.len() < HEADERS {
                place.headers.insert(name.clone(), Count { seen: 1, ..Count::default() });
                changes.started.push(name.clone());
            }
        }
        changes
    }

    /// What has changed since this was last asked.
    pub fn take_changed(&mut self) -> Vec<(Key, Place)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_keys().filter_map(|key| Some((key, self.places.get(&key)?.clone()))).collect()
    }

    fn make_room(&mut self, key: &Key) {
        if self.places.len() < PLACES || self.places.contains_key(key) {
            return;
        }
        let oldest = self.places.iter().min_by_key(|(_, place)| place.last).map(|(key, _)| *key);
        oldest.into_iter().for_each(|key| drop(self.places.remove(&key)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [1; 16];
    const NAME: &str = "x-up-calling-line-id";

    fn count(headers: &mut Headers, is_there: bool) -> Changes {
        let inserted = if is_there { vec![NAME.to_owned()] } else { Vec::new() };
        headers.count(KEY, &inserted, |name| is_there && name == NAME, 5, 0)
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
        for number in 0..u32::try_from(PLACES).unwrap() + 50 {
            let mut key = [0; 16];
            key[..4].copy_from_slice(&number.to_be_bytes());
            let names: Vec<_> = (0..100).map(|name| format!("x-{name}")).collect();
            headers.count(key, &names, |_| true, 5, i64::from(number));
        }
        assert_eq!(headers.places.len(), PLACES);
        assert!(headers.places.values().all(|place| place.headers.len() == HEADERS));
    }
}
