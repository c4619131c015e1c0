//! How do the exit and the listeners' certificates of a configuration become parts of the proxy?

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use super::build;
use crate::{
    cli::Failure,
    config::{self, Config},
    proxy::{Door, Exit, ExitSettings, Hop, Words},
    tls::{CertAuthority, Shown, Trust},
};

/// What goes by an exit under this configuration, and which listeners speak TLS.
#[derive(Debug, Default)]
pub struct WayOut {
    /// The exit with its routes.
    pub hop: Option<Arc<Hop>>,
    /// What listeners show, by their labels.
    pub doors: HashMap<Arc<str>, Door>,
}

impl WayOut {
    /// Reads certificates and roots. `own_ports` are those that we listen on.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub fn new(config: &Config, own_ports: Arc<[u16]>, authority: &CertAuthority) -> Result<Self, Failure> {
        let hop = match &config.upstream {
            Some(upstream) => Some(Arc::new(hop(config, upstream, own_ports, authority)?)),
            None => None,
        };
        let listeners = config.listeners.iter();
        let doors = listeners.filter_map(|listener| Some((&listener.label, listener.tls.as_ref()?)));
        let doors = doors.map(|(label, written)| Ok((Arc::clone(label), door(written)?)));
        Ok(Self { hop, doors: doors.collect::<Result<_, Failure>>()? })
    }
}

fn hop(
    config: &Config,
    upstream: &config::Upstream,
    own_ports: Arc<[u16]>,
    authority: &CertAuthority,
) -> Result<Hop, Failure> {
    let sources: Vec<_> = upstream.roots.iter().map(build::root_source).collect();
    let trust = Trust::new(&sources, authority)
        .map_err(|error| Failure::because("upstream.exit_roots cannot be used", error))?;
    let timeouts = &config.timeouts;
    let settings = ExitSettings {
        host: upstream.host.clone(),
        port: upstream.port,
        words: Words::new(upstream.user.expose(), upstream.secret.expose()),
        http1_only: upstream.http1_only,
        connect: upstream.connect,
        // The exit looks the name up and connects, each within its own limit.
        answer: upstream.connect + timeouts.connect * 2,
        body: timeouts.body,
        check: upstream.check,
    };
    Ok(Hop::new(upstream.ways.clone(), Exit::new(settings, own_ports, Arc::new(trust))))
}

fn door(written: &config::Door) -> Result<Door, Failure> {
    match written {
        config::Door::OwnCa(names) => Ok(Door::Own(names.clone())),
        config::Door::Files { certificate, key } => {
            let shown = Shown::load(certificate, key, &crate::proxy::DOOR_ALPN, SystemTime::now());
            let shown = shown.map_err(|error| Failure::because("a listener's certificate cannot be used", error))?;
            Ok(Door::Shown(shown))
        }
    }
}
