//! Does a person at a terminal see what passes, and get the terminal back?

#[path = "../support/mod.rs"]
mod support;

mod pty;
mod qr;
mod tmux;

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    process::Command,
};

use pty::Pty;
use support::eventually;
use tempfile::TempDir;

const SEGMENT: &str = "logs/events-20261122T140000Z.jsonl";

/// A line of the log, of a request to this host with the number in one field.
fn line(host: &str) -> String {
    format!(
        r#"{{"v":1,"id":"01A","ts":"2026-11-22T14:02:11.123Z","listener":"home","vantage":"no-carrier","client":"192.0.2.7:51344","scheme":"http","method":"GET","host":"{host}","port":80,"target":"/","version":"HTTP/1.1","headers":[["X-MSISDN","44770•••••23"]],"findings":[{{"identifier":"msisdn","severity":"critical","confidence":"certain","origin":"carrier","location":{{"part":"header","name":"X-MSISDN","index":0}},"span":[0,12],"detector":"signature"}}],"actions":[{{"rule":"strip it","action":"strip","header":"X-MSISDN"}}],"verdict":"forwarded","status":200}}"#
    ) + "\n"
}

fn append(dir: &Path, file: &str, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join(file)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn log() -> TempDir {
    let dir = TempDir::with_prefix("clir-watch-").unwrap();
    fs::create_dir(dir.path().join("logs")).unwrap();
    append(dir.path(), SEGMENT, &line("one.example"));
    dir
}

const WATCH: [&str; 5] = ["watch", "--dir", "logs", "--since", "2026-11-22"];

fn watch(dir: &TempDir, environment: &[(&str, &str)]) -> Pty {
    let pty = Pty::clir(dir.path(), &WATCH, (80, 24), environment);
    pty.wait_for("one.example");
    pty
}

fn signal(pty: &Pty, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pty.process()]).status().unwrap().success());
}

#[test]
fn what_comes_is_seen_filtered_opened_and_left() {
    let dir = log();
    let mut pty = watch(&dir, &[]);
    // Torn, then whole, then in the next file.
    let two = line("two.example");
    let (half, rest) = two.split_at(100);
    append(dir.path(), SEGMENT, half);
    append(dir.path(), SEGMENT, rest);
    pty.wait_for("two.example");
    append(dir.path(), SEGMENT, "no event\n{\"v\":1,\"id\":\"to");
    append(dir.path(), "logs/events-20261122T150000Z.jsonl", &line("three.example"));
    pty.wait_for_all(&[
        "three.example",
        "No site received what was found: 3 sites were spared your phone number.",
        "1 line of the log is none",
    ]);
    pty.resize(40, 12);
    let is_narrow = |seen: &str| !seen.contains("CLIENT") && seen.contains("three.example");
    let seen = pty.wait_until("a narrow list", is_narrow);
    assert!(seen.lines().count() <= 12, "{seen}");
    pty.resize(80, 24);
    pty.wait_for("CLIENT");
    pty.press("/two");
    pty.wait_until("one row alone", |seen| seen.contains("two.example") && !seen.contains("three.example"));
    pty.press("\r");
    pty.wait_for("1 of 3 shown");
    pty.press("\r");
    pty.wait_for_all(&["Head as received", "C X-MSISDN: 44770•••••23"]);
    pty.press("q");
    pty.wait_for("1 of 3 shown");
    pty.press("q");
    assert_eq!(pty.wait().code(), Some(0));
    eventually("the terminal", || pty.is_given_back().then_some(()));
}

#[test]
fn what_is_paused_waits_in_the_log() {
    let dir = log();
    let mut pty = watch(&dir, &[]);
    pty.press("p");
    pty.wait_for("PAUSED");
    let crowd: String = (0..5000).map(|at| line(&format!("host-{at}.example"))).collect();
    append(dir.path(), SEGMENT, &crowd);
    pty.press("?");
    pty.wait_for_all(&["Keys", "1 exchange,"]);
    pty.press("qp");
    pty.wait_for_all(&[" 5001 exchanges,", "host-4999.example"]);
}

#[test]
fn signals_and_a_log_that_vanishes_give_the_terminal_back() {
    for name in ["TERM", "INT", "HUP"] {
        let dir = log();
        let mut pty = watch(&dir, &[]);
        signal(&pty, name);
        assert_eq!(pty.wait().code(), Some(0), "{name}");
        eventually(name, || pty.is_given_back().then_some(()));
    }
    let dir = log();
    let mut pty = watch(&dir, &[]);
    fs::remove_dir_all(dir.path().join("logs")).unwrap();
    assert_eq!(pty.wait().code(), Some(1));
    eventually("the terminal", || pty.is_given_back().then_some(()));
    pty.wait_for("clir: cannot read the event log in logs");
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let dir = log();
    let evil = r"\u001b[31m\u001b]52;c;QUJD\u0007\u009b2J\u202ee\u0301";
    let hostile =
        line("evil.example").replace("\"target\":\"/\"", &format!("\"target\":\"/{evil}\"")).replace("44770", evil);
    append(dir.path(), SEGMENT, &hostile);
    let mut pty = watch(&dir, &[]);
    pty.wait_for("evil.example");
    pty.press("\r");
    pty.wait_for(r"\u{1b}]52;c;QUJD\u{7}");
    let bytes = pty.bytes();
    let has = |bad: &[u8]| memchr::memmem::find(&bytes, bad).is_some();
    for bad in [&b"\x1b]"[..], b"\x07", "\u{9b}".as_bytes(), "\u{202e}".as_bytes(), "\u{301}".as_bytes(), b"\x1b[31m"] {
        assert!(!has(bad), "{bad:?}");
    }
    assert!(has(b"\x1b[?1049h"), "its own escapes are there");
}

#[test]
fn no_color_is_respected() {
    let coloured = |environment: &[(&str, &str)]| {
        let dir = log();
        let mut pty = watch(&dir, environment);
        pty.press("\r");
        pty.wait_for("Head as received");
        let bytes = pty.bytes();
        let sequences = String::from_utf8_lossy(&bytes).into_owned();
        let colours =
            sequences.split("\x1b[").filter_map(|rest| rest.split_once('m')).map(|(codes, _)| codes.to_owned());
        let is_colour = |code: &str| matches!(code.parse(), Ok(30..=38_u32 | 40..=48 | 90..=107));
        colours.filter(|codes| codes.split(';').any(is_colour)).count()
    };
    assert!(coloured(&[]) > 0);
    assert_eq!(coloured(&[("NO_COLOR", "1")]), 0);
}

#[test]
fn what_is_no_terminal_is_refused_with_the_cure() {
    let dir = log();
    let output = support::setup::clir(dir.path()).args(WATCH).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("clir log --follow") && output.stdout.is_empty(), "{said}");
    let mut pty = Pty::clir(dir.path(), &WATCH, (80, 24), &[("TERM", "dumb")]);
    assert_eq!(pty.wait().code(), Some(1));
    pty.wait_for("clir log --follow");
    let mut pty = Pty::clir(dir.path(), &["watch", "--dir", "nowhere"], (80, 24), &[]);
    assert_eq!(pty.wait().code(), Some(1));
    pty.wait_for("cannot read the event log in nowhere");
}
