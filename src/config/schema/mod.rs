//! What may stand in a configuration?
//!
//! One file a table. Each reads its table into the settings it stands for, tells every fault on the way, and falls back
//! on the default where there is one: the faults decide in the end whether the result is used.

mod access;
mod action;
mod admin;
mod alert;
mod behaviour;
mod claim;
mod client;
mod destination;
mod document;
mod door;
mod gateway;
mod identity;
mod limits;
mod listener;
mod log;
mod matchers;
mod partner;
mod reader;
mod rule;
mod rules;
mod tls;
mod upgrade;
mod upstream;
mod words;

pub use client::{NamedClients, read as read_clients};
pub use document::{Base, Written, read_configuration};
pub use partner::{Partners, read_partners};
pub use reader::{Desk, Reader};
pub use rules::{Scope, check_names, check_reach, read_rules, read_tables};
