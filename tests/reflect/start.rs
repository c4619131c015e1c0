//! How does it begin and end, and over which families?

use std::{net::TcpListener, time::Instant};

use super::{ask, inside, json, listening, reflector};
use crate::support::{Wire, certificates::Authority, setup::clir};

#[test]
fn both_families_are_served_and_told_apart() {
    let clir = listening(&["--http", "[::]:0", "--http", "127.0.0.1:0"], &[]);
    let port = clir.address().port();
    for (address, family) in [(format!("127.0.0.1:{port}"), "ipv4"), (format!("[::1]:{port}"), "ipv6")] {
        let mut wire = Wire::connect(address.parse().unwrap());
        wire.send("GET /headers.json HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(json(&wire.response())["connection"]["family"], family);
    }
    let mut wire = Wire::connect(clir.addresses[1]);
    wire.send("GET /headers.json HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(json(&wire.response())["connection"]["port"], clir.addresses[1].port());
}

#[test]
fn a_port_that_cannot_be_had_is_told_with_its_cure() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let output =
        clir(dir.path()).args(["reflect", "--http", &taken.local_addr().unwrap().to_string()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("cannot listen on 127.0.0.1:") && said.contains("--http [::]:8080"), "{said}");
    for wrong in [&["--http", "nowhere"][..], &["--limit", "rate=0"], &["--certificate", "a.pem"], &["--name", "a b"]] {
        assert_eq!(clir(dir.path()).arg("reflect").args(wrong).output().unwrap().status.code(), Some(2), "{wrong:?}");
    }
    let missing = ["reflect", "--https", "127.0.0.1:0", "--certificate", "no.pem", "--key", "no.key"];
    let output = clir(dir.path()).args(missing).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("no.pem"), "{said}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is written");
}

#[test]
fn it_ends_when_told_and_waits_for_nobody_idle() {
    let mut clir = reflector(&[]);
    let fingerprint = clir.stdout().lines().find(|line| line.contains("SHA-256")).unwrap().to_owned();
    assert_eq!(fingerprint.split(':').count(), 32, "{fingerprint}");
    let mut idle = clir.connect();
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    idle.response();
    let begun = Instant::now();
    clir.signal("TERM");
    assert!(clir.wait().success());
    assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
    assert_eq!(idle.rest(), b"");
}

#[test]
fn a_certificate_of_its_own_is_made_where_none_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = clir(dir.path());
    command.args(["reflect", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--name", "reflector.example"]);
    let clir = crate::support::Clir::spawn(&mut command, dir, 2);
    assert!(clir.stdout().contains("made now") && clir.stdout().contains("open         https://reflector.example:"));
    let page = ask(&clir, format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", clir.address()));
    assert!(page.text().contains("https://127.0.0.1:"), "{}", page.text());
    assert_eq!(std::fs::read_dir(clir.dir.path()).unwrap().count(), 0, "nothing is written");
}

#[test]
fn a_certificate_that_was_renewed_is_shown_after_a_hangup() {
    let clir = reflector(&[]);
    let before = inside(&clir).certificates();
    let (certificate, key) = Authority::trusted().pem_for(&["localhost"]);
    clir.replace("site.key", &key);
    clir.replace("site.pem", "no certificate");
    clir.signal("HUP");
    clir.wait_for_stderr("the last one stays");
    assert_eq!(inside(&clir).certificates(), before);
    clir.replace("site.pem", &certificate);
    clir.signal("HUP");
    clir.wait_for_stderr("the certificate is read anew");
    assert_ne!(inside(&clir).certificates(), before);
}
