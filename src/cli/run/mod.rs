//! What does it take to run the proxy?
//!
//! Everything that can fail does so before the first connection is accepted, and in an order that leaves nothing half
//! made: configuration, ports, directories, authority, log. Then it runs until a signal ends it; another signal, or a
//! change of a file, makes it read its configuration anew.

mod authority;
mod banner;
mod build;
mod descriptors;
mod dirs;
mod reload;

use std::{path::Path, sync::Arc};

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
};

use descriptors::Descriptors;

use super::{Failure, Outcome, judgement};
use crate::{
    config,
    event::Redactor,
    exchange::InstallationKey,
    listen::{self, Listener},
    proxy::Running,
    sink::{EventLog, Keeper, Sightings},
    tls::{self, CertAuthority},
};

/// Carries the command out.
///
/// # Errors
/// Anything that keeps the proxy from starting.
pub fn run(config: Option<&Path>) -> Result<Outcome, Failure> {
    let loaded = judgement::loaded(config)?;
    loaded.warnings.print();
    let shortage = Descriptors::raise(&loaded.config).shortage();
    if let Some(shortage) = &shortage {
        tracing::warn!("too few descriptors: {shortage}");
    }
    let listeners = bind(&loaded.config)?;
    dirs::probe(&loaded.config.tls.ca_dir)?;
    dirs::probe(&loaded.config.log.dir)?;
    let authority = CertAuthority::load_or_create(&loaded.config.tls.ca_dir, std::time::SystemTime::now())
        .map_err(|error| Failure::because("the certificate authority cannot be used", error))?;
    let key = tls::installation_key(&loaded.config.tls.ca_dir)
        .map_err(|error| Failure::because("the installation's key cannot be used", error))?;
    let trust = build::trust(&loaded.config.tls, &authority)?;
    let redactor = Redactor::new(loaded.config.log.values, key.clone());
    let settings = build::log(&loaded.config);
    let (log, writer) = EventLog::open(settings, redactor).map_err(|error| {
        Failure::because(format!("the event log in {} cannot be opened", loaded.config.log.dir.display()), error)
    })?;
    let banner = banner::text(&loaded.config, &listeners, &authority, shortage.as_deref());
    let (sightings, keeper) = remember(&loaded.config, &key);
    let judges = build::judges(&loaded.config, &key, sightings.as_ref());
    let parts = build::parts(&loaded.config, listeners, judges, log, authority.clone(), trust);
    let running = Running::start(parts).map_err(|error| Failure::because("the proxy cannot be started", error))?;
    let reloading = reload::Reloading::new(config, loaded, key, authority, sightings);
    let ended = wait(running, reloading, &banner);
    writer.close();
    if let Some(keeper) = keeper {
        keeper.close();
    }
    ended
}

/// Takes up what was seen before. Where nothing is watched, what one request shows is still found.
fn remember(config: &config::Config, key: &InstallationKey) -> (Option<Sightings>, Option<Keeper>) {
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

fn bind(config: &config::Config) -> Result<Vec<Arc<Listener>>, Failure> {
    let bind = |listener: &config::Listener| {
        let config::Listener { kind, address, vantage, .. } = *listener;
        let spec = listen::Spec { kind, address, vantage, label: Arc::clone(&listener.label) };
        let bound = Listener::bind(&spec).map_err(|error| {
            Failure::because(format!("listener \"{}\" cannot listen on {}", spec.label, spec.address), error)
        });
        bound.map(Arc::new)
    };
    config.listeners.iter().map(bind).collect()
}

/// Runs until SIGTERM or SIGINT; reads the configuration anew at SIGHUP and when a file of it changes.
fn wait(running: Running, mut reloading: reload::Reloading, banner: &str) -> Result<Outcome, Failure> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::because("signals cannot be waited for", error))?;
    let changed = Arc::new(Notify::new());
    reloading.watch(&changed);
    let waited = runtime.block_on(async {
        let mut signals = Signals::new()?;
        // Whoever reads this may send a signal at once.
        banner::print(banner);
        loop {
            tokio::select! {
                // Told to end.
                _ = signals.terminate.recv() => return Ok(()),
                _ = signals.interrupt.recv() => return Ok(()),
                // Told to read the configuration anew; both ways may come at once, the second finds nothing new.
                _ = signals.hangup.recv() => reloading.reload(&running),
                () = changed.notified() => reloading.reload(&running),
            }
            reloading.watch(&changed);
        }
    });
    waited.map_err(|error: std::io::Error| Failure::because("signals cannot be waited for", error))?;
    tracing::info!("ending");
    reload::tell_unused(running.judges().interceptor.policy());
    running.end().map_err(|error| Failure::because("the proxy did not end well", error))?;
    Ok(Outcome::Done)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}
