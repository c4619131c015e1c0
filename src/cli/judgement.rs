//! By what are requests judged that do not pass through the proxy?
//!
//! By the same signatures and the same policy. The installation's key makes digests comparable with those of the event
//! log; where there is none yet, or it cannot be read, a key of this process takes its place, and none is made.

use std::{path::Path, sync::Arc};

use super::Failure;
use crate::{
    config::{self, Config, Loaded},
    detect::{Scanner, behaviour::Behaviour},
    event::{Redactor, Values},
    exchange::InstallationKey,
    intercept::Interceptor,
    tls,
};

/// Configuration, signatures and key.
pub(super) struct Judgement {
    /// The configuration.
    pub config: Config,
    key: InstallationKey,
}

/// Loads the configuration and what it names; what is wrong with it is printed.
pub(super) fn loaded(path: Option<&Path>) -> Result<Loaded, Failure> {
    config::load(path).map_err(|report| {
        report.print();
        Failure::new(format!("the configuration is not sound: {}", report.summary()))
    })
}

/// Loads the configuration for a command that only reads. Warnings are the business of `check` and `run`.
pub(super) fn configuration(path: Option<&Path>) -> Result<Config, Failure> {
    loaded(path).map(|loaded| loaded.config)
}

impl Judgement {
    /// Loads the configuration and what it names.
    pub(super) fn load(config: Option<&Path>) -> Result<Self, Failure> {
        let config = configuration(config)?;
        let key = key(&config.tls.ca_dir)?;
        Ok(Self { config, key })
    }

    /// A scanner with these signatures and the user's own identities.
    pub(super) fn scanner(&self) -> Scanner {
        Scanner::new(Arc::clone(&self.config.signatures)).with_identities(Arc::clone(&self.config.identities))
    }

    /// A memory in which nothing was seen yet.
    pub(super) fn behaviour(&self) -> Behaviour {
        Behaviour::new(&self.key).comparing(true)
    }

    /// The door that the proxy uses.
    pub(super) fn interceptor(&self) -> Interceptor {
        let Config { policy, routing, connectivity, clients, .. } = &self.config;
        let door = Interceptor::new(self.scanner(), policy.clone(), routing.clone(), self.key.clone());
        door.knowing(connectivity.clone(), clients.clone())
    }

    /// Shows so much of values, with digests under the key.
    pub(super) fn redactor(&self, values: Values) -> Redactor {
        Redactor::new(values, self.key.clone())
    }
}

fn key(ca_dir: &Path) -> Result<InstallationKey, Failure> {
    if ca_dir.join("installation.key").is_file() {
        match tls::installation_key(ca_dir) {
            Ok(key) => return Ok(key),
            Err(error) => eprintln!("clir: digests will not compare with those of the event log: {error}"),
        }
    }
    let mut bytes = [0; 32];
    rustls::crypto::aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| Failure::new("the system gives no random bytes"))?;
    Ok(InstallationKey::new(bytes))
}
