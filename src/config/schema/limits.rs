//! How much of everything, and how long?

use std::time::Duration;

use super::reader::Reader;
use crate::config::{Limits, Timeouts};

/// Longer silence than a week is no deadline.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Reads `[limits]`.
pub fn read_limits(table: Reader<'_>) -> Limits {
    let default = Limits::default();
    let number = |key, range, default| table.get(key).and_then(|entry| entry.number(range)).unwrap_or(default);
    let limits = Limits {
        connections: number("connections", 1..=1_000_000, default.connections),
        connections_per_client: number("connections_per_client", 1..=1_000_000, default.connections_per_client),
        header_bytes: number("header_bytes", 8192..=1 << 20, default.header_bytes),
        headers: number("headers", 1..=10_000, default.headers),
        streams: table.get("streams").and_then(|entry| entry.number(1..=10_000)).unwrap_or(default.streams),
        idle_upstream: number("idle_upstream", 0..=10_000, default.idle_upstream),
    };
    table.finish();
    limits
}

/// Reads `[timeouts]`.
pub fn read_timeouts(table: Reader<'_>) -> Timeouts {
    let default = Timeouts::default();
    let duration = |key, default| table.get(key).and_then(|entry| entry.duration(LONGEST)).unwrap_or(default);
    let timeouts = Timeouts {
        header: duration("header", default.header),
        handshake: duration("handshake", default.handshake),
        sniff: duration("sniff", default.sniff),
        connect: duration("connect", default.connect),
        response: duration("response", default.response),
        body: duration("body", default.body),
        idle: duration("idle", default.idle),
        tunnel: duration("tunnel", default.tunnel),
        shutdown: duration("shutdown", default.shutdown),
    };
    table.finish();
    timeouts
}
