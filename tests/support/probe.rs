//! What did `clir probe` say?

use std::process::Command;

use serde_json::Value;

/// Runs a probe that writes JSON: what it wrote, and its exit code.
pub fn said(command: &mut Command) -> (Value, i32) {
    let output = command.args(["--output", "json"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let result = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
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
            let [trial, kind, side, name] = [&trial["name"], &one["kind"], &one["side"], &one["name"]].map(word);
            all.push(format!("{trial}: {kind} {side} {name}"));
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
