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
mod memory;
mod reload;
mod service;
#[cfg(feature = "view")]
mod shown;
mod sites;
pub(super) mod told;
#[cfg(feature = "view")]
mod view;
#[cfg(not(feature = "view"))]
#[path = "without_view.rs"]
mod view;
mod way_out;

use std::{path::Path, sync::Arc};

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::{Notify, mpsc},
    time::interval,
};

use descriptors::Descriptors;

use super::{Failure, Outcome, judgement, qr};
use crate::{
    config,
    event::Redactor,
    exchange::InstallationKey,
    listen::{self, Inherited, Listener},
    proxy::{Parts, Running},
    sink::{EventLog, Witness, Writer},
    tls::{self, CertAuthority},
};
use authority::Authority;
use service::Manager;
use way_out::WayOut;

/// Carries the command out.
///
/// # Errors
/// Anything that keeps the proxy from starting.
pub fn run(config: Option<&Path>) -> Result<Outcome, Failure> {
    let inherited = Inherited::of_process()
        .map_err(|error| Failure::because("what the service manager has handed over cannot be used", error))?;
    let manager = Manager::of_process();
    let loaded = judgement::loaded(config)?;
    loaded.warnings.print();
    let shortage = Descriptors::raise(&loaded.config).shortage();
    if let Some(shortage) = &shortage {
        tracing::warn!("too few descriptors: {shortage}");
    }
    let listeners = bind(&loaded.config, inherited)?;
    let place = view::prepare(&loaded.config)?;
    dirs::probe(&loaded.config.tls.ca_dir)?;
    dirs::probe(&loaded.config.log.dir)?;
    let authority = CertAuthority::load_or_create(&loaded.config.tls.ca_dir, std::time::SystemTime::now())
        .map_err(|error| Failure::because("the certificate authority cannot be used", error))?;
    let key = tls::installation_key(&loaded.config.tls.ca_dir)
        .map_err(|error| Failure::because("the installation's key cannot be used", error))?;
    let trust = build::trust(&loaded.config.tls, &authority)?;
    let (memory, keepers) = memory::open(&loaded.config, &key, &authority)?;
    let witnesses = place.witnesses().into_iter().chain([keepers.witness()]).collect();
    let (log, writer) = open_log(&loaded.config, &key, witnesses)?;
    let banner = banner::text(&loaded.config, &listeners, &authority, place.told(), shortage.as_deref())
        + &qr::at_start(&loaded.config, &listeners);
    let own_ports: Arc<[u16]> = listeners.iter().map(|listener| listener.address.port()).collect();
    let shown = view::listeners(&listeners);
    let way_out = WayOut::new(&loaded.config, Arc::clone(&own_ports), &authority)?;
    let judges = build::judges(&loaded.config, &key, &memory, way_out, &authority);
    let known = sites::known(&loaded.config, &key);
    let parts = build::parts(&loaded.config, listeners, judges, log.clone(), authority.clone(), trust, known);
    // Twice as often as is asked, so that no beat is missed by a hair.
    let pulse = manager.sign.map(|period| period / 2);
    let parts = Parts { pulse, trusting: Arc::clone(&memory.trusting), ..parts }.closing(place.port());
    let running = Running::start(parts).map_err(|error| Failure::because("the proxy cannot be started", error))?;
    let sites = sites::Sites::new(loaded.config.log.dir.clone(), running.upgrades());
    let (rules, asked) = view::Rules::new(config, &loaded.config);
    let view = place.start(&loaded.config, &rules, view::Shown::of(&running, &memory, log, shown))?;
    let authority = Authority::new(&loaded.config, authority);
    let kept = reload::Kept { key, memory, authority, own_ports, rules };
    let reloading = reload::Reloading::new(config, loaded, kept);
    let ended = wait(running, reloading, asked, &banner, &sites, manager);
    writer.close();
    view.end();
    keepers.close();
    ended
}

fn open_log(
    config: &config::Config,
    key: &InstallationKey,
    witnesses: Vec<Box<dyn Witness>>,
) -> Result<(EventLog, Writer), Failure> {
    let redactor = Redactor::new(config.log.values, key.clone());
    EventLog::open_before(build::log(config), redactor, witnesses).map_err(|error| {
        Failure::because(format!("the event log in {} cannot be opened", config.log.dir.display()), error)
    })
}

fn bind(config: &config::Config, mut inherited: Inherited) -> Result<Vec<Arc<Listener>>, Failure> {
    let mut bind = |listener: &config::Listener| {
        let config::Listener { kind, address, vantage, .. } = *listener;
        let spec = listen::Spec { kind, address, vantage, label: Arc::clone(&listener.label) };
        let bound = match inherited.take(address) {
            Some(socket) => Listener::adopt(&spec, socket),
            None => Listener::bind(&spec),
        };
        let bound = bound.map_err(|error| {
            Failure::because(format!("listener \"{}\" cannot listen on {}", spec.label, spec.address), error)
        });
        bound.map(Arc::new)
    };
    let listeners = config.listeners.iter().map(&mut bind).collect::<Result<_, _>>()?;
    demand_use(&inherited)?;
    Ok(listeners)
}

/// A socket that nobody accepts from would leave its clients waiting for ever.
fn demand_use(inherited: &Inherited) -> Result<(), Failure> {
    let Some(address) = inherited.addresses().into_iter().next() else { return Ok(()) };
    Err(Failure::new(format!(
        "the service manager has handed over a socket on {address}, and no [[listener]] has that address: let both say \
         the same (`clir gateway install` writes the units of a configuration)"
    )))
}

/// Runs until SIGTERM or SIGINT; reads the configuration anew at SIGHUP and when a file of it changes.
fn wait(
    running: Running,
    mut reloading: reload::Reloading,
    mut asked: mpsc::Receiver<view::Asked>,
    banner: &str,
    sites: &sites::Sites,
    manager: Manager,
) -> Result<Outcome, Failure> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::because("signals cannot be waited for", error))?;
    let changed = Arc::new(Notify::new());
    reloading.watch(&changed);
    let waited = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let mut signs = manager.signs();
        // Whoever reads this may send a signal at once.
        banner::print(banner);
        let mut turns = interval(sites::INTERVAL);
        manager.ready("serving");
        loop {
            let mut waiting = None;
            tokio::select! {
                // Told to end.
                _ = signals.terminate.recv() => return Ok(()),
                _ = signals.interrupt.recv() => return Ok(()),
                // Told to read the configuration anew; both ways may come at once, the second finds nothing new.
                _ = signals.hangup.recv() => {}
                () = changed.notified() => {
                    if !reloading.has_changed() {
                        continue;
                    }
                }
                // Whoever has changed it waits for the answer.
                Some(answer) = asked.recv() => waiting = Some(answer),
                // Time to write down what was found out.
                _ = turns.tick() => {
                    sites.keep();
                    continue;
                }
                // Due to show that we work; what is cancelled here comes again.
                () = signs.due() => {
                    show_life(&running, manager);
                    continue;
                }
            }
            manager.reloading();
            let is_sound = reloading.reload(&running);
            manager.ready(if is_sound { "serving" } else { "serving; the changed configuration is not sound" });
            reloading.watch(&changed);
            // Who has gone meanwhile need not hear it.
            let _ = waiting.map(|answer| answer.try_send(is_sound));
        }
    });
    waited.map_err(|error: std::io::Error| Failure::because("signals cannot be waited for", error))?;
    tracing::info!("ending");
    manager.stopping();
    reload::tell_unused(running.judges().interceptor.policy());
    let ended = running.end();
    sites.tell();
    ended.map_err(|error| Failure::because("the proxy did not end well", error))?;
    Ok(Outcome::Done)
}

/// The manager starts us anew if it hears nothing for long.
fn show_life(running: &Running, manager: Manager) {
    match running.is_alive() {
        true => manager.alive(),
        false => tracing::error!("a worker is stuck; the service manager is not told that all is well"),
    }
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
