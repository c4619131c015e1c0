//! What is remembered of one client?

use serde::{Deserialize, Serialize};

use super::{
    contrast::Contrast,
    recent::Recent,
    site::{Site, remember},
};

/// Values kept in all.
const VALUES: usize = 256;
/// Values kept of one name: a name whose value is another each time does not push out the others.
const VALUES_OF_A_NAME: usize = 8;
/// Values kept that answers gave out.
const GIVEN: usize = 128;
/// Unrelated sites that a value must have gone to.
pub(super) const SITES: usize = 3;
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
    /// Whether it differs from what was last stored.
    #[serde(skip)]
    pub is_changed: bool,
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
    /// Sent inside TLS at least once.
    pub is_inside: bool,
    is_from_browser: bool,
    is_given: bool,
}

/// One field of one request.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub name: u64,
    pub value: u64,
    pub site: Option<Site>,
    pub app: u64,
    pub is_browser: bool,
    pub is_inside: bool,
}

impl Client {
    /// So many values are remembered at most.
    pub const MOST: usize = VALUES;

    /// A copy to be stored; from now on this is not changed.
    pub fn take_copy(&mut self) -> Self {
        self.is_changed = false;
        self.clone()
    }

    /// Counts a request. The tick orders what happens within one second.
    pub fn turn(&mut self, now: i64) -> (u64, i64) {
        self.tick += 1;
        self.last = self.last.max(now);
        self.is_changed = true;
        (self.tick, now)
    }

    /// How many values are remembered.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Notes a value that looks like a pseudonym, and tells whether it has shown itself to be one.
    pub fn send(&mut self, sent: Sent, (tick, now): (u64, i64)) -> Option<&Sighting> {
        let key = sent.name ^ sent.value.rotate_left(32);
        if self.values.get(key).is_none() {
            self.make_room(sent.name);
        }
        let is_given = self.given.contains(&sent.value);
        let sighting = self.values.enter(key, tick, VALUES)?;
        if sighting.count == 0 {
            (sighting.name, sighting.value) = (sent.name, sent.value);
            sighting.first = now;
        }
        sighting.note(sent, is_given, now);
        sighting.is_supercookie().then_some(sighting)
    }

    fn make_room(&mut self, name: u64) {
        if self.values.items().filter(|sighting| sighting.name == name).count() >= VALUES_OF_A_NAME {
            self.values.forget(|sighting| sighting.name == name);
        }
    }

    /// Notes a value that an answer gave out. If it was sent before, the answer only repeats it.
    pub fn receive(&mut self, value: u64) {
        let is_known = self.given.contains(&value) || self.values.items().any(|sighting| sighting.value == value);
        if is_known {
            return;
        }
        if self.given.len() >= GIVEN {
            self.given.remove(0);
        }
        self.given.push(value);
        self.is_changed = true;
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
    }
}

impl Sighting {
    fn note(&mut self, sent: Sent, is_given: bool, now: i64) {
        self.count = self.count.saturating_add(1);
        self.last = self.last.max(now);
        self.is_inside |= sent.is_inside;
        self.is_from_browser |= sent.is_browser;
        self.is_given |= is_given;
        if let Some(site) = sent.site {
            remember(&mut self.sites, site, SITES_KEPT);
        }
        if self.apps.len() < APPS_KEPT && !self.apps.contains(&sent.app) {
            self.apps.push(sent.app);
        }
    }

    /// Whether more than one application sends it.
    pub fn is_common(&self) -> bool {
        self.apps.len() > 1
    }

    /// Inside TLS one application may send its own key to all servers of its maker: there it takes a browser, which
    /// has no key of its own, or a second application.
    fn is_supercookie(&self) -> bool {
        let may_be_a_key = self.is_inside && !self.is_common() && !self.is_from_browser;
        self.sites.len() >= SITES && !self.is_given && !may_be_a_key
    }
}
