//! Does `clir scan` answer every request of a capture, in order, in every format, and say how it ended?

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

fn capture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures").join(name)
}

fn clir(arguments: &[&str], stdin: &[u8]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_clir"))
        .args(arguments)
        .current_dir(dir.path())
        .env_remove("CLIR_CONFIG")
        .env_remove("STATE_DIRECTORY")
        .env("XDG_CONFIG_HOME", dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    child.wait_with_output().unwrap()
}

fn scan(name: &str, arguments: &[&str]) -> Output {
    let path = capture(name);
    clir(&[&["scan", path.to_str().unwrap()], arguments].concat(), b"")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Identifier and field of each finding.
fn found(line: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = line["findings"].as_array().unwrap();
    findings.iter().map(|finding| (text(&finding["identifier"]), text(&finding["location"]["name"]))).collect()
}

fn pair(identifier: &str, name: &str) -> (String, String) {
    (identifier.into(), name.into())
}

#[test]
fn every_line_in_is_a_line_out_and_a_malformed_one_fails_at_the_end() {
    let output = scan("mixed.jsonl", &["--output", "jsonl", "--fail-on", "low"]);
    let lines = lines(&output);
    let ids: Vec<_> = lines.iter().map(|line| line["id"].to_string()).collect();
    assert_eq!(ids, ["\"a\"", "2", "\"c\"", "\"01KB0000000000000000000000\""]);
    assert_eq!(found(&lines[0]), [pair("msisdn", "X-MSISDN")]);
    assert_eq!(lines[0]["findings"][0]["span"], serde_json::json!([0, 12]));
    assert!(found(&lines[1]).is_empty());
    assert!(lines[2]["error"].as_str().unwrap().starts_with("line 4: "), "{}", lines[2]);
    assert_eq!(found(&lines[3]), [pair("imsi", "X-IMSI")]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("mixed.jsonl: line 4: not a request of the form"), "{stderr}");
}

#[test]
fn no_number_is_shown_in_any_output() {
    for name in ["two.http", "mixed.jsonl", "browser.har"] {
        for output in ["text", "jsonl"] {
            let output = scan(name, &["--output", output]);
            let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            for number in ["447700900123", "447700900456", "447700900789", "001010123456789"] {
                assert!(!shown.contains(number), "{name}: {shown}");
            }
        }
    }
}

#[test]
fn raw_requests_are_told_by_their_content_and_bodies_are_passed_over() {
    let output = scan("two.http", &["--output", "jsonl"]);
    let lines = lines(&output);
    assert_eq!(lines.iter().map(|line| line["id"].clone()).collect::<Vec<_>>(), ["raw:1", "raw:2"]);
    assert!(found(&lines[0]).contains(&pair("msisdn", "x-up-calling-line-id")));
    assert!(found(&lines[0]).contains(&pair("msisdn", "")));
    assert_eq!(lines[1]["findings"][0]["location"]["direction"], "response");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn archives_are_told_by_their_content_and_answers_are_scanned() {
    let output = scan("browser.har", &["--output", "jsonl"]);
    let lines = lines(&output);
    assert_eq!(lines.iter().map(|line| line["id"].clone()).collect::<Vec<_>>(), ["har:0", "har:1"]);
    let directions: Vec<_> =
        lines[0]["findings"].as_array().unwrap().iter().map(|finding| &finding["location"]["direction"]).collect();
    assert_eq!(directions, [&Value::Null, &Value::from("response")]);
}

#[test]
fn the_exit_code_tells_what_was_found() {
    let line = br#"{"id":1,"headers":[["X-MSISDN","447700900123"]]}"#;
    assert_eq!(clir(&["scan", "-", "--fail-on", "critical"], line).status.code(), Some(3));
    assert_eq!(clir(&["scan", "-"], line).status.code(), Some(0));
    let line = br#"{"id":1,"headers":[["Accept","*/*"]]}"#;
    assert_eq!(clir(&["scan", "-", "--fail-on", "low"], line).status.code(), Some(0));
    assert_eq!(clir(&["scan"], b"").status.code(), Some(2));
    assert_eq!(clir(&["scan", "-", "--fail-on", "dreadful"], b"").status.code(), Some(2));
}

/// Every example of `config/signatures` as a request: the signature's id, a line of JSON, and whether it is found.
fn examples() -> Vec<(String, String, bool)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/signatures");
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let mut examples = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let file: toml::Table = std::fs::read_to_string(entry.unwrap().path()).unwrap().parse().unwrap();
        for signature in file["signature"].as_array().unwrap() {
            let header = text(&signature["header"][0]).replace('*', "Example");
            for (key, is_found) in [("matches", true), ("ignores", false)] {
                let values = signature.get(key).and_then(toml::Value::as_array).into_iter().flatten();
                let line = |value| serde_json::json!({ "id": 0, "headers": [[header, text(value)]] }).to_string();
                examples.extend(values.map(|value| (text(&signature["id"]), line(value), is_found)));
            }
        }
    }
    examples
}

#[test]
fn the_examples_of_every_signature_hold() {
    let examples = examples();
    let input: Vec<_> = examples.iter().map(|(_, line, _)| line.as_str()).collect();
    let output = clir(&["scan", "-", "--output", "jsonl"], input.join("\n").as_bytes());
    let lines = lines(&output);
    assert!(examples.len() >= 400 && lines.len() == examples.len(), "{} of {}", lines.len(), examples.len());
    for ((id, line, is_found), told) in examples.iter().zip(&lines) {
        let findings = told["findings"].as_array().unwrap();
        let found = findings.iter().any(|finding| finding["signature"] == id.as_str());
        assert_eq!(found, *is_found, "{id}: {line}: {told}");
    }
}

#[test]
fn a_mistaken_signature_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("own")).unwrap();
    let config = dir.path().join("clir.toml");
    std::fs::write(&config, format!("[signatures]\ndir = {:?}\n", dir.path().join("own"))).unwrap();
    let signature = |value: &str| {
        let text = format!(
            "[[signature]]\nid = \"own\"\nheader = [\"X-Zed\"]\ncarries = [\"msisdn\"]\nsource = \"own\"\nmatches = [\"{value}\"]\n"
        );
        std::fs::write(dir.path().join("own/own.toml"), text).unwrap();
    };
    let scan = || {
        clir(&["--config", config.to_str().unwrap(), "scan", "-"], br#"{"id":1,"headers":[["X-Zed","447700900123"]]}"#)
    };
    signature("nobody");
    let refused = scan();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(1) && told.contains("own.toml:6:12") && told.contains("example-not-found"),
        "{told}"
    );
    signature("447700900124");
    let told = String::from_utf8(scan().stdout).unwrap();
    assert!(told.contains("critical msisdn (certain) in header X-Zed"), "{told}");
}

#[test]
fn evidence_is_told_to_people() {
    let line = |id: usize, host: &str| {
        let ts = format!("2026-11-2{id}T10:00:00Z");
        let zed = ["X-Zed", "a9f3c2d1b8e74f60a9f3c2d1b8e74f60"];
        let headers = [["Host", host], ["User-Agent", "Mozilla/5.0"], zed];
        serde_json::json!({ "id": id, "ts": ts, "client": "192.0.2.1:5", "host": host, "headers": headers }).to_string()
    };
    let hosts = ["a-one.net", "b-two.com", "c-three.org", "d-four.info"];
    let input: Vec<_> = hosts.iter().enumerate().map(|(id, host)| line(id, host)).collect();
    let output = clir(&["scan", "--stateful", "-"], input.join("\n").as_bytes());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("\n      seen 4 times on 4 unrelated sites, 2026-11-20 … 2026-11-23\n"), "{told}");
    assert!(told.contains("\n      put there by ") && told.contains(": one opaque value to unrelated sites"), "{told}");
}

#[test]
fn what_cannot_be_read_is_told_with_its_name() {
    let output = clir(&["scan", "missing.har"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot read missing.har"));
    let output = clir(&["scan", "-"], b"hello there\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--format raw, jsonl or har"));
}

#[test]
fn people_get_a_summary_that_says_what_it_does_not_prove() {
    let output = scan("browser.har", &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("har:0  GET example.org\n    critical msisdn (certain) in header X-MSISDN: 44770•••••23\n"),
        "{text}"
    );
    assert!(text.contains("\n2 requests, 1 with findings: 2 critical.\nA capture shows what passed"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}
