//! What judges a request, and may be replaced while clir runs?

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use super::{authentication::Authenticator, claiming::Claiming, door::Door, fault::Fault, hop::Hop};
use crate::{
    claim::Admitted,
    exchange::Host,
    intercept::Interceptor,
    policy::{Access, Carries, Upgrading, Via},
    portal::Portal,
};

/// Everything that judges, replaced as a whole when the configuration is read anew.
#[derive(Debug)]
pub struct Judges {
    /// Detection and policy.
    pub interceptor: Interceptor,
    /// Who may connect, and where to.
    pub access: Arc<Access>,
    /// Who must say a password.
    pub authenticator: Authenticator,
    /// What becomes of cleartext requests.
    pub upgrading: Upgrading,
    /// What clir itself shows.
    pub portal: Arc<Portal>,
    /// The exit, and what goes by it, if there is one.
    pub hop: Option<Arc<Hop>>,
    /// The listeners that speak TLS, by their labels.
    pub doors: HashMap<Arc<str>, Door>,
    /// What links admit, and how they are opened, if any may.
    pub claiming: Option<Arc<Claiming>>,
}

impl Judges {
    /// Whether requests of this address are taken at this listener: by the configuration, or because a link admits it.
    pub fn admits(&self, listener: &str, client: IpAddr) -> bool {
        self.access.admits_client(client) || self.claimed(listener, client).is_some()
    }

    /// The link that admits this address to this listener, if one does.
    pub fn claimed(&self, listener: &str, client: IpAddr) -> Option<Arc<Admitted>> {
        self.claiming.as_ref()?.admits(listener, client)
    }

    /// The way to a host, as things are.
    ///
    /// # Errors
    /// A [`Fault`] when the way is by an exit that is down, and to be waited for.
    pub fn way(&self, host: &Host, port: u16, carries: Carries) -> Result<Via, Fault> {
        self.hop.as_ref().map_or(Ok(Via::Direct), |hop| hop.way(host, port, carries))
    }
}
