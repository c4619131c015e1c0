//! Which head belongs to the request that hyper hands over?
//!
//! The one of its stream, and hyper does not tell which that is. So what hyper is shown is addressed to the stream: its
//! `:authority` is the stream's number, which no client can write.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use http::Request;

use crate::exchange::{RequestHead, grammar::GrammarFault};

/// What a client sent as a request's head.
#[derive(Clone, Debug)]
pub enum Received {
    /// A head that is well formed.
    Sound(RequestHead),
    /// One that is not to be read; as much of it as is known.
    Refused(RequestHead, GrammarFault),
}

/// Heads on their way from the reader to the service, in the order of their streams.
#[derive(Clone, Debug)]
pub struct Heads {
    waiting: Arc<Mutex<VecDeque<(u32, Received)>>>,
    most: usize,
}

impl Heads {
    /// Room for so many.
    pub fn new(most: usize) -> Self {
        Self { waiting: Arc::default(), most }
    }

    /// The head that belongs to the request that hyper hands over now. Requests come in the order of their streams, so
    /// those before it are of streams that h2 has refused, and are forgotten.
    pub fn take<B>(&self, request: &Request<B>) -> Option<Received> {
        let stream: u32 = request.uri().authority()?.as_str().parse().ok()?;
        let mut heads = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while heads.front().is_some_and(|(other, _)| *other < stream) {
            heads.pop_front();
        }
        let (_, received) = heads.pop_front_if(|(other, _)| *other == stream)?;
        if heads.is_empty() {
            // An idle connection holds nothing.
            *heads = VecDeque::new();
        }
        Some(received)
    }

    /// Keeps a head, if there is room. Streams come in ascending order.
    pub fn put(&self, stream: u32, received: Received) -> bool {
        let mut heads = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = heads.len() < self.most;
        if has_room {
            heads.push_back((stream, received));
        }
        has_room
    }
}
