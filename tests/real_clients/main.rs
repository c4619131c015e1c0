//! Do the programs that people use work through clir, with nothing but its authority installed?
//!
//! curl, wget, Python, Node, OpenSSL, GnuTLS and Chromium on one side, nginx on the other, a carrier's box in between.
//! `tests/run` installs them and runs these; a program that is missing then is a failure.

#[path = "../support/mod.rs"]
mod support;

mod auto;
mod chromium;
mod curl;
mod nginx;
mod objections;
#[path = "../hop/pair.rs"]
mod pair;
mod scripts;
mod secure_proxy;
mod verifiers;

use std::process::{Command, Output};

/// Runs a program to its end and returns what it said; a bad end is a failure.
fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout
}

/// A program with none of the proxies that the environment may name.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for variable in
        ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]
    {
        command.env_remove(variable);
    }
    command
}
