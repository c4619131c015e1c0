//! Which head does an origin answer with?
//!
//! The connection was idle before the request, so the first bytes that come after it are the head of its answer. Interim
//! answers come before it; after the final head nothing is kept, but chunks are held to their grammar. hyper is shown an
//! outline of the final head, and what follows.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::ReadBuf;

use super::{
    Answer, Asked, Read,
    final_head::{FinalHead, Found},
};
use crate::{
    exchange::{
        ResponseHead,
        grammar::{BodyTracker, Framing, GrammarFault, HeadLimits},
    },
    proxy::outline,
};

/// Looks at the bytes that hyper reads.
#[derive(Debug)]
pub struct HeadReader {
    answer: Answer,
    limits: HeadLimits,
    state: State,
    /// What hyper is shown next.
    ready: Bytes,
}

#[derive(Debug)]
enum State {
    /// No request is out, or what comes is of no interest.
    Idle,
    Head(FinalHead),
    Chunks(BodyTracker),
}

impl HeadReader {
    /// A reader that is idle until a request goes out.
    pub fn new(answer: Answer, limits: HeadLimits) -> Self {
        Self { answer, limits, state: State::Idle, ready: Bytes::new() }
    }

    /// A request went out: the next bytes are the head of its answer.
    pub fn begin(&mut self) {
        self.state = State::Head(FinalHead::default());
    }

    /// Hands on what did not fit before; whether there was anything.
    pub fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let count = self.ready.len().min(buffer.remaining());
        if count > 0 {
            buffer.put_slice(&self.ready.split_to(count));
        }
        count > 0
    }

    /// Looks at the bytes from `before` on that were read for hyper, and leaves there what it is shown of them. Whether it
    /// is shown anything yet; the end of the stream always is.
    ///
    /// # Errors
    /// [`GrammarFault`] where they break the grammar; it stands in the place of the answer as well.
    pub fn observe(&mut self, buffer: &mut ReadBuf<'_>, before: usize) -> Result<bool, GrammarFault> {
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        let observed = match &mut self.state {
            _ if fresh.is_empty() => Ok(true),
            State::Idle => Ok(true),
            State::Head(_) => self.observe_head(buffer, before),
            State::Chunks(tracker) => tracker.advance(fresh).map(|_| true),
        };
        observed.inspect_err(|fault| {
            let mut answer = self.answer.lock();
            answer.head = Some(Err(*fault));
            answer.ears = None;
            self.state = State::Idle;
        })
    }

    fn observe_head(&mut self, buffer: &mut ReadBuf<'_>, before: usize) -> Result<bool, GrammarFault> {
        let State::Head(reading) = &mut self.state else { return Ok(true) };
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        // Without the lock while it is told: who hears of an interim answer may have to do with this one.
        let ears = |head: &ResponseHead| {
            let ears = self.answer.lock().ears.as_ref().map(Arc::clone);
            ears.iter().for_each(|ears| ears.hear(head));
        };
        let Some(found) = reading.find(fresh, self.limits, ears)? else {
            buffer.set_filled(before);
            return Ok(false);
        };
        let held = reading.held();
        let bytes = if held.is_empty() { fresh } else { &held };
        let rest = bytes.get(found.end..).unwrap_or_default();
        let Found { head, bytes: whole, end } = found;
        let outline = outline::response(&whole, &head);
        let mut answer = self.answer.lock();
        let mut tracker = BodyTracker::new(chunks(&head, answer.asked));
        let followed = tracker.advance(rest);
        answer.head = Some(Ok(Read { head, shown: outline.count }));
        answer.ears = None;
        drop(answer);
        self.state = if tracker.is_done() { State::Idle } else { State::Chunks(tracker) };
        followed?;
        // Mostly it comes whole, and the outline is shorter: then what follows only moves up.
        if held.is_empty() && outline.bytes.len() <= end {
            move_up(buffer, before, &outline.bytes, end);
        } else {
            self.ready = [&outline.bytes, rest].concat().into();
            buffer.set_filled(before);
            self.hand_on(buffer);
        }
        Ok(true)
    }
}

/// Puts `outline` in the place of the first `end` bytes.
fn move_up(buffer: &mut ReadBuf<'_>, before: usize, outline: &[u8], end: usize) {
    let Some(bytes) = buffer.filled_mut().get_mut(before..) else { return };
    let (all, kept) = (bytes.len(), outline.len());
    bytes.copy_within(end.min(all).., kept);
    if let Some(place) = bytes.get_mut(..kept) {
        place.copy_from_slice(outline);
    }
    buffer.set_filled(before + kept + all.saturating_sub(end));
}

/// The framing, if it is one that has a grammar to be followed.
fn chunks(head: &ResponseHead, asked: Asked) -> Framing {
    match Framing::of_response(head, asked == Asked::Head) {
        Framing::Chunked => Framing::Chunked,
        Framing::None | Framing::Length(_) | Framing::UntilClose => Framing::None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{
        super::{Ears, final_head::MAX_INTERIM},
        *,
    };

    const LIMITS: HeadLimits = HeadLimits { bytes: 1024, fields: 10 };

    /// Keeps what it hears.
    #[derive(Debug, Default)]
    struct Heard(Mutex<Vec<u16>>);

    impl Ears for Heard {
        fn hear(&self, head: &ResponseHead) {
            self.0.lock().unwrap().push(head.status);
        }
    }

    fn reader() -> HeadReader {
        let mut reader = HeadReader::new(Answer::default(), LIMITS);
        assert_eq!(observe(&mut reader, b"stray"), Ok("stray".into()));
        reader.begin();
        reader
    }

    /// What hyper is shown of these bytes, through a buffer that has something in it already.
    fn observe(reader: &mut HeadReader, bytes: &[u8]) -> Result<String, GrammarFault> {
        let mut room = vec![0; bytes.len() + 2];
        let mut buffer = ReadBuf::new(&mut room);
        buffer.put_slice(b"<>");
        buffer.put_slice(bytes);
        let is_shown = reader.observe(&mut buffer, 2)?;
        assert!(buffer.filled().starts_with(b"<>"));
        let mut shown = buffer.filled()[2..].to_vec();
        assert!(is_shown || shown.is_empty());
        loop {
            let mut buffer = ReadBuf::new(&mut room);
            if !reader.hand_on(&mut buffer) {
                return Ok(String::from_utf8(shown).unwrap());
            }
            shown.extend_from_slice(buffer.filled());
        }
    }

    #[test]
    fn the_final_head_is_kept_and_outlined_wherever_it_is_cut() {
        let bytes =
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-B: 1\r\nA: 2\r\nx-b: 3\r\n\r\nbody";
        for cut in 0..bytes.len() {
            let mut reader = reader();
            let heard = Arc::new(Heard::default());
            reader.answer.lock().ears = Some(heard.clone());
            let shown = [&bytes[..cut], &bytes[cut..]].map(|part| observe(&mut reader, part).unwrap()).concat();
            assert_eq!(shown, "HTTP/1.1 200 OK\r\n\r\nbody", "{cut}");
            let mut inner = reader.answer.lock();
            let Read { head, shown } = inner.head.take().unwrap().unwrap();
            let names: Vec<_> = head.fields.iter().map(|field| field.name_str().into_owned()).collect();
            assert_eq!((head.status, names.as_slice()), (200, ["X-B", "A", "x-b"].map(String::from).as_slice()));
            assert_eq!((shown, inner.ears.is_none()), (0, true));
            assert_eq!(*heard.0.lock().unwrap(), [103]);
        }
    }

    #[test]
    fn an_outline_may_be_longer_than_the_room_that_the_head_had() {
        let head = b"HTTP/1.0 200 OK\r\nConnection:keep-alive\r\n\r\n";
        let mut one = reader();
        assert_eq!(observe(&mut one, head), Ok("HTTP/1.0 200 OK\r\nconnection:keep-alive\r\n\r\n".into()));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding:chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        let mut room = vec![0; 16];
        let mut other = reader();
        // As a peer would send it: byte by byte, into a small buffer.
        let mut shown = Vec::new();
        for byte in chunked {
            let mut buffer = ReadBuf::new(&mut room);
            buffer.put_slice(&[*byte]);
            other.observe(&mut buffer, 0).unwrap();
            shown.extend_from_slice(buffer.filled());
            let mut buffer = ReadBuf::new(&mut room);
            while other.hand_on(&mut buffer) {
                shown.extend_from_slice(buffer.filled());
                buffer.clear();
            }
        }
        let expected = "HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }

    #[test]
    fn a_faulty_head_is_told() {
        let mut reader = reader();
        assert_eq!(observe(&mut reader, b"HTTP/1.1 200 OK\nA: b\n\n"), Err(GrammarFault::BareLineFeed));
        assert_eq!(reader.answer.lock().head, Some(Err(GrammarFault::BareLineFeed)));
    }

    #[test]
    fn interim_answers_have_an_end() {
        let many = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(MAX_INTERIM + 1);
        assert_eq!(observe(&mut reader(), &many), Err(GrammarFault::TooManyInterim));
    }

    #[test]
    fn chunks_keep_to_their_grammar_wherever_they_are_cut() {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice();
        let sound = [head, b"2\r\nab\r\n0\r\n\r\nstray"].concat();
        let broken = [head, b"2 \r\nab\r\n0\r\n\r\n"].concat();
        for cut in 0..broken.len() {
            let mut one = reader();
            let shown = observe(&mut one, &sound[..cut]).unwrap() + &observe(&mut one, &sound[cut..]).unwrap();
            assert_eq!(shown, "HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nstray", "{cut}");
            let mut other = reader();
            let observed = observe(&mut other, &broken[..cut]).and_then(|_| observe(&mut other, &broken[cut..]));
            assert_eq!(observed, Err(GrammarFault::Chunk), "{cut}");
        }
        let mut to_head = reader();
        to_head.answer.lock().asked = Asked::Head;
        assert!(observe(&mut to_head, &[head, b"stray"].concat()).is_ok());
    }
}
