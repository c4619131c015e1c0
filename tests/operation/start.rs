//! What does a start say, and what does one that fails leave behind?

use std::{fs, net::TcpListener, path::Path, process::Output};

use crate::support::{
    Clir, LEAK, Origin, Setup, Wire, origin,
    setup::{STRIP, clir},
};

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asserts that a start failed with exit 1, without listening, and with a message that names these.
fn assert_failed(output: &Output, names: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("listening on"), "nothing listens before all is sound");
    for name in names {
        assert!(said.contains(name), "{name} is not named in {said:?}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_start_says_what_one_needs_to_know() {
    let clir = Setup::new().start();
    let said = clir.stdout();
    assert!(said.contains(&format!("listening on {}", clir.address())), "{said}");
    assert!(said.contains("beyond-carrier"), "the vantage: {said}");
    assert!(said.contains("logs"), "where events go: {said}");
    assert_eq!(fingerprint(&said).len(), 95, "the fingerprint of the authority: {said}");
}

#[test]
fn every_listener_listens() {
    let clir = Setup::new().listen(&["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"]).start();
    assert_eq!(clir.addresses.len(), 3);
    let origin = Origin::new();
    for address in &clir.addresses {
        let mut client = Wire::connect(*address);
        client.send(origin.request("GET", "/", "Connection: close\r\n"));
        let mut site = origin.accept();
        site.head();
        site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(client.response().status(), 200);
    }
    let events = clir.wait_for_events(3);
    let mut labels: Vec<_> = events.iter().map(|event| event["listener"].as_str().unwrap()).collect();
    labels.sort_unstable();
    assert_eq!(labels, ["test", "test-1", "test-2"]);
}

#[test]
fn the_authority_stays_from_start_to_start() {
    let clir = Setup::new().start();
    let (first, shown) = (clir.authority(), fingerprint(&clir.stdout()));
    let again = Clir::again(clir.kill());
    assert_eq!(again.authority(), first);
    assert_eq!(fingerprint(&again.stdout()), shown);
}

/// The SHA-256 of a certificate, as people compare it.
fn fingerprint(said: &str) -> String {
    let found: Vec<_> = said.split_whitespace().filter(|word| word.matches(':').count() == 31).collect();
    assert_eq!(found.len(), 1, "one fingerprint: {said}");
    found[0].to_owned()
}

#[test]
fn a_taken_port_is_one_clear_message() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = Setup::new().listen(&[&address]);
    assert_failed(&setup.run_to_end(), &[&address]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let setup = Setup::new().listen(&[&free, &address]);
    assert_failed(&setup.run_to_end(), &[&address]);
}

#[test]
fn directories_that_cannot_be_written_are_named() {
    // A file where a directory should be stops root as well.
    for (key, value) in [("tls.ca_dir", "policy.toml/certs"), ("log.dir", "policy.toml/logs")] {
        let setup = Setup::new().set(key, &format!("{value:?}"));
        assert_failed(&setup.run_to_end(), &[value]);
    }
}

#[test]
fn a_broken_configuration_leaves_nothing_behind() {
    for (text, names) in [
        ("[[listener]\n", &["clir.toml"][..]),
        ("[limits]\nheadres = 5\n", &["clir.toml", "headres", "headers"]),
        ("[limits]\nheaders = \"many\"\n[timeouts]\nidle = \"soon\"\n", &["clir.toml", "headers", "idle"]),
        ("[[listener]]\naddress = \"nowhere\"\n", &["clir.toml", "nowhere"]),
        ("[policy]\nfile = \"no-such-policy.toml\"\n", &["no-such-policy.toml"]),
        ("[tls]\nupstream_roots = [\"no-such-roots.pem\"]\n", &["no-such-roots.pem"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("clir.toml"), text).unwrap();
        let output = clir(dir.path()).args(["--config", "clir.toml"]).output().unwrap();
        assert_failed(&output, names);
        assert_eq!(names_in(dir.path()), ["clir.toml"], "nothing half made after {text:?}");
    }
}

#[test]
fn a_broken_policy_is_told_with_its_place() {
    let setup = Setup::new().policy("[[rule]]\nname = \"x\"\naction = \"stripp\"\n");
    assert_failed(&setup.run_to_end(), &["policy.toml:3", "stripp", "strip"]);
    assert_eq!(names_in(setup.dir.path()), ["clir.toml", "policy.toml"]);
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let output = clir(dir.path()).args(["--config", "no/such.toml"]).output().unwrap();
    assert_failed(&output, &["no/such.toml"]);
    assert!(names_in(dir.path()).is_empty());
    let output = clir(dir.path()).env("CLIR_CONFIG", "nor/this.toml").output().unwrap();
    assert_failed(&output, &["nor/this.toml"]);
}

#[test]
fn wrong_usage_is_exit_2_and_help_is_exit_0() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(clir(dir.path()).arg("--no-such-flag").output().unwrap().status.code(), Some(2));
    assert_eq!(clir(dir.path()).arg("no-such-command").output().unwrap().status.code(), Some(2));
    let help = clir(dir.path()).arg("--help").output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    let help = String::from_utf8(help.stdout).unwrap();
    for command in ["run", "check", "explain", "scan", "log", "ca", "reflect", "passwd", "completions"] {
        assert!(help.contains(command), "{command} is not in {help}");
    }
    assert!(names_in(dir.path()).is_empty());
}

#[test]
fn a_configuration_is_found_where_it_says() {
    let setup = Setup::new();
    setup.command();
    let dir = setup.dir;
    fs::create_dir(dir.path().join("config")).unwrap();
    fs::rename(dir.path().join("clir.toml"), dir.path().join("config/clir.toml")).unwrap();
    fs::write(dir.path().join("config/policy.toml"), STRIP).unwrap();
    let mut command = clir(dir.path());
    let clir = Clir::spawn(command.arg("run"), dir, 1);
    let origin = Origin::new();
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", &format!("{LEAK}\r\n")));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/", ""));
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
}
