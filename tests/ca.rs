//! Do the commands for certificates and passwords do what they say, and nothing else?

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output, Stdio},
    time::SystemTime,
};

use clir::tls::CertAuthority;
use tempfile::TempDir;

/// Runs clir in this directory with nothing of the developer's environment; `input` is its standard input.
fn clir(dir: &TempDir, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_clir"))
        .args(arguments)
        .current_dir(dir.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn with_authority() -> (TempDir, CertAuthority) {
    let dir = tempfile::tempdir().unwrap();
    let authority = CertAuthority::load_or_create(&dir.path().join("certs"), SystemTime::now()).unwrap();
    (dir, authority)
}

#[test]
fn without_an_authority_each_says_so_and_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["ca"][..], &["ca", "show"], &["ca", "export"], &["ca", "rotate", "--yes"]] {
        let (code, out, err) = said(&clir(&dir, arguments, ""));
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(err.contains("no certificate authority in certs") && err.contains("clir run"), "{err}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn show_tells_what_a_person_compares() {
    let (dir, authority) = with_authority();
    let (code, out, _) = said(&clir(&dir, &["ca"], ""));
    assert_eq!(code, Some(0));
    for expected in [authority.subject(), &authority.fingerprint(), "P-256", "certs/clir-ca.pem", "days left"] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    assert!(!out.contains("PRIVATE KEY-"));
}

#[test]
fn export_gives_the_certificate_and_never_the_key() {
    let (dir, authority) = with_authority();
    let pem = clir(&dir, &["ca", "export"], "");
    assert_eq!(pem.stdout, authority.certificate_pem().as_bytes());
    let der = clir(&dir, &["ca", "export", "--format", "der"], "");
    assert_eq!(der.stdout, authority.certificate_der());
    let (code, out, _) = said(&clir(&dir, &["ca", "export", "--format", "der", "--out", "phone.crt"], ""));
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_eq!(fs::read(dir.path().join("phone.crt")).unwrap(), authority.certificate_der());
    let (code, _, err) = said(&clir(&dir, &["ca", "export", "--out", "no/such/dir/x"], ""));
    assert_eq!(code, Some(1));
    assert!(err.contains("no/such/dir/x"), "{err}");
}

#[test]
fn rotate_asks_first_and_says_what_is_left_to_do() {
    let (dir, old) = with_authority();
    let (code, _, err) = said(&clir(&dir, &["ca", "rotate"], ""));
    assert_eq!(code, Some(1));
    assert!(err.contains("--yes"), "{err}");
    assert_eq!(clir(&dir, &["ca", "export"], "").stdout, old.certificate_pem().as_bytes());
    let (code, out, _) = said(&clir(&dir, &["ca", "rotate", "--yes"], ""));
    assert_eq!(code, Some(0));
    let new = CertAuthority::load(&dir.path().join("certs")).unwrap();
    assert!(out.contains(&new.fingerprint()) && !out.contains(&old.fingerprint()), "{out}");
    assert!(out.contains("Install the new certificate on every phone"), "{out}");
}

#[test]
fn a_key_that_others_may_read_is_refused_and_can_be_rotated_away() {
    let (dir, _) = with_authority();
    fs::set_permissions(dir.path().join("certs/clir-ca.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, err) = said(&clir(&dir, &["ca"], ""));
    assert_eq!(code, Some(1));
    assert!(err.contains("chmod 600 certs/clir-ca.key"), "{err}");
    assert_eq!(said(&clir(&dir, &["ca", "rotate", "--yes"], "")).0, Some(0));
    assert_eq!(said(&clir(&dir, &["ca"], "")).0, Some(0));
}

#[test]
fn passwd_prints_a_line_for_the_configuration_and_not_the_password() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = said(&clir(&dir, &["passwd", "tablet"], "correct horse\n"));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("tablet:$argon2id$v=19$m=19456,t=2,p=1$") && out.ends_with('\n'), "{out}");
    assert!(!out.contains("correct") && !err.contains("correct"));
    assert!(err.contains("[access] users = [\"tablet:"), "{err}");
    assert!(said(&clir(&dir, &["passwd"], "x")).1.starts_with("phone:$argon2id$"));
    let (code, out, err) = said(&clir(&dir, &["passwd"], "\n"));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("empty"), "{err}");
    assert_eq!(said(&clir(&dir, &["passwd", "a:b"], "x")).0, Some(2));
}

#[test]
fn completions_are_printed_for_each_shell() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, _) = said(&clir(&dir, &["completions", shell], ""));
        assert_eq!(code, Some(0));
        assert!(out.contains("passwd"), "{shell}");
    }
    assert_eq!(said(&clir(&dir, &["completions", "tcsh"], "")).0, Some(2));
}
