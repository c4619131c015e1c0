//! How is it kept which sites are there in TLS?

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    config::Config,
    exchange::InstallationKey,
    proxy::Upgrades,
    sink::{load_sites, store_sites},
};

/// How often it is written down.
pub const INTERVAL: Duration = Duration::from_secs(60);

/// What was known when clir ended last.
pub fn known(config: &Config, key: &InstallationKey) -> Upgrades {
    let sites = load_sites(&config.log.dir).unwrap_or_else(|error| {
        tracing::warn!("which sites are there in TLS is found out anew: upgrades.db cannot be read: {error}");
        Vec::new()
    });
    Upgrades::new(key.clone(), sites)
}

/// What is known, and where it is kept.
pub struct Sites {
    dir: PathBuf,
    upgrades: Arc<Upgrades>,
}

impl Sites {
    /// Kept in this directory.
    pub fn new(dir: PathBuf, upgrades: Arc<Upgrades>) -> Self {
        Self { dir, upgrades }
    }

    /// Writes it down. Where nothing is known, nothing is made.
    pub fn keep(&self) {
        let sites = self.upgrades.remembered();
        if sites.is_empty() {
            return;
        }
        if let Err(error) = store_sites(&self.dir, &sites) {
            tracing::warn!("which sites are there in TLS cannot be kept: {error}");
        }
    }

    /// Writes it down for the last time, and says what was done with it.
    pub fn tell(&self) {
        self.keep();
        if let Some(summary) = self.upgrades.summary() {
            tracing::info!("{summary}");
        }
    }
}
