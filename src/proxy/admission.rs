//! How many connections may there be?

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counts connections, in all and for each client.
#[derive(Clone, Debug)]
pub struct Admission {
    total: Arc<Semaphore>,
    per_client: usize,
    clients: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One admitted connection; dropping it makes room.
#[derive(Debug)]
pub struct Permit {
    _total: OwnedSemaphorePermit,
    client: IpAddr,
    clients: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Admission {
    /// At most `total` connections at once, of which one client may have `per_client`.
    pub fn new(total: usize, per_client: usize) -> Self {
        let total = Arc::new(Semaphore::new(total.min(Semaphore::MAX_PERMITS)));
        Self { total, per_client, clients: Arc::default() }
    }

    /// Waits until there is room for one more connection: those that come meanwhile queue in the kernel.
    pub async fn room(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.total).acquire_owned().await.ok()
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        lock(&self.clients).values().sum()
    }

    /// Admits a client's connection unless the client has too many already.
    pub fn admit(&self, room: OwnedSemaphorePermit, client: IpAddr) -> Option<Permit> {
        let mut clients = lock(&self.clients);
        let count = clients.entry(client).or_insert(0);
        if *count >= self.per_client {
            return None;
        }
        *count += 1;
        Some(Permit { _total: room, client, clients: Arc::clone(&self.clients) })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut clients = lock(&self.clients);
        if let Some(count) = clients.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

/// Counts are sound after any partial change.
fn lock(clients: &Mutex<HashMap<IpAddr, usize>>) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_has_its_share_and_gives_it_back() {
        let admission = Admission::new(10, 2);
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        let first = admission.admit(admission.room().await.unwrap(), one);
        let second = admission.admit(admission.room().await.unwrap(), one);
        assert!(first.is_some() && second.is_some());
        assert!(admission.admit(admission.room().await.unwrap(), one).is_none());
        assert!(admission.admit(admission.room().await.unwrap(), other).is_some());
        drop(second);
        assert!(admission.admit(admission.room().await.unwrap(), one).is_some());
        drop(first);
        assert!(lock(&admission.clients).is_empty());
    }
}
