//! Does this program of a client trust our authority?
//!
//! Known by what it does at unrelated sites: who rejects three of them in a row rejects the certificate, not the site.

use serde::{Deserialize, Serialize};

use super::{Look, Rejection};

/// So many unrelated sites in a row.
const SITES: usize = 3;
/// So many of them where it had succeeded before say that what was trusted is trusted no longer.
const KNOWN_SITES: usize = 2;
/// Sites remembered of a row.
const REMEMBERED: usize = 8;

/// What is known of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Program {
    /// Its fingerprint.
    pub name: String,
    /// Unrelated sites that it has rejected since it last accepted one: digests, and whether it had accepted it before.
    pub rejected: Vec<(u64, bool)>,
    /// When that row began.
    pub since: i64,
    /// The last failure that counted.
    pub failed: i64,
    /// The last success at any site.
    pub succeeded: Option<i64>,
    /// Since when it passes.
    pub distrusts: Option<i64>,
    /// It has passed before, and has not succeeded since.
    pub again: bool,
    /// How often it passed.
    pub passed: u32,
    /// When it was last heard of.
    pub last: i64,
}

impl Program {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Whether it is known to trust nobody but its own authorities.
    pub fn distrusts(&self, look: &Look) -> bool {
        self.distrusts.is_some_and(|since| look.holds(since, look.times.pinned))
    }

    pub fn succeeds(&mut self, now: i64) {
        self.trusts(now);
        self.succeeded = Some(now);
    }

    /// It has shown that it trusts, at no site in particular.
    pub fn trusts(&mut self, now: i64) {
        self.rejected.clear();
        (self.distrusts, self.again, self.last) = (None, false, now);
    }

    /// Answers whether it passes from now on.
    pub fn rejects(&mut self, (site, had_succeeded): (u64, bool), how: Rejection, began: i64, look: &Look) -> bool {
        self.last = look.now;
        if how == Rejection::Silence && began < self.failed {
            return false;
        }
        self.failed = look.now;
        let distrusts = self.distrusts(look);
        if !distrusts && self.distrusts.take().is_some() {
            self.again = true;
            self.rejected.clear();
        }
        if self.rejected.is_empty() {
            self.since = look.now;
        }
        match self.rejected.iter().position(|(known, _)| *known == site) {
            Some(at) => self.rejected[at].1 |= had_succeeded,
            None if self.rejected.len() < REMEMBERED => self.rejected.push((site, had_succeeded)),
            None => {}
        }
        let enough = if self.again { 1 } else { SITES };
        if distrusts || self.rejected.len() < enough {
            return false;
        }
        self.distrusts = Some(look.now);
        true
    }

    /// Whether what it does now can only mean that it trusted before and does no longer; or, if nothing came after it
    /// had shown at `shown` that it trusts, that somebody else is there now.
    pub fn has_turned(&self, shown: Option<i64>) -> bool {
        let known = self.rejected.iter().filter(|(_, known)| *known).count();
        let is_row = self.rejected.len() >= SITES;
        let nothing_since = shown.is_some_and(|shown| self.succeeded.is_none_or(|at| at < shown));
        is_row && (known >= KNOWN_SITES || nothing_since)
    }
}
