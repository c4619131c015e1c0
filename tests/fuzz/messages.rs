//! Do the first readers, of bytes from anybody, stand and agree with themselves however the bytes are split?

use bytes::Bytes;
use clir::{
    exchange::grammar::{
        BodyTracker, Framing, GrammarFault, HeadLimits, HeadScanner, ParsedHead, Scanned, parse_request,
    },
    sniff::{ClientHello, Hello, Sniffed, read_hello, sniff},
};

use super::engine::{LONG, Outcome, fuzz, magnitude, outcome};

const LIMITS: HeadLimits = HeadLimits { bytes: 65_536, fields: 200 };

#[test]
fn hellos() {
    fuzz(
        "hellos",
        LONG,
        &[b"\x16\x03\x01", b"\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1", b"\x00\x00", b"\xff"],
        |input| {
            let decided = sniff(input);
            for end in 0..input.len().min(64) {
                let early = sniff(&input[..end]);
                assert!(early == Sniffed::NeedMore || early == decided, "{early:?} became {decided:?}");
            }
            let whole = read_hello(input);
            let half = read_hello(&input[..input.len() / 2]);
            assert!(half == Hello::NeedMore || settled(&half) == settled(&whole), "what was clear at half must stay");
            match whole {
                Hello::Complete(hello) => {
                    assert!(hello.alpn_text().iter().all(|text| text.is_ascii()));
                    let name = hello.sni.as_ref();
                    assert!(name.is_none_or(|name| !name.bytes().any(|byte| byte.is_ascii_uppercase())));
                    outcome((0, name.map(|name| magnitude(name.len())), hello.alpn.len(), hello.offers(b"h2")))
                }
                Hello::NeedMore => outcome((1, format!("{decided:?}"), magnitude(input.len()))),
                Hello::Invalid { .. } => outcome((2, format!("{decided:?}"), magnitude(input.len()))),
            }
        },
    );
}

/// What is decided. Of a hello that is refused, more may be told once more of it is there.
fn settled(hello: &Hello) -> Hello {
    match hello {
        Hello::Invalid { alert, .. } => Hello::Invalid { alert: alert.clone(), hello: ClientHello::default() },
        decided => decided.clone(),
    }
}

#[test]
fn heads() {
    let words: &[&[u8]] = &[
        b"\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1",
        b"Host: example.org\r\n",
        b"Content-Length: 5\r\n",
        b"CONNECT",
        b"http://",
        b"Transfer-Encoding: chunked\r\n",
        b"Upgrade: websocket\r\n",
        b"x-up-calling-line-id: 447700900123\r\n",
        b" ",
    ];
    fuzz("heads", LONG, words, |input| {
        let mut scanner = HeadScanner::default();
        let scanned = scanner.advance(input, LIMITS);
        check_split(input, scanned);
        match scanned {
            Ok(Scanned::Complete { start, end }) => head(&Bytes::copy_from_slice(&input[start..end]), scanner.lines()),
            other => outcome((0, format!("{other:?}"))),
        }
    });
}

/// The end of a head is the same however the bytes came; what is refused is refused at some point either way.
fn check_split(input: &[u8], whole: Result<Scanned, GrammarFault>) {
    for split in [1, input.len() / 3, input.len() / 2, input.len().saturating_sub(1)] {
        let Some(first) = input.get(..split) else { continue };
        let mut scanner = HeadScanner::default();
        let pieces = match scanner.advance(first, LIMITS) {
            Ok(Scanned::Partial) => scanner.advance(input, LIMITS),
            early => early,
        };
        assert_eq!(pieces.is_ok(), whole.is_ok(), "split at {split}");
        if whole.is_ok() {
            assert_eq!(pieces, whole, "split at {split}");
        }
    }
}

fn head(bytes: &Bytes, lines: usize) -> Outcome {
    let parsed = match parse_request(bytes, lines) {
        Ok(parsed) => parsed,
        Err(fault) => return outcome((1, format!("{fault:?}"))),
    };
    assert!(!parsed.head.target.iter().any(u8::is_ascii_control));
    for field in &parsed.head.fields {
        assert!(!field.name.is_empty() && field.name.iter().all(u8::is_ascii_graphic), "{field:?}");
        assert!(!field.name.contains(&b':'));
        assert!(!field.value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{field:?}");
    }
    let written = write(&parsed);
    let again = parse_request(&written, parsed.head.fields.len() + 1).expect("what was read can be written and read");
    assert_eq!(again.head, parsed.head);
    assert_eq!(again.framing, parsed.framing);
    outcome((2, parsed.head.fields.len().min(9), format!("{:?}", parsed.framing).len(), parsed.may_switch))
}

fn write(parsed: &ParsedHead) -> Bytes {
    let head = &parsed.head;
    let mut text = [&head.method[..], b" ", &head.target, b" ", head.version.as_str().as_bytes(), b"\r\n"].concat();
    for field in &head.fields {
        text.extend([&field.name[..], b": ", &field.value, b"\r\n"].concat());
    }
    text.extend(b"\r\n");
    text.into()
}

#[test]
fn chunks() {
    let words: &[&[u8]] =
        &[b"\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b";a=b", b"ffffffffffffffff", b"x-msisdn: 447700900123\r\n"];
    fuzz("chunks", LONG, words, |input| {
        let mut whole = BodyTracker::new(Framing::Chunked);
        let taken = whole.advance(input);
        let mut piecewise = BodyTracker::new(Framing::Chunked);
        let mut total = Ok(0);
        for byte in input.chunks(1) {
            let step = piecewise.advance(byte);
            total = total.and_then(|so_far| step.map(|more| so_far + more));
            if total.is_err() {
                break;
            }
        }
        assert_eq!(total, taken, "byte by byte and at once are the same");
        assert_eq!(piecewise.is_done(), whole.is_done());
        outcome((format!("{:?}", taken.map(magnitude)), whole.is_done(), format!("{whole:?}").len()))
    });
}
