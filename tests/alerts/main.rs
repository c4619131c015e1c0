//! Is somebody told at once when something new leaves, and told nothing that should not leave?

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod receiver;
mod webhooks;
