//! What shall be done about it?
//!
//! [`Policy::decide`] holds findings and fields against the ordered rules: the first that matches decides. It answers
//! with decisions and edits nothing; `intercept` carries them out. Who may connect, and where to, is judged here too.

mod access;
mod action;
mod address_set;
mod client;
mod condition;
mod connectivity;
mod decide;
mod destination;
mod glob;
mod host_set;
mod partner;
mod route;
mod rule;
mod shortlist;
pub mod trust;
mod upgrade;
mod way;

#[cfg(test)]
mod tests;

pub use access::{Access, PortSet, User};
pub use action::{Action, Redaction};
pub use address_set::{AddressClass, AddressSet, InvalidAddress, parse_network};
pub use client::{Client, Clients};
pub use condition::Condition;
pub use connectivity::{Check, Connectivity};
pub use decide::{Decision, Matched, Mode, Policy, Query};
pub use destination::{Destination, PathSet};
pub use glob::{GlobFault, Pattern};
pub use host_set::HostSet;
pub use partner::Partner;
pub use route::{InterceptMode, Route, Routing, Undecided};
pub use rule::{Rule, is_structural};
pub use upgrade::{
    Heard, Upgrading, Wish, can_be_led, heard, is_inside, is_safe, may_circle, offers_more, wants_tls_itself,
};
pub use way::{Carries, Down, Via, WayRule, Ways, WhenDown};
