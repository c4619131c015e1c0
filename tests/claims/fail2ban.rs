//! Does fail2ban read what clir says of those whom it refuses?

use std::{fs, path::Path, process::Command};

use crate::{
    far::{Far, get},
    support::Origin,
};

/// How many lines of this file the filter matches, and which addresses it finds.
fn matched(log: &Path, mode: &str) -> (usize, String) {
    let filter = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/fail2ban/clir.conf");
    let filter = format!("{}[mode={mode}]", filter.display());
    let output = Command::new("fail2ban-regex").args(["--out", "ip"]).arg(log).arg(&filter).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (text.lines().filter(|line| !line.trim().is_empty()).count(), text)
}

#[test]
#[ignore = "needs fail2ban: run by tests/run"]
fn the_filter_reads_what_is_written() {
    let far = Far::with(|setup| setup.set("access.clients", r#"["any"]"#).set("access.users", &crate::far::user()));
    let site = Origin::new();
    let path = far.link(&[]);
    let mut wire = far.clir.connect();
    wire.send(get(site.address, "Proxy-Authorization: Basic YTpi\r\n"));
    assert_eq!(wire.head().status(), 407);
    assert_eq!(far.ask(site.address), 407);
    let mut wire = far.clir.connect();
    wire.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(wire.head().status(), 403);
    far.clir.wait_for_stderr("reason=cleartext-claim");
    let said = far.clir.stderr();
    let log = far.clir.path("said.log");
    fs::write(&log, &said).unwrap();
    let (normal, text) = matched(&log, "normal");
    let refusals = said.matches("refused client=127.0.0.1 reason=").count();
    let harmless = said.matches("reason=no-credentials").count();
    assert!(harmless > 0 && normal > 0 && normal == refusals - harmless, "{normal} of {refusals}: {text}");
    assert!(text.lines().all(|line| line == "127.0.0.1"), "{text}");
    assert_eq!(matched(&log, "aggressive").0, refusals);
}

const EXPECTED: [&str; 4] = ["198.51.100.7", "2001:db8::7", "198.51.100.8", "203.0.113.9"];

/// At the usual verbosity, as a file and as the journal has it, in both families; and nothing that only looks like it.
#[test]
#[ignore = "needs fail2ban: run by tests/run"]
fn the_filter_is_not_fooled() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let lines = "\
2026-11-23T02:50:00.123456Z  WARN refused client=198.51.100.7 reason=not-admitted
2026-11-23T02:50:00.123456Z  WARN refused client=2001:db8::7 reason=wrong-claim
2026-11-23T02:50:00.123456Z  WARN clir::proxy::refusals: refused client=198.51.100.8 reason=wrong-credentials
2026-11-23T02:50:00.123456Z  INFO refused client=198.51.100.9 reason=no-credentials
2026-11-23T02:50:00 far clir[712]: 2026-11-23T02:50:00.123456Z  WARN refused client=203.0.113.9 reason=not-admitted
2026-11-23T02:50:00.123456Z  WARN something else: refused client=198.51.100.10 reason=not-admitted
2026-11-23T02:50:00.123456Z  WARN refused client=198.51.100.11 reason=not-admitted and more
2026-11-23T02:50:00.123456Z  WARN refused client=198.51.100.12 reason=unheard-of
";
    fs::write(&log, lines).unwrap();
    assert_eq!(matched(&log, "normal").1.lines().collect::<Vec<_>>(), EXPECTED);
    assert_eq!(matched(&log, "aggressive").0, 5);
}
