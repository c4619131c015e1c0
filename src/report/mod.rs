//! What does the log prove, told so that others can check it?
//!
//! A [`Gathering`] takes event after event and keeps what a report shows of them, bounded; [`page()`] and [`letters()`] tell it in
//! the [`Texts`] of a language. Reading the log, writing files and digests are `cli::report`'s business.

mod exhibit;
mod gather;
mod letters;
mod page;
mod picture;
mod probe;
mod tally;
mod texts;

use jiff::Timestamp;

pub use gather::Gathering;
pub use letters::{Letter, letters};
pub use page::page;
pub use probe::Probe;
pub use tally::findings_csv;
pub use texts::{Texts, Unsuitable};

/// What a report says beside what the events say.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// When the report was made.
    pub made: Timestamp,
    /// Whom it concerns: the carrier's name, if it was told.
    pub about: Option<String>,
    /// What was asked for, as it was given on the command line; nothing for the whole log.
    pub filter: String,
    /// The log's directory, as it was given.
    pub dir: String,
    /// What is known of the clock, as a sentence.
    pub clock: Option<String>,
    /// Whether values are shown whole.
    pub is_unmasked: bool,
    /// The files of the log.
    pub files: Vec<LogFile>,
    /// The head of the log's chain, and how many files it covers.
    pub chain: (String, usize),
    /// The line at which the chain is broken.
    pub broken_at: Option<usize>,
    /// What tests through a reflector have shown.
    pub probes: Vec<Probe>,
}

/// One file of the log, at the time of the report.
#[derive(Clone, Debug)]
pub struct LogFile {
    /// Its name.
    pub name: String,
    /// `closed`, `found` or, while it is written to, `open`.
    pub state: &'static str,
    /// How many lines it has.
    pub lines: u64,
    /// SHA-256 in hex; of an open one, of what it held.
    pub sha256: String,
}
