//! How is a request answered of which nothing is asked but an answer?
//!
//! Most are of this kind: a GET of HTTP/1.1 without a body and without a word on the connection. The recorder has read it, and
//! all that is left to do is to frame the answer, which is done here as hyper does it. Whatever else comes is hyper's: the
//! connection is handed over then, with all that was read of it, until it has been idle for a moment.

use std::{
    io::{self, IoSlice, Write},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode, header, response::Parts};
use http_body::{Body as _, Frame};
use hyper::ext::ReasonPhrase;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::{
    arriving::Arriving,
    body::{Body, BodyError},
    http as service,
    recorder::{Next, Recorder, Tape},
    session::Session,
    special::lists,
};

/// How it goes on with a connection.
#[derive(Debug)]
pub enum Left<IO> {
    /// Not at all.
    Ended,
    /// Nobody has said anything in a while.
    Resting(Recorder<IO>),
    /// What comes next is for hyper to read.
    ForHyper(Recorder<IO>),
}

/// Answers requests for as long as they are plain.
pub async fn serve<IO>(session: &Arc<Session>, tape: &Tape, mut recorder: Recorder<IO>) -> Left<IO>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
{
    match answer_all(session, tape, &mut recorder).await {
        Ok(Pause::Rest) => return Left::Resting(recorder),
        Ok(Pause::Other) => return Left::ForHyper(recorder),
        Ok(Pause::End) => {
            // Whoever does not take the end has it without a word.
            let _ = recorder.shutdown().await;
        }
        Err(error) => tracing::debug!("connection of a client: {error}"),
    }
    Left::Ended
}

/// Why no more is answered.
enum Pause {
    Rest,
    Other,
    End,
}

async fn answer_all<IO>(session: &Arc<Session>, tape: &Tape, recorder: &mut Recorder<IO>) -> io::Result<Pause>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
{
    let mut ending = pin!(session.ending());
    let mut ahead = None;
    loop {
        let next = match ahead.take() {
            Some(next) => next,
            None => {
                let next = std::future::poll_fn(|cx| match poll_idle(recorder, tape, cx) {
                    // In this order: what has come is answered.
                    Poll::Pending => ending.as_mut().poll(cx).map(|()| Ok(Some(Next::End))),
                    next => next,
                });
                match next.await? {
                    Some(next) => next,
                    None => return Ok(Pause::Rest),
                }
            }
        };
        match next {
            Next::Other => return Ok(Pause::Other),
            Next::End => return Ok(Pause::End),
            Next::Plain if answer(session, tape, recorder, &mut ahead).await? => {}
            Next::Plain => return Ok(Pause::End),
        }
    }
}

/// What comes next; nothing if the connection rests.
fn poll_idle<IO>(recorder: &mut Recorder<IO>, tape: &Tape, cx: &mut Context<'_>) -> Poll<io::Result<Option<Next>>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    if let Poll::Ready(next) = recorder.poll_next(cx) {
        return Poll::Ready(next.map(Some));
    }
    // It rests only when all has gone out.
    ready!(Pin::new(recorder).poll_flush(cx))?;
    if tape.is_resting() { Poll::Ready(Ok(None)) } else { Poll::Pending }
}

/// Answers one request; whether the connection goes on. `ahead` is what the client says meanwhile.
async fn answer<IO>(
    session: &Arc<Session>,
    tape: &Tape,
    recorder: &mut Recorder<IO>,
    ahead: &mut Option<Next>,
) -> io::Result<bool>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin,
{
    let mut answered = pin!(service::handle(Arc::clone(session), Request::new(Arriving::Nothing)));
    let answer = std::future::poll_fn(|cx| match answered.as_mut().poll(cx) {
        Poll::Ready(Ok(answer)) => Poll::Ready(Ok(answer)),
        Poll::Pending => poll_meanwhile(recorder, ahead, cx),
    });
    let (mut parts, mut body) = answer.await.map(Response::into_parts)?;
    if session.is_ending() {
        parts.headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    let framing = Framing::of(&mut parts, &body);
    recorder.write_all(&head(&parts, framing)?).await?;
    let mut outgoing = Outgoing { recorder, framing };
    while !outgoing.is_done(&body) {
        let frame = std::future::poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
            Poll::Pending => poll_meanwhile(outgoing.recorder, ahead, cx),
            frame => frame.map(Ok),
        });
        match frame.await?.transpose().map_err(broken)? {
            Some(frame) => outgoing.write(frame).await?,
            None => outgoing.end().await?,
        }
    }
    tape.looks_again();
    drop(body);
    recorder.flush().await?;
    Ok(!closes(&parts.headers))
}

/// While somebody else is waited for: what was written goes out, and a client that goes away is noticed.
fn poll_meanwhile<IO, T>(
    recorder: &mut Recorder<IO>,
    ahead: &mut Option<Next>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<T>>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    if ahead.is_none()
        && let Poll::Ready(next) = recorder.poll_next(cx)
    {
        match next? {
            Next::End => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            next => *ahead = Some(next),
        }
    }
    if let Poll::Ready(Err(error)) = Pin::new(recorder).poll_flush(cx) {
        return Poll::Ready(Err(error));
    }
    Poll::Pending
}

fn broken(error: BodyError) -> io::Error {
    io::Error::other(error)
}

/// Whether the client is told that the connection ends.
fn closes(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| lists(value.as_bytes(), b"close"))
}

/// How the body of an answer is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    Chunked,
    /// Its end has been written.
    Done,
}

impl Framing {
    /// What the head says; where it says nothing, what the body knows of itself, which the head says then.
    fn of(parts: &mut Parts, body: &Body) -> Self {
        if matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Self::Done;
        }
        if parts.headers.contains_key(header::TRANSFER_ENCODING) {
            return Self::Chunked;
        }
        let told = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let known = if body.is_end_stream() { Some(0) } else { body.size_hint().exact() };
        if let Some(length) = told.or(known) {
            parts.headers.insert(header::CONTENT_LENGTH, length.into());
            return Self::Length(length);
        }
        parts.headers.insert(header::TRANSFER_ENCODING, header::HeaderValue::from_static("chunked"));
        Self::Chunked
    }
}

/// The head of an answer, as hyper writes it.
fn head(parts: &Parts, framing: Framing) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(128);
    write!(head, "HTTP/1.1 {} ", parts.status.as_str())?;
    match parts.extensions.get::<ReasonPhrase>() {
        Some(reason) => head.extend_from_slice(reason.as_bytes()),
        None => head.extend_from_slice(parts.status.canonical_reason().unwrap_or_default().as_bytes()),
    }
    head.extend_from_slice(b"\r\n");
    let is_framing = |name: &HeaderName| matches!(*name, header::CONTENT_LENGTH | header::TRANSFER_ENCODING);
    // What cannot have a body is not framed.
    for (name, value) in parts.headers.iter().filter(|(name, _)| framing != Framing::Done || !is_framing(name)) {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    Ok(head)
}

/// A body that is being written.
struct Outgoing<'a, IO> {
    recorder: &'a mut Recorder<IO>,
    framing: Framing,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Outgoing<'_, IO> {
    /// Whether nothing more is to be written. What has all come of a known length need not be asked for its end.
    fn is_done(&self, body: &Body) -> bool {
        match self.framing {
            Framing::Done => true,
            Framing::Length(left) => left == 0 && body.is_end_stream(),
            Framing::Chunked => false,
        }
    }

    async fn write(&mut self, frame: Frame<Bytes>) -> io::Result<()> {
        match (frame.into_data(), self.framing) {
            (Ok(data), _) if data.is_empty() => Ok(()),
            (Ok(data), Framing::Length(left)) => {
                let left = left.checked_sub(data.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
                self.framing = Framing::Length(left);
                self.recorder.write_all(&data).await
            }
            (Ok(data), _) => {
                let size = format!("{:X}\r\n", data.len());
                write_all(
                    self.recorder,
                    &mut [IoSlice::new(size.as_bytes()), IoSlice::new(&data), IoSlice::new(b"\r\n")],
                )
                .await
            }
            (Err(frame), Framing::Chunked) => {
                let mut last = b"0\r\n".to_vec();
                for (name, value) in frame.trailers_ref().into_iter().flatten() {
                    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                        last.extend_from_slice(part);
                    }
                }
                last.extend_from_slice(b"\r\n");
                self.framing = Framing::Done;
                self.recorder.write_all(&last).await
            }
            // There is no room for trailers behind a length.
            (Err(_), _) => Ok(()),
        }
    }

    /// The body has come to its end.
    async fn end(&mut self) -> io::Result<()> {
        let framing = std::mem::replace(&mut self.framing, Framing::Done);
        match framing {
            Framing::Length(0) | Framing::Done => Ok(()),
            Framing::Length(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Framing::Chunked => self.recorder.write_all(b"0\r\n\r\n").await,
        }
    }
}

/// Writes all of these, one behind the other.
async fn write_all<IO>(io: &mut IO, mut slices: &mut [IoSlice<'_>]) -> io::Result<()>
where
    IO: AsyncWrite + Unpin,
{
    while slices.iter().any(|slice| !slice.is_empty()) {
        match io.write_vectored(slices).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => IoSlice::advance_slices(&mut slices, count),
        }
    }
    Ok(())
}
