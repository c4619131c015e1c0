//! How do the recorder and the service speak with each other?

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use crate::exchange::grammar::{GrammarFault, ParsedHead};

/// The recorded twin of one request that hyper hands to the service.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// A head that passed the strict grammar.
    Sound(ParsedHead),
    /// hyper saw a stand-in; this is why.
    Refused(GrammarFault),
}

/// Heads on their way from the recorder to the service, in order; and the service's word on what follows a message that
/// may switch protocols.
#[derive(Clone, Debug, Default)]
pub struct Tape(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    heads: VecDeque<Recorded>,
    word: Option<bool>,
    waker: Option<Waker>,
}

impl Tape {
    /// The head that belongs to the request that hyper hands over now.
    pub fn next(&self) -> Option<Recorded> {
        self.lock().heads.pop_front()
    }

    /// The protocol was switched: what follows belongs to the tunnel.
    pub fn switch(&self) {
        self.say(true);
    }

    /// The protocol was not switched: what follows is the next request.
    pub fn resume(&self) {
        self.say(false);
    }

    pub(super) fn push(&self, recorded: Recorded) {
        self.lock().heads.push_back(recorded);
    }

    pub(super) fn take_word(&self) -> Option<bool> {
        self.lock().word.take()
    }

    pub(super) fn wake_on_word(&self, cx: &Context<'_>) {
        self.lock().waker = Some(cx.waker().clone());
    }

    fn say(&self, switched: bool) {
        let mut inner = self.lock();
        inner.word = Some(switched);
        if let Some(waker) = inner.waker.take() {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while the lock is held, and a queue is sound after any partial change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
