//! How does an alert get to somebody, however slow they are?
//!
//! A bounded queue and a thread for each: one alert at a time, so many an hour. What is too much is counted, and told in one
//! summary when the hour is over, or when clir ends.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{Alert, Kind, Webhook, command, window::Window};
use crate::detect::Severity;

/// Alerts that wait for one of them.
const QUEUE: usize = 64;

/// Somebody to be told.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is called in the log.
    pub name: String,
    /// Of what it is told.
    pub kinds: Vec<Kind>,
    /// Of leaks that are at least so bad.
    pub severity: Severity,
    /// Of leaks only if no site had received the identifier before.
    pub only_first_ever: bool,
    /// How.
    pub way: Way,
    /// How often within an hour.
    pub per_hour: u32,
    /// How long each may take.
    pub limit: Duration,
}

/// How somebody is told.
#[derive(Clone, Debug)]
pub enum Way {
    /// By a program and its arguments.
    Command(Vec<String>),
    /// By a request.
    Webhook(Webhook),
}

impl Target {
    fn wants(&self, alert: &Alert) -> bool {
        let is_bad = alert.severity().is_none_or(|severity| severity >= self.severity);
        let is_leak = alert.kind == Kind::FirstLeak;
        self.kinds.contains(&alert.kind) && (!is_leak || is_bad && (!self.only_first_ever || alert.is_first_ever()))
    }

    fn hand(&self, alert: &Alert, tries: Option<u32>) -> Result<(), String> {
        match &self.way {
            Way::Command(argv) => command::run(argv, &alert.line(), self.limit),
            Way::Webhook(webhook) => webhook.post(&alert.line(), self.limit, tries),
        }
    }
}

/// Where it goes, as far as that may be told.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(argv) => f.write_str(argv.first().map_or("", String::as_str)),
            Self::Webhook(webhook) => webhook.fmt(f),
        }
    }
}

/// Hands somebody an alert that says that this is a test.
///
/// # Errors
/// Why it did not arrive.
pub fn try_out(target: &Target) -> Result<(), String> {
    let words = "This is a test: whoever reads it will be told what clir has to tell.";
    target.hand(&Alert::new(Timestamp::now(), Kind::Test, words), Some(1))
}

/// Tells somebody.
#[derive(Debug)]
pub struct Post {
    target: Arc<Target>,
    queue: SyncSender<Arc<Alert>>,
    /// For which there was no room.
    lost: Arc<AtomicU64>,
    finished: Receiver<()>,
}

impl Post {
    /// Starts the thread.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(target: Target) -> io::Result<Self> {
        let (queue, alerts) = sync_channel(QUEUE);
        let (done, finished) = sync_channel(1);
        let (target, lost) = (Arc::new(target), Arc::new(AtomicU64::new(0)));
        let postman =
            Postman { target: Arc::clone(&target), lost: Arc::clone(&lost), window: Window::new(target.per_hour) };
        thread::Builder::new().name("alert".into()).spawn(move || {
            postman.run(&alerts);
            // Nobody listens unless it is being closed.
            let _ = done.try_send(());
        })?;
        Ok(Self { target, queue, lost, finished })
    }

    /// Hands an alert over, if it is wanted. Never waits.
    pub fn offer(&self, alert: &Arc<Alert>) {
        if self.target.wants(alert) && self.queue.try_send(Arc::clone(alert)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all is handed over, and no longer than that.
    pub fn close(self, until: Instant) {
        let Self { target, queue, finished, .. } = self;
        drop(queue);
        let left = until.saturating_duration_since(Instant::now());
        if finished.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("alert \"{}\": not all could be handed over before the end", target.name);
        }
    }
}

/// What the thread has in hand.
struct Postman {
    target: Arc<Target>,
    lost: Arc<AtomicU64>,
    window: Window,
}

impl Postman {
    fn run(mut self, alerts: &Receiver<Arc<Alert>>) {
        loop {
            match alerts.recv_timeout(self.window.left(Instant::now())) {
                Ok(alert) => self.deliver(&alert),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.sum_up(),
            }
            if self.window.is_over(Instant::now()) {
                self.sum_up();
            }
        }
    }

    fn deliver(&mut self, alert: &Alert) {
        if self.window.is_over(Instant::now()) {
            self.sum_up();
        }
        if self.window.admits(Instant::now()) {
            self.hand(alert);
        }
    }

    fn sum_up(&mut self) {
        let held_back = self.window.close() + self.lost.swap(0, Ordering::Relaxed);
        if held_back > 0 {
            let words =
                format!("{held_back} more alerts were held back: at most {} an hour are told", self.target.per_hour);
            let mut summary = Alert::new(Timestamp::now(), Kind::Summary, words);
            summary.details.held_back = Some(held_back);
            self.hand(&summary);
        }
    }

    fn hand(&self, alert: &Alert) {
        let Target { name, way, .. } = &*self.target;
        match self.target.hand(alert, None) {
            Ok(()) => tracing::debug!("alert \"{name}\" was taken by {way}"),
            Err(why) => tracing::warn!("alert \"{name}\" could not be handed to {way}: {why}"),
        }
    }
}
