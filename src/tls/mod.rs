//! Who do we claim to be, and whom do we trust?
