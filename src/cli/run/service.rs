//! What does the service manager hear of us?
//!
//! What sd_notify(3) says, where there is a manager that listens (`NOTIFY_SOCKET`); else nothing is said.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// In the time within which the manager expects a sign of life, so many are given.
const SIGNS: u32 = 3;

/// The service manager, as far as it wants to hear from us.
#[derive(Clone, Copy, Debug)]
pub struct Manager {
    /// How often it is to have a sign of life, if at all.
    pub sign: Option<Duration>,
}

impl Manager {
    /// The one of this process.
    pub fn of_process() -> Self {
        let patience = sd_notify::watchdog_enabled().filter(|patience| !patience.is_zero());
        Self { sign: patience.map(|patience| patience / SIGNS) }
    }

    /// Ready, or ready again after [`Self::reloading`].
    pub fn ready(self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The configuration is being read anew.
    pub fn reloading(self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!("the service manager is not told of the reload: {error}"),
        }
    }

    /// About to end.
    pub fn stopping(self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("ending what is under way")]);
    }

    /// Still at work.
    pub fn alive(self) {
        tell(&[NotifyState::Watchdog]);
    }

    /// When a sign of life is due. To be called where time is kept.
    pub fn signs(self) -> Signs {
        let timer = self.sign.map(|period| {
            let mut timer = interval(period);
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // The first would be due before anybody can have done anything.
            timer.reset();
            timer
        });
        Signs { timer }
    }
}

/// The times at which a sign of life is due.
#[derive(Debug)]
pub struct Signs {
    timer: Option<Interval>,
}

impl Signs {
    /// Waits for the next; for ever, if nobody wants any.
    pub async fn due(&mut self) {
        match &mut self.timer {
            Some(timer) => drop(timer.tick().await),
            None => std::future::pending().await,
        }
    }
}

/// A manager that cannot be told is no reason to stop working.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("the service manager cannot be told anything: {error}");
    }
}
