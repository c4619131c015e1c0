//! How is a host's certificate found again?
//!
//! Bounded; one mint per host at a time, however many first visits there are; each host with session tickets of its own,
//! so that resumption never carries one host's identity to another.

use std::{fmt, sync::Arc, time::SystemTime};

use quick_cache::sync::Cache;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::Ticketer,
    server::{ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{
    CertAuthority, LeafError,
    alpn::PerAlpn,
    leaf::{Leaf, mint_error, subject},
    provider, seconds,
};
use crate::exchange::Host;

/// Leaf certificates for the hosts that were visited lately. Shared by reference or in an `Arc`.
pub struct LeafCache {
    authority: CertAuthority,
    entries: Cache<Host, Arc<Entry>>,
}

impl LeafCache {
    /// A cache for about `capacity` hosts; 1,024 of them take some 4 MiB.
    pub fn new(authority: CertAuthority, capacity: usize) -> Self {
        Self { authority, entries: Cache::new(capacity) }
    }

    /// What to accept a client's handshake with when it is to see `host`: TLS 1.2 and 1.3, this host's certificate,
    /// these application protocols in order of preference. The certificate is minted at the first visit; further
    /// visitors wait for that (some hundred microseconds) and share it.
    ///
    /// # Errors
    /// [`LeafError`]: the name fits no certificate, or the authority is not valid now.
    pub fn server_config(
        &self,
        host: &Host,
        alpn: &[&'static [u8]],
        now: SystemTime,
    ) -> Result<Arc<ServerConfig>, LeafError> {
        let host = subject(host)?;
        self.authority.warn_of_end(seconds(now));
        // Whoever comes first takes the stale entry out; those who come later find it gone, or a fresh one.
        self.entries.remove_if(&host, |entry| !entry.leaf.is_fresh(now));
        let entry = self.entries.get_or_insert_with(&host, || Entry::new(&self.authority, &host, now))?;
        entry.configs.get_or_build(alpn, || entry.configure(alpn))
    }

    /// How many hosts have a certificate now.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no host has a certificate yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl fmt::Debug for LeafCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeafCache").field("authority", &self.authority).field("hosts", &self.len()).finish()
    }
}

struct Entry {
    leaf: Leaf,
    tickets: Arc<dyn ProducesTickets>,
    configs: PerAlpn<ServerConfig>,
}

impl Entry {
    fn new(authority: &CertAuthority, host: &Host, now: SystemTime) -> Result<Arc<Self>, LeafError> {
        let leaf = Leaf::mint(authority, host, now)?;
        let tickets = Ticketer::new().map_err(mint_error)?;
        Ok(Arc::new(Self { leaf, tickets, configs: PerAlpn::new() }))
    }

    fn configure(&self, alpn: &[&'static [u8]]) -> Result<ServerConfig, LeafError> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(mint_error)?;
        let resolver = Arc::new(Always(Arc::clone(&self.leaf.key)));
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        config.ticketer = Arc::clone(&self.tickets);
        // Each connection leaves as many as it takes up. Each ticket costs keys derived, an encryption and a MAC.
        config.send_tls13_tickets = 1;
        // Tickets carry the state to the client; nothing is kept here for those who never come back.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        // 0-RTT can be replayed (RFC 8446 §8).
        config.max_early_data_size = 0;
        Ok(config)
    }
}

/// Presents one certificate, whatever the client asks for: which host it is to see has been decided before.
#[derive(Debug)]
pub(super) struct Always(pub Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
