//! Does a client that floods an HTTP/2 connection lose that connection, and nobody anything else?
//!
//! Each flood stands for a class that has brought servers down: rapid reset (CVE-2023-44487), CONTINUATION (CVE-2024-27316
//! and its kin), reset by provocation (CVE-2025-8671), control frames, empty and tiny frames, header bombs and queued
//! answers (CVE-2019-9511 to 9518).

use crate::support::{
    Clir, Setup,
    certificates::Authority,
    frames::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE,
        frame,
    },
    h2::{H2Client, H2Origin},
};

/// RFC 9113 §7.
const ENHANCE_YOUR_CALM: u32 = 11;
/// More than one connection may cost while it floods, in bytes.
const ROOM: u64 = 48 << 20;

struct Flood {
    clir: Clir,
    origin: H2Origin,
    client: Frames,
    resident: u64,
}

impl Flood {
    fn new() -> Self {
        let clir = Setup::new().intercept(&Authority::trusted().pem).start();
        let origin = H2Origin::new();
        let mut client = Frames::connect(&clir, &origin.authority());
        let head = client.request("GET", "/", &[]);
        let stream = client.stream();
        client.send(HEADERS, END_HEADERS | END_STREAM, stream, &head);
        client.wait_for("an answer", |frame| frame.kind == HEADERS && frame.stream == stream);
        let resident = clir.resident();
        Self { clir, origin, client, resident }
    }

    /// Sends `bytes` again and again, as long as the other side takes it.
    fn pour(&mut self, bytes: &[u8], times: usize) {
        for _ in 0..times {
            self.client.wire.send_anyway(bytes);
        }
    }

    /// The connection ends with a word about the reason.
    fn assert_given_up(mut self) {
        assert_eq!(self.client.farewell(), Some(ENHANCE_YOUR_CALM));
        self.assert_unharmed();
    }

    /// Memory stays within bounds, and others are served.
    fn assert_unharmed(&self) {
        let grown = self.clir.resident().saturating_sub(self.resident);
        assert!(grown < ROOM, "{grown} bytes for one flood");
        assert_eq!(H2Client::connect(&self.clir, &self.origin.authority(), "127.0.0.1").get("/", &[]).status(), 200);
    }
}

#[test]
fn rapid_resets() {
    let mut flood = Flood::new();
    let head = flood.client.request("GET", "/", &[]);
    let mut both = Vec::new();
    for _ in 0..5_000 {
        let stream = flood.client.stream();
        both.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &head));
        both.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    flood.pour(&both, 1);
    assert!(flood.origin.seen().len() < 1_000, "{} requests came through", flood.origin.seen().len());
    flood.assert_given_up();
}

/// One reset now and then is a person who scrolls on.
#[test]
fn ordinary_resets_are_no_flood() {
    let mut flood = Flood::new();
    let head = flood.client.request("GET", "/", &[]);
    for _ in 0..100 {
        let stream = flood.client.stream();
        flood.client.send(HEADERS, END_HEADERS | END_STREAM, stream, &head);
        flood.client.send(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    }
    let stream = flood.client.stream();
    flood.client.send(HEADERS, END_HEADERS | END_STREAM, stream, &head);
    flood.client.wait_for("an answer", |frame| frame.kind == HEADERS && frame.stream == stream);
}

#[test]
fn endless_continuation() {
    let mut flood = Flood::new();
    let stream = flood.client.stream();
    let head = flood.client.request("GET", "/", &[]);
    flood.pour(&frame(HEADERS, END_STREAM, stream, &head), 1);
    let more = frame(CONTINUATION, 0, stream, &crate::support::frames::block(&[("x-a", &"a".repeat(8_000))]));
    flood.pour(&more, 2_000);
    flood.assert_given_up();
}

#[test]
fn empty_continuation() {
    let mut flood = Flood::new();
    let stream = flood.client.stream();
    let head = flood.client.request("GET", "/", &[]);
    flood.pour(&frame(HEADERS, END_STREAM, stream, &head), 1);
    let many = frame(CONTINUATION, 0, stream, &[]).repeat(1_000);
    flood.pour(&many, 200);
    flood.assert_given_up();
}

#[test]
fn provoked_resets() {
    let mut flood = Flood::new();
    let head = flood.client.request("POST", "/", &[]);
    let mut provoked = Vec::new();
    for _ in 0..5_000 {
        let stream = flood.client.stream();
        provoked.extend(frame(HEADERS, END_HEADERS, stream, &head));
        // No window grows beyond what a number holds (RFC 9113 §6.9.1): an error of the stream.
        provoked.extend(frame(WINDOW_UPDATE, 0, stream, &0x7fff_ffff_u32.to_be_bytes()));
    }
    flood.pour(&provoked, 1);
    flood.assert_given_up();
}

#[test]
fn malformed_requests_without_end() {
    let mut flood = Flood::new();
    let head = flood.client.request("GET", "/", &[("connection", "close")]);
    let mut many = Vec::new();
    for _ in 0..5_000 {
        many.extend(frame(HEADERS, END_HEADERS | END_STREAM, flood.client.stream(), &head));
    }
    flood.pour(&many, 1);
    flood.assert_given_up();
}

#[test]
fn pings() {
    let mut flood = Flood::new();
    let many = frame(PING, 0, 0, &[7; 8]).repeat(1_000);
    flood.pour(&many, 500);
    flood.assert_given_up();
}

#[test]
fn settings() {
    let mut flood = Flood::new();
    let many = frame(SETTINGS, 0, 0, &[]).repeat(1_000);
    flood.pour(&many, 500);
    flood.assert_given_up();
}

/// Answers that come anyway: nobody asked for the acknowledgement.
#[test]
fn window_updates() {
    let mut flood = Flood::new();
    let many = frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()).repeat(1_000);
    flood.pour(&many, 500);
    flood.assert_given_up();
}

#[test]
fn frames_of_unknown_kinds() {
    let mut flood = Flood::new();
    let many = frame(0xfa, 0, 0, b"x").repeat(1_000);
    flood.pour(&many, 500);
    flood.assert_given_up();
}

#[test]
fn empty_data() {
    let mut flood = Flood::new();
    let head = flood.client.request("POST", "/", &[]);
    let stream = flood.client.stream();
    flood.client.send(HEADERS, END_HEADERS, stream, &head);
    let many = frame(DATA, 0, stream, &[]).repeat(1_000);
    flood.pour(&many, 500);
    flood.assert_given_up();
}

/// A small head that stands for a large one (RFC 7541 §7.3).
#[test]
fn header_bombs() {
    let mut flood = Flood::new();
    let stream = flood.client.stream();
    // A literal that enters the table, then thousands of references to it: index 62 is the newest entry.
    let mut head = flood.client.request("GET", "/", &[]);
    head.extend([0x40, 3]);
    head.extend(b"x-a");
    head.extend([127, 0x81, 0x1e]);
    head.extend([b'a'; 4_000]);
    head.extend([0x80 | 62; 10_000]);
    flood.pour(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &head), 1);
    assert_eq!(flood.origin.seen().len(), 1);
    flood.assert_given_up();
}

/// Large answers that nobody reads, as many as there may be: the origin is held back, and memory stays.
#[test]
fn answers_that_nobody_reads() {
    let mut flood = Flood::new();
    let body = vec![42; 16 * 1024];
    for _ in 0..100 {
        let head = flood.client.request("POST", "/", &[]);
        let stream = flood.client.stream();
        flood.client.send(HEADERS, END_HEADERS, stream, &head);
        for _ in 0..3 {
            flood.client.wire.send_anyway(frame(DATA, 0, stream, &body));
        }
    }
    flood.assert_unharmed();
}

/// The control: what an ordinary client does over a long time is no flood.
#[test]
fn a_busy_connection_is_no_flood() {
    let mut flood = Flood::new();
    for round in 0..300 {
        let head = flood.client.request("GET", "/", &[]);
        let stream = flood.client.stream();
        flood.client.send(HEADERS, END_HEADERS | END_STREAM, stream, &head);
        flood.client.send(PING, 0, 0, &[1; 8]);
        flood.client.send(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes());
        flood.client.wait_for("an answer", |frame| frame.kind == HEADERS && frame.stream == stream);
        assert!(round > 0 || flood.origin.seen().len() == 2);
    }
    flood.client.send(PING, ACK, 0, &[1; 8]);
    assert_eq!(flood.origin.seen().len(), 301);
}

/// It answers pings, but opens no window: its answers would wait for ever.
#[test]
fn a_client_that_takes_nothing_is_let_go() {
    let setup = Setup::new().intercept(&Authority::trusted().pem);
    let clir = setup.set("timeouts.body", "\"1s\"").set("timeouts.idle", "\"1s\"").start();
    let origin = H2Origin::new();
    let mut client = Frames::connect(&clir, &origin.authority());
    // SETTINGS_INITIAL_WINDOW_SIZE of nothing.
    client.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let head = client.request("POST", "/", &[]);
    let stream = client.stream();
    client.send(HEADERS, END_HEADERS, stream, &head);
    for flags in [0, 0, END_STREAM] {
        client.send(DATA, flags, stream, &[42; 16_000]);
    }
    client.wait_for("the head of an answer", |frame| frame.kind == HEADERS && frame.stream == stream);
    while let Some(frame) = client.next() {
        assert!(frame.kind != DATA || frame.payload.is_empty(), "there is no window for it");
        if frame.kind == PING && frame.flags & ACK == 0 {
            client.wire.send_anyway(crate::support::frames::frame(PING, ACK, 0, &frame.payload));
        }
    }
    let event = clir.wait_for_event(|event| event["method"] == "POST");
    assert!(event["error"].is_string(), "{event}");
}
