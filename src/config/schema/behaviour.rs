//! What is watched over time?

use super::reader::Reader;
use crate::config::Behaviour;

/// Reads `[behaviour]`.
pub fn read(table: Reader<'_>) -> Behaviour {
    let default = Behaviour::default();
    let enabled = table.get("enabled").and_then(|entry| entry.boolean()).unwrap_or(default.enabled);
    table.finish();
    Behaviour { enabled }
}
