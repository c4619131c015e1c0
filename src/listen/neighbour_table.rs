//! What does the system's table of neighbours say?

use std::{collections::HashMap, io, net::IpAddr};

use crate::exchange::Mac;

/// The whole table: which card is at which address.
///
/// # Errors
/// What the system said when it was asked (rtnetlink(7)).
#[cfg(target_os = "linux")]
pub fn read() -> io::Result<HashMap<IpAddr, Mac>> {
    linux::read()
}

/// Nowhere else do we know how to ask.
#[cfg(not(target_os = "linux"))]
pub fn read() -> io::Result<HashMap<IpAddr, Mac>> {
    Ok(HashMap::new())
}

#[cfg(target_os = "linux")]
mod linux {
    use netlink_packet_core::{
        DecodeError, Emitable, NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
        NetlinkPayload, NetlinkSerializable, Parseable,
    };
    use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
    use netlink_sys::{Socket, protocols::NETLINK_ROUTE};

    use super::{HashMap, IpAddr, Mac, io};

    /// `RTM_GETNEIGH` of rtnetlink(7): the only question that is asked, and all that comes back answers it.
    const GET_NEIGHBOUR: u16 = 30;

    /// One line of the table. The library's own type of messages knows every kind of them, which is half a megabyte of
    /// program.
    #[derive(Debug, Default)]
    struct Entry(NeighbourMessage);

    impl NetlinkSerializable for Entry {
        fn message_type(&self) -> u16 {
            GET_NEIGHBOUR
        }

        fn buffer_len(&self) -> usize {
            self.0.buffer_len()
        }

        fn serialize(&self, buffer: &mut [u8]) {
            self.0.emit(buffer);
        }
    }

    impl NetlinkDeserializable for Entry {
        type Error = DecodeError;

        fn deserialize(_: &NetlinkHeader, payload: &[u8]) -> Result<Self, DecodeError> {
            NeighbourMessage::parse(payload).map(Self)
        }
    }

    pub fn read() -> io::Result<HashMap<IpAddr, Mac>> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_DUMP;
        let mut question = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(Entry::default()));
        question.finalize();
        let mut bytes = vec![0; question.buffer_len()];
        question.serialize(&mut bytes);
        socket.send(&bytes, 0)?;
        let mut cards = HashMap::new();
        loop {
            let (datagram, _) = socket.recv_from_full()?;
            let mut rest = datagram.as_slice();
            while !rest.is_empty() {
                let message = NetlinkMessage::<Entry>::deserialize(rest).map_err(io::Error::other)?;
                match message.payload {
                    NetlinkPayload::Done(_) => return Ok(cards),
                    NetlinkPayload::Error(error) => return Err(error.to_io()),
                    NetlinkPayload::InnerMessage(entry) => cards.extend(card_of(&entry.0)),
                    _ => {}
                }
                // Messages are aligned to four bytes; one without length would be read for ever.
                let length = (message.header.length as usize).max(1).next_multiple_of(4);
                rest = rest.get(length..).unwrap_or_default();
            }
        }
    }

    fn card_of(entry: &NeighbourMessage) -> Option<(IpAddr, Mac)> {
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
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_can_be_read_without_being_anybody() {
        super::read().unwrap();
    }
}
