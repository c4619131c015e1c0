//! Does `clir qr` lead somewhere, and say so where it cannot?

use std::{fs, process::Output};

use tempfile::TempDir;

use super::{pty::Pty, support::setup};

fn desk(address: &str) -> TempDir {
    let dir = TempDir::with_prefix("clir-qr-").unwrap();
    fs::write(dir.path().join("clir.toml"), format!("[[listener]]\naddress = \"{address}\"\nlabel = \"home\"\n"))
        .unwrap();
    dir
}

const QR: [&str; 3] = ["--config", "clir.toml", "qr"];

fn run(dir: &TempDir, arguments: &[&str]) -> Output {
    setup::clir(dir.path()).args(QR).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The address that is chosen; nothing on a machine that is in no network, which is said then.
fn url(dir: &TempDir) -> Option<String> {
    let output = run(dir, &["--url"]);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    if output.status.success() {
        assert!(text.starts_with("http://") && text.ends_with(":8080/\n") && !text.contains("127."), "{text}");
        return Some(text.trim_end().to_owned());
    }
    assert!(said(&output).contains("this machine has no address that a phone could reach"), "{}", said(&output));
    None
}

#[test]
fn the_code_comes_with_its_address_and_with_colours_only_where_they_belong() {
    let dir = desk("[::]:8080");
    let Some(url) = url(&dir) else { return };
    let piped = String::from_utf8(run(&dir, &[]).stdout).unwrap();
    assert!(piped.contains(&url) && piped.contains('█') && !piped.contains('\x1b'), "{piped}");
    let on_terminal = |environment: &[(&str, &str)]| {
        let mut pty = Pty::clir(dir.path(), &QR, (80, 24), environment);
        assert_eq!(pty.wait().code(), Some(0));
        let seen = pty.wait_for("how to set the phone up");
        assert!(seen.contains(&url) && seen.starts_with('█'), "{seen}");
        pty.bytes().contains(&b'\x1b')
    };
    assert!(on_terminal(&[]));
    assert!(!on_terminal(&[("NO_COLOR", "1")]));
    let mut narrow = Pty::clir(dir.path(), &QR, (30, 24), &[]);
    assert_eq!(narrow.wait().code(), Some(0));
    narrow.wait_for("This terminal has 30 columns");
    let host = url.trim_start_matches("http://").trim_end_matches(":8080/").trim_matches(['[', ']']);
    let chosen = run(&dir, &["--url", "--address", host]);
    assert_eq!(String::from_utf8(chosen.stdout).unwrap().trim_end(), url);
}

#[test]
fn where_no_phone_can_come_it_is_said_why() {
    let output = run(&desk("127.0.0.1:8080"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("clir listens on loopback only") && output.stdout.is_empty(), "{}", said(&output));
    let dir = desk("[::]:8080");
    if url(&dir).is_some() {
        let output = run(&dir, &["--address", "198.51.100.77"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("no phone can reach clir at 198.51.100.77"), "{}", said(&output));
    }
    assert_eq!(run(&dir, &["--address", "home"]).status.code(), Some(2));
}
