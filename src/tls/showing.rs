//! Which certificate does a server show at this moment?
//!
//! The one that it was given last; or one of its own making, after which another is made in good time: a server that runs for
//! a year is not to show one that has expired.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use arc_swap::ArcSwap;

use super::{LeafError, Shown};
use crate::exchange::Host;

/// What is shown, and what comes after it.
pub struct Showing {
    now: ArcSwap<Shown>,
    own: Option<Mutex<Recipe>>,
}

/// What certificates of our own making are made for. Whoever holds it makes one.
struct Recipe {
    hosts: Vec<Host>,
    alpn: Vec<&'static [u8]>,
}

impl Showing {
    /// Shows this one, until it is given another.
    pub fn given(shown: Shown) -> Self {
        Self { now: ArcSwap::from_pointee(shown), own: None }
    }

    /// Shows one that is made for these names and addresses, and made anew. `alpn` are the protocols to agree on, best first.
    ///
    /// # Errors
    /// [`LeafError`]: a name fits no certificate.
    pub fn self_made(hosts: Vec<Host>, alpn: &[&'static [u8]], now: SystemTime) -> Result<Self, LeafError> {
        let first = Shown::self_made(&hosts, alpn, now)?;
        let own = Recipe { hosts, alpn: alpn.to_vec() };
        Ok(Self { now: ArcSwap::from_pointee(first), own: Some(own.into()) })
    }

    /// From now on this one is shown.
    pub fn give(&self, shown: Shown) {
        self.now.store(Arc::new(shown));
    }

    /// What is shown now. One that grows old is made anew first: those who come meanwhile wait for that (a millisecond) and
    /// share it. Should it fail, the old one is better than none.
    pub fn at(&self, now: SystemTime) -> Arc<Shown> {
        let shown = self.now.load_full();
        let Some(own) = self.own.as_ref().filter(|_| !shown.is_fresh(now)) else { return shown };
        let recipe = own.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = self.now.load_full();
        if shown.is_fresh(now) {
            return shown;
        }
        match Shown::self_made(&recipe.hosts, &recipe.alpn, now) {
            Ok(made) => {
                tracing::info!(
                    "another certificate is made, for the last one grows old: SHA-256 {}",
                    made.fingerprint()
                );
                self.give(made);
            }
            Err(error) => tracing::error!("no other certificate can be made, and the last one grows old: {error}"),
        }
        self.now.load_full()
    }
}

impl fmt::Debug for Showing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Showing").field("is_self_made", &self.own.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;
    use crate::tls::tests::{DAY, now};

    fn own() -> Showing {
        Showing::self_made(vec![Host::Name("reflector.example".into())], &[b"http/1.1"], now()).unwrap()
    }

    #[test]
    fn one_of_our_own_is_made_anew_before_its_end_and_not_before_its_time() {
        let showing = own();
        let told = |at: SystemTime| showing.at(at).fingerprint().to_owned();
        let first = told(now());
        assert_eq!(told(now() + 119 * DAY), first);
        let second = told(now() + 121 * DAY);
        assert_ne!(second, first);
        assert_eq!(told(now() + 240 * DAY), second, "as good for as long");
        assert_ne!(told(now() - 2 * DAY), second, "a clock that was set back finds one that is valid");
        assert_eq!(showing.at(now()).server_config().alpn_protocols, [b"http/1.1"]);
    }

    #[test]
    fn many_who_come_at_once_share_it() {
        let showing = own();
        let later = now() + Duration::from_secs(200 * 24 * 60 * 60);
        let told: Vec<_> = thread::scope(|scope| {
            let visits: Vec<_> = (0..8).map(|_| scope.spawn(|| showing.at(later).fingerprint().to_owned())).collect();
            visits.into_iter().map(|visit| visit.join().unwrap()).collect()
        });
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    }

    #[test]
    fn one_that_was_given_stays_until_another_is() {
        let shown = || Shown::self_made(&[Host::Name("a.example".into())], &[], now()).unwrap();
        let showing = Showing::given(shown());
        let first = showing.at(now()).fingerprint().to_owned();
        assert_eq!(showing.at(now() + 1000 * DAY).fingerprint(), first);
        showing.give(shown());
        assert_ne!(showing.at(now()).fingerprint(), first);
    }
}
