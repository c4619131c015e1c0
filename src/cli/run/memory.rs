//! What is remembered beside the event log, and who has to be told that clir ends?

use std::sync::Arc;

use super::{build, told};
use crate::{
    alert::{Alerts, Judging},
    claim::Claims,
    cli::Failure,
    config::{Claiming, Config},
    exchange::InstallationKey,
    policy::trust::TrustTable,
    sink::{self, Keeper, Sightings, TrustKeeper, Witness},
    tls::CertAuthority,
};

/// What earlier requests have shown.
pub struct Memory {
    /// Of what passed; nothing where that is not watched.
    pub sightings: Option<Sightings>,
    /// What links have admitted, if any may.
    pub claims: Option<Claims>,
    /// Who is told at once of what is new.
    pub alerts: Alerts,
    /// Which clients trust the authority.
    pub trusting: Arc<TrustTable>,
}

/// The threads that write it down.
pub struct Keepers {
    sightings: Option<Keeper>,
    trust: Option<TrustKeeper>,
    judging: Judging,
}

/// Takes up what was known when clir ended last, and keeps what comes.
///
/// # Errors
/// What must not be forgotten cannot be read, or a thread cannot be started.
pub fn open(config: &Config, key: &InstallationKey, authority: &CertAuthority) -> Result<(Memory, Keepers), Failure> {
    sink::make_dir(&config.log.dir).map_err(|error| {
        Failure::because(format!("the event log in {} cannot be opened", config.log.dir.display()), error)
    })?;
    let (sightings, keeper) = sightings(config, key);
    let (trusting, trust) = trusting(config, authority);
    let (alerts, judging) = alerts(config, key, authority)?;
    let memory = Memory { sightings, claims: claims(config)?, alerts, trusting };
    Ok((memory, Keepers { sightings: keeper, trust, judging }))
}

impl Keepers {
    /// Sees each event before it is written.
    pub fn witness(&self) -> Box<dyn Witness> {
        self.judging.witness()
    }

    /// Writes down what is left, after the event log has ended.
    pub fn close(self) {
        self.judging.close();
        self.sightings.into_iter().for_each(Keeper::close);
        self.trust.into_iter().for_each(TrustKeeper::close);
    }
}

/// Where nothing is watched, what one request shows is still found.
fn sightings(config: &Config, key: &InstallationKey) -> (Option<Sightings>, Option<Keeper>) {
    if !config.behaviour.enabled {
        return (None, None);
    }
    match Sightings::open(&config.log.dir, key, build::watch(config)) {
        Ok((sightings, keeper)) => (Some(sightings), Some(keeper)),
        Err(error) => {
            tracing::warn!("what passes is not watched over time: {error}");
            (None, None)
        }
    }
}

fn trusting(config: &Config, authority: &CertAuthority) -> (Arc<TrustTable>, Option<TrustKeeper>) {
    let table = Arc::new(TrustTable::default());
    table.set_authority(&authority.fingerprint());
    let keeper = TrustKeeper::open(&config.log.dir, Arc::clone(&table), config.routing.trust);
    let told =
        |error: &std::io::Error| tracing::warn!("who trusts the authority will be forgotten at the end: {error}");
    (table, keeper.inspect_err(told).ok())
}

/// What is new is found out even if nobody is told.
fn alerts(config: &Config, key: &InstallationKey, authority: &CertAuthority) -> Result<(Alerts, Judging), Failure> {
    let targets = told::targets(config, authority)?;
    let started = Alerts::open(&config.log.dir, key, config.behaviour.stopped_after)
        .and_then(|(alerts, judging)| alerts.direct(targets).map(|()| (alerts, judging)));
    started.map_err(|error| Failure::because("the threads for alerts cannot be started", error))
}

/// Without it nobody would know who was let in, so clir does not start.
fn claims(config: &Config) -> Result<Option<Claims>, Failure> {
    let open = |_: &Claiming| Claims::open(&config.log.dir);
    let opened = config.claiming.as_ref().map(open).transpose();
    opened.map_err(|error| Failure::because(format!("{}/claims.db cannot be used", config.log.dir.display()), error))
}
