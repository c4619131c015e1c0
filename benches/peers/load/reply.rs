//! How does an answer arrive?
//!
//! Of HTTP/1.1, with a length or up to the end of the connection. What a proxy sends in chunks although the origin told
//! a length is an error, and seen as such.

use std::cell::Cell;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What is said of a connection that the proxy has ended between two requests.
pub const CLOSED: &str = "closed before the answer";

/// What is made ready for one read.
const ROOM: usize = 64 << 10;

/// An answer that is over.
#[derive(Debug, Default)]
pub struct Reply {
    pub status: u16,
    /// Whether the connection takes no further request.
    pub closes: bool,
    /// The body's first bytes.
    pub text: Vec<u8>,
}

struct Head {
    reply: Reply,
    length: Option<u64>,
}

/// Reads an answer, and tells `received` of the body's bytes as they come. `words` holds what was read too much.
pub async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    words: &mut BytesMut,
    received: &Cell<u64>,
) -> Result<Reply, String> {
    let head = loop {
        match parse(words)? {
            Some(head) => break head,
            None if fill(stream, words).await? == 0 => return Err(CLOSED.into()),
            None => {}
        }
    };
    let mut reply = head.reply;
    reply.text.extend_from_slice(&words[..words.len().min(64)]);
    let mut left = head.length.unwrap_or(u64::MAX);
    loop {
        let taken = words.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        words.advance(taken);
        received.set(received.get() + taken as u64);
        left -= taken as u64;
        if left == 0 {
            return Ok(reply);
        }
        if fill(stream, words).await? == 0 {
            return if head.length.is_none() { Ok(reply) } else { Err("closed within the body".into()) };
        }
        if reply.text.is_empty() {
            reply.text.extend_from_slice(&words[..words.len().min(64)]);
        }
    }
}

/// The head of what answers CONNECT, after which nothing of HTTP comes.
pub async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Result<u16, String> {
    let mut words = BytesMut::new();
    loop {
        match parse(&mut words)? {
            Some(head) => return Ok(head.reply.status),
            None if fill(stream, &mut words).await? == 0 => return Err("closed before CONNECT was answered".into()),
            None => {}
        }
    }
}

async fn fill<S: AsyncRead + Unpin>(stream: &mut S, words: &mut BytesMut) -> Result<usize, String> {
    words.reserve(ROOM);
    stream.read_buf(words).await.map_err(|error| format!("read: {error}"))
}

fn parse(words: &mut BytesMut) -> Result<Option<Head>, String> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut fields);
    let end = match parsed.parse(words).map_err(|error| format!("answer: {error}"))? {
        httparse::Status::Complete(end) => end,
        httparse::Status::Partial => return Ok(None),
    };
    let mut reply = Reply { status: parsed.code.unwrap_or(0), closes: parsed.version == Some(0), text: Vec::new() };
    let mut length = None;
    for field in parsed.headers.iter() {
        if field.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(field.value).ok().and_then(|text| text.trim().parse().ok());
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err("answered in chunks".into());
        } else if field.name.eq_ignore_ascii_case("connection") {
            reply.closes = !field.value.eq_ignore_ascii_case(b"keep-alive");
        }
    }
    reply.closes |= length.is_none();
    words.advance(end);
    Ok(Some(Head { reply, length }))
}
