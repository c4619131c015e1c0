//! What happens after accept?

mod account;
pub mod authentication;
mod body;
mod fault;
mod patient;
pub mod recorder;
mod stall;
mod upstream;
