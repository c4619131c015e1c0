//! What is remembered of one client?

use serde::{Deserialize, Serialize};

use super::{
    contrast::Contrast,
    look::{Noted, Sender},
    recent::Recent,
    site::{Site, remember},
};
use crate::detect::Confidence;

/// Values kept in all.
const VALUES: usize = 256;
/// Values kept of one name: a name whose value is another each time does not push out the others.
const VALUES_OF_A_NAME: usize = 8;
/// Values kept that answers gave out.
const GIVEN: usize = 512;
/// So many of those take as much room as one value that was sent.
const GIVEN_OF_ONE: usize = 48;
/// Unrelated sites of a value or name that are worth more than one.
const TELLING: usize = 2;
/// Unrelated sites that a value must have gone to.
const SITES: usize = 3;
/// Sites kept of one value, for the evidence.
const SITES_KEPT: usize = 8;
/// Applications kept of one value.
const APPS_KEPT: usize = 2;

/// One client, or the household.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Client {
    /// Time of the last request, in seconds since 1970.
    pub last: i64,
    tick: u64,
    values: Recent<Sighting>,
    given: Vec<u64>,
    /// Cleartext against TLS; for the household, one listener against another.
    pub contrast: Contrast,
    /// Whether anything differs from what was last stored.
    #[serde(skip)]
    is_touched: bool,
    /// Whether more differs than how often and when something was seen.
    #[serde(skip)]
    pub is_changed: bool,
    /// Whether a value went to two strangers already: a third is all that is missing.
    #[serde(skip)]
    pub is_telling: bool,
    /// When the shard last turned to it.
    #[serde(skip)]
    pub used: u64,
}

/// One value under one name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sighting {
    name: u64,
    value: u64,
    pub count: u32,
    pub first: i64,
    pub last: i64,
    pub sites: Vec<Site>,
    apps: Vec<u64>,
    /// How often it was appended in another spelling.
    foreign: u32,
    /// Sent inside TLS at least once.
    pub is_inside: bool,
    is_from_browser: bool,
    /// Stood where no application could have put it.
    pub is_beyond_apps: bool,
    is_given: bool,
}

impl Client {
    /// What it costs to remember it: so many values or names under observation.
    pub fn weight(&self) -> usize {
        1 + self.values.len() + self.contrast.weight() + self.given.len() / GIVEN_OF_ONE
    }

    /// Whether it is to be stored; where only counts differ, `with_counts` decides.
    pub fn is_due(&self, with_counts: bool) -> bool {
        self.is_changed || with_counts && self.is_touched
    }

    /// A copy to be stored; from now on this is not changed.
    pub fn take_copy(&mut self) -> Self {
        (self.is_changed, self.is_touched) = (false, false);
        self.clone()
    }

    /// Counts a request. The tick orders what happens within one second.
    pub fn turn(&mut self, now: i64) -> (u64, i64) {
        self.tick = self.tick.saturating_add(1);
        self.last = self.last.max(now);
        self.is_touched = true;
        (self.tick, now)
    }

    /// How many values are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Notes a value that looks like a pseudonym, and tells how surely it has shown itself to be one.
    pub fn send(&mut self, noted: &Noted, sender: &Sender, (tick, now): (u64, i64)) -> Option<(&Sighting, Confidence)> {
        let key = noted.name ^ noted.value.rotate_left(32);
        if self.values.get(key).is_none() {
            self.make_room(noted.name);
        }
        let is_given = self.is_given(noted.value);
        let sighting = self.values.enter(key, tick, VALUES)?;
        if sighting.count == 0 {
            (sighting.name, sighting.value) = (noted.name, noted.value);
            sighting.first = now;
        }
        self.is_changed |= sighting.note(noted, sender, is_given, now);
        self.is_telling |= sighting.is_telling();
        sighting.confidence(noted.needs_witness).map(|confidence| (&*sighting, confidence))
    }

    /// Whether an answer gave out this value.
    pub fn is_given(&self, value: u64) -> bool {
        self.given.contains(&value)
    }

    fn make_room(&mut self, name: u64) {
        if self.values.items().filter(|sighting| sighting.name == name).count() >= VALUES_OF_A_NAME {
            self.values.forget(|sighting| sighting.name == name);
        }
    }

    /// Notes a value that an answer gave out. If it was sent before, the answer only repeats it.
    pub fn receive(&mut self, value: u64) {
        let is_known = self.is_given(value) || self.values.items().any(|sighting| sighting.value == value);
        if is_known {
            return;
        }
        if self.given.len() >= GIVEN {
            self.given.remove(0);
        }
        self.given.push(value);
        self.is_changed = true;
    }

    /// Forgets what was last seen before this time.
    pub fn forget_before(&mut self, time: i64) {
        self.values.retain(|sighting| sighting.last >= time);
        self.contrast.forget_before(time);
    }

    /// Takes the place of another, which keeps its turn.
    pub fn replace(self, other: &mut Self) {
        *other = Self { used: other.used, ..self };
    }

    /// Makes sound what was read from a file.
    pub fn repair(&mut self) {
        self.values.repair(VALUES);
        self.given.truncate(GIVEN);
        self.contrast.repair();
        for sighting in self.values.items_mut() {
            sighting.sites.truncate(SITES_KEPT);
            sighting.apps.truncate(APPS_KEPT);
        }
        self.is_telling = self.values.items().any(Sighting::is_telling);
    }
}

impl Sighting {
    /// Answers whether anything was learnt but how often.
    fn note(&mut self, noted: &Noted, sender: &Sender, is_given: bool, now: i64) -> bool {
        let before = (self.count > 0, self.is_inside, self.is_from_browser, self.is_beyond_apps, self.is_given);
        self.count = self.count.saturating_add(1);
        self.last = self.last.max(now);
        self.foreign = self.foreign.saturating_add(u32::from(noted.manner.is_foreign()));
        self.is_inside |= sender.is_inside;
        self.is_from_browser |= sender.is_browser;
        self.is_beyond_apps |= sender.is_beyond_apps(noted);
        self.is_given |= is_given;
        let after = (true, self.is_inside, self.is_from_browser, self.is_beyond_apps, self.is_given);
        let mut is_new = before != after;
        if let Some(site) = &noted.site {
            is_new |= remember(&mut self.sites, site, SITES_KEPT);
        }
        if self.apps.len() < APPS_KEPT && !self.apps.contains(&sender.app) {
            self.apps.push(sender.app);
            is_new = true;
        }
        is_new
    }

    /// Whether it may yet show itself to be a pseudonym, and has begun to.
    fn is_telling(&self) -> bool {
        self.sites.len() >= TELLING && !self.is_given
    }

    /// Whether one application could hardly have sent it: there are several, or it stood where none could put it.
    pub fn is_common(&self) -> bool {
        self.apps.len() > 1 || self.is_beyond_apps
    }

    /// Whether it always stood and was spelt as if another hand had added it.
    pub fn is_foreign(&self) -> bool {
        self.foreign == self.count
    }

    /// How surely this is a supercookie; nothing if it is not, or not yet.
    fn confidence(&self, needs_witness: bool) -> Option<Confidence> {
        let is_witnessed = !self.is_inside && (self.is_common() || self.is_foreign());
        if self.sites.len() < SITES || self.is_given || needs_witness && !is_witnessed {
            return None;
        }
        // Inside TLS one application may send its own key to all servers of its maker; a browser has no key of its own.
        let may_be_a_key = self.is_inside && !self.is_common() && !self.is_from_browser;
        Some(if may_be_a_key { Confidence::Possible } else { Confidence::Likely })
    }
}
