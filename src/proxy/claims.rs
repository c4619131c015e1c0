//! Does a name lead to the address that the client goes to?
//!
//! Who goes to an address names the site only inside: in `Host`, or in a ClientHello. That is no more than a claim, and
//! gains nothing unless the system finds the address under that name as well. Only claims that would gain something are
//! looked up, and what was found is remembered for a minute.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;
use tokio::{net::lookup_host, time::timeout};

use super::session::{Judges, Session};
use crate::exchange::{Host, Origin, RequestHead, Scheme};

/// Claims remembered.
const CLAIMS: usize = 1024;
/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(60);
/// How long a look-up may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Knows which names lead where.
#[derive(Debug)]
pub struct Claims(Cache<(Host, IpAddr), (bool, Instant)>);

impl Default for Claims {
    fn default() -> Self {
        Self(Cache::new(CLAIMS))
    }
}

impl Claims {
    /// The name that was claimed for an origin that is known by its address, if it leads there. Of no use, and so not
    /// looked up, is any name but those of hosts that are asked whether the network is online.
    pub async fn site(&self, judges: &Judges, origin: &Host, claimed: Option<Host>) -> Option<Host> {
        let Host::Ip(address) = origin else { return None };
        let claimed = claimed.filter(|name| judges.interceptor.connectivity().knows(name))?;
        self.leads(&claimed, address.to_canonical()).await.then_some(claimed)
    }

    async fn leads(&self, name: &Host, address: IpAddr) -> bool {
        let key = (name.clone(), address);
        if let Some((leads, _)) = self.0.get(&key).filter(|(_, at)| at.elapsed() < HOLDS) {
            return leads;
        }
        let found = timeout(PATIENCE, lookup_host((name.to_string(), 0))).await;
        let mut found = found.ok().and_then(Result::ok).into_iter().flatten();
        let leads = found.any(|found| found.ip().to_canonical() == address);
        self.0.insert(key, (leads, Instant::now()));
        leads
    }
}

/// The name that a request in cleartext gives to an origin that is known by its address, if it leads there.
pub async fn named(session: &Session, judges: &Judges, origin: &Origin, head: &RequestHead) -> Option<Host> {
    if origin.host.name().is_some() {
        return None;
    }
    let claimed = head.fields.first("host").and_then(|host| Origin::parse(Scheme::Http, host).ok());
    session.shared().claims.site(judges, &origin.host, claimed.map(|claimed| claimed.host)).await
}
