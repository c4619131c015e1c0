//! Do the workers still work?
//!
//! An event loop that is stuck beats no more, whatever the rest of the process does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::interval;

/// One flag for each worker: raised by it, lowered by whoever looks.
#[derive(Clone, Debug)]
pub struct Pulse {
    beats: Arc<[AtomicBool]>,
}

impl Pulse {
    /// For so many workers.
    pub fn new(workers: usize) -> Self {
        Self { beats: (0..workers).map(|_| AtomicBool::new(false)).collect() }
    }

    /// Beats as long as the event loop of this worker turns.
    pub async fn beat(self, worker: usize, period: Duration) {
        let mut ticks = interval(period);
        loop {
            ticks.tick().await;
            if let Some(beat) = self.beats.get(worker) {
                beat.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Whether every worker has beaten since this was last asked.
    pub fn felt(&self) -> bool {
        // All of them are asked, whatever the first says.
        self.beats.iter().filter(|beat| !beat.swap(false, Ordering::Relaxed)).count() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_worker_has_to_beat() {
        let pulse = Pulse::new(2);
        assert!(!pulse.felt());
        let first = tokio::spawn(pulse.clone().beat(0, Duration::from_secs(1)));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!pulse.felt());
        let second = tokio::spawn(pulse.clone().beat(1, Duration::from_secs(1)));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(pulse.felt());
        second.abort();
        first.abort();
        tokio::time::sleep(Duration::from_secs(2)).await;
        pulse.felt();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!pulse.felt());
    }
}
