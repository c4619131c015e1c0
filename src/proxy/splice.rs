//! How do a tunnel's bytes pass without coming here?
//!
//! splice(2) moves them from a socket into a pipe and from the pipe into the other socket, within the kernel. A pipe costs
//! two descriptors, so there are few, they belong to a worker, and a tunnel has one only while there is something in it.
//! One that is not empty is never handed on.

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use rustix::{
    io::Errno,
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
    process::{Resource, getrlimit},
};
use tokio::{io::Interest, net::TcpStream};

/// Pipes of one worker, in use or not. Tunnels that find none copy.
const PIPES: usize = 64;
/// What a pipe holds. In pages, each of which may be one packet: the default of 16 would be full after 16 packets.
const SIZE: usize = 256 * 1024;

/// The pipes of one worker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pipes {
    empty: Arc<Mutex<Vec<Pipe>>>,
    /// Held once by every pipe, and once here.
    all: Arc<()>,
    /// Descriptors from this number on are left to connections: numbers are given out from below.
    ceiling: i64,
}

impl Default for Pipes {
    fn default() -> Self {
        let allowed = getrlimit(Resource::Nofile).current.and_then(|soft| i64::try_from(soft).ok());
        let ceiling = allowed.map_or(i64::MAX, |allowed| allowed / 4 * 3);
        Self { empty: Arc::default(), all: Arc::default(), ceiling }
    }
}

impl Pipes {
    /// An empty pipe, unless there are enough, or too few descriptors for another.
    pub fn take(&self) -> Option<Pipe> {
        let kept = self.empty().pop();
        kept.or_else(|| self.make())
    }

    /// Keeps a pipe for whoever comes next, if it is empty.
    pub fn put(&self, pipe: Pipe) {
        if pipe.held == 0 {
            self.empty().push(pipe);
        }
    }

    /// Lets go of pipes that nobody uses.
    pub fn clear(&self) {
        let unused = std::mem::take(&mut *self.empty());
        drop(unused);
    }

    fn make(&self) -> Option<Pipe> {
        if Arc::strong_count(&self.all) > PIPES {
            return None;
        }
        let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        let is_scarce = i64::from(into.as_raw_fd().max(out.as_raw_fd())) >= self.ceiling;
        // A user whose pipes hold too much in all is not given more, and a small pipe is no gain.
        let is_large = !is_scarce && fcntl_setpipe_size(&into, SIZE).is_ok();
        is_large.then(|| Pipe { out, into, held: 0, _place: Arc::clone(&self.all) })
    }

    fn empty(&self) -> MutexGuard<'_, Vec<Pipe>> {
        // Whatever is in the list is whole.
        self.empty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pipe, and how much is in it.
#[derive(Debug)]
pub struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
    held: usize,
    _place: Arc<()>,
}

impl Pipe {
    /// Takes what `from` has: zero bytes are its end, nothing is nothing for now. Call it on an empty pipe only, so that it
    /// is the socket that has nothing and not the pipe that is full. Whoever is told that there is nothing has to read
    /// in the ordinary way: urgent data (RFC 9293 §3.8.5) is something that only reading gets past.
    ///
    /// # Errors
    /// The connection has broken.
    pub fn fill(&mut self, from: &TcpStream) -> io::Result<Option<usize>> {
        match splice(from, None, &self.into, None, SIZE, SpliceFlags::NONBLOCK | SpliceFlags::MOVE) {
            Ok(count) => {
                self.held += count;
                Ok(Some(count))
            }
            // Nothing is there, or this kernel does not splice what there is.
            Err(Errno::AGAIN | Errno::INTR | Errno::INVAL | Errno::NOSYS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Passes on what is in it, and counts that. Ready when it is empty.
    pub fn poll_drain(&mut self, cx: &mut Context<'_>, to: &TcpStream, count: &mut u64) -> Poll<io::Result<()>> {
        while self.held > 0 {
            ready!(to.poll_write_ready(cx))?;
            // Not `MORE`: what there is goes out now, as what is written does.
            let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
            match to.try_io(Interest::WRITABLE, || Ok(splice(&self.out, None, to, None, self.held, flags)?)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(taken) => {
                    self.held = self.held.saturating_sub(taken);
                    *count += taken as u64;
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    }

    #[test]
    fn there_are_few_pipes_and_they_are_used_again() {
        let pipes = Pipes::default();
        let mut taken: Vec<_> = (0..PIPES).map(|_| pipes.take().unwrap()).collect();
        assert!(pipes.take().is_none());
        let number = taken[0].into.as_raw_fd();
        pipes.put(taken.remove(0));
        assert_eq!(pipes.take().unwrap().into.as_raw_fd(), number);
        drop(taken);
        assert!(pipes.take().is_some(), "there is room again");
    }

    #[test]
    fn the_last_descriptors_are_left_to_others() {
        let pipes = Pipes { ceiling: 0, ..Pipes::default() };
        assert!(pipes.take().is_none() && Arc::strong_count(&pipes.all) == 1);
    }

    #[tokio::test]
    async fn a_pipe_that_holds_something_is_not_handed_on() {
        let pipes = Pipes::default();
        let ((mut near, from), (to, mut far)) = (connected().await, connected().await);
        let mut pipe = pipes.take().unwrap();
        assert_eq!(pipe.fill(&from).unwrap(), None);
        near.write_all(b"one").await.unwrap();
        from.readable().await.unwrap();
        assert_eq!(pipe.fill(&from).unwrap(), Some(3));
        pipes.put(pipe);
        assert!(pipes.empty().is_empty() && Arc::strong_count(&pipes.all) == 1);
        let mut pipe = pipes.take().unwrap();
        near.write_all(b"two").await.unwrap();
        near.shutdown().await.unwrap();
        while pipe.fill(&from).unwrap() != Some(3) {
            from.readable().await.unwrap();
        }
        let mut count = 0;
        std::future::poll_fn(|cx| pipe.poll_drain(cx, &to, &mut count)).await.unwrap();
        pipes.put(pipe);
        assert_eq!((count, pipes.empty().len()), (3, 1));
        pipes.clear();
        assert_eq!(Arc::strong_count(&pipes.all), 1);
        drop(to);
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"two");
    }
}
