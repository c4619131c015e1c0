//! How is a browser driven? By scripts for Node that speak to Chromium over its own pipe.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A script below `tests`.
pub fn script(name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)).env("CLIR_AXE", axe());
    command
}

/// Runs a script to its end, which has to be a good one.
pub fn run(mut command: Command) {
    let output = command.stdin(Stdio::null()).output().expect("Node runs");
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{stdout}\n{stderr}");
}

/// What `tests/run` has installed for the Python clients lies beside axe.
fn axe() -> PathBuf {
    let python = PathBuf::from(env::var("CLIR_PYTHON").expect("CLIR_PYTHON: run by tests/run"));
    let library = python.ancestors().nth(2).unwrap().join("lib");
    let below = fs::read_dir(&library).unwrap().flatten().map(|entry| entry.path());
    let file = below.map(|path| path.join("site-packages/axe_playwright_python/axe.min.js")).find(|path| path.exists());
    file.unwrap_or_else(|| panic!("axe is not below {}", library.display()))
}
