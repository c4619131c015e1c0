//! What has just become known that somebody should be told at once?
//!
//! That an identifier left for a site for the first time; that a carrier began to insert a header, or ceased to. The
//! thread that writes events glances at each, hands over what may be news and never waits; another one judges that, remembers
//! what is known already in SQLite beside the events, and hands alerts to whoever the configuration names: a command or a
//! webhook each, on a thread of its own. No alert holds more of a value than the event log shows when it masks.

mod command;
mod glance;
mod headers;
mod notice;
mod post;
mod store;
mod watch;
mod webhook;
mod window;

#[cfg(test)]
mod tests;

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::broadcast;

pub use notice::{Alert, Kind};
pub use post::{Target, Way, try_out};
pub use webhook::Webhook;

use glance::{Glance, Sign};
use headers::{Changes, Headers};
use post::Post;
use store::Store;
use watch::Watching;

use crate::{
    event::{Event, Redactor, Values},
    exchange::{InstallationKey, Scheme},
    sink::Witness,
};

/// Events that wait to be judged; more are passed over, and counted.
const QUEUE: usize = 1024;
/// Alerts that a slow reader may be behind.
const BEHIND: usize = 256;
/// How often what is remembered of headers is stored.
const INTERVAL: Duration = Duration::from_secs(30);
/// How long closing may take, and then again for what is being handed over.
const CLOSING: Duration = Duration::from_secs(3);
/// Alerts that are written down within an hour; who wants to hear of more has to look.
const PER_HOUR: u32 = 500;

/// The alerts of this clir. Clones share them.
#[derive(Clone, Debug)]
pub struct Alerts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Mutex<Store>,
    posts: Mutex<Vec<Post>>,
    told: broadcast::Sender<Arc<Alert>>,
    dropped: AtomicU64,
    /// How often the thread that judges has forgotten something.
    forgotten: AtomicU64,
}

/// What is handed over.
enum Word {
    /// An event that may be news, and what has changed among headers.
    News(Box<(Event, Changes)>),
    End,
}

/// The thread that judges; to be closed at the end.
#[derive(Debug)]
pub struct Judging {
    queue: SyncSender<Word>,
    finished: Receiver<()>,
    alerts: Alerts,
    headers: Arc<Mutex<Headers>>,
    key: InstallationKey,
    stopped_after: u32,
}

impl Alerts {
    /// Takes up what is known in `dir` and starts the thread that judges; a header has stopped when it was missing
    /// `stopped_after` times in a row. Where no database can be had, all is new after each start, which is said.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn open(dir: &Path, key: &InstallationKey, stopped_after: u32) -> io::Result<(Self, Judging)> {
        let store = Store::open(dir);
        let (told, _) = broadcast::channel(BEHIND);
        let watching = Watching::new(Redactor::new(Values::Masked, key.clone()), key.clone(), stopped_after);
        let watching = watching.knowing(store.seen());
        let headers = Arc::new(Mutex::new(Headers::knowing(store.places())));
        let (store, posts) = (Mutex::new(store), Mutex::default());
        let inner = Inner { store, posts, told, dropped: AtomicU64::new(0), forgotten: AtomicU64::new(0) };
        let alerts = Self(Arc::new(inner));
        let (queue, words) = sync_channel(QUEUE);
        let (done, finished) = sync_channel(1);
        let (stored, hour) = (Instant::now(), Instant::now());
        let judge = Judge { alerts: alerts.clone(), watching, headers: Arc::clone(&headers), stored, hour, count: 0 };
        thread::Builder::new().name("alerts".into()).spawn(move || {
            judge.run(&words);
            // Nobody listens unless it is being closed.
            let _ = done.try_send(());
        })?;
        Ok((alerts.clone(), Judging { queue, finished, alerts, headers, key: key.clone(), stopped_after }))
    }

    /// Hands alerts to these from now on. What waits for those of before is still handed over.
    ///
    /// # Errors
    /// A thread cannot be started; then nothing changes.
    pub fn direct(&self, targets: Vec<Target>) -> io::Result<()> {
        let posts = targets.into_iter().map(Post::start).collect::<Result<_, _>>()?;
        *lock(&self.0.posts) = posts;
        Ok(())
    }

    /// The last so many, the newest first.
    pub fn last(&self, limit: usize) -> Vec<Arc<Alert>> {
        lock(&self.0.store).last(limit)
    }

    /// Those that come from now on. Who reads slowly misses some, and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Alert>> {
        self.0.told.subscribe()
    }

    /// Events that were not judged because too many were waiting.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    fn tell(&self, alert: Alert) {
        let alert = Arc::new(alert);
        lock(&self.0.store).keep(&alert);
        // Nobody need be listening.
        let _ = self.0.told.send(Arc::clone(&alert));
        lock(&self.0.posts).iter().for_each(|post| post.offer(&alert));
    }
}

/// What is inside is sound after any partial change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Judging {
    /// Hands events over, for the thread that writes them.
    pub fn witness(&self) -> Box<dyn Witness> {
        let glance = Glance::new(&self.key, Arc::clone(&self.headers), self.stopped_after);
        Box::new(Ear { queue: self.queue.clone(), alerts: self.alerts.clone(), glance })
    }

    /// Judges what waits, stores what is known, and hands over what is to be handed over, within a few seconds.
    pub fn close(self) {
        let start = Instant::now();
        let mut end = Word::End;
        while let Err(std::sync::mpsc::TrySendError::Full(back)) = self.queue.try_send(end) {
            if start.elapsed() > CLOSING {
                break;
            }
            end = back;
            thread::sleep(Duration::from_millis(10));
        }
        if self.finished.recv_timeout(CLOSING) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("alerts could not be stored within {} s", CLOSING.as_secs());
        }
        let posts = std::mem::take(&mut *lock(&self.alerts.0.posts));
        let until = Instant::now() + CLOSING;
        posts.into_iter().for_each(|post| post.close(until));
        if self.alerts.dropped() > 0 {
            tracing::warn!("{} events were not judged for alerts: too many came at once", self.alerts.dropped());
        }
    }
}

/// Hears of events.
struct Ear {
    queue: SyncSender<Word>,
    alerts: Alerts,
    glance: Glance,
}

impl Witness for Ear {
    fn saw(&mut self, event: &Event) {
        let is_cleartext = event.context.origin.scheme == Scheme::Http && event.tunnel.is_none();
        if event.findings.is_empty() && !is_cleartext {
            return;
        }
        let forgotten = self.alerts.0.forgotten.load(Ordering::Relaxed);
        if let Some(sign) = self.glance.look(event, forgotten, Timestamp::now().as_second()) {
            self.hand_over(event, sign);
        }
    }

    fn wrote(&mut self) {}
}

impl Ear {
    fn hand_over(&mut self, event: &Event, sign: Sign) {
        let news = Box::new((event.clone(), sign.changes.clone()));
        if self.queue.try_send(Word::News(news)).is_ok() {
            self.glance.keep(sign);
        } else {
            self.glance.withdraw(sign);
            self.alerts.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the thread has in hand.
struct Judge {
    alerts: Alerts,
    watching: Watching,
    headers: Arc<Mutex<Headers>>,
    stored: Instant,
    hour: Instant,
    count: u32,
}

impl Judge {
    fn run(mut self, words: &Receiver<Word>) {
        loop {
            match words.recv_timeout(INTERVAL) {
                Ok(Word::News(news)) => self.judge(&news.0, &news.1),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Word::End) | Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.stored.elapsed() >= INTERVAL {
                self.store();
            }
        }
        self.store();
    }

    fn judge(&mut self, event: &Event, changes: &Changes) {
        let alerts = self.watching.take(event, changes, Timestamp::now());
        self.alerts.0.forgotten.store(self.watching.forgotten(), Ordering::Relaxed);
        // Known before it is told: after a crash nobody is told twice.
        let changes = self.watching.take_seen();
        if !changes.is_empty() {
            lock(&self.alerts.0.store).remember(&changes);
        }
        for alert in alerts {
            if self.has_room() {
                self.alerts.tell(alert);
            }
        }
    }

    fn has_room(&mut self) -> bool {
        if self.hour.elapsed() >= Duration::from_secs(3600) {
            (self.hour, self.count) = (Instant::now(), 0);
        }
        self.count = self.count.saturating_add(1);
        if self.count == PER_HOUR {
            tracing::warn!("there were {PER_HOUR} alerts within an hour: further ones are not told until it is over");
        }
        self.count <= PER_HOUR
    }

    fn store(&mut self) {
        self.stored = Instant::now();
        let places = lock(&self.headers).take_changed();
        if !places.is_empty() {
            lock(&self.alerts.0.store).remember_places(&places);
        }
    }
}
