//! Does what a carrier inserts stay with clir?
//!
//! The backbone: a box between client and proxy edits heads as a carrier's gateway does. The site never receives the
//! number, every other byte of the head arrives, the event tells what was found where and what was done.

#[path = "../support/mod.rs"]
mod support;

mod actions;
mod connect;
mod enrichment;
mod events;
mod identities;
mod parts;
mod samples;
mod signatures;
