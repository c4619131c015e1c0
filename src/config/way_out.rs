//! What do the settings of an exit, and of a listener that serves as one, come to?

use std::{fmt, path::PathBuf, time::Duration};

use super::Roots;
use crate::{
    exchange::{Host, Origin, Scheme, Sensitive},
    policy::Ways,
};

/// What a listener shows to clients that speak TLS to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// A certificate and its key, in these files.
    Files {
        /// The chain, the listener's own certificate first.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// What our own authority makes for these names; for any, where there is none.
    OwnCa(Vec<Host>),
}

impl Door {
    /// In words.
    pub fn shows(&self) -> String {
        let names = |names: &[Host]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Files { certificate, .. } => format!("the certificate in {}", certificate.display()),
            Self::OwnCa(any) if any.is_empty() => "a certificate of clir's own authority".to_owned(),
            Self::OwnCa(some) => format!("certificates of clir's own authority for {}", names(some)),
        }
    }
}

/// The exit, and what goes by it.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name or address.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// The name that it knows us by; empty where it asks for none.
    pub user: Sensitive<String>,
    /// The password.
    pub secret: Sensitive<String>,
    /// What its certificate must lead to.
    pub roots: Vec<Roots>,
    /// Whether it is spoken to in HTTP/1.1 only: a connection for each tunnel.
    pub http1_only: bool,
    /// For a connection to stand.
    pub connect: Duration,
    /// How often it is looked at.
    pub check: Duration,
    /// What goes by it, and what happens when it is down.
    pub ways: Ways,
}

/// Where it is, and what goes there; never the password.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exit = Origin { scheme: Scheme::Https, host: self.host.clone(), port: self.port };
        let who = if self.user.expose().is_empty() { "without a password" } else { "with a password" };
        let routes = match self.ways.rules.len() {
            0 => "everything goes by it".to_owned(),
            1 => "1 route".to_owned(),
            count => format!("{count} routes"),
        };
        let down = self.ways.when_down;
        write!(
            f,
            "{exit} {who}; {routes}; while it is down: cleartext {}, TLS {}",
            down.cleartext.as_str(),
            down.tls.as_str()
        )
    }
}
