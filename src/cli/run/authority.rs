//! What if the authority was rotated while clir runs?

use std::time::SystemTime;

use super::build;
use crate::{
    config::{Config, Tls},
    proxy::Running,
    tls::CertAuthority,
};

/// The authority in force, and the settings that it was loaded under.
pub struct Authority {
    current: CertAuthority,
    tls: Tls,
}

impl Authority {
    /// Begins with the one of the start.
    pub fn new(config: &Config, current: CertAuthority) -> Self {
        Self { current, tls: config.tls.clone() }
    }

    /// The one in force.
    pub fn current(&self) -> &CertAuthority {
        &self.current
    }

    /// Puts the one in force that stands in its place by now. One that cannot be used changes nothing.
    pub fn reload(&mut self, running: &Running) {
        let successor = match self.current.successor(SystemTime::now()) {
            Ok(None) => return,
            Ok(Some(successor)) => successor,
            Err(error) => return tracing::error!("the old certificate authority stays in force: {error}"),
        };
        // Neither the new one nor those before it may vouch for an origin.
        let trust = match build::trust(&self.tls, &successor) {
            Ok(trust) => trust,
            Err(error) => return tracing::error!("the old certificate authority stays in force: {error}"),
        };
        running.trusting().set_authority(&successor.fingerprint());
        running.replace_authority(build::leaves(successor.clone()), trust);
        tracing::warn!(
            fingerprint = %successor.fingerprint(),
            "the certificate authority was replaced: every phone has to trust the new one"
        );
        self.current = successor;
    }
}
