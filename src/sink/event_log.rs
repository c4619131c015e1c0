//! How does an event get from a request to the disk without the request waiting?
//!
//! A bounded queue and one thread. What does not fit is dropped and counted. The thread gathers what comes within a few
//! milliseconds, renders it into one buffer and writes it at once: under load that spares both sides a wake-up and a
//! system call for each event.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, TryRecvError, channel, sync_channel},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    Settings,
    chain::{self, Chain},
    journal::Journal,
};
use crate::event::{Event, Redactor};

/// How long the writer gathers before it writes.
const GATHER: Duration = Duration::from_millis(5);

/// How often the writer looks around while nothing happens: a new day lets old files go.
const IDLE: Duration = Duration::from_secs(600);

/// And while there is something left to say.
const SOON: Duration = Duration::from_secs(1);

/// How many rendered bytes are written at once.
const BATCH: usize = 256 * 1024;

/// How many bytes of heads may wait, however many events that is.
const WAITING_BYTES: usize = 64 * 1024 * 1024;

/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(5);

/// Takes what earlier processes left behind into the chain, without keeping anybody waiting: reading it may take seconds.
fn adopt(dir: PathBuf) -> io::Result<()> {
    let adopting = move || {
        if let Err(error) = chain::adopt(&dir, Timestamp::now()) {
            tracing::error!("event log: cannot take earlier files into {}: {error}", Chain::path(&dir).display());
        }
    };
    thread::Builder::new().name("event-log-chain".into()).spawn(adopting).map(drop)
}

/// Told of each event by the thread that writes, in the order of writing. It must not wait for anybody.
pub trait Witness: Send {
    /// An event is about to be written.
    fn saw(&mut self, event: &Event);
    /// What was seen is on disk, or lost.
    fn wrote(&mut self);
}

/// How the event log is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Events that wait to be written.
    pub waiting: usize,
    /// Events that the queue had no room for, or that could not be written, since the start.
    pub dropped: u64,
    /// Events that were written since the start.
    pub written: u64,
    /// Why nothing can be written at the moment, if so.
    pub problem: Option<String>,
}

/// Takes events. Clones share one queue.
#[derive(Clone, Debug)]
pub struct EventLog {
    queue: Sender<Waiting>,
    shared: Arc<Shared>,
}

/// An event, and the bytes that it keeps in memory.
type Waiting = (Event, usize);

#[derive(Debug, Default)]
struct Shared {
    /// Events on their way to the writer, and the bytes that they hold.
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
    /// No more may wait.
    most: usize,
    /// With so many waiting the writer stops gathering.
    enough: usize,
    dropped: AtomicU64,
    /// Taken from the queue, and of these lost.
    seen: AtomicU64,
    lost: AtomicU64,
    problem: Mutex<Option<String>>,
    closing: AtomicBool,
    writer: OnceLock<Thread>,
}

impl EventLog {
    /// Begins a file in the directory and starts the thread that writes.
    ///
    /// # Errors
    /// When the directory or a file in it cannot be made, or the thread cannot be started.
    pub fn open(settings: Settings, redactor: Redactor) -> io::Result<(Self, Writer)> {
        Self::open_before(settings, redactor, Vec::new())
    }

    /// As [`EventLog::open`], with witnesses.
    ///
    /// # Errors
    /// As for [`EventLog::open`].
    pub fn open_before(
        settings: Settings,
        redactor: Redactor,
        witnesses: Vec<Box<dyn Witness>>,
    ) -> io::Result<(Self, Writer)> {
        let journal = Journal::open(settings.clone(), Timestamp::now())?;
        adopt(settings.dir.clone())?;
        let (log, events) = Self::queue(settings.queue);
        let shared = log.shared.clone();
        let writing = Writing { events, shared, journal, redactor, witnesses, buffer: Vec::new(), taken: (0, 0) };
        let (done, finished) = sync_channel(1);
        let thread = thread::Builder::new().name("event-log".into()).spawn(move || {
            writing.run();
            // Nobody listens unless the log is being closed.
            let _ = done.try_send(());
        })?;
        log.shared.writer.get_or_init(|| thread.thread().clone());
        Ok((log.clone(), Writer { shared: log.shared, finished }))
    }

    fn queue(capacity: usize) -> (Self, Receiver<Waiting>) {
        let most = capacity.max(1);
        // A channel with a bound would lay out all of its places at once, five megabytes, and walk through them in turn:
        // this one takes what waits, and what is waiting is counted here.
        let (queue, events) = channel();
        (Self { queue, shared: Arc::new(Shared { most, enough: most.div_ceil(2), ..Shared::default() }) }, events)
    }

    /// Hands an event over. Never waits: when the queue is full the event is dropped and counted.
    pub fn record(&self, event: Event) {
        let bytes = weight(&event);
        let waiting = self.shared.waiting.fetch_add(1, Ordering::AcqRel) + 1;
        let waiting_bytes = self.shared.waiting_bytes.fetch_add(bytes, Ordering::AcqRel) + bytes;
        let is_full = waiting > self.shared.most || waiting_bytes > WAITING_BYTES;
        if is_full || self.queue.send((event, bytes)).is_err() {
            self.shared.taken(1, bytes);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if waiting == 1 || waiting == self.shared.enough {
            self.shared.wake();
        }
    }

    /// How it is doing.
    pub fn health(&self) -> Health {
        let Shared { waiting, dropped, seen, lost, problem, .. } = &*self.shared;
        let lost = lost.load(Ordering::Relaxed);
        Health {
            waiting: waiting.load(Ordering::Relaxed),
            dropped: dropped.load(Ordering::Relaxed) + lost,
            written: seen.load(Ordering::Relaxed).saturating_sub(lost),
            problem: problem.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// How many events were dropped because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    fn taken(&self, events: usize, bytes: usize) {
        self.waiting.fetch_sub(events, Ordering::AcqRel);
        self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
    }
}

/// The bytes that an event keeps in memory, roughly.
fn weight(event: &Event) -> usize {
    let fields = event.head.fields.iter().map(|field| field.name.len() + field.value.len() + size_of_val(field));
    size_of::<Event>() + event.head.target.len() + fields.sum::<usize>()
}

/// The thread that writes; to be closed at the end.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    finished: Receiver<()>,
}

impl Writer {
    /// Writes what is queued and ends the file. Gives up after a few seconds, and says so, when the disk does not answer.
    pub fn close(self) {
        self.shared.closing.store(true, Ordering::Release);
        self.shared.wake();
        if self.finished.recv_timeout(CLOSING).is_err() {
            let waiting = self.shared.waiting.load(Ordering::Acquire);
            tracing::error!("event log: {waiting} events could not be written within {} s", CLOSING.as_secs());
        }
    }
}

/// What the thread works with.
struct Writing {
    events: Receiver<Waiting>,
    shared: Arc<Shared>,
    journal: Journal,
    redactor: Redactor,
    witnesses: Vec<Box<dyn Witness>>,
    buffer: Vec<u8>,
    /// What is in the buffer: how many events, and how many bytes they kept in memory.
    taken: (usize, usize),
}

impl Writing {
    fn run(mut self) {
        let mut drops = Drops::default();
        loop {
            // Read before draining: what was queued before the log was closed is still written.
            let is_closing = self.shared.closing.load(Ordering::Acquire);
            let is_abandoned = self.drain();
            drops.report(self.shared.dropped.load(Ordering::Relaxed), is_closing);
            if is_closing || is_abandoned {
                break;
            }
            self.gather(drops.is_behind(self.shared.dropped.load(Ordering::Relaxed)));
        }
        if self.journal.lost() > 0 {
            tracing::warn!(
                "event log: {} events were lost in all because they could not be written",
                self.journal.lost()
            );
        }
        self.journal.close(Timestamp::now());
    }

    /// Waits for something to write, and a little longer for more of it. `record` wakes at the first event and when
    /// there are enough; a wake-up too many only means writing early.
    fn gather(&mut self, is_soon: bool) {
        if self.shared.waiting.load(Ordering::Acquire) == 0 {
            self.journal.tick(Timestamp::now());
            thread::park_timeout(if is_soon { SOON } else { IDLE });
        }
        let waiting = self.shared.waiting.load(Ordering::Acquire);
        if waiting > 0 && waiting < self.shared.enough && !self.shared.closing.load(Ordering::Acquire) {
            thread::park_timeout(GATHER);
        }
    }

    /// Writes everything that is queued; true when nobody can send any more.
    fn drain(&mut self) -> bool {
        loop {
            match self.events.try_recv() {
                Ok((event, bytes)) => self.take(&event, bytes),
                Err(error) => {
                    self.flush();
                    return error == TryRecvError::Disconnected;
                }
            }
        }
    }

    fn take(&mut self, event: &Event, bytes: usize) {
        self.witnesses.iter_mut().for_each(|witness| witness.saw(event));
        event.render(&self.redactor, &mut self.buffer);
        self.taken = (self.taken.0 + 1, self.taken.1 + bytes);
        if self.buffer.len() >= BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let (events, bytes) = std::mem::take(&mut self.taken);
        if events > 0 {
            self.shared.seen.fetch_add(events as u64, Ordering::Relaxed);
            self.shared.taken(events, bytes);
            self.journal.append(&self.buffer, Timestamp::now());
            self.buffer.clear();
            self.buffer.shrink_to(2 * BATCH);
            self.shared.lost.store(self.journal.lost(), Ordering::Relaxed);
            self.witnesses.iter_mut().for_each(|witness| witness.wrote());
            let problem = self.journal.problem().map(str::to_owned);
            *self.shared.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
        }
    }
}

/// Says that events were dropped, at most once a second.
#[derive(Default)]
struct Drops {
    reported: u64,
    last: Option<Instant>,
}

impl Drops {
    /// Whether there is something to say, as soon as that is due.
    fn is_behind(&self, dropped: u64) -> bool {
        dropped > self.reported
    }

    fn report(&mut self, dropped: u64, is_last: bool) {
        let is_due = self.last.is_none_or(|last| last.elapsed() >= SOON);
        if dropped > self.reported && (is_due || is_last) {
            tracing::warn!("event log: the queue was full; {} events were dropped", dropped - self.reported);
            self.reported = dropped;
            self.last = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Values, Verdict},
        exchange::{Context, Fields, InstallationKey, Origin, RequestHead, Scheme, Vantage, Version},
        sink::segments,
    };

    fn event(value: &'static str) -> Event {
        let fields: Fields = [("X", value)].into_iter().collect();
        Event {
            verdict: Verdict::Forwarded,
            ..Event::begun(
                ulid::Ulid::from_parts(1, 1),
                Timestamp::UNIX_EPOCH,
                Context {
                    listener: "test".into(),
                    vantage: Vantage::NoCarrier,
                    client: ([192, 0, 2, 7], 51344).into(),
                    origin: Origin::parse(Scheme::Http, b"example.org").unwrap(),
                    led: None,
                    known: <_>::default(),
                },
                Arc::new(RequestHead { method: "GET".into(), target: "/".into(), version: Version::Http11, fields }),
            )
        }
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let (log, events) = EventLog::queue(2);
        (0..5).for_each(|_| log.record(event("")));
        assert_eq!((log.dropped(), events.try_iter().count()), (3, 2));
        drop(events);
        log.record(event(""));
        assert_eq!(log.dropped(), 4);
    }

    #[test]
    fn many_large_heads_do_not_fill_the_memory() {
        let (log, events) = EventLog::queue(10_000);
        let large: &'static str = "x".repeat(1 << 20).leak();
        (0..100).for_each(|_| log.record(event(large)));
        assert_eq!((log.dropped(), events.try_iter().count()), (37, 63));
    }

    #[test]
    fn closing_writes_all_that_was_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let settings =
            Settings { dir: dir.path().into(), keep_days: 1, max_bytes: 1 << 30, segment_bytes: 1 << 30, queue: 5_000 };
        let redactor = Redactor::new(Values::Masked, InstallationKey::new([7; 32]));
        let (log, writer) = EventLog::open(settings, redactor).unwrap();
        thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(|| (0..1_000).for_each(|_| log.record(event("1"))))));
        });
        writer.close();
        let written: String =
            segments(dir.path()).unwrap().iter().map(|file| std::fs::read_to_string(&file.path).unwrap()).collect();
        assert_eq!((written.lines().count(), log.dropped()), (4_000, 0));
        assert!(written.lines().all(|line| line.starts_with("{\"v\":1") && line.ends_with('}')));
    }
}
