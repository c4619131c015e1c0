//! How is one stream of a client's HTTP/2 connection reset?
//!
//! A tunnel that broke off must end with a reset (RFC 9113 §8.5): an orderly end would make a part look like the whole.
//! hyper has no call for that. But what writes a tunnel's stream is a task that hyper gives us to run, and h2 resets a
//! stream whose last holder lets go of it before its end. So each request runs with a [`Reset`] at hand, and the task that
//! writes its tunnel ends when that is fired.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hyper::rt::Executor;
use tokio::sync::Notify;

tokio::task_local! {
    static STREAM: Arc<Reset>;
}

/// The means to reset one stream.
#[derive(Debug, Default)]
pub struct Reset {
    is_fired: AtomicBool,
    fired: Notify,
}

impl Reset {
    /// That of the stream whose request is being served here; nothing anywhere else.
    pub fn current() -> Option<Arc<Self>> {
        STREAM.try_with(Arc::clone).ok()
    }

    /// Resets the stream once its other half has been dropped too.
    pub fn fire(&self) {
        self.is_fired.store(true, Ordering::Release);
        self.fired.notify_one();
    }

    async fn wait(&self) {
        while !self.is_fired.load(Ordering::Acquire) {
            self.fired.notified().await;
        }
    }
}

/// Runs what hyper wants to have run for a client's HTTP/2 connection.
#[derive(Clone, Copy, Debug)]
pub struct StreamTasks;

impl<F> Executor<F> for StreamTasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        let Some(reset) = Reset::current() else {
            // The connection has a request: it is served with a reset of its own.
            tokio::spawn(STREAM.scope(Arc::default(), future));
            return;
        };
        tokio::spawn(async move {
            tokio::select! {
                // Whoever breaks off lets go next, which the other branch would take for an orderly end.
                biased;
                // It broke off. What was not written yet is lost, which is what a reset says.
                () = reset.wait() => {}
                // The tunnel has ended in both directions, or the client has reset it.
                _ = future => {}
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_a_stream_spawns_ends_when_its_reset_is_fired() {
        let (tell, told) = oneshot::channel();
        let (held, dropped) = oneshot::channel::<()>();
        assert!(Reset::current().is_none());
        StreamTasks.execute(async move {
            StreamTasks.execute(async move {
                let _held = held;
                std::future::pending::<()>().await;
            });
            let _ = tell.send(Reset::current().unwrap());
        });
        let reset: Arc<Reset> = told.await.unwrap();
        tokio::task::yield_now().await;
        reset.fire();
        assert!(dropped.await.is_err(), "the inner task is dropped before its end");
    }
}
