//! Under what circumstances did a message pass?

use std::{fmt, net::SocketAddr, str::FromStr, sync::Arc};

use super::{Host, Led, Origin};

/// Which way a message goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the phone to the origin.
    #[default]
    Request,
    /// From the origin to the phone.
    Response,
}

/// Where clir stands on the path, which decides what it can see and what it may claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Vantage {
    /// phone → carrier → clir → internet: insertion is seen, on cleartext and on the head of `CONNECT`.
    BeyondCarrier,
    /// phone → clir → carrier → internet: insertion happens later and cannot be seen.
    BeforeCarrier,
    /// phone on Wi-Fi → clir → fixed line: no mobile carrier on the path.
    #[default]
    NoCarrier,
}

impl Vantage {
    /// The name used in configuration and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BeyondCarrier => "beyond-carrier",
            Self::BeforeCarrier => "before-carrier",
            Self::NoCarrier => "no-carrier",
        }
    }

    /// One sentence on what can be seen from here, for people.
    pub fn coverage(self) -> &'static str {
        match self {
            Self::BeyondCarrier => {
                "sees what the carrier inserts into cleartext requests and into the head of CONNECT, and strips it \
                 before the site receives it"
            }
            Self::BeforeCarrier => {
                "sees what the phone and its apps send; what the carrier inserts later, behind clir, cannot be seen here"
            }
            Self::NoCarrier => {
                "sees what the phone and its apps send; no mobile carrier is on this path, so nothing can be said about \
                 what it inserts on cellular"
            }
        }
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Vantage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::BeyondCarrier, Self::BeforeCarrier, Self::NoCarrier]
            .into_iter()
            .find(|vantage| vantage.as_str() == text)
            .ok_or(())
    }
}

/// Who speaks, through which listener, to whom.
#[derive(Clone, Debug)]
pub struct Context {
    /// The listener's label.
    pub listener: Arc<str>,
    /// The listener's vantage.
    pub vantage: Vantage,
    /// The client's address and port.
    pub client: SocketAddr,
    /// The origin that the request is for.
    pub origin: Origin,
    /// Where the connection goes, if not where the request says.
    pub led: Option<Led>,
    /// What the addresses themselves do not say.
    pub known: Known,
}

/// What is known beyond addresses.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the configuration calls the client.
    pub client: Option<Arc<str>>,
    /// Whether targets and values are to be kept out of the log for this client.
    pub is_private: bool,
    /// Who has said a password, or whom the link was made for that admits the client.
    pub user: Option<Arc<str>>,
}

impl Context {
    /// The host that an exception may be made for: a name counts only where nobody can have forged it.
    pub fn proven_host(&self) -> Host {
        match self.led {
            Some(led) if !led.is_proven => Host::Ip(led.destination.ip()),
            _ => self.origin.host.clone(),
        }
    }
}
