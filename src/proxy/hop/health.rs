//! Is the exit up?
//!
//! What every attempt shows is noted here, and told in the log when it changes. While the exit is down nothing waits for
//! it: what goes direct goes at once, what is refused is refused at once, and only the keeper tries.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// The first pause after a failure; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is known of the exit.
#[derive(Debug)]
pub struct Health {
    name: String,
    is_down: AtomicBool,
    state: Mutex<State>,
    wanted: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Why it is down.
    reason: Option<Arc<str>>,
    /// Failures one after another.
    failures: u32,
    last_good: Option<Instant>,
    /// Something was amiss since.
    is_suspect: bool,
}

impl Health {
    /// Nothing is known yet of the exit with this name, and it is taken to be up.
    pub fn new(name: String) -> Self {
        Self { name, is_down: AtomicBool::new(false), state: Mutex::default(), wanted: Arc::default() }
    }

    /// Why the exit is down, if it is.
    pub fn why_down(&self) -> Option<Arc<str>> {
        if !self.is_down.load(Ordering::Acquire) {
            return None;
        }
        self.lock().reason.clone()
    }

    /// It did what it was asked to do.
    pub fn works(&self) {
        let mut state = self.lock();
        let is_new = state.last_good.is_none() || state.reason.is_some();
        *state = State { last_good: Some(Instant::now()), ..State::default() };
        self.is_down.store(false, Ordering::Release);
        drop(state);
        if is_new {
            tracing::info!(exit = %self.name, "the exit is up");
        }
    }

    /// It failed, and for this reason.
    pub fn fails(&self, reason: &str) {
        let mut state = self.lock();
        let is_new = state.reason.as_deref() != Some(reason);
        state.failures = state.failures.saturating_add(1);
        state.reason = Some(reason.into());
        self.is_down.store(true, Ordering::Release);
        drop(state);
        if is_new {
            tracing::warn!(exit = %self.name, "the exit is down: {reason}");
        }
    }

    /// Something is amiss, or somebody needs it: the keeper is to look at once.
    pub fn wants_check(&self) {
        self.lock().is_suspect = true;
        self.wanted.notify_one();
    }

    /// Completes when a check is wanted.
    pub fn wanted(&self) -> Arc<Notify> {
        Arc::clone(&self.wanted)
    }

    /// Whether it has proved itself within that time.
    pub fn is_proved(&self, within: Duration) -> bool {
        let state = self.lock();
        !state.is_suspect && state.reason.is_none() && state.last_good.is_some_and(|last| last.elapsed() < within)
    }

    /// How long to wait before the next attempt; while it is up, `usual`.
    pub fn pause(&self, usual: Duration) -> Duration {
        let state = self.lock();
        if state.reason.is_none() {
            return usual;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << state.failures.saturating_sub(1).min(16));
        doubled.min(LONGEST_PAUSE).min(usual.max(FIRST_PAUSE))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is sound after any partial change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_it_fails_and_are_forgotten_when_it_works() {
        let health = Health::new("exit.example:8443".into());
        let usual = Duration::from_secs(60);
        assert_eq!((health.why_down(), health.pause(usual)), (None, usual));
        let mut last = Duration::ZERO;
        for _ in 0..40 {
            health.fails("it is gone");
            assert!(health.pause(usual) >= last && health.pause(usual) <= LONGEST_PAUSE);
            last = health.pause(usual);
        }
        assert_eq!((last, health.why_down().as_deref()), (LONGEST_PAUSE, Some("it is gone")));
        health.works();
        assert!(health.why_down().is_none() && health.is_proved(usual));
        health.fails("again");
        assert_eq!(health.pause(usual), FIRST_PAUSE);
    }
}
