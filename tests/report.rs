//! Is a report true to the log, harmless to show, and provably unchanged?

mod support;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use support::setup;
use tempfile::TempDir;

const NUMBER: &str = "447700900123";

/// An event to this host with this field, that a rule took out or not.
fn event(host: &str, value: &str, is_stripped: bool) -> Value {
    let action = json!([{"rule": "no <b>numbers</b>", "action": "strip", "header": "X-MSISDN"}]);
    json!({
        "v": 1, "id": "01M82787DDGRZ9Q5EDJP1CHBGG", "ts": "2026-11-22T18:10:48.365Z", "listener": "cellular",
        "vantage": "beyond-carrier", "client": "192.0.2.7:51344", "scheme": "http", "method": "GET", "host": host, "port": 80,
        "target": format!("/?n={value}"), "version": "HTTP/1.1",
        "headers": [["Host", host], ["X-MSISDN", value], ["Cookie", "session=0123456789abcdef"]],
        "findings": [{"identifier": "msisdn", "severity": "critical", "confidence": "certain", "origin": "carrier",
            "location": {"part": "header", "name": "X-MSISDN", "index": 1}, "span": [0, value.len()],
            "detector": "signature", "signature": "msisdn", "digest": "hmac:00", "origin_reason": "its name is documented"}],
        "actions": if is_stripped { action } else { json!([]) },
        "verdict": "forwarded", "status": 200, "request_bytes": 0, "response_bytes": 0, "duration_us": 1, "error": null,
    })
}

/// A directory with a log of these events.
fn log(events: &[Value]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("logs")).unwrap();
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    fs::write(dir.path().join("logs/events-20261122T181000Z.jsonl"), lines).unwrap();
    dir
}

fn report(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = setup::clir(dir);
    command.args(["report", "--dir", "logs"]).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// What was made, all files together.
fn made(dir: &Path, arguments: &[&str]) -> String {
    let output = report(dir, &[&["--out", "made"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = fs::read_dir(dir.join("made")).unwrap();
    files.map(|file| String::from_utf8(fs::read(file.unwrap().path()).unwrap()).unwrap()).collect()
}

fn verified(dir: &Path, more: &[&str]) -> (bool, String) {
    let output = report(dir, &[&["--verify", "made"], more].concat());
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.success(), said)
}

fn page(dir: &Path) -> String {
    fs::read_to_string(dir.join("made/report.html")).unwrap()
}

#[test]
fn sites_that_received_are_told_from_those_that_were_spared() {
    let masked = "44770•••••23";
    let dir = log(&[
        event("a.example", masked, false),
        event("b.example", masked, true),
        event("c.example", masked, true),
        event("a.example", masked, true),
    ]);
    made(dir.path(), &["--about", "Example Mobile"]);
    let page = page(dir.path());
    assert!(page.contains("<p>The phone number went to 1 web site.</p>"), "{page}");
    assert!(page.contains("The phone number was on its way to 2 web sites, and was taken out"), "{page}");
    let letter = fs::read_to_string(dir.path().join("made/letter-to-the-carrier.txt")).unwrap();
    assert!(letter.contains("Example Mobile") && letter.contains("X-MSISDN, to 3 sites"), "{letter}");
    let csv = fs::read_to_string(dir.path().join("made/findings.csv")).unwrap();
    assert!(csv.contains("a.example,msisdn,critical,carrier,X-MSISDN,2,1,1,0,"), "{csv}");
}

#[test]
fn what_was_received_is_shown_however_much_was_spared() {
    let mut events: Vec<_> = (0..40).map(|n| event(&format!("{n}.example"), "44770•••••23", true)).collect();
    events.push(event("last.example", "44770•••••23", false));
    let dir = log(&events);
    made(dir.path(), &["--exhibits", "5"]);
    let page = page(dir.path());
    assert!(page.contains("Exhibit 1: http://last.example/"), "{page}");
    assert!(page.contains("5 of 41"), "{page}");
}

#[test]
#[ignore = "needs Chromium: run by tests/run"]
fn a_browser_shows_and_prints_it() {
    let dir = log(&[event("a.example", "44770•••••23", false)]);
    made(dir.path(), &[]);
    let url = format!("file://{}", dir.path().join("made/report.html").display());
    let profile = format!("--user-data-dir={}", dir.path().join("profile").display());
    let browser = |what: &str| {
        let mut command = Command::new("chromium");
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ]);
        command.args([&profile, what, &url]).current_dir(dir.path()).output().unwrap()
    };
    let shown = String::from_utf8(browser("--dump-dom").stdout).unwrap();
    assert!(shown.contains("<p>The phone number went to 1 web site.</p>"), "{shown}");
    browser("--print-to-pdf=made.pdf");
    let pdf = fs::read(dir.path().join("made.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 10_000, "{} bytes", pdf.len());
}

#[test]
fn nothing_found_is_not_called_proof() {
    let mut event = event("a.example", NUMBER, false);
    event["findings"] = json!([]);
    let dir = log(&[event]);
    made(dir.path(), &[]);
    let page = page(dir.path());
    assert!(page.contains("Nothing that identifies") && page.contains("This does not prove"), "{page}");
    assert!(!dir.path().join("made/complaint.txt").exists());
}

#[test]
fn what_the_log_holds_whole_is_covered() {
    let dir = log(&[event("a.example", NUMBER, false)]);
    let all = made(dir.path(), &[]);
    assert!(!all.contains(NUMBER) && !all.contains("0123456789abcdef"), "{all}");
    assert!(all.contains("44770•••••23"), "{all}");
}

#[test]
fn nobody_is_unmasked_by_mistake() {
    let dir = log(&[event("a.example", NUMBER, false)]);
    let refused = report(dir.path(), &["--unmask"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--yes"));
    let all = made(dir.path(), &["--unmask", "--yes"]);
    assert!(all.contains(NUMBER) && page(dir.path()).contains("UNMASKED"), "{all}");
}

#[test]
fn what_was_received_is_shown_and_not_acted_upon() {
    let mut event = event("a.example", "44770•••••23", false);
    event["headers"][1][1] = json!("<script>alert(1)</script>\u{202e}");
    event["host"] = json!("=cmd|' /C calc'!A0");
    let dir = log(&[event]);
    made(dir.path(), &["--about", "<i>Mobile</i>"]);
    let page = page(dir.path());
    assert!(!page.contains("<script") && !page.contains("<i>") && !page.contains("<b>numbers"), "{page}");
    assert!(!page.contains('\u{202e}'), "marks that turn the direction of writing are escaped");
    let csv = fs::read_to_string(dir.path().join("made/findings.csv")).unwrap();
    assert!(csv.lines().nth(1).unwrap().starts_with("'="), "{csv}");
}

#[test]
fn one_byte_is_named() {
    let dir = log(&[event("a.example", "44770•••••23", false)]);
    made(dir.path(), &[]);
    let (is_sound, said) = verified(dir.path(), &[]);
    assert!(is_sound, "{said}");
    for file in ["made/report.html", "made/events.jsonl", "made/manifest.json", "logs/events-20261122T181000Z.jsonl"] {
        let path = dir.path().join(file);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let at = changed.iter().position(|byte| *byte == b'0').unwrap();
        changed[at] = b'1';
        fs::write(&path, changed).unwrap();
        let (is_sound, said) = verified(dir.path(), &[]);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(!is_sound && said.lines().any(|line| line.starts_with('!') && line.contains(name)), "{file}: {said}");
        fs::write(&path, whole).unwrap();
    }
    assert!(verified(dir.path(), &[]).0);
    fs::write(dir.path().join("made/more.txt"), "").unwrap();
    assert!(!verified(dir.path(), &[]).0, "a file was put there");
}

#[test]
fn who_writes_all_digests_anew_is_found_by_the_noted_one() {
    let dir = log(&[event("a.example", "44770•••••23", false)]);
    let output = report(dir.path(), &["--out", "made"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let noted = said.lines().find_map(|line| line.strip_prefix("SHA256SUMS has the digest ")).unwrap().to_owned();
    assert!(verified(dir.path(), &["--noted", &noted]).0);
    fs::remove_dir_all(dir.path().join("made")).unwrap();
    made(dir.path(), &["--about", "somebody else"]);
    assert!(!verified(dir.path(), &["--noted", &noted]).0);
}

#[test]
fn the_digests_are_those_of_sha256sum() {
    let dir = log(&[event("a.example", "44770•••••23", false)]);
    made(dir.path(), &[]);
    let mut sums = Command::new("sha256sum");
    let sums = sums.args(["--check", "--quiet", "SHA256SUMS"]).current_dir(dir.path().join("made")).status();
    assert!(sums.unwrap().success());
}

#[test]
fn a_log_that_goes_on_is_still_the_one_that_was_read() {
    let dir = log(&[event("a.example", "44770•••••23", false)]);
    made(dir.path(), &[]);
    let path = dir.path().join("logs/events-20261122T181000Z.jsonl");
    let more = [fs::read(&path).unwrap(), b"{\"v\":1}\n".to_vec()].concat();
    fs::write(&path, more).unwrap();
    let (is_sound, said) = verified(dir.path(), &[]);
    assert!(is_sound, "{said}");
}

#[test]
fn what_is_not_usable_is_refused_and_says_why() {
    let dir = log(&[]);
    fs::write(dir.path().join("texts.toml"), "title = \"x\"\n").unwrap();
    fs::write(dir.path().join("probe.json"), "{}").unwrap();
    fs::create_dir(dir.path().join("there")).unwrap();
    for (arguments, expected) in [
        (["--texts", "texts.toml"], "these texts are missing: "),
        (["--probe", "probe.json"], "no result of clir probe"),
        (["--out", "there"], "is there already: choose another with --out"),
        (["--verify", "there"], "cannot read there/SHA256SUMS"),
    ] {
        let output = report(dir.path(), &arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn a_probe_stands_in_it() {
    let dir = log(&[]);
    let probe = json!({"kind": "clir-probe", "v": 1, "verdict": {"statement": "A field was added."}, "offset_ms": 250,
        "coverage": ["Port 80 only."], "trials": [{"name": "GET, port 80", "differences": [
            {"kind": "added", "side": "request", "name": "X-MSISDN", "before": null, "after": "44770•••••23"}]}]});
    fs::write(dir.path().join("probe.json"), probe.to_string()).unwrap();
    made(dir.path(), &["--probe", "probe.json"]);
    let page = page(dir.path());
    for words in ["A field was added.", "GET, port 80", "44770•••••23", "Port 80 only.", "off by 0.250 s"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}
