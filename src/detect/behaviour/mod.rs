//! What do many requests together show that none of them shows alone?
//!
//! The same opaque value under one name to unrelated sites is a supercookie, whatever its name. A name that exists on
//! cleartext and never inside TLS, or on cellular and never on Wi-Fi, was added on the way. [`Behaviour`] remembers what
//! it takes to see that: a bounded number of digests. Time is passed in, and where its memory is stored is not decided
//! here. A field is only taken for one where an ordinary application could hardly have sent it.

mod client;
mod contrast;
mod digest;
mod evidence;
mod filter;
mod look;
mod manner;
mod memory;
mod names;
mod recent;
mod shape;
mod shard;
mod site;

#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Seen, join};
pub use memory::{Behaviour, Kept, Passage};

use super::{Finding, Subject};
use crate::exchange::{Context, Fields};

/// Who watches what passes, and knows what time it is.
pub trait Observer: std::fmt::Debug + Send + Sync {
    /// Looks at a request's head; what earlier ones show of it.
    fn request(&self, context: &Context, subject: &Subject<'_>) -> Vec<Finding>;

    /// Looks at the head of an answer, for the values that it gives out.
    fn response(&self, context: &Context, fields: &Fields);
}
