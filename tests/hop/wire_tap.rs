//! todo?
