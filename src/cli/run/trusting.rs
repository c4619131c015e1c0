//! How is it kept which clients trust our authority?

use std::sync::Arc;

use crate::{config::Config, policy::trust::TrustTable, sink::TrustKeeper, tls::CertAuthority};

/// Takes up what was known when clir ended last, and keeps what comes.
pub fn remember(config: &Config, authority: &CertAuthority) -> (Arc<TrustTable>, Option<TrustKeeper>) {
    let table = Arc::new(TrustTable::default());
    table.set_authority(&authority.fingerprint());
    let keeper = TrustKeeper::open(&config.log.dir, Arc::clone(&table), config.routing.trust);
    let told =
        |error: &std::io::Error| tracing::warn!("who trusts the authority will be forgotten at the end: {error}");
    (table, keeper.inspect_err(told).ok())
}
