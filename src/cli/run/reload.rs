//! What happens when the configuration changes while clir runs?
//!
//! It is read as a whole, and either all of it is in force from the next request on, or none of it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::Notify;

use super::{authority::Authority, build, memory::Memory, told, view::Rules, way_out::WayOut};
use crate::{
    cli::Failure,
    config::{self, Config, Loaded, Stamps, Watcher},
    exchange::InstallationKey,
    policy::Policy,
    proxy::Running,
};

/// What stays when the configuration changes.
pub struct Kept {
    /// The installation's key.
    pub key: InstallationKey,
    /// What is remembered beside the log.
    pub memory: Memory,
    /// Our own authority.
    pub authority: Authority,
    /// The ports that we listen on.
    pub own_ports: Arc<[u16]>,
    /// What is shown of the rules.
    pub rules: Arc<Rules>,
}

/// What is needed to read the configuration again.
pub struct Reloading {
    explicit: Option<PathBuf>,
    kept: Kept,
    config: Config,
    files: Vec<PathBuf>,
    watched: Vec<PathBuf>,
    watcher: Option<Watcher>,
    /// How the files looked when they were read.
    stamps: Stamps,
}

impl Reloading {
    /// Begins with what was loaded at the start.
    pub fn new(explicit: Option<&Path>, loaded: Loaded, kept: Kept) -> Self {
        Self {
            explicit: explicit.map(Path::to_path_buf),
            kept,
            config: loaded.config,
            stamps: config::stamps(&loaded.files),
            files: loaded.files,
            watched: Vec::new(),
            watcher: None,
        }
    }

    /// Notifies when one of the files changes. Where files cannot be watched, SIGHUP still works.
    pub fn watch(&mut self, changed: &Arc<Notify>) {
        if self.watched == self.files && self.watcher.is_some() || self.files.is_empty() {
            return;
        }
        let notify = Arc::clone(changed);
        match config::watch(self.files.clone(), move || notify.notify_one()) {
            Ok(watcher) => {
                self.watcher = Some(watcher);
                self.watched.clone_from(&self.files);
            }
            Err(error) => tracing::warn!("changes of the configuration are not noticed, send SIGHUP: {error}"),
        }
    }

    /// Whether the files look otherwise than when they were read.
    pub fn has_changed(&self) -> bool {
        config::stamps(&self.files) != self.stamps
    }

    /// Reads everything again and puts it in force if it is sound. Answers whether it was.
    pub fn reload(&mut self, running: &Running) -> bool {
        self.kept.authority.reload(running);
        // Before they are read: what changes meanwhile is noticed once more.
        self.stamps = config::stamps(&self.files);
        let loaded = match config::load(self.explicit.as_deref()) {
            Ok(loaded) => loaded,
            Err(report) => {
                // Whoever reads the one may ask for the other at once.
                self.kept.rules.keep(report.to_string());
                tracing::error!("the configuration is not sound; the old one stays in force\n{report}");
                return false;
            }
        };
        if !loaded.warnings.is_empty() {
            tracing::warn!("the configuration has warnings\n{}", loaded.warnings);
        }
        let way_out = match WayOut::new(&loaded.config, Arc::clone(&self.kept.own_ports), self.kept.authority.current())
        {
            Ok(way_out) => way_out,
            Err(failure) => {
                self.kept.rules.keep(failure.to_string());
                tracing::error!("the configuration cannot be used; the old one stays in force: {failure}");
                return false;
            }
        };
        tell_unused(running.judges().interceptor.policy());
        let Kept { key, memory, authority, .. } = &self.kept;
        let judges = build::judges(&loaded.config, key, memory, way_out, authority.current());
        running.replace(judges);
        self.direct_alerts(&loaded.config);
        self.tell_restarts(&loaded.config);
        tracing::info!(rules = loaded.config.policy.rules().len(), "the configuration was read anew and is in force");
        self.kept.rules.replace(&loaded.config);
        self.config = loaded.config;
        if self.files != loaded.files {
            self.stamps = config::stamps(&loaded.files);
        }
        self.files = loaded.files;
        true
    }
}

impl Reloading {
    /// Names what changed and is not in force yet.
    fn tell_restarts(&self, new: &Config) {
        if needs_restart(&self.config, new) {
            tracing::warn!(
                "listeners, TLS, log, limits, time limits and the live view's address take effect after a restart"
            );
        }
        if new.behaviour.enabled && self.kept.memory.sightings.is_none() {
            tracing::warn!("`behaviour.enabled` takes effect after a restart");
        }
        if new.claiming.is_some() && self.kept.memory.claims.is_none() {
            tracing::warn!("`listener.claims` takes effect after a restart");
        }
        if new.behaviour.stopped_after != self.config.behaviour.stopped_after {
            tracing::warn!("`behaviour.stopped_after` takes effect after a restart");
        }
    }

    /// Who was told before and still is goes on counting.
    fn direct_alerts(&self, new: &Config) {
        if self.config.alerts == new.alerts {
            return;
        }
        let targets = told::targets(new, self.kept.authority.current());
        let directed = targets.and_then(|targets| {
            let directed = self.kept.memory.alerts.direct(targets);
            directed.map_err(|error| Failure::because("a thread cannot be started", error))
        });
        if let Err(failure) = directed {
            tracing::error!("alerts go where they went before: {failure}");
        }
    }
}

fn needs_restart(old: &Config, new: &Config) -> bool {
    // What they show to those who speak TLS is taken up at once.
    let sockets = |config: &Config| -> Vec<_> {
        config
            .listeners
            .iter()
            .map(|listener| config::Listener { tls: None, claims: false, ..listener.clone() })
            .collect()
    };
    sockets(old) != sockets(new)
        || old.tls != new.tls
        || old.log != new.log
        || old.limits != new.limits
        || old.timeouts != new.timeouts
        || old.admin != new.admin
}

/// Names the rules that never matched while this policy was in force.
pub fn tell_unused(policy: &Policy) {
    let unused: Vec<_> = policy.never_matched().iter().map(|rule| rule.name.to_string()).collect();
    if !unused.is_empty() {
        tracing::info!("rules that never matched: {}", unused.join(", "));
    }
}
