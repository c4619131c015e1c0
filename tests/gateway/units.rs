//! Does systemd take the units as they are written, and find them hardened?

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

/// What `systemd-analyze security` calls exposed: of 10; below 2 it says OK. Of what is left most is the network itself.
const EXPOSURE: &str = "20";

#[test]
#[ignore = "needs systemd-analyze: run by tests/run"]
fn units_are_sound_and_hardened() {
    let root = TempDir::new_in("/var/lib").expect("to be root");
    let config = root.path().join("clir.toml");
    let listeners = "[[listener]]\n[[listener]]\nkind = \"tproxy\"\naddress = \"[::]:8083\"\nlabel = \"lan\"\n";
    fs::write(&config, format!("{listeners}[gateway]\nlan = [\"lan\"]\n")).unwrap();
    // The binary has to be there, and no unit may name a place that a service does not see.
    let binary = root.path().join("clir");
    // By another program: a test beside this one that starts something while we write would keep the file busy.
    run(Command::new("cp").arg(env!("CARGO_BIN_EXE_clir")).arg(&binary));
    run(Command::new(&binary)
        .arg("--config")
        .arg(&config)
        .args(["gateway", "install", "--root"])
        .arg(root.path())
        .arg("--binary")
        .arg(&binary));
    let units = root.path().join("etc/systemd/system");
    let files: Vec<_> = fs::read_dir(&units).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 4);
    let told = run(Command::new("systemd-analyze").arg("verify").args(&files).env("SYSTEMD_UNIT_PATH", path(&units)));
    // Before version 253 one line is unknown, and said to be so; nothing else is.
    let others: Vec<_> = told.lines().filter(|line| !line.contains("ignoring: notify-reload")).collect();
    assert!(others.iter().all(|line| !line.contains("clir")), "{others:#?}");
    let service = units.join("clir.service");
    run(Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold", EXPOSURE]).arg(service));
}

/// Those of the system beside ours, which name each other.
fn path(units: &Path) -> String {
    format!("{}:/lib/systemd/system", units.display())
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {told}");
    told
}
