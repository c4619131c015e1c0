//! Do bytes go on as they come, and does nobody have to hold what the other does not take?

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use crate::support::{Stage, Wire, origin};

const MIB: usize = 1 << 20;

/// How much is moved: enough to show that nothing is kept, or all of it when there is time.
fn volume() -> usize {
    if std::env::var_os("CLIR_FULL").is_some() { 1024 * MIB } else { 256 * MIB }
}

/// What resident memory may grow by while any amount passes.
const GROWTH: u64 = 64 << 20;

#[test]
fn an_upload_arrives_piece_by_piece() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Transfer-Encoding: chunked\r\n");
    for piece in ["one", "three", "seventeen"] {
        stage.client.send(format!("{:x}\r\n{piece}\r\n", piece.len()));
        assert_eq!(site.chunk().unwrap(), piece.as_bytes());
    }
    stage.client.send("0\r\n\r\n");
    assert_eq!(site.chunk().unwrap(), b"");
    site.send(origin::ok("heard"));
    let _ = site.line();
    assert_eq!(stage.client.response().text(), "heard");
}

#[test]
fn a_download_arrives_piece_by_piece() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    assert_eq!(stage.client.head().status(), 200, "the head waits for no body");
    for piece in ["one", "two", "six"] {
        site.send(piece);
        assert_eq!(stage.client.exactly(3), piece.as_bytes());
    }
}

#[test]
fn server_sent_events_arrive_one_by_one() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/events", "Accept: text/event-stream\r\n");
    site.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(stage.client.head().value("content-type").as_deref(), Some("text/event-stream"));
    for n in 0..10 {
        let event = format!("data: {n}\n\n");
        site.send(format!("{:x}\r\n{event}\r\n", event.len()));
        assert_eq!(stage.client.chunk().unwrap(), event.as_bytes());
    }
}

#[test]
fn both_directions_stream_at_once() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("POST", "/", "Transfer-Encoding: chunked\r\n");
    site.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(stage.client.head().status(), 200);
    for piece in ["ping", "pong", "again"] {
        stage.client.send(format!("{:x}\r\n{piece}\r\n", piece.len()));
        assert_eq!(site.chunk().unwrap(), piece.as_bytes());
        site.send(format!("{:x}\r\n{piece}\r\n", piece.len()));
        assert_eq!(stage.client.chunk().unwrap(), piece.as_bytes());
    }
    stage.client.send("0\r\n\r\n");
    assert_eq!(site.chunk().unwrap(), b"");
}

#[test]
fn a_slow_reader_holds_the_origin_back() {
    let mut stage = Stage::new();
    let before = stage.clir.resident();
    let mut site = stage.deliver("GET", "/", "");
    site.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", volume()));
    let sent = write_until_stalled(&mut site.stream, volume());
    assert!(sent < 64 * MIB, "{sent} bytes were taken from an origin whose client reads nothing");
    assert!(stage.clir.resident().saturating_sub(before) < GROWTH);
}

#[test]
fn a_slow_origin_holds_the_client_back() {
    let mut stage = Stage::new();
    let before = stage.clir.resident();
    let _site = stage.deliver("POST", "/", &format!("Content-Length: {}\r\n", volume()));
    let sent = write_until_stalled(&mut stage.client.stream, volume());
    assert!(sent < 64 * MIB, "{sent} bytes were taken from a client whose origin reads nothing");
    assert!(stage.clir.resident().saturating_sub(before) < GROWTH);
}

fn write_until_stalled(stream: &mut TcpStream, limit: usize) -> usize {
    stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let block = vec![7; MIB];
    let mut sent = 0;
    while sent < limit {
        match stream.write(&block) {
            Ok(length) => sent += length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(error) => panic!("after {sent} bytes: {error}"),
        }
    }
    sent
}

#[test]
fn any_amount_comes_down_in_flat_memory() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", volume()));
    assert_eq!(stage.client.head().status(), 200);
    let before = stage.clir.resident();
    let writer = thread::spawn(move || pour(&mut site.stream));
    let highest = drain(&mut stage.client.stream, || stage.clir.resident());
    writer.join().unwrap();
    assert!(highest.saturating_sub(before) < GROWTH, "grew from {before} to {highest}");
}

#[test]
fn any_amount_goes_up_in_flat_memory() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("PUT", "/", &format!("Content-Length: {}\r\n", volume()));
    let before = stage.clir.resident();
    let mut upload = stage.client.stream.try_clone().unwrap();
    let writer = thread::spawn(move || pour(&mut upload));
    let highest = drain(&mut site.stream, || stage.clir.resident());
    writer.join().unwrap();
    site.send(origin::ok("all of it"));
    assert_eq!(stage.client.response().text(), "all of it");
    assert!(highest.saturating_sub(before) < GROWTH, "grew from {before} to {highest}");
}

#[test]
fn any_amount_goes_through_a_tunnel_in_flat_memory() {
    let mut stage = Stage::new();
    let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
    let mut site = stage.origin.accept();
    // Neither HTTP nor TLS, so that it passes as it is.
    client.send([0; 16]);
    assert_eq!(site.exactly(16), [0; 16]);
    let before = stage.clir.resident();
    let writer = thread::spawn(move || pour(&mut site.stream));
    let highest = drain(&mut client.stream, || stage.clir.resident());
    writer.join().unwrap();
    assert!(highest.saturating_sub(before) < GROWTH, "grew from {before} to {highest}");
    stage.client = client;
}

/// Bytes whose order can be checked: each block of eight is its own number.
fn pour(stream: &mut TcpStream) {
    for block in 0..volume() / MIB {
        let numbers = (block * MIB / 8..(block + 1) * MIB / 8).flat_map(|n| (n as u64).to_le_bytes());
        stream.write_all(&numbers.collect::<Vec<u8>>()).expect("the proxy takes it");
    }
}

fn drain(stream: &mut TcpStream, resident: impl Fn() -> u64) -> u64 {
    let mut block = vec![0; MIB];
    let mut highest = 0;
    for number in 0..volume() / MIB {
        stream.read_exact(&mut block).expect("the proxy passes it on");
        let (first, last) = (
            u64::from_le_bytes(block[..8].try_into().unwrap()),
            u64::from_le_bytes(block[MIB - 8..].try_into().unwrap()),
        );
        assert_eq!((first, last), ((number * MIB / 8) as u64, ((number + 1) * MIB / 8 - 1) as u64), "in order");
        highest = highest.max(resident());
    }
    highest
}
