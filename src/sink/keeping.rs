//! How does a thread that stores things end, with what it still has in hand, and in time?

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(5);

/// A thread that stores; to be closed at the end.
#[derive(Debug)]
pub(super) struct Keeping {
    close: SyncSender<()>,
    finished: Receiver<()>,
}

impl Keeping {
    /// Starts the thread. It ends when it hears something, or that nobody can say anything any more.
    pub(super) fn start(name: &str, run: impl FnOnce(&Receiver<()>) + Send + 'static) -> io::Result<Self> {
        let (close, closing) = sync_channel(1);
        let (done, finished) = sync_channel(1);
        thread::Builder::new().name(name.into()).spawn(move || {
            run(&closing);
            // Nobody listens unless it is being closed.
            let _ = done.try_send(());
        })?;
        Ok(Self { close, finished })
    }

    /// Has the thread store what it has not stored. Gives up after a few seconds, and says what could not be stored, when the
    /// disk does not answer.
    pub(super) fn close(self, what: &str) {
        // A thread that is gone needs no telling.
        let _ = self.close.try_send(());
        if self.finished.recv_timeout(CLOSING) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("{what} could not be stored within {} s", CLOSING.as_secs());
        }
    }
}
