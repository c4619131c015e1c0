//! What identifies the subscriber?
//!
//! [`Scanner`] runs every [`Detector`] of [`DETECTORS`] over one message and returns [`Finding`]s. It reads and never
//! edits; what is done about a finding is `policy`'s question. A new detector is a file here and a line in `DETECTORS`;
//! a new signature is a table in `config/signatures/`.

mod account;
mod alone;
pub mod behaviour;
mod browsing;
mod count;
mod digested;
mod documented;
mod finding;
mod fold;
mod found;
mod fronts;
mod generalised;
mod hello;
mod identity;
mod near;
mod origin;
mod pairs;
mod places;
mod plausible;
mod quiet;
mod report;
mod runs;
mod scanner;
mod share;
mod shelf;
mod signature;
mod target;
mod traded;
mod value;
mod vocabulary;
mod within;
mod words;

pub use account::{About, Account, Entry, Note, Verdict};
pub use finding::{Confidence, Finding, Identifier, InsertedBy, Location, Part, Severity};
pub use found::Found;
pub use identity::{Identities, Identity, Misfit};
pub use scanner::Scanner;
pub use signature::{Class, Signature, SignatureFault, SignatureSet};
pub use value::numbers_in_name;

use crate::exchange::{Direction, Fields};

/// What is scanned: one head, or one trailer section.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Which way the message goes.
    pub direction: Direction,
    /// [`Part::Header`], [`Part::Trailer`] or [`Part::Hello`].
    pub part: Part,
    /// Path and query of a request, or the authority of a `CONNECT`; nothing for responses and trailers.
    pub target: Option<&'a [u8]>,
    /// The field lines in the order received.
    pub fields: &'a Fields,
    /// Whether the message came over cleartext, where a box on the way could have added to it.
    pub cleartext: bool,
}

/// One way to find identifiers. Total: any bytes are fine, nothing panics, work is bounded.
pub trait Detector: Sync {
    /// The name that stands in findings.
    fn name(&self) -> &'static str;

    /// Adds what it finds, in any order, and tells why; the same place may be found by others as well.
    fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Found);
}

/// Every detector that needs nothing but the message. Besides, [`Scanner`] asks for the user's own [`Identities`].
pub static DETECTORS: &[&dyn Detector] =
    &[&documented::Documented, &generalised::Generalised, &pairs::Cookies, &target::Target, &places::Places];
