//! What does an HTTP/2 connection do with frames that nobody in his senses sends?
//!
//! The whole proxy is in it, over sockets: TLS, h2, judgement, an origin. So the inputs are few, and what counts is that
//! the process lives, serves, stays small, and lets nothing unsound through.

use std::cell::Cell;

use crate::{
    engine::{fuzz, magnitude, outcome},
    support::{
        Clir, Setup,
        certificates::Authority,
        frames::{self, Frames, SETTINGS},
        h2::{H2Client, H2Origin},
    },
};

/// Longer inputs are the business of the floods.
const LONGEST: usize = 8 * 1024;
/// What the process may grow by, in bytes.
const ROOM: u64 = 64 << 20;

#[test]
fn frames() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let origin = H2Origin::new();
    assert_served(&clir, &origin);
    let before = clir.resident();
    let words: &[&[u8]] = &[
        b"\x00\x00\x00\x04\x01\x00\x00\x00\x00",
        b"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08",
        b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\xff\xff\xff",
        b"\x00\x00\x00\x09\x04\x00\x00\x00\x01",
        b"\x82\x87\x84",
        b"content-length",
        b"transfer-encoding",
        b"x-msisdn",
    ];
    let checked = Cell::new(0);
    fuzz("frames", LONGEST, words, |input| {
        let answer = said(&clir, &origin, input);
        for seen in origin.seen().iter().skip(checked.get()) {
            checked.set(checked.get() + 1);
            let unsound = ["connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection", "x-msisdn"];
            assert!(seen.fields.iter().all(|(name, _)| !unsound.contains(&name.as_str())), "{seen:?}");
        }
        answer
    });
    assert_served(&clir, &origin);
    let grown = clir.resident().saturating_sub(before);
    assert!(grown < ROOM, "{grown} bytes more");
}

/// Which kinds of frames, and which errors, come back until the connection ends.
fn said(clir: &Clir, origin: &H2Origin, input: &[u8]) -> u64 {
    let mut wire = clir.tls(&origin.authority(), "127.0.0.1", &["h2"]);
    wire.send([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frames::frame(SETTINGS, 0, 0, &[]), input].concat());
    wire.stream.conn.send_close_notify();
    wire.send_anyway(b"");
    let mut client = Frames::over(wire, origin.authority());
    let mut kinds = Vec::new();
    while let Some(frame) = client.next() {
        let code = matches!(frame.kind, frames::RST_STREAM | frames::GOAWAY).then(|| frame.code());
        kinds.push((frame.kind, frame.flags, code));
        kinds.dedup();
    }
    outcome((kinds.len().min(8), kinds, magnitude(input.len())))
}

fn assert_served(clir: &Clir, origin: &H2Origin) {
    assert_eq!(H2Client::connect(clir, &origin.authority(), "127.0.0.1").get("/", &[]).status(), 200);
}
