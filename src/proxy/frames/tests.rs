//! Does hyper's library see what the client meant, and nothing that it hides?

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    blocks::{BlockReader, Unreadable},
    header::COMPRESSION_ERROR,
    heads::Heads,
    *,
};
use crate::exchange::{Fields, RequestHead, grammar::Malformed, hpack::literal};

const MOST: usize = 4096;

type Told = Arc<Mutex<Vec<Malformed>>>;

struct Bench {
    reader: BlockReader<Requests>,
    heads: Heads,
    told: Told,
    shown: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let (heads, told) = (Heads::new(4), Told::default());
        let note = Arc::clone(&told);
        let tell = Box::new(move |_: RequestHead, malformed| note.lock().unwrap().push(malformed));
        let requests = Requests::new(heads.clone(), false, tell);
        Self { reader: BlockReader::new(0, MOST, requests), heads, told, shown: Vec::new() }
    }

    /// As the meter does it.
    fn read(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let passed = self.reader.pass(bytes);
        self.shown.extend_from_slice(&bytes[..passed]);
        self.reader.read(&bytes[passed..])?;
        self.reader.show(&mut self.shown);
        Ok(())
    }

    fn take(&self, stream: u32) -> Option<Received> {
        let request = http::Request::builder().uri(http::Uri::from_maybe_shared(stream.to_string()).unwrap());
        self.heads.take(&request.body(()).unwrap())
    }

    fn fields(&self, stream: u32) -> Option<(RequestHead, Fields)> {
        match self.take(stream)? {
            Received::Sound(head) => Some((head.clone(), head.fields)),
            Received::Refused(..) => None,
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        literal(name.as_bytes(), value.as_bytes(), &mut block);
    }
    block
}

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", "/x#f")];

/// What hyper is shown of a GET on this stream.
fn addressed(stream: u32) -> Vec<u8> {
    block(&[(":method", "GET"), (":authority", &stream.to_string()), (":scheme", "https"), (":path", "/")])
}

const POISON: &[u8] = b"\x00\x02te\x00";

#[test]
fn any_split_is_read_alike() {
    let fields = [("x-b", "1"), ("x-a", "2"), ("x-b", "3")];
    let head = block(&[GET.as_slice(), &fields].concat());
    let (one, two) = head.split_at(40);
    let padded = [&[3, 0, 0, 0, 9, 16], one, &[0; 3]].concat();
    let settings = frame(4, 0, 0, &[0, 3, 0, 0, 0, 100]);
    let bytes = [
        settings.clone(),
        frame(1, 0x28, 1, &padded),
        frame(9, 4, 1, two),
        frame(0, 0, 1, b"body"),
        frame(1, 5, 1, &block(&[("x-sum", "1")])),
    ]
    .concat();
    let expected = [
        settings,
        frame(1, 0x24, 1, &[&[0, 0, 0, 9, 16], addressed(1).as_slice()].concat()),
        frame(0, 0, 1, b"body"),
        frame(1, 5, 1, &block(&[("x-sum", "1")])),
    ]
    .concat();
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    let halves = (0..=bytes.len()).map(|at| vec![&bytes[..at], &bytes[at..]]);
    for pieces in halves.chain([single]) {
        let mut bench = Bench::new();
        for piece in pieces {
            bench.read(piece).unwrap();
        }
        assert_eq!(bench.shown, expected);
        let (head, seen) = bench.fields(1).unwrap();
        assert_eq!(seen, fields.into_iter().collect());
        assert_eq!(head.target, "https://a.example/x#f");
    }
}

#[test]
fn what_is_malformed_becomes_what_h2_refuses() {
    let mut bench = Bench::new();
    bench.read(&frame(1, 4, 1, &block(&[GET.as_slice(), &[("X-A", "1")]].concat()))).unwrap();
    bench.read(&frame(1, 4, 3, &block(&GET))).unwrap();
    bench.read(&frame(1, 5, 3, &block(&[(":path", "/")]))).unwrap();
    // Nobody waits for trailers there: h2 is to say so.
    bench.read(&frame(1, 5, 3, &block(&[(":path", "/")]))).unwrap();
    bench.read(&frame(1, 5, 5, &block(&[GET.as_slice(), &[("content-length", "1")]].concat()))).unwrap();
    let expected = [
        frame(1, 4, 1, POISON),
        frame(1, 4, 3, &addressed(3)),
        frame(1, 5, 3, POISON),
        frame(1, 5, 3, &block(&[(":path", "/")])),
        frame(1, 5, 5, POISON),
    ];
    assert_eq!(bench.shown, expected.concat());
    assert_eq!(*bench.told.lock().unwrap(), [Malformed::Name, Malformed::Length]);
    assert!(bench.take(1).is_none() && bench.take(3).is_some() && bench.take(5).is_none());
}

#[test]
fn frames_that_are_broken_are_shown_to_h2_as_broken() {
    let begun = frame(1, 0, 1, &block(&GET));
    let ping = frame(6, 0, 0, &[7; 8]);
    let cases: [(Vec<u8>, Vec<u8>); 6] = [
        // Within a header block nothing else comes, and none of another stream.
        ([begun.clone(), ping.clone()].concat(), [frame(1, 0, 1, b""), ping.clone()].concat()),
        ([begun.clone(), frame(9, 4, 3, b"x")].concat(), [frame(1, 0, 1, b""), frame(9, 4, 3, b"x")].concat()),
        (frame(9, 4, 1, b"x"), frame(9, 4, 1, b"x")),
        (frame(1, 0xc, 1, &[9, 1, 2]), frame(1, 0xc, 1, &[0xff])),
        (frame(1, 0x24, 1, &[9, 1, 2]), frame(1, 0x24, 1, &[0xff])),
        (frame(1, 4, 1, &[0; 20_000]), frame(1, 4, 1, &[0; 20_000])),
    ];
    for (bytes, shown) in cases {
        let mut bench = Bench::new();
        bench.read(&bytes).unwrap();
        bench.read(&ping).unwrap();
        assert_eq!(bench.shown, [shown, ping.clone()].concat());
    }
}

#[test]
fn limits_hold() {
    let head = |value: usize| block(&[GET.as_slice(), &[("a", &"b".repeat(value))]].concat());
    let mut bench = Bench::new();
    bench.read(&frame(1, 5, 1, &head(MOST))).unwrap();
    assert!(matches!(bench.take(1), Some(Received::Refused(..))), "it is answered");
    assert_eq!(bench.read(&frame(1, 5, 3, &head(3 * MOST))), Err(Unreadable::Flood));
    let bomb = [block(&GET).as_slice(), b"\x40\x01a", &[0x7f, 0x81, 0x0f], &[b'b'; 2048], &[0xbe; 16]].concat();
    assert_eq!(Bench::new().read(&frame(1, 5, 1, &bomb)), Err(Unreadable::Flood));
    let many: Vec<u8> = (0..5).flat_map(|at| frame(1, 5, 2 * at + 1, &block(&GET))).collect();
    assert_eq!(Bench::new().read(&many), Err(Unreadable::Flood), "more than there is room for");
    let torn = Bench::new().read(&frame(1, 5, 1, b"\x82\xff"));
    assert_eq!(torn.map_err(Unreadable::code), Err(COMPRESSION_ERROR));
}

/// A wire that keeps what is written to it.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl AsyncRead for Sink {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Sink {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The bytes that h2 writes for these requests, on one connection.
fn written(heads: &[Vec<(String, Vec<u8>)>]) -> Vec<u8> {
    let sink = Sink::default();
    let wire = sink.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut sender, connection) = h2::client::handshake(wire).await.unwrap();
        let mut connection = Box::pin(connection);
        for head in heads {
            let mut request = http::Request::builder().uri("https://a.example/p?q");
            for (name, value) in head {
                request = request.header(name, value.as_slice());
            }
            drop(sender.send_request(request.body(()).unwrap(), false).unwrap());
            let _ = futures_poll(&mut connection).await;
        }
    });
    sink.0.lock().unwrap().split_off(24)
}

/// Lets a future do what it can do at once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What h2's encoder writes, with its table and its Huffman code, is read as it was meant.
    #[test]
    fn what_h2_writes_is_read(
        heads in prop::collection::vec(
            prop::collection::vec(("[a-d]{1,2}|cookie|user-agent|x-[a-z-]{1,9}", "[ -~]{0,40}|[!-~\u{80}-\u{ff}]{0,300}"), 0..12),
            1..4,
        )
    ) {
        let heads: Vec<Vec<(String, Vec<u8>)>> = heads
            .into_iter()
            .map(|head| head.into_iter().map(|(name, value)| (name, value.into_bytes())).collect())
            .collect();
        let mut bench = Bench::new();
        for piece in written(&heads).chunks(50) {
            bench.read(piece).unwrap();
        }
        for (index, head) in heads.iter().enumerate() {
            let stream = u32::try_from(index).unwrap() * 2 + 1;
            let (head_read, fields) = bench.fields(stream).expect("a head");
            prop_assert_eq!(head_read.target, Bytes::from_static(b"https://a.example/p?q"));
            // h2 groups names; we are to read what it wrote.
            let mut map = http::HeaderMap::new();
            for (name, value) in head {
                map.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.as_slice().try_into().unwrap());
            }
            prop_assert_eq!(fields, crate::proxy::fields::of_map(&map));
        }
    }

    #[test]
    fn nothing_brings_it_down(pieces: Vec<Vec<u8>>, frames: Vec<(u8, u8, u8, Vec<u8>)>) {
        let mut bench = Bench::new();
        for (kind, flags, stream, payload) in frames {
            if bench.read(&frame(kind % 10, flags, (stream % 8).into(), &payload)).is_err() {
                return Ok(());
            }
        }
        for piece in pieces {
            if bench.read(&piece).is_err() {
                return Ok(());
            }
        }
    }
}
