//! Does a later change to the event log show, and nothing else?

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::log::run_traffic;
use crate::support::{Clir, Setup, clir::event_files, setup};

/// Whether `clir log --verify` is content, and what it says.
fn verify(dir: &Path, more: &[&str]) -> (bool, String) {
    let output = setup::clir(dir).args(["log", "--dir", "logs", "--verify"]).args(more).output().unwrap();
    let is_content = output.status.code().expect("an exit code");
    assert!(is_content <= 1);
    (is_content == 0, String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// A log of several segments, all of them ended, and their files.
fn ended() -> (tempfile::TempDir, Vec<PathBuf>) {
    let mut clir = Setup::new().set("log.segment_bytes", "4096").start();
    run_traffic(&clir, 40);
    clir.wait_for_events(40);
    clir.signal("TERM");
    clir.wait();
    let dir = clir.take_dir();
    let files = event_files(dir.path());
    assert!(files.len() > 3);
    (dir, files)
}

fn name(file: &Path) -> &str {
    file.file_name().unwrap().to_str().unwrap()
}

#[test]
fn what_nobody_touched_holds() {
    let (dir, files) = ended();
    let (is_content, said) = verify(dir.path(), &[]);
    assert!(is_content, "{said}");
    assert_eq!(said.matches("unchanged").count(), files.len(), "{said}");
}

#[test]
fn one_byte_names_the_segment() {
    let (dir, files) = ended();
    for file in &files {
        let whole = fs::read(file).unwrap();
        let mut changed = whole.clone();
        changed[20] ^= 1;
        fs::write(file, changed).unwrap();
        let (is_content, said) = verify(dir.path(), &[]);
        let faults: Vec<_> = said.lines().filter(|line| line.starts_with('!')).collect();
        assert!(!is_content && faults.len() == 1 && faults[0].contains(name(file)), "{said}");
        fs::write(file, whole).unwrap();
    }
    assert!(verify(dir.path(), &[]).0);
}

#[test]
fn what_is_taken_away_put_there_or_rewritten_shows() {
    let (dir, _) = ended();
    let foreign = dir.path().join("logs/events-20200101T000000Z.jsonl");
    fs::write(&foreign, "{}\n").unwrap();
    let (is_content, said) = verify(dir.path(), &[]);
    assert!(!is_content && said.contains("! events-20200101T000000Z.jsonl  not in the chain"), "{said}");
    fs::remove_file(&foreign).unwrap();

    let chain = dir.path().join("logs/events.chain");
    let sound = fs::read_to_string(&chain).unwrap();
    let files: Vec<PathBuf> = sound.lines().map(|link| dir.path().join("logs").join(segment_of(link))).collect();
    fs::write(&chain, sound.replacen("\"lines\":", "\"lines\":1", 1)).unwrap();
    let (is_content, said) = verify(dir.path(), &[]);
    assert!(!is_content && said.contains("! events.chain  broken: line 2"), "{said}");
    fs::write(&chain, &sound).unwrap();

    // Who cuts both the chain and the files leaves something sound, which no longer leads to what was noted.
    let head = said_head(&verify(dir.path(), &[]).1);
    assert!(verify(dir.path(), &["--noted", &head]).0);
    let shorter: String = sound.split_inclusive('\n').take(files.len() - 1).collect();
    fs::write(&chain, shorter).unwrap();
    fs::remove_file(files.last().unwrap()).unwrap();
    assert!(verify(dir.path(), &[]).0);
    let (is_content, said) = verify(dir.path(), &["--noted", &head]);
    assert!(!is_content && said.contains("rewritten"), "{said}");

    fs::remove_file(&files[1]).unwrap();
    let (is_content, said) = verify(dir.path(), &["--output", "jsonl"]);
    assert!(!is_content && said.contains("\"result\":\"missing\"") && said.contains(name(&files[1])), "{said}");
}

fn segment_of(link: &str) -> String {
    serde_json::from_str::<serde_json::Value>(link).unwrap()["segment"].as_str().unwrap().to_owned()
}

fn said_head(said: &str) -> String {
    said.split_once(", head ").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn what_clir_itself_lets_go_is_no_fault() {
    let mut clir = Setup::new().set("log.segment_bytes", "4096").set("log.max_bytes", "16384").start();
    run_traffic(&clir, 200);
    clir.signal("TERM");
    clir.wait();
    let (is_content, said) = verify(clir.dir.path(), &[]);
    assert!(is_content && said.contains("let go"), "{said}");
}

#[test]
fn a_killed_process_leaves_something_that_the_next_takes_in() {
    let clir = Setup::new().start();
    run_traffic(&clir, 5);
    clir.wait_for_events(5);
    let (is_content, said) = verify(clir.dir.path(), &[]);
    assert!(is_content && said.contains("open: being written to"), "{said}");
    let dir = clir.kill();
    let (is_content, said) = verify(dir.path(), &[]);
    assert!(is_content && said.contains("not ended"), "{said}");
    let clir = Clir::again(dir);
    crate::support::eventually("the file to be taken in", || {
        let (is_content, said) = verify(clir.dir.path(), &[]);
        assert!(is_content, "{said}");
        said.contains("unchanged: 5 events").then_some(())
    });
}
