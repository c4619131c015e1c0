//! Which network card is at this address?
//!
//! The system's table of neighbours says so for clients on a network of our own, in IPv4 and IPv6. It is asked once for
//! each client and then again from time to time, by a thread of its own; what it said is remembered for so many clients
//! as a home has, and the least recently seen go first.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;
use tokio::{sync::Mutex, task::spawn_blocking, time::timeout};

use super::neighbour_table;
use crate::exchange::Mac;

/// How long an answer holds: addresses are given to other devices.
const HOLDS: Duration = Duration::from_secs(10);
/// How long it holds that nobody is seen there.
const ABSENT_HOLDS: Duration = Duration::from_secs(5);
/// Clients remembered.
const CLIENTS: usize = 4096;
/// How long a new client may wait for the answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Knows the cards of clients.
#[derive(Debug)]
pub struct Neighbours {
    seen: Cache<IpAddr, Seen>,
    /// The table as it was read last; held while it is read, so that a crowd reads it once.
    table: Mutex<Option<(Instant, HashMap<IpAddr, Mac>)>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    card: Option<Mac>,
    at: Instant,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self { seen: Cache::new(CLIENTS), table: Mutex::default() }
    }
}

impl Neighbours {
    /// The card at this address, if it is on a network of our own.
    pub async fn card(&self, address: IpAddr) -> Option<Mac> {
        let address = address.to_canonical();
        let holds = |seen: &Seen| seen.at.elapsed() < if seen.card.is_some() { HOLDS } else { ABSENT_HOLDS };
        if address.is_loopback() {
            return None;
        }
        if let Some(seen) = self.seen.get(&address).filter(holds) {
            return seen.card;
        }
        let card = match timeout(PATIENCE, self.look_up(address)).await {
            Ok(card) => card,
            Err(_elapsed) => {
                tracing::debug!("the table of neighbours does not answer");
                None
            }
        };
        self.seen.insert(address, Seen { card, at: Instant::now() });
        card
    }

    async fn look_up(&self, address: IpAddr) -> Option<Mac> {
        let asked = Instant::now();
        let mut table = self.table.lock().await;
        if table.as_ref().is_none_or(|(read, _)| *read < asked) {
            let begun = Instant::now();
            let cards = spawn_blocking(neighbour_table::read).await.map_err(io::Error::other).flatten().unwrap_or_else(
                |error| {
                    tracing::warn!(
                        "the table of neighbours cannot be read, clients are not known by their cards: {error}"
                    );
                    HashMap::new()
                },
            );
            *table = Some((begun, cards));
        }
        table.as_ref().and_then(|(_, cards)| cards.get(&address).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_is_seen_where_nobody_is() {
        let neighbours = Neighbours::default();
        assert_eq!(neighbours.card("240.0.0.1".parse().unwrap()).await, None);
        assert_eq!(neighbours.card("127.0.0.1".parse().unwrap()).await, None);
        assert!(neighbours.seen.len() == 1, "what was asked is remembered");
    }
}
