//! What does a probe say?

use std::{net::SocketAddr, process::Output};

use serde_json::Value;

use crate::support::{
    Clir,
    middlebox::{Work, before},
    probe::said,
    setup,
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

/// The result of a probe of this address, with the exit code.
pub fn result(address: SocketAddr, arguments: &[&str]) -> (Value, i32) {
    let dir = tempfile::tempdir().unwrap();
    said(setup::clir(dir.path()).args(["probe", &format!("http://{address}")]).args(arguments))
}
