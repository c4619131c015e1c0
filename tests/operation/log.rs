//! Does traffic go on whatever becomes of the event log?

use std::fs;

use crate::support::{Clir, Origin, Setup, clir::event_files, eventually, origin};

pub(super) fn run_traffic(clir: &Clir, count: usize) {
    let origin = Origin::new();
    let request =
        origin.request("GET", "/a-target-of-some-length", "X-Filler: 0123456789012345678901234567890123456789\r\n");
    let served = origin.serve(|_, _| origin::ok("served"));
    let mut client = clir.connect();
    for _ in 0..count {
        client.send(&request);
        assert_eq!(client.response().text(), "served");
    }
    assert_eq!(served.heads().len(), count);
}

#[test]
fn segments_turn_over_and_the_oldest_go() {
    let clir = Setup::new().set("log.segment_bytes", "4096").set("log.max_bytes", "16384").start();
    run_traffic(&clir, 200);
    let size =
        || event_files(clir.dir.path()).iter().map(|file| fs::metadata(file).map_or(0, |meta| meta.len())).sum::<u64>();
    eventually("a log within its bounds, of several segments", || {
        let files = event_files(clir.dir.path());
        (files.len() > 1 && files.len() <= 6 && size() <= 16384 + 4096).then_some(())
    });
    // Each is whole: events() parses every line.
    assert!(!clir.events().is_empty());
}

#[test]
fn a_log_that_is_taken_away_stops_nobody() {
    let clir = Setup::new().start();
    run_traffic(&clir, 5);
    clir.wait_for_events(5);
    fs::remove_dir_all(clir.path("logs")).unwrap();
    run_traffic(&clir, 5);
}

/// A file where the log's directory was is what no right of root's helps against.
#[test]
fn a_log_that_cannot_be_written_is_told_and_stops_nobody() {
    let clir = Setup::new().set("log.segment_bytes", "4096").start();
    run_traffic(&clir, 5);
    clir.wait_for_events(5);
    fs::remove_dir_all(clir.path("logs")).unwrap();
    fs::write(clir.path("logs"), "in the way").unwrap();
    run_traffic(&clir, 100);
    clir.wait_for_stderr("logs");
    fs::remove_file(clir.path("logs")).unwrap();
    eventually("logging to resume by itself", || {
        run_traffic(&clir, 1);
        (!clir.events().is_empty()).then_some(())
    });
}
