//! Does a name that a client says have the address that its connection goes to?
//!
//! Looked up beside the request, never in its way: a phone has just looked the same name up, and whoever forges one is
//! told apart a moment later. Looking up is bounded in number and time, and what came out is remembered for a while. A
//! site with many addresses may show us others than the phone: so this is written down, and nothing is refused for it.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;
use tokio::{
    net::lookup_host,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

use crate::exchange::Host;

/// Names that are remembered, and for how long.
const REMEMBERED: usize = 4096;
const FRESH: Duration = Duration::from_secs(5 * 60);
/// Names that are looked up at the same time, and for how long at most.
const AT_ONCE: usize = 32;
const LIMIT: Duration = Duration::from_secs(2);
/// Addresses of one name.
const ADDRESSES: usize = 64;

/// What a look-up came to; nothing where there was no answer.
type Answer = Option<Arc<[IpAddr]>>;

/// Where a client says a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// In a request: `Host`, `:authority`, an absolute target.
    Host,
    /// In a ClientHello.
    Sni,
}

/// Looks names up.
#[derive(Debug)]
pub struct Names {
    known: Cache<Arc<str>, (Instant, watch::Receiver<Option<Answer>>)>,
    permits: Arc<Semaphore>,
}

/// A name that somebody claims for an address, with or without an answer yet.
#[derive(Clone, Debug)]
pub struct Doubt {
    claim: Claim,
    address: IpAddr,
    answer: watch::Receiver<Option<Answer>>,
}

impl Names {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self { known: Cache::new(REMEMBERED), permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Whether `host` has this address: what is known of it, or what will be.
    pub fn doubt(&self, claim: Claim, host: &Host, address: IpAddr) -> Doubt {
        let answer = match host {
            Host::Ip(literal) => watch::channel(Some(Some(Arc::from([literal.to_canonical()])))).1,
            Host::Name(name) => self.look_up(name),
        };
        Doubt { claim, address: address.to_canonical(), answer }
    }

    fn look_up(&self, name: &Arc<str>) -> watch::Receiver<Option<Answer>> {
        if let Some((since, answer)) = self.known.get(name)
            && since.elapsed() < FRESH
        {
            return answer;
        }
        let (tell, answer) = watch::channel(None);
        // So many at once are a flood: this one is left open.
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            self.known.insert(Arc::clone(name), (Instant::now(), answer.clone()));
            tokio::spawn(resolve(Arc::clone(name), tell, permit));
        }
        answer
    }
}

async fn resolve(name: Arc<str>, tell: watch::Sender<Option<Answer>>, permit: OwnedSemaphorePermit) {
    let found = timeout(LIMIT, lookup_host((&*name, 0))).await;
    let addresses = |found: Vec<_>| if found.is_empty() { None } else { Some(Arc::from(found)) };
    let found = match found {
        Ok(Ok(found)) => addresses(found.take(ADDRESSES).map(|address| address.ip().to_canonical()).collect()),
        Ok(Err(_)) | Err(_) => None,
    };
    // Nobody may be waiting any more.
    let _ = tell.send(Some(found));
    drop(permit);
}

impl Doubt {
    /// Whether the name is known to have the address.
    pub fn is_proven(&self) -> bool {
        matches!(&*self.answer.borrow(), Some(Some(found)) if found.contains(&self.address))
    }

    /// Whether there is nothing to wait for.
    pub fn is_settled(&self) -> bool {
        self.answer.borrow().is_some() || self.answer.has_changed().is_err()
    }

    /// Waits for an answer, but not for long.
    pub async fn settle(&mut self) {
        // Whoever would have answered may be gone.
        let _ = timeout(LIMIT, self.answer.wait_for(Option::is_some)).await;
    }

    /// The word for an event; nothing where the name has the address, or nobody knows.
    pub fn mismatch(&self) -> Option<&'static str> {
        match (&*self.answer.borrow(), self.claim) {
            (Some(Some(found)), _) if found.contains(&self.address) => None,
            (Some(Some(_)), Claim::Host) => Some("host"),
            (Some(Some(_)), Claim::Sni) => Some("sni"),
            (Some(None), Claim::Host) => Some("host-unresolved"),
            (Some(None), Claim::Sni) => Some("sni-unresolved"),
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(host: &str, address: &str) -> (bool, Option<&'static str>) {
        let mut doubt =
            Names::new().doubt(Claim::Host, &Host::parse(host.as_bytes()).unwrap(), address.parse().unwrap());
        doubt.settle().await;
        assert!(doubt.is_settled());
        (doubt.is_proven(), doubt.mismatch())
    }

    #[tokio::test]
    async fn a_name_is_held_against_its_addresses() {
        assert_eq!(said("localhost", "127.0.0.1").await, (true, None));
        assert_eq!(said("localhost", "192.0.2.1").await, (false, Some("host")));
        assert_eq!(
            said("a name.invalid".replace(' ', "-").as_str(), "192.0.2.1").await,
            (false, Some("host-unresolved"))
        );
    }

    #[tokio::test]
    async fn an_address_proves_itself_at_once() {
        let names = Names::new();
        let address = "192.0.2.1".parse().unwrap();
        assert!(names.doubt(Claim::Host, &Host::Ip(address), "::ffff:192.0.2.1".parse().unwrap()).is_proven());
        let other = names.doubt(Claim::Sni, &Host::Ip(address), "192.0.2.2".parse().unwrap());
        assert_eq!((other.is_settled(), other.mismatch()), (true, Some("sni")));
    }

    #[tokio::test]
    async fn a_flood_of_names_is_left_open() {
        let names = Names::new();
        let _taken = Arc::clone(&names.permits).acquire_many_owned(32).await.unwrap();
        let doubt = names.doubt(Claim::Host, &Host::Name("example.org".into()), "192.0.2.1".parse().unwrap());
        assert_eq!((doubt.is_settled(), doubt.is_proven(), doubt.mismatch()), (true, false, None));
    }
}
