//! Does an exchange without a task come to its end, and is the connection free then?

use std::{sync::Mutex, time::Duration};

use http::HeaderMap;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::timeout,
};

use super::*;
use crate::proxy::patient::Patient;

const LIMITS: HeadLimits = HeadLimits { bytes: 1024, fields: 10 };
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

/// Keeps what it hears.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<u16>>);

impl Ears for Heard {
    fn hear(&self, head: &ResponseHead) {
        self.0.lock().unwrap().push(head.status);
    }
}

fn connection() -> (Direct, DuplexStream) {
    let (near, far) = duplex(64 * 1024);
    (Direct::new(near, LIMITS), far)
}

async fn send(direct: &Direct, asked: Asked) -> Result<(ResponseHead, Arrival), Failure> {
    direct.send(REQUEST, asked, &Heard::default()).await
}

/// What came of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    status: u16,
    body: Result<Vec<u8>, io::ErrorKind>,
    trailers: Vec<(String, String)>,
    is_free: bool,
}

/// The outcome of an answer that comes in these pieces, the next when the one before has been read, and then the end or not.
async fn outcome(pieces: &[&[u8]], asked: Asked, ends: bool) -> Outcome {
    let (direct, mut far) = connection();
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    let origin = tokio::spawn(async move {
        let mut request = vec![0; REQUEST.len()];
        far.read_exact(&mut request).await.unwrap();
        for piece in pieces {
            far.write_all(&piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        Some(far).filter(|_| !ends)
    });
    let (head, arrival) = send(&direct, asked).await.unwrap();
    let (body, trailers) = match arrival.collect().await {
        Ok(collected) => {
            let trailers = collected.trailers().cloned().unwrap_or_default();
            (Ok(collected.to_bytes().to_vec()), trailers)
        }
        Err(error) => (Err(error.kind()), HeaderMap::new()),
    };
    let _far = origin.await.unwrap();
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let trailers = trailers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Outcome { status: head.status, body, trailers, is_free: !direct.is_closed() }
}

async fn whole(answer: &str) -> Outcome {
    outcome(&[answer.as_bytes()], Asked::Body, false).await
}

fn came(status: u16, body: &str, is_free: bool) -> Outcome {
    Outcome { status, body: Ok(body.into()), trailers: Vec::new(), is_free }
}

#[tokio::test]
async fn an_answer_ends_where_its_framing_says() {
    assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await, came(200, "hello", true));
    assert_eq!(whole("HTTP/1.1 204 No Content\r\n\r\n").await, came(204, "", true));
    assert_eq!(whole("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").await, came(304, "", true));
    assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await, came(200, "", true));
    let to_head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".as_slice();
    assert_eq!(outcome(&[to_head], Asked::Head, false).await, came(200, "", true));
    let to_the_end = b"HTTP/1.1 200 OK\r\n\r\nhello".as_slice();
    assert_eq!(outcome(&[to_the_end, b" world"], Asked::Body, true).await, came(200, "hello world", false));
}

#[tokio::test]
async fn who_says_so_or_says_too_much_is_not_asked_again() {
    let unasked = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(whole(unasked).await, came(200, "hello", false));
    for (version, word, is_free) in
        [("1.1", "close", false), ("1.1", "x, Close", false), ("1.0", "x", false), ("1.0", "keep-alive", true)]
    {
        let answer = format!("HTTP/{version} 200 OK\r\nConnection: {word}\r\nContent-Length: 1\r\n\r\na");
        assert_eq!(whole(&answer).await, came(200, "a", is_free), "{version} {word}");
    }
}

#[tokio::test]
async fn chunks_and_trailers_are_the_same_wherever_they_are_cut() {
    let answer =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nA: 1\r\nb: 2\r\n\r\n";
    for cut in 0..answer.len() {
        let came = outcome(&[&answer[..cut], &answer[cut..]], Asked::Body, false).await;
        let trailers = [("a", "1"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        assert_eq!(came, Outcome { status: 200, body: Ok(b"abcde".into()), trailers, is_free: true }, "{cut}");
        if cut > 0 {
            let (direct, mut far) = connection();
            far.write_all(&answer[..cut]).await.unwrap();
            drop(far);
            let broken = match send(&direct, Asked::Body).await {
                Ok((_, arrival)) => arrival.collect().await.is_err(),
                Err(failure) => matches!(failure, Failure::Closed(_)),
            };
            assert!(broken && direct.is_closed(), "{cut}");
        }
    }
    let plain = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(whole(plain).await, came(200, "abc", true));
    let broken =
        outcome(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"zz\r\n"], Asked::Body, false);
    assert_eq!(broken.await.body, Err(io::ErrorKind::InvalidData));
}

/// A body of many reads comes as it was, and what ends too early is told after what came.
#[tokio::test]
async fn a_long_body_passes_and_a_short_one_is_told() {
    let long: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", long.len());
    let came = outcome(&[head.as_bytes(), &long], Asked::Body, false).await;
    assert!(came.body.as_ref() == Ok(&long) && came.is_free);
    // As a socket does, the stream gives out what came before its end.
    let (near, mut far) = duplex(1024);
    let direct = Direct::new(Patient::new(near, Duration::from_secs(3600)), LIMITS);
    far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await.unwrap();
    drop(far);
    let (_, mut arrival) = send(&direct, Asked::Body).await.unwrap();
    assert_eq!(arrival.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
    let is_told_at_once = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut arrival).poll_frame(cx).is_ready()));
    assert!(!is_told_at_once.await, "what came may go out first");
    assert_eq!(arrival.frame().await.unwrap().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert!(direct.is_closed());
}

#[tokio::test]
async fn interim_answers_are_heard_and_early_ones_stand() {
    let (direct, mut far) = connection();
    far.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let heard = Heard::default();
    let (head, _) = direct.send(REQUEST, Asked::Body, &heard).await.unwrap();
    assert_eq!((head.status, heard.0.lock().unwrap().as_slice()), (200, [103].as_slice()));
    assert!(!direct.is_closed());
    // The origin reads nothing, but answers.
    let (near, mut far) = duplex(64);
    let direct = Direct::new(near, LIMITS);
    far.write_all(b"HTTP/1.1 414 No\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let long = [b"GET /".as_slice(), &[b'a'; 200], b" HTTP/1.1\r\n\r\n"].concat();
    let (head, _) = direct.send(&long, Asked::Body, &heard).await.unwrap();
    assert!(head.status == 414 && direct.is_closed(), "a part of the request is still unsent");
}

#[tokio::test]
async fn what_nobody_waits_for_or_asked_for_is_closed() {
    let (direct, mut far) = connection();
    assert!(!direct.is_closed());
    let waiting = timeout(Duration::from_millis(1), send(&direct, Asked::Body));
    assert!(waiting.await.is_err() && direct.is_closed());
    drop(direct);
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, REQUEST, "and then the end");
    let (direct, mut far) = connection();
    far.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").await.unwrap();
    assert!(direct.is_closed());
    let (direct, far) = connection();
    drop(far);
    assert!(direct.is_closed() && matches!(send(&direct, Asked::Body).await, Err(Failure::Closed(_))));
    let (direct, mut far) = connection();
    far.write_all(b"HTTP/1.1 200 OK\nA: b\n\n").await.unwrap();
    assert!(matches!(send(&direct, Asked::Body).await, Err(Failure::Grammar(GrammarFault::BareLineFeed))));
}
