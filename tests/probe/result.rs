//! What does a probe say?

use std::{net::SocketAddr, process::Output};

use serde_json::Value;

use crate::{
    middlebox::{Work, before},
    support::{Clir, setup},
};

/// A reflector in cleartext.
pub fn reflector() -> Clir {
    let dir = tempfile::tempdir().unwrap();
    let mut command = setup::clir(dir.path());
    Clir::spawn(command.args(["reflect", "--http", "127.0.0.1:0", "--limit", "rate=10000"]), dir, 1)
}

/// Runs `clir probe` and returns what it wrote.
pub fn output(address: SocketAddr, arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let mut command = setup::clir(dir.path());
    command.args(["probe", &format!("http://{address}")]).args(arguments).output().unwrap()
}

/// The result through a box that works like this, with the exit code.
pub fn through(work: Work, arguments: &[&str]) -> (Value, i32) {
    let reflector = reflector();
    result(before(reflector.address(), work), arguments)
}

/// The result of a probe of this address.
pub fn result(address: SocketAddr, arguments: &[&str]) -> (Value, i32) {
    let output = output(address, &[&["--output", "json"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let result = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (result, output.status.code().unwrap())
}

/// Every difference as `trial: kind side name`.
pub fn differences(result: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for trial in result["trials"].as_array().unwrap() {
        // A box that speaks an older version lets no second request through.
        let is_later = trial["name"] == "GET, later request";
        assert!(trial["error"].is_null() || is_later, "{trial}");
        for one in trial["differences"].as_array().unwrap() {
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            all.push(format!(
                "{}: {} {} {}",
                word(&trial["name"]),
                word(&one["kind"]),
                word(&one["side"]),
                word(&one["name"])
            ));
        }
    }
    all
}

/// The trials in which something is said, each once.
pub fn trials(differences: &[String]) -> Vec<&str> {
    let mut names: Vec<_> = differences.iter().map(|told| told.split(": ").next().unwrap()).collect();
    names.dedup();
    names
}
