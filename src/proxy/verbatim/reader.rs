//! Which head does an origin answer with?
//!
//! The connection was idle before the request, so the first bytes that come after it are the head of its answer. Interim
//! answers come before it; after the final head nothing is kept, but chunks are held to their grammar.

use bytes::BytesMut;

use super::{Answer, Asked};
use crate::exchange::{
    ResponseHead,
    grammar::{BodyTracker, Framing, GrammarFault, HeadLimits, HeadScanner, Scanned, parse_response},
};

/// Interim answers before a final one.
const MAX_INTERIM: usize = 16;

/// Looks at the bytes that hyper reads.
#[derive(Debug)]
pub struct HeadReader {
    answer: Answer,
    limits: HeadLimits,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No request is out, or what comes is of no interest.
    Idle,
    Head(Reading),
    Chunks(BodyTracker),
}

#[derive(Debug, Default)]
struct Reading {
    bytes: BytesMut,
    scanner: HeadScanner,
    interim: usize,
}

impl HeadReader {
    /// A reader that is idle until a request goes out.
    pub fn new(answer: Answer, limits: HeadLimits) -> Self {
        Self { answer, limits, state: State::Idle }
    }

    /// A request went out: the next bytes are the head of its answer.
    pub fn begin(&mut self) {
        self.state = State::Head(Reading::default());
    }

    /// Looks at bytes on their way to hyper.
    ///
    /// # Errors
    /// [`GrammarFault`] where they break the grammar; it stands in the place of the answer as well.
    pub fn observe(&mut self, bytes: &[u8]) -> Result<(), GrammarFault> {
        let observed = match &mut self.state {
            State::Idle => Ok(()),
            State::Head(_) => self.observe_head(bytes),
            State::Chunks(tracker) => tracker.advance(bytes).map(|_| ()),
        };
        observed.inspect_err(|fault| {
            self.answer.lock().head = Some(Err(*fault));
            self.state = State::Idle;
        })
    }

    fn observe_head(&mut self, bytes: &[u8]) -> Result<(), GrammarFault> {
        let State::Head(reading) = &mut self.state else { return Ok(()) };
        reading.bytes.extend_from_slice(bytes);
        let Some(head) = reading.judge(self.limits, &self.answer)? else { return Ok(()) };
        let rest = reading.bytes.split();
        let mut answer = self.answer.lock();
        let mut tracker = BodyTracker::new(chunks(&head, answer.asked));
        let followed = tracker.advance(&rest);
        answer.head = Some(Ok(head));
        drop(answer);
        self.state = if tracker.is_done() { State::Idle } else { State::Chunks(tracker) };
        followed.map(|_| ())
    }
}

/// The framing, if it is one that has a grammar to be followed.
fn chunks(head: &ResponseHead, asked: Asked) -> Framing {
    let has_body = asked == Asked::Body && !matches!(head.status, 101 | 204 | 304);
    if has_body && head.fields.first("transfer-encoding").is_some() { Framing::Chunked } else { Framing::None }
}

impl Reading {
    fn judge(&mut self, limits: HeadLimits, answer: &Answer) -> Result<Option<ResponseHead>, GrammarFault> {
        while let Scanned::Complete { start, end } = self.scanner.advance(&self.bytes, limits)? {
            let lines = self.scanner.lines();
            let head = self.bytes.split_to(end).freeze().slice(start..);
            let head = parse_response(&head, lines)?;
            if head.status >= 200 || head.status == 101 {
                return Ok(Some(head));
            }
            answer.lock().interim.push_back(head);
            self.scanner = HeadScanner::default();
            self.interim += 1;
            if self.interim > MAX_INTERIM {
                return Err(GrammarFault::TooManyInterim);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 1024, fields: 10 };

    fn reader() -> HeadReader {
        let mut reader = HeadReader::new(Answer::default(), LIMITS);
        assert_eq!(reader.observe(b"stray"), Ok(()));
        reader.begin();
        reader
    }

    #[test]
    fn the_final_head_is_kept_wherever_it_is_cut() {
        let bytes =
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-B: 1\r\nA: 2\r\nx-b: 3\r\n\r\nbody";
        for cut in 0..bytes.len() {
            let mut reader = reader();
            reader.observe(&bytes[..cut]).unwrap();
            reader.observe(&bytes[cut..]).unwrap();
            let mut inner = reader.answer.lock();
            let head = inner.head.take().unwrap().unwrap();
            let names: Vec<_> = head.fields.iter().map(|field| field.name_str().into_owned()).collect();
            assert_eq!((head.status, names.as_slice()), (200, ["X-B", "A", "x-b"].map(String::from).as_slice()));
            assert_eq!(inner.interim.pop_front().map(|head| head.status), Some(103));
        }
    }

    #[test]
    fn a_faulty_head_is_told() {
        let mut reader = reader();
        assert_eq!(reader.observe(b"HTTP/1.1 200 OK\nA: b\n\n"), Err(GrammarFault::BareLineFeed));
        assert_eq!(reader.answer.lock().head, Some(Err(GrammarFault::BareLineFeed)));
    }

    #[test]
    fn interim_answers_have_an_end() {
        let many = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(MAX_INTERIM + 1);
        assert_eq!(reader().observe(&many), Err(GrammarFault::TooManyInterim));
    }

    #[test]
    fn chunks_keep_to_their_grammar_wherever_they_are_cut() {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice();
        let sound = [head, b"2\r\nab\r\n0\r\n\r\nstray"].concat();
        let broken = [head, b"2 \r\nab\r\n0\r\n\r\n"].concat();
        for cut in 0..broken.len() {
            let mut one = reader();
            assert_eq!(one.observe(&sound[..cut]).and_then(|()| one.observe(&sound[cut..])), Ok(()), "{cut}");
            let mut other = reader();
            let observed = other.observe(&broken[..cut]).and_then(|()| other.observe(&broken[cut..]));
            assert_eq!(observed, Err(GrammarFault::Chunk), "{cut}");
        }
        let mut to_head = reader();
        to_head.answer.lock().asked = Asked::Head;
        assert_eq!(to_head.observe(&[head, b"stray"].concat()), Ok(()));
    }
}
