//! How do the alerts of a configuration become targets?

use std::sync::Arc;

use super::build;
use crate::{
    alert::{Target, Way, Webhook},
    cli::Failure,
    config::{AlertTarget, AlertWay, Config},
    tls::{CertAuthority, Trust},
};

/// Everybody who is told at once under this configuration.
///
/// # Errors
/// Roots that cannot be used.
pub fn targets(config: &Config, authority: &CertAuthority) -> Result<Vec<Target>, Failure> {
    config.alerts.iter().map(|written| target(written, authority)).collect()
}

fn target(written: &AlertTarget, authority: &CertAuthority) -> Result<Target, Failure> {
    let AlertTarget { name, kinds, severity, only_first_ever, way, per_hour, limit } = written.clone();
    let way = match way {
        AlertWay::Command(argv) => Way::Command(argv),
        AlertWay::Webhook { origin, path, roots } => {
            let sources: Vec<_> = roots.iter().map(build::root_source).collect();
            let trust = Trust::new(&sources, authority)
                .map_err(|error| Failure::because(format!("the roots of alert \"{name}\" cannot be used"), error))?;
            Way::Webhook(Webhook::new(origin, path, Arc::new(trust)))
        }
    };
    Ok(Target { name, kinds, severity, only_first_ever, way, per_hour, limit })
}
