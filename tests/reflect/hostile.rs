//! Does it stand what nobody should send, and is nothing of it let act?

use std::{thread, time::Duration};

use super::{ask, get, json, reflector};
use crate::support::{Clir, PATIENCE, Wire, eventually};

const MIB: u64 = 1024 * 1024;

#[test]
fn nothing_that_is_shown_can_act() {
    let clir = reflector(&[]);
    let head = b"GET /'><img?x='onload=alert(1)&nonce=%3Cscript%3E HTTP/1.1\r\nHost: \"><script>\r\nX-<script>alert(1)</script>: \
                 </style><script>alert(2)</script>\xff\x00\r\nAccept: text/html\r\n\r\n";
    let page = ask(&clir, head);
    assert_eq!(page.status(), 400);
    let text = page.text();
    assert!(text.contains("&#60;script&#62;") && text.contains("\\xff"), "{text}");
    assert_eq!(text.matches("<script>").count(), 1, "its own: {text}");
    let policy = page.head.value("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    let sound = get(&clir, "/", "X-Odd: <script>alert(1)</script>\r\nReferer: \"'><svg onload=alert(1)>\r\n").text();
    assert!(sound.matches("<script>").count() == 1 && !sound.contains("<svg"), "{sound}");
    let hosts = get(&clir, "/test?nonce=\"><script>alert(1)</script>", "").text();
    assert_eq!(hosts.matches("<script>").count(), 1, "{hosts}");
}

#[test]
fn what_is_not_sound_is_shown_as_it_came() {
    let clir = reflector(&[]);
    let cases: [(&[u8], u16); 8] = [
        (b"GET /headers.json HTTP/1.1\nHost: a\n\n", 400),
        (b"GET /headers.json HTTP/1.1\r\n\r\n", 400),
        (b"GET /headers.json HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /headers.json HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"GET /headers.json HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /headers.json HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        (b"POST /headers.json HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /headers.json HTTP/1.1\r\nHost: a\r\nX\0Y: b\r\n\r\n", 400),
    ];
    for (request, status) in cases {
        let answer = ask(&clir, request);
        assert_eq!(answer.status(), status, "{}", request.escape_ascii());
        let seen = json(&answer);
        assert!(!seen["fault"].is_null() && seen["verdict"]["kind"] == "unsound", "{seen}");
        assert_eq!(answer.head.value("connection").as_deref(), Some("close"));
    }
    assert!(Wire::connect(clir.address()).stream.set_nodelay(true).is_ok());
    let mut noise = clir.connect();
    noise.send_anyway(b"\x00\x01\x02 noise\r\n\r\n");
    assert!(noise.response().status() >= 400);
}

#[test]
fn huge_heads_are_refused_and_shown() {
    let clir = reflector(&[]);
    let long = format!("GET /headers.json HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "a".repeat(70_000));
    let mut wire = clir.connect();
    wire.send_anyway(long);
    assert_eq!(wire.response().status(), 431);
    let many = format!("GET /headers.json HTTP/1.1\r\nHost: a\r\n{}\r\n", "a: b\r\n".repeat(600));
    let mut wire = clir.connect();
    wire.send_anyway(many);
    assert_eq!(wire.response().status(), 431);
    let largest = get(&clir, "/headers.json", &format!("X-Long: {}\r\n", "a".repeat(60_000)));
    assert_eq!(json(&largest)["headers"][1][1].as_str().unwrap().len(), 60_000);
}

#[test]
fn who_asks_too_often_is_told_and_the_connections_of_one_are_bounded() {
    let clir = reflector(&["--limit", "rate=2", "--limit", "per-address=3"]);
    let mut wire = clir.connect();
    let mut answers = Vec::new();
    for _ in 0..11 {
        wire.send_anyway("GET /headers.json HTTP/1.1\r\nHost: a\r\n\r\n");
        answers.push(wire.response());
    }
    assert!(answers[..10].iter().all(|answer| answer.status() == 200));
    assert_eq!((answers[10].status(), answers[10].text().ends_with("seconds.\n")), (429, true));
    let held: Vec<_> = (0..3).map(|_| clir.connect()).collect();
    let mut fourth = clir.connect();
    assert_eq!(fourth.whatever_comes(), b"", "hung up on");
    drop(held);
}

fn flood(clir: &Clir, request: &[u8]) {
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..12 {
                    let mut wire = clir.connect();
                    wire.send_anyway(request);
                    // Gone without having read.
                    drop(wire);
                }
            });
        }
    });
}

/// On a busy machine those who are gone take up their places for a while.
fn is_served(clir: &Clir) -> bool {
    let mut wire = clir.connect();
    wire.send_anyway("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    wire.try_head().is_ok()
}

/// Bytes that are kept for whoever sends, says nothing more, or does not read.
#[test]
fn floods_and_slow_clients_leave_memory_as_it_is() {
    let clir = reflector(&["--limit", "rate=100000", "--limit", "per-address=400"]);
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "\\xff<\"'&".repeat(7_000)).into_bytes();
    flood(&clir, &large);
    let before = clir.resident();
    let slow: Vec<_> = (0..300)
        .map(|_| {
            let mut wire = clir.connect();
            wire.send_anyway(format!("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: {}", "a".repeat(16_000)));
            wire
        })
        .collect();
    flood(&clir, &large);
    eventually("it serves again", || is_served(&clir).then_some(()));
    let grown = clir.resident().saturating_sub(before);
    assert!(grown < 40 * MIB, "{} MiB", grown / MIB);
    drop(slow);
    for _ in 0..3 {
        flood(&clir, &large);
    }
    eventually("it serves again", || is_served(&clir).then_some(()));
    let grown = clir.resident().saturating_sub(before);
    assert!(grown < 40 * MIB, "{} MiB", grown / MIB);
}

#[test]
fn a_slow_head_is_given_up() {
    let clir = reflector(&[]);
    let begun = std::time::Instant::now();
    let mut wire = clir.connect();
    wire.stream.set_read_timeout(Some(PATIENCE + Duration::from_secs(10))).unwrap();
    wire.send("GET /headers.json HTTP/1.1\r\nHost: a\r\n");
    assert_eq!(wire.response().status(), 408);
    assert!(begun.elapsed() >= Duration::from_secs(9));
}
