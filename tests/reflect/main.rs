//! Does the reflector show what came, tell what was added on the way, and stand what comes from everywhere?

#[path = "../support/mod.rs"]
mod support;

mod browser;
mod hello;
mod hostile;
mod start;
mod twin;
mod whole;

use std::fs;

use serde_json::Value;
use support::{Clir, Response, Wire, certificates::Authority, setup::clir, tls};
use tempfile::TempDir;

/// A reflector on loopback, in cleartext and inside TLS, with a certificate of the tests' authority.
fn reflector(more: &[&str]) -> Clir {
    listening(&["--http", "127.0.0.1:0", "--https", "127.0.0.1:0"], more)
}

fn listening(doors: &[&str], more: &[&str]) -> Clir {
    let dir = TempDir::with_prefix("clir-reflect-").unwrap();
    let (certificate, key) = Authority::trusted().pem_for(&["localhost", "127.0.0.1", "::1"]);
    fs::write(dir.path().join("site.pem"), certificate).unwrap();
    fs::write(dir.path().join("site.key"), key).unwrap();
    let mut command = clir(dir.path());
    command.args(["-vv", "reflect", "--certificate", "site.pem", "--key", "site.key"]).args(doors).args(more);
    Clir::spawn(&mut command, dir, doors.len() / 2)
}

fn inside(clir: &Clir) -> Wire<tls::ClientStream> {
    let stream = Wire::connect(clir.addresses[1]).into_inner();
    tls::connect(stream, "localhost", &Authority::trusted().pem, &["h2", "http/1.1"]).expect("TLS")
}

fn json(response: &Response) -> Value {
    assert_eq!(response.head.value("content-type").as_deref(), Some("application/json"), "{response:?}");
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}

/// One request over a connection of its own.
fn ask(clir: &Clir, request: impl AsRef<[u8]>) -> Response {
    let mut wire = clir.connect();
    wire.send(request);
    wire.response()
}

fn get(clir: &Clir, target: &str, fields: &str) -> Response {
    ask(clir, format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"))
}
