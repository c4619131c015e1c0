//! Does clir take the descriptors that it may have, say so when they are too few, and get along with those there are?

use std::{fs, process::Command};

use crate::support::{Clir, Origin, Setup, origin};

/// Starts it from a shell that has said this to `ulimit` first.
fn limited(limit: &str, setup: Setup) -> Clir {
    let inner = setup.command();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\"")]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(setup.dir.path());
    Clir::spawn(&mut command, setup.dir, 1)
}

/// The soft and the hard limit of a process.
fn limits(clir: &Clir) -> (u64, u64) {
    let limits = fs::read_to_string(format!("/proc/{}/limits", clir.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut words = line.split_whitespace().skip(3).map(|word| word.parse().unwrap());
    (words.next().unwrap(), words.next().unwrap())
}

#[test]
fn a_low_soft_limit_is_raised_to_the_hard_one() {
    let clir = limited("-Sn 40 && ulimit -Hn 600", Setup::new().set("limits.connections", "150"));
    assert_eq!(limits(&clir), (600, 600));
    assert!(!clir.stdout().contains("descriptors"), "{}", clir.stdout());
    let origin = Origin::new();
    let request = origin.request("GET", "/", "");
    let _served = origin.serve(|_, _| origin::ok("served"));
    let mut crowd: Vec<_> = (0..100).map(|_| clir.connect()).collect();
    for client in &mut crowd {
        client.send(&request);
        assert_eq!(client.response().text(), "served");
    }
}

#[test]
fn what_would_suffice_is_named() {
    let clir = limited("-n 300", Setup::new().set("limits.connections", "1000"));
    for said in [clir.stdout(), clir.stderr()] {
        assert!(said.contains("300 allowed") && said.contains("2256"), "{said}");
    }
}

/// What is only kept for later makes room for what is needed now.
#[test]
fn kept_connections_make_room_when_descriptors_run_out() {
    let clir = limited("-n 100", Setup::new().set("limits.connections", "40"));
    // More origins than descriptors, each of which keeps its connection.
    for n in 1..=120 {
        let origin = Origin::on([127, 0, 2, n]);
        let request = origin.request("GET", "/", "");
        let _served = origin.serve(|_, _| origin::ok("served"));
        let mut client = clir.connect();
        client.send(&request);
        assert_eq!(client.response().status(), 200, "origin {n}");
    }
}
