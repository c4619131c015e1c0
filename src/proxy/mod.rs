//! What happens after accept?

pub mod recorder;
