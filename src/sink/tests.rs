//! Do files rotate, go, fail and come back as they should?

use std::{fs, path::Path};

use jiff::{Timestamp, ToSpan};
use tempfile::TempDir;

use super::{Settings, journal::Journal, segments};

fn settings(dir: &Path) -> Settings {
    Settings { dir: dir.join("logs"), keep_days: 30, max_bytes: 1_000, segment_bytes: 100, queue: 16 }
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

/// Each file's content, oldest first.
fn contents(settings: &Settings) -> Vec<String> {
    segments(&settings.dir).unwrap().iter().map(|segment| fs::read_to_string(&segment.path).unwrap()).collect()
}

fn line(length: usize) -> Vec<u8> {
    let mut line = vec![b'x'; length - 1];
    line.push(b'\n');
    line
}

#[test]
fn every_start_begins_a_file_and_leaves_torn_lines_alone() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    let mut first = Journal::open(settings.clone(), at("10:00:00")).unwrap();
    first.append(b"one\n{\"torn", at("10:00:01"));
    drop(first);
    let mut second = Journal::open(settings.clone(), at("10:00:00")).unwrap();
    second.append(b"two\n", at("10:00:02"));
    assert_eq!(contents(&settings)[1], "two\n");
    assert!(contents(&settings)[0].starts_with("one\n"));
}

#[test]
fn a_file_that_nothing_was_written_to_does_not_stay() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    Journal::open(settings.clone(), at("10:00:00")).unwrap().close(at("23:00:00"));
    assert!(contents(&settings).is_empty());
}

#[test]
fn files_end_at_the_limit_and_never_within_a_line() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    let mut journal = Journal::open(settings.clone(), at("10:00:00")).unwrap();
    journal.append(&line(40).repeat(4), at("10:00:01"));
    journal.append(&line(250), at("10:00:02"));
    journal.append(&line(10), at("10:00:03"));
    let lengths: Vec<_> = contents(&settings).iter().map(String::len).collect();
    assert_eq!(lengths, [80, 80, 250, 10]);
    assert_eq!(journal.lost(), 0);
}

#[test]
fn a_day_ends_a_file() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    let mut journal = Journal::open(settings.clone(), at("23:59:59")).unwrap();
    journal.append(b"one\n", at("23:59:59"));
    journal.append(b"two\n", "2026-11-23T00:00:00Z".parse().unwrap());
    assert_eq!(contents(&settings), ["one\n", "two\n"]);
}

#[test]
fn old_files_go_after_their_days() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    fs::create_dir(&settings.dir).unwrap();
    for day in ["20261022", "20261023"] {
        fs::write(settings.dir.join(format!("events-{day}T120000Z.jsonl")), day).unwrap();
    }
    fs::write(settings.dir.join("notes.txt"), "mine").unwrap();
    let mut journal = Journal::open(settings.clone(), at("10:00:00")).unwrap();
    assert_eq!(contents(&settings), ["20261023", ""]);
    journal.tick(at("10:00:00") + 24.hours());
    assert_eq!(contents(&settings), [""]);
    assert!(settings.dir.join("notes.txt").exists());
}

#[test]
fn the_oldest_files_go_when_there_is_too_much() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    let mut journal = Journal::open(settings.clone(), at("10:00:00")).unwrap();
    for second in 0..40 {
        journal.append(&line(90), at("10:00:00") + i64::from(second).seconds());
        let total: usize = contents(&settings).iter().map(String::len).sum();
        assert!(total <= 1_000, "{total} bytes after {second} s");
    }
    let kept = segments(&settings.dir).unwrap();
    assert_eq!(kept.len(), 11);
    assert_eq!(kept.last().unwrap().started.second(), 39);
}

#[test]
fn a_directory_that_goes_is_made_again() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    let mut journal = Journal::open(settings.clone(), at("10:00:00")).unwrap();
    journal.append(b"one\n", at("10:00:00"));
    fs::remove_dir_all(&settings.dir).unwrap();
    journal.append(b"two\n", at("10:00:01"));
    assert_eq!(contents(&settings), ["two\n"]);
    assert_eq!(journal.lost(), 0);
}

#[test]
fn what_cannot_be_written_is_counted_and_writing_resumes() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    let mut journal = Journal::open(settings.clone(), at("10:00:00")).unwrap();
    fs::remove_dir_all(&settings.dir).unwrap();
    fs::write(&settings.dir, "in the way").unwrap();
    journal.append(b"lost\nlost\n", at("10:00:00"));
    assert_eq!(journal.lost(), 2);
    fs::remove_file(&settings.dir).unwrap();
    journal.append(b"too early\n", at("10:00:01"));
    assert_eq!(journal.lost(), 3);
    journal.append(b"again\n", at("10:00:02"));
    assert_eq!(contents(&settings), ["again\n"]);
    assert_eq!(journal.lost(), 3);
}

#[test]
fn a_start_that_cannot_write_is_refused() {
    let dir = TempDir::new().unwrap();
    let settings = settings(dir.path());
    fs::write(&settings.dir, "in the way").unwrap();
    let error = Journal::open(settings, at("10:00:00")).err().unwrap().to_string();
    assert!(error.contains("logs"), "{error}");
}
