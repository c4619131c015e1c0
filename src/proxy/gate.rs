//! When is a body sent that the client holds back?
//!
//! A client that says `Expect: 100-continue` waits. hyper sends it a 100 as soon as the body is asked for, so the body is
//! not asked for until the origin has sent its own 100, or has said nothing for a while (RFC 9110 §10.1.1).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::sleep};

/// An origin that knows nothing of 100 gets the body after this silence.
const PATIENCE: Duration = Duration::from_secs(1);

/// The hand that opens the gate.
#[derive(Clone, Debug)]
pub struct Keeper(Arc<Mutex<Option<oneshot::Sender<()>>>>);

/// A closed gate.
pub fn new() -> (Keeper, oneshot::Receiver<()>) {
    let (open, gate) = oneshot::channel();
    (Keeper(Arc::new(Mutex::new(Some(open)))), gate)
}

impl Keeper {
    /// Waits for an answer; opens the gate if it takes long.
    pub async fn hold<T>(&self, answer: impl Future<Output = T>) -> T {
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            // The final answer came before the body: the gate stays shut.
            answer = &mut answer => return answer,
            // The origin says nothing; perhaps it waits for the body.
            () = sleep(PATIENCE) => self.open(),
        }
        answer.await
    }

    /// Whether nobody has opened it.
    pub fn is_shut(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Sees to it that the gate does not stay shut for good: when what is given back is dropped, a body that still waits
    /// breaks off, and with it the connection that it would have gone out on.
    pub fn watched(&self) -> Watch {
        Watch(self.clone())
    }

    /// Opens the gate.
    pub fn open(&self) {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(open) = open {
            // The body may be gone already.
            let _ = open.send(());
        }
    }
}

/// Held by the exchange, and then by its answer.
#[derive(Debug)]
pub struct Watch(Keeper);

impl Drop for Watch {
    fn drop(&mut self) {
        // Not opened: whoever waits at the gate learns that nobody will come.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
