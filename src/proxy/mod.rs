//! What happens after accept?
