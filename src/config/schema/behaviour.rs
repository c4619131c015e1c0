//! What is watched over time?

use super::reader::Reader;
use crate::config::Behaviour;

/// Reads `[behaviour]`.
pub fn read(table: Reader<'_>) -> Behaviour {
    let default = Behaviour::default();
    let enabled = table.get("enabled").and_then(|entry| entry.boolean()).unwrap_or(default.enabled);
    let stopped_after = table.get("stopped_after").and_then(|entry| entry.number(2..=100_000));
    let stopped_after = stopped_after.unwrap_or(default.stopped_after);
    table.finish();
    Behaviour { enabled, stopped_after }
}
