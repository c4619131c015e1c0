//! Is it named that something was put into the ClientHello?

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    kinds::is_named_in_the_hello,
    support::{
        Clir,
        certificates::Authority,
        hello::{IN_THE_HELLO, inserting},
        probe::said,
        setup,
    },
};

/// A reflector inside TLS, and the file with the authority that its certificate leads to.
fn reflector() -> (Clir, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = Authority::trusted().pem_for(&["localhost"]);
    fs::write(dir.path().join("site.pem"), certificate).unwrap();
    fs::write(dir.path().join("site.key"), key).unwrap();
    let roots = tempfile::tempdir().unwrap();
    fs::write(roots.path().join("roots.pem"), &Authority::trusted().pem).unwrap();
    let mut command = setup::clir(dir.path());
    command.args(["reflect", "--https", "127.0.0.1:0", "--certificate", "site.pem", "--key", "site.key"]);
    (Clir::spawn(command.args(["--limit", "rate=10000"]), dir, 1), roots)
}

/// What the probe says of the reflector at this port, and its exit code.
fn probed(port: u16, roots: &Path) -> (Value, i32) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = setup::clir(dir.path());
    command.args(["probe", &format!("https://localhost:{port}"), "--repeat", "1", "--ca"]);
    said(command.arg(roots.join("roots.pem")))
}

/// The trials on IPv4, `localhost` may be another address as well, where nobody listens; and of these the ones that come back
/// as they arrived: a picture says nothing of the hello.
fn trials(result: &Value) -> Vec<&Value> {
    let is_one = |trial: &&Value| trial["address"].as_str().unwrap().starts_with("127.") && !trial["arrived"].is_null();
    result["trials"].as_array().unwrap().iter().filter(is_one).collect()
}

#[test]
fn a_clean_path_leaves_the_hello_as_it_was() {
    let (reflector, roots) = reflector();
    let (result, code) = probed(reflector.address().port(), roots.path());
    assert_eq!(code, 0, "{result}");
    assert!(!trials(&result).is_empty());
    for trial in trials(&result) {
        assert_eq!((&trial["error"], trial["differences"].as_array().unwrap().len()), (&Value::Null, 0), "{trial}");
    }
}

#[test]
fn an_extension_that_was_put_in_is_named_with_what_it_tells() {
    let (reflector, roots) = reflector();
    let (result, code) = probed(inserting(reflector.address(), IN_THE_HELLO).port(), roots.path());
    is_named_in_the_hello(&result, code);
}
