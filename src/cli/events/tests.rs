//! Is the same found with an index as without one, and less read?

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use tempfile::TempDir;
use ulid::Ulid;

use super::*;
use crate::{event::EventLine, sink::index::Index};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    filter: Filter,
}

const FIRST: &str = "events-20261122T140000Z.jsonl";
const SECOND: &str = "events-20261122T150000Z.jsonl";

/// Every hundredth event goes to a host of its own, and a rule acts on it.
fn line(number: u32) -> String {
    let is_rare = number.is_multiple_of(100);
    let host = if is_rare { format!("rare-{number}.example.net") } else { "www.example.org".to_owned() };
    let actions = if is_rare { r#"[{"rule":"strip it","action":"strip","header":"X-Msisdn"}]"# } else { "[]" };
    let id = Ulid::from_parts(1_795_355_000_000 + u64::from(number) * 1000, u128::from(number));
    format!(
        r#"{{"v":1,"id":"{id}","ts":"2026-11-22T14:02:11.123Z","listener":"home","vantage":"no-carrier","client":"192.0.2.{}:51344","scheme":"http","method":"GET","host":"{host}","port":80,"target":"/","version":"HTTP/1.1","headers":[],"findings":[],"actions":{actions},"verdict":"forwarded","status":200,"request_bytes":0,"response_bytes":0,"duration_us":1,"error":null}}"#,
        number % 100
    ) + "\n"
}

fn append(dir: &Path, file: &str, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join(file)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn lines(numbers: std::ops::Range<u32>) -> String {
    numbers.map(line).collect()
}

/// A log with an index that knows all of it.
fn indexed() -> TempDir {
    let dir = TempDir::new().unwrap();
    append(dir.path(), FIRST, &lines(0..1000));
    append(dir.path(), SECOND, &lines(1000..1500));
    take_in(dir.path(), 1500);
    dir
}

fn take_in(dir: &Path, events: u64) {
    let (index, beginning) = Index::new(dir);
    let indexer = beginning.start(Vec::new()).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while index.reader().and_then(|reader| reader.rows()).ok() != Some(events) {
        assert!(Instant::now() < until);
        index.wake();
        thread::sleep(Duration::from_millis(10));
    }
    indexer.close();
}

/// How many lines were looked at, and which hosts were asked for.
fn read(dir: &Path, filter: &[&str]) -> (usize, Vec<String>) {
    let Cli { filter } = Cli::parse_from(["log"].iter().chain(filter));
    let (mut looked, mut hosts) = (0, Vec::new());
    let mut tail = Tail::of(dir, &filter);
    tail.advance(&mut |read| {
        looked += 1;
        if let Read::Event(line) = read {
            let event: EventLine = serde_json::from_slice(line).unwrap();
            hosts.extend(filter.admits(&event).then_some(event.host));
        }
        Ok(())
    })
    .unwrap();
    (looked, hosts)
}

const FILTERS: [&[&str]; 8] = [
    &["--rule", "strip*"],
    &["--host", "rare-3*"],
    &["--host", "RARE-1200.example.net", "--verdict", "forwarded"],
    &["--client", "192.0.2.0/31"],
    &["--client", "192.0.2.0:51344", "--action", "strip"],
    &["--client", "nobody"],
    &["--severity", "low"],
    &["--verdict", "forwarded"],
];

#[test]
fn the_same_is_found_with_an_index_and_without() {
    let dir = indexed();
    let bare = TempDir::new().unwrap();
    for file in [FIRST, SECOND] {
        fs::copy(dir.path().join(file), bare.path().join(file)).unwrap();
    }
    // What came since the index was closed, and a beginning of more.
    let late = lines(1500..1701) + "{\"v\":1,\"id\":\"torn";
    for log in [&dir, &bare] {
        append(log.path(), SECOND, &late);
    }
    for filter in FILTERS {
        assert_eq!(read(dir.path(), filter).1, read(bare.path(), filter).1, "{filter:?}");
    }
    let (looked, found) = read(dir.path(), &["--rule", "strip it"]);
    assert_eq!((looked, found.len()), (15 + 201, 18), "what is asked for, and what the index does not know yet");
    assert_eq!(read(bare.path(), &["--rule", "strip it"]).0, 1701);
}

#[test]
fn a_file_with_strange_lines_is_read_whole() {
    let dir = indexed();
    append(dir.path(), SECOND, "somebody was here\n");
    append(dir.path(), SECOND, &line(1500));
    take_in(dir.path(), 1501);
    let (looked, found) = read(dir.path(), &["--rule", "strip it"]);
    assert_eq!((looked, found.len()), (10 + 502, 16));
}

#[test]
fn where_the_file_is_not_what_the_index_says_it_is_read_whole() {
    let dir = indexed();
    let path = dir.path().join(FIRST);
    // One event more at the beginning, and everything stands elsewhere.
    let moved = line(7) + &fs::read_to_string(&path).unwrap();
    fs::write(&path, moved).unwrap();
    let (looked, found) = read(dir.path(), &["--rule", "strip it"]);
    assert_eq!((looked, found.len()), (1001 + 5, 15));
}
