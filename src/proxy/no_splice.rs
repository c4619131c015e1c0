//! What stands in for pipes where there is no splice(2)?
//!
//! Nobody is ever given one, so every tunnel copies.

use std::{
    io,
    task::{Context, Poll},
};

use tokio::net::TcpStream;

/// No pipes.
#[derive(Clone, Debug, Default)]
pub struct Pipes;

impl Pipes {
    /// None.
    pub fn take(&self) -> Option<Pipe> {
        None
    }

    /// Never called.
    pub fn put(&self, pipe: Pipe) {
        match pipe {}
    }

    /// Nothing to let go of.
    pub fn clear(&self) {}
}

/// Never made.
#[derive(Debug)]
pub enum Pipe {}

impl Pipe {
    /// Never called.
    ///
    /// # Errors
    /// None.
    pub fn fill(&mut self, _from: &TcpStream) -> io::Result<Option<usize>> {
        match *self {}
    }

    /// Never called.
    pub fn poll_drain(&mut self, _: &mut Context<'_>, _to: &TcpStream, _count: &mut u64) -> Poll<io::Result<()>> {
        match *self {}
    }
}
