//! What comes next, for whoever answers without hyper?

use std::{
    io,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Recorder;
use crate::proxy::outline;

/// What comes from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A request that nothing is asked of but an answer: its head is on the tape, and there is no more of it.
    Plain,
    /// Something that hyper has to read.
    Other,
    /// The end.
    End,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Recorder<IO> {
    /// What comes next from the client. What is not plain stays for hyper to read.
    ///
    /// # Errors
    /// The connection broke, or its client was silent for too long.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Next>> {
        while self.ready.is_empty() {
            if self.direct().is_some() {
                return Poll::Ready(Ok(Next::Other));
            }
            if !ready!(self.poll_step(cx))? {
                return self.poll_end(cx).map(|()| Ok(Next::End));
            }
        }
        if self.ready != outline::PLAIN {
            return Poll::Ready(Ok(Next::Other));
        }
        self.ready = Bytes::new();
        Poll::Ready(Ok(Next::Plain))
    }
}
