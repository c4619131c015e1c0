//! Has a peer been silent for too long?

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// A clock that runs while a peer keeps us waiting. Between waits it costs a look at the time, not a timer: one timer is
/// kept, and moved only when it fires or when an earlier deadline comes.
#[derive(Debug, Default)]
pub struct Stall {
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    /// The peer has done something: the next wait starts anew.
    pub fn calm(&mut self) {
        self.since = None;
    }

    /// Ready once the peer has been silent for `patience`; call it whenever a wait is pending.
    pub fn poll(&mut self, cx: &mut Context<'_>, patience: Duration) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let deadline = since + patience;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }

    /// Passes a poll's result on, as an error where it stayed pending for too long.
    pub fn guard<T>(
        &mut self,
        cx: &mut Context<'_>,
        patience: Duration,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.calm();
            return polled;
        }
        ready!(self.poll(cx, patience));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_counts_from_the_last_word() {
        let start = Instant::now();
        let mut stall = Stall::default();
        poll_fn(|cx| stall.poll(cx, Duration::from_secs(10))).await;
        assert_eq!(start.elapsed().as_secs(), 10);
        stall.calm();
        poll_fn(|cx| stall.poll(cx, Duration::from_secs(3))).await;
        assert_eq!(start.elapsed().as_secs(), 13);
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_deadline_moves_the_timer() {
        let start = Instant::now();
        let mut stall = Stall::default();
        poll_fn(|cx| {
            assert!(stall.poll(cx, Duration::from_secs(100)).is_pending());
            Poll::Ready(())
        })
        .await;
        stall.calm();
        poll_fn(|cx| stall.poll(cx, Duration::from_secs(1))).await;
        assert_eq!(start.elapsed().as_secs(), 1);
    }
}
