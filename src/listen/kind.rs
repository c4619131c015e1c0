//! Which kinds of listener are there?

use std::str::FromStr;

/// How connections arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The client knows its proxy and says in HTTP where it wants to go.
    #[default]
    Explicit,
    /// The firewall has rewritten the destination (nftables `redirect`); the kernel remembers the original one.
    Redirect,
    /// The firewall has led the connection here as it is (nftables `tproxy`): its local address is the destination.
    Tproxy {
        /// Whether origins see the client's address.
        keep_source: bool,
    },
    /// The client knows its proxy and says in SOCKS 5 where it wants to go (RFC 1928).
    Socks5,
}

impl Kind {
    /// Every kind, with its defaults.
    pub const ALL: [Self; 4] = [Self::Explicit, Self::Redirect, Self::Tproxy { keep_source: false }, Self::Socks5];

    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Redirect => "redirect",
            Self::Tproxy { .. } => "tproxy",
            Self::Socks5 => "socks5",
        }
    }

    /// Whether clients do not know of clir: they cannot be asked for a password, and must not notice.
    pub fn is_transparent(self) -> bool {
        matches!(self, Self::Redirect | Self::Tproxy { .. })
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}
