//! Where do lines, keys and signals come from?
//!
//! From a thread each, through channels that hold little: who watches slowly, or not at all for a while, is read for slowly.

use std::{
    io, mem,
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use ratatui::crossterm::event::{self, Event};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

use crate::{
    cli::{
        Failure,
        events::{Filter, Read, Tail},
    },
    event::EventLine,
};

/// How often the log is looked at.
const POLL: Duration = Duration::from_millis(200);
/// So much is handed on at once, at most.
const EVENTS: usize = 256;
const BYTES: usize = 1 << 20;
/// While there is much to read, how long the first line may wait for others.
const WAIT: Duration = Duration::from_millis(30);

/// What happened.
#[derive(Debug)]
pub(super) enum Message {
    /// A key, a paste, another size.
    Input(Event),
    /// A batch of events waits.
    Batch,
    /// Everything that was there has been read.
    Live,
    /// A signal asks us to end.
    End,
    /// It cannot go on.
    Failed(Failure),
}

/// Some of the log's lines.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Lines and what they hold.
    pub events: Vec<(Box<[u8]>, EventLine)>,
    /// How many lines were no events.
    pub strange: u64,
    bytes: usize,
}

/// Reads the log for ever: what the filter admits comes in batches, two of which wait at most.
pub(super) fn events(mut tail: Tail, filter: Filter, messages: SyncSender<Message>) -> Receiver<Batch> {
    let (batches, received) = sync_channel(2);
    thread::spawn(move || {
        let _watched = Watched(messages.clone());
        let mut reader = Reader { filter, batches, messages, batch: Batch::default(), begun: Instant::now() };
        let mut is_live = false;
        loop {
            let read = tail.advance(&mut |read| reader.take(read)).and_then(|()| reader.hand_on());
            if let Err(failure) = read {
                // Nobody listens any more when the view has ended.
                let _ = reader.messages.send(Message::Failed(failure));
                return;
            }
            if !mem::replace(&mut is_live, true) && reader.messages.send(Message::Live).is_err() {
                return;
            }
            thread::sleep(POLL);
        }
    });
    received
}

struct Reader {
    filter: Filter,
    batches: SyncSender<Batch>,
    messages: SyncSender<Message>,
    batch: Batch,
    begun: Instant,
}

impl Reader {
    fn take(&mut self, read: Read<'_>) -> Result<(), Failure> {
        if self.batch.is_empty() {
            self.begun = Instant::now();
        }
        match read {
            Read::Strange(..) => self.batch.strange += 1,
            Read::Event(line) => {
                let event = serde_json::from_slice(line).ok().filter(|event| self.filter.admits(event));
                self.batch.bytes += event.as_ref().map_or(0, |_| line.len());
                self.batch.events.extend(event.map(|event| (line.into(), event)));
            }
        }
        let is_full = self.batch.events.len() >= EVENTS || self.batch.bytes >= BYTES;
        if is_full || self.begun.elapsed() >= WAIT { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> Result<(), Failure> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let gone = || Failure::new("the view has ended");
        self.batches.send(mem::take(&mut self.batch)).map_err(|_| gone())?;
        self.messages.send(Message::Batch).map_err(|_| gone())
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.strange == 0
    }
}

/// Reads keys for ever.
pub(super) fn keys(messages: SyncSender<Message>) {
    thread::spawn(move || {
        let _watched = Watched(messages.clone());
        loop {
            let message = match event::read() {
                Ok(event) => Message::Input(event),
                Err(error) => Message::Failed(Failure::because("the terminal has gone", error)),
            };
            let is_last = matches!(message, Message::Failed(_));
            if messages.send(message).is_err() || is_last {
                return;
            }
        }
    });
}

/// Waits for a signal that ends us: SIGTERM, SIGINT, and SIGHUP when the connection to the terminal breaks.
///
/// # Errors
/// Signals cannot be waited for.
pub(super) fn signals(messages: SyncSender<Message>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut terminate, mut interrupt, mut hangup) = {
        let _context = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?)
    };
    thread::spawn(move || {
        runtime.block_on(async {
            // Whichever comes first; the others end us no less.
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
            }
        });
        let _ = messages.send(Message::End);
    });
    Ok(())
}

/// The channel of messages.
pub(super) fn channel() -> (SyncSender<Message>, Receiver<Message>) {
    sync_channel(64)
}

/// Ends the view when a thread of it panics, which would otherwise stand still.
struct Watched(SyncSender<Message>);

impl Drop for Watched {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.try_send(Message::Failed(Failure::new("a fault of clir's own ended the view")));
        }
    }
}

/// Reads from the beginning of this directory's log, or from this moment on.
///
/// # Errors
/// There is no such directory.
pub(super) fn tail(dir: &Path, since: Option<jiff::Timestamp>) -> Result<Tail, Failure> {
    crate::sink::segments(dir).map_err(|error| {
        let what = format!(
            "cannot read the event log in {} (`clir run` makes it when it starts; --dir names another)",
            dir.display()
        );
        Failure::because(what, error)
    })?;
    Ok(Tail::new(dir, since))
}
