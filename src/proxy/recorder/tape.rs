//! How do the recorder and the service speak with each other?

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use http::StatusCode;

use crate::{
    exchange::grammar::{GrammarFault, ParsedHead},
    proxy::verbatim::{Lines, NextHead},
};

/// The recorded twin of one request that hyper hands to the service.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// A head that passed the strict grammar, and how many fields hyper saw of it.
    Sound(ParsedHead, usize),
    /// hyper saw a stand-in; this is why.
    Refused(GrammarFault),
}

/// Heads on their way from the recorder to the service, in order; the heads of answers on their way back; and the
/// service's word on what follows a message that may switch protocols.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    inner: Arc<Mutex<Inner>>,
    next_head: NextHead,
}

#[derive(Debug, Default)]
struct Inner {
    heads: VecDeque<Recorded>,
    /// Requests whose answer has not begun.
    waiting: usize,
    /// Answers that have begun and not ended.
    answering: usize,
    word: Option<bool>,
    /// Nothing was said in a while, and nothing is owed.
    is_resting: bool,
    waker: Option<Waker>,
}

impl Tape {
    /// The head that belongs to the request that hyper hands over now.
    pub fn next(&self) -> Option<Recorded> {
        self.lock().heads.pop_front()
    }

    /// The next answer's head goes out with these fields.
    pub fn answer_with(&self, lines: Lines) {
        self.next_head.set(lines);
    }

    /// An interim answer goes out before the answer.
    pub fn precede_with(&self, status: StatusCode, reason: &[u8], lines: &Lines) {
        self.next_head.precede(status, reason, lines);
    }

    /// The service has an answer; it is under way until what is given back is dropped.
    pub fn answers(&self) -> UnderWay {
        let mut inner = self.lock();
        inner.waiting = inner.waiting.saturating_sub(1);
        inner.answering += 1;
        UnderWay(self.clone())
    }

    /// The protocol was switched: what follows belongs to the tunnel.
    pub fn switch(&self) {
        self.say(true);
    }

    /// The protocol was not switched: what follows is the next request.
    pub fn resume(&self) {
        self.say(false);
    }

    /// What is written on this connection next.
    pub fn next_head(&self) -> NextHead {
        self.next_head.clone()
    }

    pub(super) fn push(&self, recorded: Recorded) {
        let mut inner = self.lock();
        inner.waiting += 1;
        inner.heads.push_back(recorded);
    }

    /// Whether any answer is owed. Whoever asks is woken when it changes.
    pub(super) fn is_busy(&self, cx: &Context<'_>) -> bool {
        let mut inner = self.lock();
        inner.waker = Some(cx.waker().clone());
        inner.waiting + inner.answering > 0
    }

    /// What the client may be waiting for. Whoever asks is woken when it changes.
    pub(super) fn expected(&self, cx: &Context<'_>) -> Expected {
        let mut inner = self.lock();
        inner.waker = Some(cx.waker().clone());
        match (inner.answering, inner.waiting) {
            (0, 0) => Expected::Nothing,
            (0, _) => Expected::Head,
            (_, _) => Expected::Rest,
        }
    }

    /// Whether the connection is idle, with nothing underway in it or in hyper: it can be taken from hyper.
    pub fn is_resting(&self) -> bool {
        self.lock().is_resting
    }

    /// Nobody has said anything in a while, and all that was written has gone out.
    pub(super) fn rest(&self) {
        let mut inner = self.lock();
        inner.is_resting = inner.waiting + inner.answering == 0;
    }

    pub(super) fn take_word(&self) -> Option<bool> {
        self.lock().word.take()
    }

    pub(super) fn wake_on_word(&self, cx: &Context<'_>) {
        self.lock().waker = Some(cx.waker().clone());
    }

    /// Whoever reads looks again of his own accord, and is not woken for what happens until then.
    pub fn looks_again(&self) {
        self.lock().waker = None;
    }

    fn say(&self, switched: bool) {
        let mut inner = self.lock();
        inner.word = Some(switched);
        inner.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while the lock is held, and a queue is sound after any partial change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// What a client that has ended its half may still be waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing is under way.
    Nothing,
    /// An answer that has not begun.
    Head,
    /// The rest of an answer.
    Rest,
}

/// An answer on its way to the client.
#[derive(Debug)]
pub struct UnderWay(Tape);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.answering = inner.answering.saturating_sub(1);
        inner.wake();
    }
}
