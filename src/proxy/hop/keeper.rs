//! Who looks after the exit?
//!
//! One task for each exit: it pings the connections that are there, looks in from time to time where there are none, and
//! tries to get through while the exit is down. Nobody waits for it.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use tokio::time::{sleep, timeout};

use super::exit::Exit;

/// However much a check is wanted, it is not made more often.
const LEAST_PAUSE: Duration = Duration::from_millis(500);

/// Sees to it that the exit is looked after for as long as it is there.
pub fn keep(exit: &Arc<Exit>) {
    if !exit.is_kept.swap(true, Ordering::AcqRel) {
        tokio::spawn(run(Arc::downgrade(exit)));
    }
}

async fn run(exit: Weak<Exit>) {
    loop {
        let Some(held) = exit.upgrade() else { return };
        check(&held).await;
        let (pause, wanted) = (held.health.pause(held.settings.check), held.health.wanted());
        // Not held while nothing is done, so that it ends with the configuration that it stands in.
        drop(held);
        sleep(LEAST_PAUSE.min(pause)).await;
        // Until the next look, or until somebody has a reason for one.
        let _ = timeout(pause.saturating_sub(LEAST_PAUSE), wanted.notified()).await;
    }
}

async fn check(exit: &Exit) {
    if exit.health.why_down().is_none() {
        let mut answers = false;
        for shared in exit.all_shared() {
            if shared.ping(exit.settings.connect).await.is_some() {
                answers = true;
            } else {
                exit.forget(&shared);
                shared.give_up();
            }
        }
        if answers {
            return exit.health.works();
        }
        if exit.health.is_proved(exit.settings.check) {
            return;
        }
    }
    if exit.probe().await.is_err() {
        tracing::debug!("the exit was looked at, and is down");
    }
}
