//! Whose trust is it?

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use crate::{
    exchange::{Mac, Vantage},
    policy::{Client, Clients},
};

/// A client that can be known again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// By its network card, which a new lease does not change.
    Card(Mac),
    /// By its address, where no card can be seen.
    Address(IpAddr),
    /// By the name that it logs in with. Beyond the carrier, where many phones share an address and each has another one
    /// every hour, by that alone; elsewhere several devices may share a name.
    User {
        /// The name.
        name: Arc<str>,
        /// The address.
        address: Option<IpAddr>,
    },
}

impl Who {
    /// The client that comes from there.
    pub fn of(vantage: Vantage, address: IpAddr, card: Option<Mac>, user: Option<&Arc<str>>) -> Self {
        let address = address.to_canonical();
        match (user, card) {
            (Some(name), _) if vantage == Vantage::BeyondCarrier => {
                Self::User { name: Arc::clone(name), address: None }
            }
            (_, Some(card)) => Self::Card(card),
            (Some(name), None) => Self::User { name: Arc::clone(name), address: Some(address) },
            (None, None) => Self::Address(address),
        }
    }

    /// The name that the configuration has for it.
    pub fn named(&self, clients: &Clients) -> Option<Arc<str>> {
        let knows = |client: &&Arc<Client>| match self {
            Self::Card(card) => client.macs.contains(card),
            Self::Address(address) | Self::User { address: Some(address), .. } => client.addresses.contains(*address),
            Self::User { address: None, .. } => false,
        };
        clients.iter().find(knows).map(|client| Arc::clone(&client.name))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(card) => card.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::User { name, address: None } => write!(f, "user {name}"),
            Self::User { name, address: Some(address) } => write!(f, "user {name} at {address}"),
        }
    }
}

impl FromStr for Who {
    type Err = InvalidWho;

    fn from_str(text: &str) -> Result<Self, InvalidWho> {
        if let Some(user) = text.strip_prefix("user ") {
            let split = user.rsplit_once(" at ").and_then(|(name, at)| Some((name, at.parse::<IpAddr>().ok()?)));
            let (name, address) = split.map_or((user, None), |(name, at)| (name, Some(at)));
            return Ok(Self::User { name: name.into(), address });
        }
        let address = || text.parse::<IpAddr>().map(|address| Self::Address(address.to_canonical()));
        text.parse().map(Self::Card).or_else(|_| address()).map_err(|_| InvalidWho)
    }
}

/// What names no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is neither an address, nor a network card, nor a user")]
pub struct InvalidWho;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_comes_first_but_beyond_the_carrier() {
        let (address, card) = ("::ffff:192.0.2.7".parse().unwrap(), Some(Mac([2, 0, 0, 0, 0, 7])));
        let alice: Arc<str> = "alice".into();
        let who = |vantage, card, user| Who::of(vantage, address, card, user).to_string();
        assert_eq!(who(Vantage::NoCarrier, card, Some(&alice)), "02:00:00:00:00:07");
        assert_eq!(who(Vantage::NoCarrier, None, Some(&alice)), "user alice at 192.0.2.7");
        assert_eq!(who(Vantage::BeyondCarrier, card, Some(&alice)), "user alice");
        assert_eq!(who(Vantage::BeyondCarrier, None, None), "192.0.2.7");
    }

    #[test]
    fn what_is_written_is_read() {
        for text in ["02:00:00:00:00:07", "192.0.2.7", "2001:db8::7", "user alice", "user bob at work at 192.0.2.7"] {
            assert_eq!(text.parse::<Who>().unwrap().to_string(), text);
        }
        assert_eq!("the kitchen".parse::<Who>(), Err(InvalidWho));
    }
}
