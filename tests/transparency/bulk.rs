//! Does a tunnel pass much as it passes little: whole, in order, no faster than it is taken, and to nobody else?
//!
//! Where both sides are sockets, much goes by way of pipes within the kernel. They are counted from outside.

use std::{
    fs,
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use fastrand::Rng;
use socket2::SockRef;

use crate::support::{Clir, Setup, Stage, Wire, eventually};

const MIB: usize = 1 << 20;
/// More than two sockets and what is between them can hold.
const TOO_MUCH: usize = 64 * MIB;
/// How much is written at once, and at most read.
const BLOCK: usize = 64 * 1024;

/// A tunnel in which bytes pass already: its client, and its site.
fn open(stage: &Stage) -> (TcpStream, TcpStream) {
    let mut client = Wire::tunnel(stage.clir.address(), &stage.origin.authority());
    let mut site = stage.origin.accept();
    client.send("\0");
    assert_eq!(site.exactly(1), b"\0");
    (client.into_inner(), site.into_inner())
}

/// Sends so many random bytes, the same ones for the same seed.
fn send(mut to: &TcpStream, seed: u64, count: usize) {
    let mut random = Rng::with_seed(seed);
    let mut block = vec![0; BLOCK];
    for _ in 0..count / BLOCK {
        random.fill(&mut block);
        to.write_all(&block).expect("the other side takes it");
    }
}

/// Reads them, in whatever pieces they come, up to `most` at once, and asserts that they are the same.
fn receive(mut from: &TcpStream, seed: u64, count: usize, most: usize) {
    let mut random = Rng::with_seed(seed);
    let (mut block, mut read) = (vec![0; BLOCK], vec![0; BLOCK]);
    for at in 0..count / BLOCK {
        random.fill(&mut block);
        for (wanted, room) in block.chunks(most).zip(read.chunks_mut(most)) {
            from.read_exact(room).expect("more");
            assert!(wanted == room, "seed {seed}: another byte in block {at}");
        }
    }
}

/// Sends until nothing more is taken, and says how much was.
fn flood(mut to: &TcpStream, seed: u64) -> usize {
    let mut random = Rng::with_seed(seed);
    let mut block = vec![0; BLOCK];
    let mut sent = 0;
    to.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    while sent < TOO_MUCH {
        random.fill(&mut block);
        let mut left = block.as_slice();
        while !left.is_empty() {
            match to.write(left) {
                Ok(taken) => {
                    sent += taken;
                    left = &left[taken..];
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return sent,
                Err(error) => panic!("{error}"),
            }
        }
    }
    panic!("{sent} bytes were taken for somebody who takes none");
}

fn end(mut from: &TcpStream) -> io::Result<usize> {
    from.read(&mut [0])
}

/// Reads on until it ends, and says why.
fn broken(mut from: &TcpStream) -> ErrorKind {
    let mut room = vec![0; BLOCK];
    loop {
        match from.read(&mut room) {
            Ok(0) => panic!("an orderly end"),
            Ok(_) => {}
            Err(error) => return error.kind(),
        }
    }
}

/// Descriptors of pipes that clir has.
fn pipes(clir: &Clir) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", clir.id())).unwrap().flatten();
    let links = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("pipe:")).count()
}

fn assert_back(clir: &Clir, base: usize) {
    eventually("pipes given back", || (pipes(clir) == base).then_some(()));
}

#[test]
fn much_passes_whole_both_ways_at_once() {
    let stage = Stage::new();
    let base = pipes(&stage.clir);
    let (client, site) = open(&stage);
    thread::scope(|scope| {
        scope.spawn(|| send(&client, 1, 24 * MIB));
        scope.spawn(|| send(&site, 2, 24 * MIB));
        scope.spawn(|| receive(&client, 2, 24 * MIB, BLOCK));
        receive(&site, 1, 24 * MIB, BLOCK);
    });
    // The tunnel lives, and nothing moves in it.
    assert_back(&stage.clir, base);
    send(&client, 3, BLOCK);
    receive(&site, 3, BLOCK, BLOCK);
    drop((client, site));
    let event = stage.clir.wait_for_event(|event| event["method"] == "CONNECT");
    assert_eq!(event["request_bytes"], 24 * MIB + BLOCK + 1);
    assert_eq!(event["response_bytes"], 24 * MIB);
}

/// Pipes go from hand to hand: nobody is given what was for another, however slowly it is taken.
#[test]
fn tunnels_side_by_side_are_not_mixed_up() {
    let stage = Stage::new();
    let tunnels: Vec<_> = (0..12).map(|_| open(&stage)).collect();
    thread::scope(|scope| {
        for ((client, site), seed) in tunnels.iter().zip(10..) {
            let most = [BLOCK, 1500, 8 * 1024][seed as usize % 3];
            scope.spawn(move || send(site, seed, 4 * MIB));
            scope.spawn(move || receive(client, seed, 4 * MIB, most));
        }
    });
}

#[test]
fn a_half_that_ends_ends_behind_what_is_under_way() {
    let stage = Stage::new();
    let (client, site) = open(&stage);
    let sent = flood(&site, 4);
    site.shutdown(std::net::Shutdown::Write).unwrap();
    receive(&client, 4, sent / BLOCK * BLOCK, BLOCK);
    let mut rest = vec![0; sent % BLOCK];
    (&client).read_exact(&mut rest).unwrap();
    assert_eq!(end(&client).unwrap(), 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            send(&client, 5, 4 * MIB);
            client.shutdown(std::net::Shutdown::Write).unwrap();
        });
        receive(&site, 5, 4 * MIB, BLOCK);
    });
    assert_eq!(end(&site).unwrap(), 0);
}

#[test]
fn who_takes_nothing_is_sent_no_more_and_has_it_all_later() {
    let stage = Stage::new();
    let base = pipes(&stage.clir);
    let (client, site) = open(&stage);
    let sent = flood(&site, 6);
    if cfg!(target_os = "linux") {
        eventually("a pipe with something in it", || (pipes(&stage.clir) > base).then_some(()));
    }
    receive(&client, 6, sent / BLOCK * BLOCK, BLOCK);
    let mut rest = vec![0; sent % BLOCK];
    (&client).read_exact(&mut rest).unwrap();
    assert_back(&stage.clir, base);
}

#[test]
fn a_break_off_passes_on_and_takes_along_what_was_held() {
    let stage = Stage::new();
    let base = pipes(&stage.clir);
    let (client, site) = open(&stage);
    flood(&site, 8);
    Wire::over(client).reset();
    assert_eq!(broken(&site), ErrorKind::ConnectionReset);
    assert_back(&stage.clir, base);
    let (client, site) = open(&stage);
    flood(&site, 9);
    Wire::over(site).reset();
    assert_eq!(broken(&client), ErrorKind::ConnectionReset);
    assert_back(&stage.clir, base);
    let event = stage.clir.wait_for_event(|event| event["method"] == "CONNECT");
    assert!(event["error"].as_str().is_some_and(|error| error.contains("broke off")), "{event}");
}

#[test]
fn a_tunnel_that_is_silent_with_bytes_on_their_way_is_let_go() {
    let stage = Stage::with(Setup::new().set("timeouts.tunnel", r#""2s""#));
    let base = pipes(&stage.clir);
    let (client, site) = open(&stage);
    flood(&site, 10);
    assert_eq!(broken(&site), ErrorKind::ConnectionReset);
    assert_eq!(broken(&client), ErrorKind::ConnectionReset);
    assert_back(&stage.clir, base);
}

/// What is marked urgent (RFC 9293 §3.8.5) stands in the way of a splice: what comes behind it passes all the same.
#[test]
fn urgent_data_holds_nothing_up() {
    let stage = Stage::new();
    let (client, site) = open(&stage);
    thread::scope(|scope| {
        scope.spawn(|| {
            send(&site, 11, MIB);
            SockRef::from(&site).send_out_of_band(b"!").unwrap();
            send(&site, 12, MIB);
        });
        receive(&client, 11, MIB, BLOCK);
        receive(&client, 12, MIB, BLOCK);
    });
}
