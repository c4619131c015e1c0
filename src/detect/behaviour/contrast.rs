//! Is there a name that exists only where somebody on the way could have added it?
//!
//! Two sides are compared: one that is exposed to the carrier (cleartext; a listener on cellular) and one that is not
//! (inside TLS; a listener on Wi-Fi). A name that several applications send to unrelated sites on the one and never on the
//! other was put there on the way, once the same applications have been seen often enough on the other.

use serde::{Deserialize, Serialize};

use super::{
    recent::Recent,
    site::{Site, remember},
};

/// Names kept of the exposed side.
const NAMES: usize = 64;
/// Applications kept of the sheltered side.
const APPS: usize = 32;
/// Unrelated sites that a name must have gone to.
pub(super) const SITES: usize = 3;
/// Applications that must have sent it.
const SENDERS: usize = 2;
/// Requests that must have been seen on the sheltered side.
const SHELTERED: u32 = 20;
/// So many of them by one of the applications that send the name on the exposed side.
const OF_ONE_APP: u32 = 5;

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
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct App(u32);

impl Contrast {
    /// Notes a request on the sheltered side, with the names in it that are not ordinary.
    pub fn shelter(&mut self, names: &[u64], app: u64, tick: u64) {
        self.requests = self.requests.saturating_add(1);
        if let Some(App(count)) = self.apps.enter(app, tick, APPS) {
            *count = count.saturating_add(1);
        }
        names.iter().for_each(|&name| self.sheltered.add(name));
    }

    /// Notes a name on the exposed side, and tells whether it has shown itself to be added on the way.
    pub fn expose(&mut self, name: u64, site: Option<Site>, app: u64, (tick, now): (u64, i64)) -> Option<&Exposure> {
        // What the phone sends itself need not be kept.
        if self.sheltered.has(name) {
            return None;
        }
        let exposure = self.exposed.enter(name, tick, NAMES)?;
        if exposure.count == 0 {
            exposure.first = now;
        }
        exposure.count = exposure.count.saturating_add(1);
        exposure.last = exposure.last.max(now);
        if let Some(site) = site {
            remember(&mut exposure.sites, site, SITES);
        }
        if exposure.apps.len() < SENDERS * 2 && !exposure.apps.contains(&app) {
            exposure.apps.push(app);
        }
        let exposure = self.exposed.get(name)?;
        let often = |app: &u64| self.apps.get(*app).is_some_and(|App(count)| *count >= OF_ONE_APP);
        let is_shown = exposure.sites.len() >= SITES
            && exposure.apps.len() >= SENDERS
            && self.requests >= SHELTERED
            && exposure.apps.iter().any(often);
        is_shown.then_some(exposure)
    }

    /// Makes sound what was read from a file.
    pub fn repair(&mut self) {
        self.exposed.repair(NAMES);
        self.apps.repair(APPS);
        for exposure in self.exposed.items_mut() {
            exposure.sites.truncate(SITES);
            exposure.apps.truncate(SENDERS * 2);
        }
    }
}

/// A set that forgets nothing and takes 256 bytes (Bloom 1970): it may hold a name too many, which keeps clir silent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Filter([u64; 32]);

impl Filter {
    fn add(&mut self, name: u64) {
        for (word, bit) in places(name) {
            if let Some(word) = self.0.get_mut(word) {
                *word |= bit;
            }
        }
    }

    fn has(&self, name: u64) -> bool {
        places(name).all(|(word, bit)| self.0.get(word).is_some_and(|word| word & bit != 0))
    }
}

/// Three bits for each name.
fn places(name: u64) -> impl Iterator<Item = (usize, u64)> {
    (0..3).map(move |turn| (name >> (turn * 16)) as u16).map(|part| (usize::from(part >> 6) % 32, 1 << (part & 63)))
}
