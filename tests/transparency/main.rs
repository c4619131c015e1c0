//! What does a proxy break by accident, and does clir?
//!
//! Each test is a dialogue over real sockets: the test is the client and the site, and compares bytes.

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod bodies;
mod bulk;
mod connections;
mod grammar;
mod old_versions;
mod requests;
mod streaming;
mod truncation;
mod tunnels;
mod unreachable;
mod upgrades;
