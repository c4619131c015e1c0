//! What identifies the subscriber?
//!
//! [`Scanner`] runs every [`Detector`] of [`DETECTORS`] over one message and returns [`Finding`]s. It reads and never
//! edits; what is done about a finding is `policy`'s question. A new detector is a file here and a line in `DETECTORS`;
//! a new signature is a table in `config/signatures/`.

mod finding;

pub use finding::{Confidence, Finding, Identifier, InsertedBy, Location, Part, Severity};

use crate::exchange::{Direction, Fields};

/// What is scanned: one head, or one trailer section.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Which way the message goes.
    pub direction: Direction,
    /// [`Part::Header`] or [`Part::Trailer`].
    pub part: Part,
    /// Path and query of a request, or the authority of a `CONNECT`; nothing for responses and trailers.
    pub target: Option<&'a [u8]>,
    /// The field lines in the order received.
    pub fields: &'a Fields,
    /// Whether the message came over cleartext, where a box on the way could have added to it.
    pub cleartext: bool,
}

/// placeholder until the detect branch lands
#[derive(Clone, Debug, Default)]
pub struct Scanner;
impl Scanner {
    /// x
    pub fn scan(&self, _subject: &Subject<'_>) -> Vec<Finding> {
        Vec::new()
    }
}
