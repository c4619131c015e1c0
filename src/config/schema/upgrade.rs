//! What becomes of cleartext requests, and which of them are nobody's business?

use std::{sync::Arc, time::Duration};

use super::{matchers, reader::Reader, words};
use crate::{
    config::connectivity,
    policy::{Connectivity, Upgrading},
};

/// An origin that has not answered for so long does not offer what cleartext does.
const LONGEST_PROBE: Duration = Duration::from_secs(60);

/// Reads `[upgrade]`.
pub fn read(root: &Reader<'_>) -> Upgrading {
    let default = Upgrading::default();
    let Some(table) = root.get("upgrade").and_then(|entry| entry.table()) else { return default };
    let faults = table.faults();
    let mode = table.get("mode").and_then(|entry| entry.string());
    if let Some(written) = mode.as_ref().filter(|mode| !["off", "on"].contains(&mode.value.as_str())) {
        words::unknown(written, "upgrade mode", ["off", "on"], faults);
    }
    let never = table.get("never").and_then(|entry| entry.strings()).unwrap_or_default();
    let upgrading = Upgrading {
        enabled: mode.is_some_and(|mode| mode.value == "on"),
        never: matchers::hosts(&never, faults),
        probe: table.get("probe").and_then(|entry| entry.duration(LONGEST_PROBE)).unwrap_or(default.probe),
    };
    table.finish();
    upgrading
}

/// Reads `[connectivity]`, and adds what is compiled in.
pub fn read_connectivity(root: &Reader<'_>) -> Arc<Connectivity> {
    let table = root.get("connectivity").and_then(|entry| entry.table());
    let extra = table.as_ref().and_then(|table| table.get("extra")).and_then(|entry| entry.strings());
    let hosts = matchers::hosts(&extra.unwrap_or_default(), root.faults());
    table.into_iter().for_each(Reader::finish);
    Arc::new(Connectivity::new(connectivity::builtin().to_vec(), hosts))
}
