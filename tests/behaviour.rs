//! Does clir find over time, and across a restart, what no request shows alone?

#[path = "support/mod.rs"]
mod support;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;
use support::{Clir, Setup, setup};

const TOKEN: &str = "3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70";

/// Sends the token to a site that was not visited before, and gives the event. clir is told not to resolve it, and judges
/// it all the same.
fn visit(clir: &Clir, host: &str) -> Value {
    let mut client = clir.connect();
    client.send(format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nUser-Agent: A/1\r\nx-qzt: {TOKEN}\r\n\r\n"));
    assert_eq!(client.response().status(), 403);
    clir.wait_for_event(|event| event["host"] == host)
}

fn start() -> Clir {
    Setup::new().set("access.deny_targets", r#"["*.example"]"#).start()
}

fn detectors(event: &Value) -> Vec<&str> {
    event["findings"].as_array().unwrap().iter().map(|finding| finding["detector"].as_str().unwrap()).collect()
}

fn database(dir: &Path) -> std::path::PathBuf {
    dir.join("logs/sightings.db")
}

/// Ends it and hands back its directory.
fn end(mut clir: Clir) -> tempfile::TempDir {
    clir.signal("TERM");
    assert_eq!(clir.wait().code(), Some(0), "{}", clir.stderr());
    std::mem::replace(&mut clir.dir, tempfile::TempDir::new().unwrap())
}

#[test]
fn a_supercookie_is_known_again_after_a_restart() {
    let clir = start();
    assert!(detectors(&visit(&clir, "news.example")).is_empty());
    assert!(detectors(&visit(&clir, "www.shop.example")).is_empty());
    assert_eq!(detectors(&visit(&clir, "bank.example")), ["behaviour-cross-site"]);
    let dir = end(clir);
    let mode = fs::metadata(database(dir.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let stored = fs::read(database(dir.path())).unwrap();
    for clear in [TOKEN, "x-qzt", "shop", "127.0.0.1"] {
        assert!(memchr::memmem::find(&stored, clear.as_bytes()).is_none(), "{clear} is stored");
    }

    let again = Clir::again(dir);
    let event = visit(&again, "garden.example");
    assert_eq!(detectors(&event), ["behaviour-cross-site"]);
    let evidence = &event["findings"][0]["evidence"];
    assert_eq!((&evidence["count"], evidence["hosts"].as_array().unwrap().len()), (&4.into(), 4), "{event}");
    assert!(evidence["first"].as_str().unwrap() <= evidence["last"].as_str().unwrap());
    assert_ne!(event["headers"][2][1], TOKEN, "what was found is masked");
}

#[test]
fn the_policy_acts_on_what_many_requests_show() {
    let clir = start();
    for host in ["news.example", "www.shop.example"] {
        visit(&clir, host);
    }
    let event = visit(&clir, "bank.example");
    assert_eq!(event["actions"][0]["rule"], "strip what names the subscriber", "{event}");
    assert_eq!(event["actions"][0]["header"], "x-qzt");
}

#[test]
fn a_database_that_cannot_be_read_is_moved_aside() {
    let clir = start();
    visit(&clir, "news.example");
    let dir = end(clir);
    for spoilt in [&b"this is no database, whatever its name says"[..], &[0x53; 9000]] {
        fs::write(database(dir.path()), spoilt).unwrap();
        let output = output(&dir);
        assert!(output.contains("was moved to"), "{output}");
    }
    let aside = fs::read_dir(dir.path().join("logs")).unwrap().flatten();
    let aside = aside.filter(|file| file.file_name().to_string_lossy().contains("unreadable")).count();
    assert_eq!(aside, 2);
    let again = Clir::again(dir);
    for host in ["garden.example", "www.shop.example"] {
        assert!(detectors(&visit(&again, host)).is_empty(), "what was seen before is forgotten");
    }
    assert_eq!(detectors(&visit(&again, "bank.example")), ["behaviour-cross-site"]);
}

/// What a run that is ended at once says.
fn output(dir: &tempfile::TempDir) -> String {
    let mut command = setup::clir(dir.path());
    command.args(["--config", "clir.toml", "run"]);
    let mut clir = Clir::spawn(&mut command, tempfile::TempDir::new().unwrap(), 1);
    clir.signal("TERM");
    assert_eq!(clir.wait().code(), Some(0));
    clir.stderr()
}

#[test]
fn a_capture_is_read_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let hosts = ["news.example", "www.shop.example", "bank.example"];
    let line = |client: &str, host: &str| {
        serde_json::json!({"id": host, "host": host, "client": client, "ts": "2026-11-22T14:00:00Z",
            "headers": [["Host", host], ["x-qzt", TOKEN], ["X-Api-Key", TOKEN]]})
    };
    let text = |clients: [&str; 3]| -> String {
        clients.iter().zip(hosts).map(|(client, host)| format!("{}\n", line(client, host))).collect()
    };
    let scan = |text: String, arguments: &[&str]| -> Vec<Value> {
        let path = dir.path().join("capture.jsonl");
        fs::write(&path, text).unwrap();
        let mut command = setup::clir(dir.path());
        let output =
            command.args(["scan", "--output", "jsonl", path.to_str().unwrap()]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let one = ["192.0.2.7:1001", "192.0.2.7:1002", "192.0.2.7:1003"];
    let lines = scan(text(one), &["--stateful"]);
    assert_eq!(lines.iter().map(|line| detectors(line).len()).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(lines[2]["findings"][0]["location"]["name"], "x-qzt");
    assert_eq!(lines[2]["findings"][0]["evidence"]["first"], "2026-11-22T14:00:00.000Z");
    assert!(scan(text(one), &[]).iter().all(|line| detectors(line).is_empty()), "stateless unless asked");
    let three = ["192.0.2.7", "192.0.2.8", "192.0.2.9"];
    assert!(scan(text(three), &["--stateful"]).iter().all(|line| detectors(line).is_empty()), "three clients");
}
