//! Which head does an origin answer with?
//!
//! The connection was idle before the request, so the first bytes that come after it are the head of its answer. Interim
//! answers are passed over; after the final head nothing is kept.

use bytes::BytesMut;

use super::Answer;
use crate::exchange::grammar::{GrammarFault, HeadLimits, HeadScanner, Scanned, parse_response};

/// Interim answers before a final one.
const MAX_INTERIM: usize = 16;

/// Looks at the bytes that hyper reads.
#[derive(Debug)]
pub struct HeadReader {
    answer: Answer,
    limits: HeadLimits,
    reading: Option<Reading>,
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
        Self { answer, limits, reading: None }
    }

    /// A request went out: the next bytes are the head of its answer.
    pub fn begin(&mut self) {
        self.reading = Some(Reading::default());
    }

    /// Looks at bytes on their way to hyper.
    pub fn observe(&mut self, bytes: &[u8]) {
        let Some(reading) = &mut self.reading else { return };
        reading.bytes.extend_from_slice(bytes);
        match reading.judge(self.limits) {
            Ok(None) => {}
            Ok(Some(head)) => {
                *self.answer.lock() = Some(Ok(head));
                self.reading = None;
            }
            Err(fault) => {
                *self.answer.lock() = Some(Err(fault));
                self.reading = None;
            }
        }
    }
}

impl Reading {
    fn judge(&mut self, limits: HeadLimits) -> Result<Option<crate::exchange::ResponseHead>, GrammarFault> {
        while let Scanned::Complete { start, end } = self.scanner.advance(&self.bytes, limits)? {
            let lines = self.scanner.lines();
            let head = self.bytes.split_to(end).freeze().slice(start..);
            let head = parse_response(&head, lines)?;
            if head.status >= 200 || head.status == 101 {
                return Ok(Some(head));
            }
            self.scanner = HeadScanner::default();
            self.interim += 1;
            if self.interim > MAX_INTERIM {
                return Err(GrammarFault::Malformed);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 1024, fields: 10 };

    #[test]
    fn the_final_head_is_kept_wherever_it_is_cut() {
        let bytes =
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-B: 1\r\nA: 2\r\nx-b: 3\r\n\r\nbody";
        for cut in 0..bytes.len() {
            let mut reader = HeadReader::new(Answer::default(), LIMITS);
            reader.observe(b"stray");
            reader.begin();
            reader.observe(&bytes[..cut]);
            reader.observe(&bytes[cut..]);
            let head = reader.answer.lock().take().unwrap().unwrap();
            let names: Vec<_> = head.fields.iter().map(|field| field.name_str().into_owned()).collect();
            assert_eq!((head.status, names.as_slice()), (200, ["X-B", "A", "x-b"].map(String::from).as_slice()));
        }
    }

    #[test]
    fn a_faulty_head_is_told() {
        let mut reader = HeadReader::new(Answer::default(), LIMITS);
        reader.begin();
        reader.observe(b"HTTP/1.1 200 OK\nA: b\n\n");
        assert_eq!(reader.answer.lock().take(), Some(Err(GrammarFault::BareLineFeed)));
    }
}
