//! What happens after accept?

mod account;
mod body;
mod fault;
mod patient;
pub mod recorder;
mod stall;
mod upstream;
