//! What happens after accept?

pub mod authentication;
pub mod recorder;
mod stall;
