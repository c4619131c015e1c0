//! Does a phone that knows nothing of clir get through it as if it were not there?
//!
//! In network namespaces, with rules of nftables that each test makes for itself. `tests/run` installs what is needed,
//! and runs these as root.

#[path = "../support/mod.rs"]
mod support;

mod cleartext;
mod loops;
mod others;
mod stage;
mod tls;
