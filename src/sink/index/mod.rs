//! What was there, among a million events?
//!
//! A database beside the event log that knows where each line is, what can be asked for, and how much there was of
//! everything. It is fed by a thread of its own from the files on disk; requests know nothing of it. It holds no more
//! than the lines do, and can be deleted: it is made anew from them.

mod brief;
mod entry;
mod follow;
mod page;
mod prune;
mod reader;
mod row;
mod schema;
mod spots;
mod sums;
mod walk;
mod write;

#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

pub use entry::{Kind, cursor};
pub use page::{Page, Wanted};
pub use reader::Reader;
pub use row::Row;
pub use spots::{Asked, Fits, Spots, spots};
pub use sums::{Bucket, By, Counted, Received, Span, Summary};

use super::segment::segments;
use crate::event::EventLine;

/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(5);

/// Told of each event once it is on disk and in the index. It must not wait for anybody.
pub trait Watcher: Send {
    /// An event was written.
    fn saw(&mut self, event: &EventLine, row: &Row);

    /// Whether somebody waits for the next one. While nobody does, nothing is read for anybody.
    fn is_waiting(&self) -> bool;
}

/// The index. Clones share it.
#[derive(Clone, Debug)]
pub struct Index {
    dir: PathBuf,
    shared: Arc<Shared>,
    wake: SyncSender<()>,
}

/// What the thread tells.
#[derive(Debug, Default)]
pub struct Shared {
    behind: AtomicU64,
    generation: AtomicU64,
    closing: AtomicBool,
    /// Somebody has asked since this was last looked at.
    asked: AtomicBool,
}

/// The thread that reads the event log; to be closed at the end.
#[derive(Debug)]
pub struct Indexer {
    shared: Arc<Shared>,
    wake: SyncSender<()>,
    finished: Receiver<()>,
}

impl Index {
    /// The index of the event log in `dir`, which nothing is put into yet.
    pub fn new(dir: &Path) -> (Self, Beginning) {
        let (wake, wakes) = sync_channel(1);
        let index = Self { dir: dir.to_owned(), shared: Arc::default(), wake };
        (index.clone(), Beginning { index, wakes })
    }

    /// Says that something was written. Never waits.
    pub fn wake(&self) {
        // It is awake already if there is no room.
        let _ = self.wake.try_send(());
    }

    /// Bytes of the event log that are not in it yet.
    pub fn behind(&self) -> u64 {
        self.shared.behind.load(Ordering::Relaxed)
    }

    /// Changes when the database was made anew: who opened it before has to do so again.
    pub fn generation(&self) -> u64 {
        self.shared.asked.store(true, Ordering::Relaxed);
        self.shared.generation.load(Ordering::Acquire)
    }

    /// Somebody who may ask.
    ///
    /// # Errors
    /// There is no database yet, or it cannot be read.
    pub fn reader(&self) -> rusqlite::Result<Reader> {
        Reader::open(&self.dir, self.generation())
    }
}

/// An index that is about to be fed.
#[derive(Debug)]
pub struct Beginning {
    index: Index,
    wakes: Receiver<()>,
}

impl Beginning {
    /// Begins, once the event log has begun its newest file. `watchers` are told of what is in that and later ones.
    ///
    /// # Errors
    /// The directory cannot be read, or the thread cannot be started.
    pub fn start(self, watchers: Vec<Box<dyn Watcher>>) -> io::Result<Indexer> {
        let Self { index: Index { dir, shared, wake }, wakes } = self;
        // Whoever asks before anything is in it is to find nothing, and not no database.
        if let Err(error) = schema::open(&dir) {
            tracing::warn!("the event log has no index, and the live view no past: {error}");
        }
        let mut list = segments(&dir)?;
        list.pop();
        let old = list.iter().map(|segment| segment.name().to_owned()).collect();
        let (done, finished) = sync_channel(1);
        let follower = follow::Follower { dir, shared: Arc::clone(&shared), watchers, old, asked: None };
        thread::Builder::new().name("event-index".into()).spawn(move || {
            follower.run(&wakes);
            // Nobody listens unless the index is being closed.
            let _ = done.try_send(());
        })?;
        Ok(Indexer { shared, wake, finished })
    }
}

impl Indexer {
    /// Takes in what was written last. What does not get in within a few seconds does so at the next start.
    pub fn close(self) {
        self.shared.closing.store(true, Ordering::Release);
        // Awake already if there is no room.
        let _ = self.wake.try_send(());
        if self.finished.recv_timeout(CLOSING) == Err(RecvTimeoutError::Timeout) {
            tracing::info!("the live view's index is not complete; it goes on at the next start");
        }
    }
}
