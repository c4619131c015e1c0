//! Does the live view show what passes, to whoever may see it and to nobody else?

#[path = "../support/mod.rs"]
mod support;

mod data;
mod limits;
mod reach;
mod rules;
mod stream;
mod token;

use std::net::{SocketAddr, TcpStream};

use serde_json::Value;
use support::{Clir, LEAK, Origin, Response, Wire, eventually, origin};

/// What a POST has to say of itself.
const WRITE: &str = "Content-Type: application/json\r\nX-Clir: 1\r\n";

/// Where the live view of this clir is.
fn view(clir: &Clir) -> SocketAddr {
    clir.view()
}

/// Asks; `fields` are whole lines.
fn ask(view: SocketAddr, method: &str, target: &str, fields: &str, body: &str) -> Response {
    let mut wire: Wire<TcpStream> = Wire::connect(view);
    let length = body.len();
    let host = if fields.starts_with("Host:") { String::new() } else { format!("Host: {view}\r\n") };
    wire.send(format!(
        "{method} {target} HTTP/1.1\r\n{host}{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ));
    wire.response()
}

fn get(view: SocketAddr, target: &str) -> Response {
    ask(view, "GET", target, "", "")
}

/// What is answered as JSON.
fn json(response: &Response) -> Value {
    assert_eq!(response.head.values("content-type"), ["application/json"], "{}", response.text());
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.text()))
}

fn told(view: SocketAddr, target: &str) -> Value {
    let response = get(view, target);
    assert_eq!(response.status(), 200, "{target}: {}", response.text());
    json(&response)
}

/// A site that answers everything.
fn site() -> origin::Serving {
    Origin::new().serve(|_, _| origin::ok("hello"))
}

/// Sends a request through the proxy, with these lines in its head.
fn pass(clir: &Clir, url: &str, fields: &str) -> u16 {
    let host = url.trim_start_matches("http://").split('/').next().unwrap();
    let mut client = clir.connect();
    client.send(format!("GET {url} HTTP/1.1\r\nHost: {host}\r\n{fields}Connection: close\r\n\r\n"));
    client.response().status()
}

/// The number, as the carrier inserts it.
fn leak() -> String {
    format!("{LEAK}\r\n")
}

/// Waits until so many exchanges are listed.
fn listed(view: SocketAddr, count: usize) -> Vec<Value> {
    eventually("exchanges in the index", || {
        let items = get(view, "/api/v1/exchanges");
        let items = serde_json::from_slice::<Value>(&items.body).ok()?["items"].as_array()?.clone();
        (items.len() >= count).then_some(items)
    })
}
