//! What does nobody get out of the live view by asking too much, or too slowly?

use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use super::{WRITE, ask, told, view};
use crate::support::{Setup, Wire};

#[test]
fn large_bodies_and_heads_are_refused() {
    let clir = Setup::new().with_view().start();
    let view = view(&clir);
    let large = format!("{{\"toml\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(ask(view, "POST", "/api/v1/rules", WRITE, &large).status(), 413);
    let mut wire = Wire::connect(view);
    wire.send_anyway(format!("GET / HTTP/1.1\r\nHost: {view}\r\nX-Large: {}\r\n\r\n", "x".repeat(100_000)));
    assert_eq!(wire.head().status(), 431);
    assert_eq!(ask(view, "GET", &format!("/api/v1/exchanges?host={}", "x".repeat(2000)), "", "").status(), 400);
    told(view, "/api/v1/summary");
}

#[test]
fn who_says_nothing_is_let_go_and_keeps_nobody_out() {
    let clir = Setup::new().with_view().start();
    let view = view(&clir);
    let started = Instant::now();
    let mut slow: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(view).unwrap()).collect();
    slow.iter_mut().for_each(|stream| drop(stream.write_all(b"GET / HTTP/1.1\r\n")));
    // More than there is room for: who asks then waits until the first of them are let go.
    let mut wire = Wire::connect(view);
    let until = Instant::now() + Duration::from_secs(60);
    wire.send(format!("GET /healthz HTTP/1.1\r\nHost: {view}\r\nConnection: close\r\n\r\n"));
    let mut answered = wire.try_head();
    while answered.is_err() && Instant::now() < until {
        wire = Wire::connect(view);
        wire.send_anyway(format!("GET /healthz HTTP/1.1\r\nHost: {view}\r\nConnection: close\r\n\r\n"));
        answered = wire.try_head();
    }
    assert_eq!(answered.unwrap().status(), 200);
    assert!(started.elapsed() < Duration::from_secs(60));
}
