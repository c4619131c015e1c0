//! Does a secret link let a phone in that is far from home, for a while, and nobody else?

#[path = "../support/mod.rs"]
mod support;

mod fail2ban;
mod far;
mod links;
mod passwords;
mod refused;
