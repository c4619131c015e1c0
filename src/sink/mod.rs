//! Who is told what happened, and how?
//!
//! [`EventLog`] takes events from the request path without ever making it wait; one thread renders them and appends them
//! to [`Segment`] files, and a [`Chain`] shows later change to them. [`index`] finds events again, [`Sightings`] keeps what many
//! requests together show, [`TrustKeeper`] who trusts our authority. What a line looks like is `event`'s question, who reads it is `cli::log`'s.

mod append;
mod chain;
mod database;
mod event_log;
pub mod index;
mod journal;
mod keeping;
mod segment;
mod sightings;
mod trust;
mod upgrades;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use chain::{Chain, Content, Link, State};
pub use event_log::{EventLog, Health, Witness, Writer};
pub use segment::{Segment, make_dir, segments};
pub use sightings::{Keeper, Sightings, Watch};
pub use trust::{Client as TrustedClient, Forgetting, TrustKeeper, forget as forget_trust, read as read_trust};
pub use upgrades::{Site, load as load_sites, store as store_sites};

/// Where the event log is kept, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The directory; it is made (0700) when it is missing.
    pub dir: PathBuf,
    /// For how many days files are kept beside today's.
    pub keep_days: u32,
    /// How many bytes all files together may take up. The oldest files go first.
    pub max_bytes: u64,
    /// How large one file may get. At most a quarter of `max_bytes`, so that there is something to let go.
    pub segment_bytes: u64,
    /// How many events may wait to be written before further ones are dropped.
    pub queue: usize,
}

impl Settings {
    /// The size at which a new file is begun.
    fn segment_limit(&self) -> u64 {
        self.segment_bytes.min(self.max_bytes / 4).max(1)
    }
}
