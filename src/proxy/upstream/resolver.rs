//! Which addresses does a name have?
//!
//! The system is asked: getaddrinfo(3) knows of hosts files, search domains and whatever else this machine has set up, but
//! not how long an answer holds. A page opens many connections to one host at once, and each asks: so those who ask within
//! a second of each other are answered together. A failure is not remembered.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;
use tokio::{net::lookup_host, sync::watch};

/// Names that are remembered, and for how long, counted from the question.
const REMEMBERED: usize = 1024;
const FRESH: Duration = Duration::from_secs(1);
/// More addresses than this are not tried.
const MAX_ADDRESSES: usize = 16;

/// What came of a question; nothing yet, or the addresses, or why there are none.
type Answer = Option<Result<Arc<[SocketAddr]>, Arc<io::Error>>>;
/// When something was asked, and who is told of the answer.
type Question = (Instant, watch::Receiver<Answer>);

/// Looks names up. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Resolver {
    asked: Arc<Cache<Arc<str>, Question>>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self { asked: Arc::new(Cache::new(REMEMBERED)) }
    }
}

impl Resolver {
    /// The addresses of a name, with this port, best first.
    ///
    /// # Errors
    /// The system knows of none.
    pub async fn look_up(&self, name: &Arc<str>, port: u16) -> io::Result<Vec<SocketAddr>> {
        let mut answer = self.recent(name).unwrap_or_else(|| self.ask(name));
        let found = match answer.wait_for(Option::is_some).await {
            Ok(found) => found.clone(),
            // Whoever asked was ended with its worker.
            Err(_gone) => None,
        };
        let found = found.ok_or_else(|| io::Error::from(io::ErrorKind::Interrupted))?.map_err(again)?;
        let of_port = |mut address: SocketAddr| {
            address.set_port(port);
            address
        };
        Ok(found.iter().copied().map(of_port).collect())
    }

    /// What was asked a moment ago, unless it has failed.
    fn recent(&self, name: &Arc<str>) -> Option<watch::Receiver<Answer>> {
        let (since, answer) = self.asked.get(name)?;
        let has_failed = matches!(&*answer.borrow(), Some(Err(_)));
        // One that is gone without an answer never gives one.
        let is_lost = answer.borrow().is_none() && answer.has_changed().is_err();
        (since.elapsed() < FRESH && !has_failed && !is_lost).then_some(answer)
    }

    fn ask(&self, name: &Arc<str>) -> watch::Receiver<Answer> {
        let (tell, answer) = watch::channel(None);
        self.asked.insert(Arc::clone(name), (Instant::now(), answer.clone()));
        let name = Arc::clone(name);
        tokio::spawn(async move {
            let found = lookup_host((&*name, 0)).await;
            let found = found.map(|found| found.take(MAX_ADDRESSES).collect()).map_err(Arc::new);
            // Nobody may be waiting any more.
            let _ = tell.send(Some(found));
        });
        answer
    }
}

/// The same error for one more who is told: by its number, which is what tells that descriptors are short.
fn again(error: Arc<io::Error>) -> io::Error {
    error.raw_os_error().map_or_else(|| io::Error::new(error.kind(), error), io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_ask_together_are_answered_together() {
        let (resolver, name) = (Resolver::default(), Arc::from("localhost"));
        let (first, second) = tokio::join!(resolver.look_up(&name, 80), resolver.look_up(&name, 443));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(first.iter().all(|address| address.ip().is_loopback() && address.port() == 80) && !first.is_empty());
        assert!(second.iter().all(|address| address.port() == 443) && second.len() == first.len());
        let (since, answer) = resolver.asked.get(&name).unwrap();
        assert!(resolver.recent(&name).is_some_and(|recent| recent.same_channel(&answer)));
        let long_ago = since.checked_sub(FRESH).unwrap();
        resolver.asked.insert(Arc::clone(&name), (long_ago, answer));
        assert!(resolver.recent(&name).is_none(), "an old answer is asked for anew");
    }

    #[tokio::test]
    async fn a_failure_is_not_remembered() {
        let (resolver, name) = (Resolver::default(), Arc::from("nobody.invalid"));
        assert!(resolver.look_up(&name, 80).await.is_err());
        assert!(resolver.asked.get(&name).is_some() && resolver.recent(&name).is_none());
    }

    #[tokio::test]
    async fn a_question_that_was_lost_is_asked_anew() {
        let (resolver, name) = (Resolver::default(), Arc::from("localhost"));
        let lost = watch::channel(None).1;
        resolver.asked.insert(Arc::clone(&name), (Instant::now(), lost));
        assert!(!resolver.look_up(&name, 80).await.unwrap().is_empty());
    }
}
