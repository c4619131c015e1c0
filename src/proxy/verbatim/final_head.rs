//! Where is the head of the final answer in what comes?

use bytes::{Buf, Bytes, BytesMut};

use crate::exchange::{
    ResponseHead,
    grammar::{GrammarFault, HeadLimits, HeadScanner, Scanned, parse_response},
};

/// Interim answers before a final one.
pub(super) const MAX_INTERIM: usize = 16;

/// Looks for a final head in the bytes that follow a request. Interim answers stand before it.
#[derive(Debug, Default)]
pub struct FinalHead {
    /// What has come of a head that is not complete.
    held: BytesMut,
    scanner: HeadScanner,
    interim: usize,
}

/// A final head.
#[derive(Debug)]
pub struct Found {
    /// The head.
    pub head: ResponseHead,
    /// The same as it came.
    pub bytes: Bytes,
    /// Where it ends: in what is held, or if that is nothing, in the bytes that were fresh.
    pub end: usize,
}

impl FinalHead {
    /// Looks for the final head in what is held and what is fresh. As long as it has not come all is held; where something
    /// was held before, the fresh bytes are added to it. `ears` hear of interim answers.
    ///
    /// # Errors
    /// [`GrammarFault`] where a head breaks the grammar, or there are too many of them.
    pub fn find(
        &mut self,
        fresh: &[u8],
        limits: HeadLimits,
        ears: impl Fn(&ResponseHead),
    ) -> Result<Option<Found>, GrammarFault> {
        let mut held = std::mem::take(&mut self.held);
        let has_held = !held.is_empty();
        if has_held {
            held.extend_from_slice(fresh);
        }
        let bytes = if has_held { &held[..] } else { fresh };
        let (found, end) = self.search(bytes, limits, ears)?;
        match &found {
            Some(_) => {}
            None if has_held => held.advance(end),
            None => held.extend_from_slice(fresh.get(end..).unwrap_or_default()),
        }
        self.held = held;
        Ok(found)
    }

    /// What was held when the head was found, with the fresh bytes; nothing if it came in one piece.
    pub fn held(&mut self) -> BytesMut {
        std::mem::take(&mut self.held)
    }

    /// The final head; without it, where the last interim one ends.
    fn search(
        &mut self,
        bytes: &[u8],
        limits: HeadLimits,
        ears: impl Fn(&ResponseHead),
    ) -> Result<(Option<Found>, usize), GrammarFault> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Scanned::Complete { start, end } = self.scanner.advance(rest, limits)? else { return Ok((None, at)) };
            let bytes = Bytes::copy_from_slice(rest.get(start..end).unwrap_or_default());
            let head = parse_response(&bytes, self.scanner.lines())?;
            at += end;
            if head.status >= 200 || head.status == 101 {
                return Ok((Some(Found { head, bytes, end: at }), at));
            }
            self.scanner = HeadScanner::default();
            self.interim += 1;
            if self.interim > MAX_INTERIM {
                return Err(GrammarFault::TooManyInterim);
            }
            ears(&head);
        }
    }
}
