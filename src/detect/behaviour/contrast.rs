//! Is there a name that exists only where somebody on the way could have added it?
//!
//! Two sides are compared: one that is exposed to the carrier (cleartext; a listener on cellular) and one that is not
//! (inside TLS; a listener on Wi-Fi). A name that several applications send to unrelated sites on the one and never on the
//! other was put there on the way, once the same applications have been seen on the other. Of the exposed side alone it
//! is remembered whether a name always stood as if another hand had added it.

use serde::{Deserialize, Serialize};

use super::{
    filter::Filter,
    look::{Noted, Sender},
    recent::Recent,
    site::{Site, remember},
};

/// Names kept of the exposed side.
const NAMES: usize = 64;
/// Applications kept of the sheltered side.
const APPS: usize = 32;
/// Unrelated sites that a name must have gone to.
const SITES: usize = 3;
/// Unrelated sites kept of a name, for the evidence.
const SITES_KEPT: usize = 8;
/// Applications that must have sent it.
const SENDERS: usize = 2;
/// Requests that must have been seen on the sheltered side.
const SHELTERED: u32 = 5;
/// So many of them by one of the applications that send the name on the exposed side.
const OF_ONE_APP: u32 = 2;

/// What was seen on the two sides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Contrast {
    exposed: Recent<Exposure>,
    sheltered: Filter,
    apps: Recent<App>,
    requests: u32,
}

/// A name on the exposed side.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Exposure {
    pub count: u32,
    pub first: i64,
    pub last: i64,
    pub sites: Vec<Site>,
    apps: Vec<u64>,
    /// How often it followed all well-known fields and was spelt unlike all of them.
    foreign: u32,
    /// Stood where no application could have put it.
    is_beyond_apps: bool,
}

/// What a name has shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    /// What was seen of it.
    pub exposure: &'a Exposure,
    /// Whether it is missing on the other side.
    pub is_missing_elsewhere: bool,
    /// Whether it always stood and was spelt as another hand would do it.
    pub is_by_another_hand: bool,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct App(u32);

impl Contrast {
    /// Notes a request on the sheltered side, with the names in it that are not ordinary. Answers whether anything was
    /// learnt but how often.
    pub fn shelter(&mut self, names: impl Iterator<Item = u64>, app: u64, tick: u64) -> bool {
        self.requests = self.requests.saturating_add(1);
        let is_new = self.own(names);
        let Some(App(count)) = self.apps.enter(app, tick, APPS) else { return is_new };
        *count = count.saturating_add(1);
        is_new | (*count <= OF_ONE_APP || self.requests <= SHELTERED)
    }

    /// Notes names that the phone sends itself, wherever that was seen. Answers whether one is new.
    pub fn own(&mut self, names: impl Iterator<Item = u64>) -> bool {
        names.fold(false, |is_new, name| is_new | self.sheltered.add(name))
    }

    /// Notes a name on the exposed side, and tells what it has shown. Nothing if the phone sends it itself.
    pub fn expose(&mut self, noted: &Noted, sender: &Sender, (tick, now): (u64, i64)) -> (Option<Shown<'_>>, bool) {
        // What the phone sends itself need not be kept.
        if self.sheltered.has(noted.name) {
            return (None, false);
        }
        let is_new = self.exposed.enter(noted.name, tick, NAMES).is_some_and(|known| known.note(noted, sender, now));
        let shown = self.exposed.get(noted.name).map(|exposure| {
            let is_spread = exposure.is_spread();
            let is_missing_elsewhere = is_spread && self.is_missing_elsewhere(exposure);
            let is_by_another_hand = is_spread && exposure.foreign == exposure.count;
            Shown { exposure, is_missing_elsewhere, is_by_another_hand }
        });
        (shown, is_new)
    }

    fn is_missing_elsewhere(&self, exposure: &Exposure) -> bool {
        let often = |app: &u64| self.apps.get(*app).is_some_and(|App(count)| *count >= OF_ONE_APP);
        self.requests >= SHELTERED && exposure.apps.iter().any(often)
    }

    /// What it takes to remember this, in names under observation.
    pub fn weight(&self) -> usize {
        self.exposed.len() + self.sheltered.weight()
    }

    /// Forgets names that were last seen before this time.
    pub fn forget_before(&mut self, time: i64) {
        self.exposed.retain(|exposure| exposure.last >= time);
    }

    /// Makes sound what was read from a file.
    pub fn repair(&mut self) {
        self.exposed.repair(NAMES);
        self.apps.repair(APPS);
        self.sheltered.repair();
        for exposure in self.exposed.items_mut() {
            exposure.sites.truncate(SITES_KEPT);
            exposure.apps.truncate(SENDERS * 2);
        }
    }
}

impl Exposure {
    /// Answers whether anything was learnt but how often.
    fn note(&mut self, noted: &Noted, sender: &Sender, now: i64) -> bool {
        if self.count == 0 {
            self.first = now;
        }
        self.count = self.count.saturating_add(1);
        self.last = self.last.max(now);
        self.foreign = self.foreign.saturating_add(u32::from(noted.manner.is_foreign()));
        let is_beyond_apps = sender.is_beyond_apps(noted);
        let mut is_new = is_beyond_apps && !self.is_beyond_apps;
        self.is_beyond_apps |= is_beyond_apps;
        if let Some(site) = &noted.site {
            is_new |= remember(&mut self.sites, site, SITES_KEPT);
        }
        if self.apps.len() < SENDERS * 2 && !self.apps.contains(&sender.app) {
            self.apps.push(sender.app);
            is_new = true;
        }
        is_new
    }

    /// Whether one application could hardly have sent it.
    fn is_spread(&self) -> bool {
        self.sites.len() >= SITES && (self.apps.len() >= SENDERS || self.is_beyond_apps)
    }
}
