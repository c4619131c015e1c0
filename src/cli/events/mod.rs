//! How are events read back out of the log?
//!
//! What `log` and `watch` have in common: which lines there are, which of them are asked for, how they are told.

mod filter;
mod moment;
mod sieve;
mod tail;
mod words;

#[cfg(test)]
mod tests;

pub(super) use filter::Filter;
pub(super) use tail::{Read, Tail};
pub(super) use words::{applied, asides, found, shorten};
