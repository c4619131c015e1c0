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
            let cards = spawn_blocking(read).await.map_err(io::Error::other).flatten().unwrap_or_else(|error| {
                tracing::warn!("the table of neighbours cannot be read, clients are not known by their cards: {error}");
                HashMap::new()
            });
            *table = Some((begun, cards));
        }
        table.as_ref().and_then(|(_, cards)| cards.get(&address).copied())
    }
}

/// The whole table, by rtnetlink.
#[cfg(target_os = "linux")]
fn read() -> io::Result<HashMap<IpAddr, Mac>> {
    use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
    use netlink_packet_route::{RouteNetlinkMessage, neighbour::NeighbourMessage};
    use netlink_sys::{Socket, protocols::NETLINK_ROUTE};

    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let payload = NetlinkPayload::from(RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default()));
    let mut question = NetlinkMessage::new(header, payload);
    question.finalize();
    let mut bytes = vec![0; question.buffer_len()];
    question.serialize(&mut bytes);
    socket.send(&bytes, 0)?;
    let mut cards = HashMap::new();
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        let mut rest = datagram.as_slice();
        while !rest.is_empty() {
            let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).map_err(io::Error::other)?;
            match message.payload {
                NetlinkPayload::Done(_) => return Ok(cards),
                NetlinkPayload::Error(error) => return Err(error.to_io()),
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNeighbour(entry)) => cards.extend(card_of(&entry)),
                _ => {}
            }
            // Messages are aligned to four bytes; one without length would be read for ever.
            let length = (message.header.length as usize).max(1).next_multiple_of(4);
            rest = rest.get(length..).unwrap_or_default();
        }
    }
}

#[cfg(target_os = "linux")]
fn card_of(entry: &netlink_packet_route::neighbour::NeighbourMessage) -> Option<(IpAddr, Mac)> {
    use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute};

    let address = entry.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => Some(IpAddr::V4(*v4)),
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => Some(IpAddr::V6(*v6)),
        _ => None,
    });
    let card = entry.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::LinkLayerAddress(bytes) => <[u8; 6]>::try_from(bytes.as_slice()).ok(),
        _ => None,
    });
    // Where there is no card, as on the loopback interface, all bytes are zero.
    Some((address?, Mac(card.filter(|card| *card != [0; 6])?)))
}

/// Nowhere else do we know how to ask.
#[cfg(not(target_os = "linux"))]
fn read() -> io::Result<HashMap<IpAddr, Mac>> {
    Ok(HashMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_table_can_be_read_without_being_anybody() {
        read().unwrap();
    }

    #[tokio::test]
    async fn nobody_is_seen_where_nobody_is() {
        let neighbours = Neighbours::default();
        assert_eq!(neighbours.card("240.0.0.1".parse().unwrap()).await, None);
        assert_eq!(neighbours.card("127.0.0.1".parse().unwrap()).await, None);
        assert!(neighbours.seen.len() == 1, "what was asked is remembered");
    }
}
