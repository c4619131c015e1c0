//! Where do events go, and how long do they stay?

use std::path::Path;

use super::{reader::Reader, words};
use crate::{
    config::{Code, Log},
    event::Values,
};

/// Reads `[log]`; relative paths are relative to `base`.
pub fn read(root: &Reader<'_>, base: &Path) -> Log {
    let mut log = Log {
        dir: base.join("logs"),
        values: Values::Masked,
        keep_days: 30,
        max_bytes: 1 << 30,
        segment_bytes: 64 << 20,
        queue: 8192,
    };
    let Some(table) = root.get("log").and_then(|entry| entry.table()) else { return log };
    if let Some(dir) = table.get("dir").and_then(|entry| entry.path(base)) {
        log.dir = dir;
    }
    if let Some(values) = table.get("values").and_then(|entry| entry.string()) {
        log.values = words::word(&values, table.faults()).unwrap_or_default();
    }
    if let Some(days) = table.get("keep_days").and_then(|entry| entry.number(1..=36_500)) {
        log.keep_days = days;
    }
    if let Some(bytes) = table.get("max_bytes").and_then(|entry| entry.number(1024..=i64::MAX)) {
        log.max_bytes = bytes;
    }
    read_segment_bytes(&table, &mut log);
    if let Some(queue) = table.get("queue").and_then(|entry| entry.number(1..=1_000_000)) {
        log.queue = queue;
    }
    table.finish();
    log
}

/// Without a size of its own, a segment is at most what is kept.
fn read_segment_bytes(table: &Reader<'_>, log: &mut Log) {
    let entry = table.get("segment_bytes");
    let Some(bytes) = entry.as_ref().and_then(|entry| entry.number(1024..=i64::MAX)) else {
        log.segment_bytes = log.segment_bytes.min(log.max_bytes);
        return;
    };
    log.segment_bytes = bytes;
    if let Some(entry) = entry.filter(|_| bytes > log.max_bytes) {
        let message = "one segment of the log would be larger than all that is kept";
        let help = format!("at most `max_bytes`, which is {}", log.max_bytes);
        table.faults().error(Code::OutOfRange, &entry.place(), message, help);
    }
}
