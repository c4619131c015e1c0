//! What is shown to whoever runs clir, live and afterwards?
//!
//! A small HTTP server on an address of its own: pages, a JSON interface, a stream of what happens, metrics. It knows
//! neither `proxy` nor `config`: what it shows is handed to it as [`Sources`] by `cli`, and it is not in the way of any
//! request. Whatever it shows of a message stands in the event log, masked as it is there.

mod api;
mod assets;
mod detail;
mod guard;
mod live;
mod login;
mod metrics;
mod reply;
mod server;
mod sources;

#[cfg(test)]
mod tests;

pub use live::Live;
pub use metrics::{Counting, Metrics};
pub use server::{Running, Settings, bind};
pub use sources::{
    Alert, Alerts, Configuration, Diagnostic, ListenerInfo, NoAlerts, NothingPassed, PartnerInfo, Passed, PassedItem,
    Rejected, RuleInfo, Saved, Sources, Standing,
};
