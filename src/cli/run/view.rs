//! What does it take to show the live view?
//!
//! The event log's index, what is counted, and the rules with what can be done about them. Where it is switched off,
//! none of it is made.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc::SyncSender},
    time::Duration,
};

use arc_swap::ArcSwap;
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{memory::Memory, shown};
use crate::{
    admin::{
        self, Configuration, Counting, Diagnostic, ListenerInfo, Live, Metrics, PartnerInfo, Passed, Rejected,
        RuleInfo, Saved, Settings, Sources, Standing,
    },
    alert::Alerts,
    cli::Failure,
    config::{self, Config, Gravity},
    listen::Listener,
    proxy::Running,
    sink::{
        EventLog, Witness,
        index::{Beginning, Index, Indexer},
    },
    tls,
};

/// For a reload that was asked for.
const RELOAD: Duration = Duration::from_secs(20);

/// Somebody who waits for a reload, and hears whether it is in force.
pub type Asked = SyncSender<bool>;

/// Where the live view is, if there is one, and what is said of that at the start.
pub struct Place {
    prepared: Option<Prepared>,
    told: String,
}

/// What the proxy has to show.
pub struct Shown {
    /// Where events go.
    pub log: EventLog,
    /// Its listeners.
    pub listeners: Vec<ListenerInfo>,
    /// Counts the connections that clients have.
    pub connections: Arc<dyn Fn() -> usize + Send + Sync>,
    /// What passes unread.
    pub passed: Arc<dyn Passed>,
    /// What people were told.
    pub alerts: Alerts,
}

impl Shown {
    /// What this proxy has.
    pub fn of(running: &Running, memory: &Memory, log: EventLog, listeners: Vec<ListenerInfo>) -> Self {
        let passed = shown::Unread::new(Arc::clone(&memory.trusting), running.in_force());
        let connections = Arc::new(running.connections());
        Self { log, listeners, connections, passed: Arc::new(passed), alerts: memory.alerts.clone() }
    }
}

/// The live view before the proxy runs.
struct Prepared {
    listener: TcpListener,
    address: SocketAddr,
    index: Index,
    beginning: Beginning,
    live: Live,
    metrics: Arc<Metrics>,
    started: Timestamp,
}

/// The live view at work, if there is one.
pub struct View(Option<(Indexer, admin::Running)>);

/// Listens where the live view is to be.
///
/// # Errors
/// Nothing can listen on an address that somebody chose.
pub fn prepare(config: &Config) -> Result<Place, Failure> {
    let Some(address) = config.admin.address else {
        return Ok(Place { prepared: None, told: "switched off".to_owned() });
    };
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is taken by another program (or another clir): choose another `admin.address`")
        }
        _ => format!("nothing can listen on {address} (`admin.address`): {error}"),
    };
    let bound = admin::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
    match bound {
        Ok((address, listener)) => {
            let token = if config.admin.token.is_some() { " (asks for admin.token)" } else { "" };
            let prepared = Some(Prepared::new(listener, address, config)?);
            Ok(Place { prepared, told: format!("http://{address}/{token}") })
        }
        Err(error) if config.admin.is_chosen => Err(Failure::new(format!("the live view: {}", failed(error)))),
        // Nobody asked for it: no reason not to protect anybody.
        Err(error) => {
            let why = failed(error);
            tracing::warn!("no live view: {why}, or switch it off with `admin.enabled = false`");
            Ok(Place { prepared: None, told: format!("not there: {why}") })
        }
    }
}

impl Prepared {
    fn new(listener: TcpListener, address: SocketAddr, config: &Config) -> Result<Self, Failure> {
        let started = Timestamp::now();
        let metrics = Metrics::new(started.as_duration().as_secs_f64());
        let metrics = metrics.map_err(|error| Failure::because("metrics cannot be counted", error))?;
        let (index, beginning) = Index::new(&config.log.dir);
        Ok(Self { listener, address, index, beginning, live: Live::default(), metrics: Arc::new(metrics), started })
    }
}

impl Place {
    /// What is said of it at the start.
    pub fn told(&self) -> &str {
        &self.told
    }

    /// The port that it listens on.
    pub fn port(&self) -> Option<u16> {
        self.prepared.as_ref().map(|prepared| prepared.address.port())
    }

    /// Those who see each event before it is written.
    pub fn witnesses(&self) -> Vec<Box<dyn Witness>> {
        let Some(Prepared { index, metrics, .. }) = &self.prepared else { return Vec::new() };
        let index = index.clone();
        vec![Box::new(Counting::new(Arc::clone(metrics), move || index.wake()))]
    }

    /// Shows it from now on.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(self, config: &Config, rules: &Arc<Rules>, shown: Shown) -> Result<View, Failure> {
        let Some(prepared) = self.prepared else { return Ok(View(None)) };
        let failed = |error| Failure::because("the live view cannot be started", error);
        let Shown { log, listeners, connections, passed, alerts } = shown;
        shown::pass_on(alerts.subscribe(), prepared.live.clone()).map_err(failed)?;
        let indexer = prepared.beginning.start(vec![Box::new(prepared.live.clone())]).map_err(failed)?;
        let random = tls::random().map_err(|error| Failure::because("the live view", error))?;
        let settings = Settings { token: config.admin.token.clone(), random };
        let sources = Sources {
            index: prepared.index,
            log,
            log_dir: config.log.dir.clone(),
            live: prepared.live,
            metrics: prepared.metrics,
            configuration: Arc::clone(rules) as Arc<dyn Configuration>,
            passed,
            alerts: Arc::new(shown::Told(alerts)),
            connections,
            listeners,
            started: prepared.started,
        };
        let running = admin::Running::start(prepared.listener, settings, sources).map_err(failed)?;
        Ok(View(Some((indexer, running))))
    }
}

impl View {
    /// Ends, after the event log has.
    pub fn end(self) {
        if let Some((indexer, running)) = self.0 {
            indexer.close();
            running.end();
        }
    }
}

/// The listeners, as they are shown.
pub fn listeners(listeners: &[Arc<Listener>]) -> Vec<ListenerInfo> {
    let shown = listeners.iter().map(|listener| ListenerInfo {
        label: listener.label.to_string(),
        kind: listener.kind.as_str().to_owned(),
        address: listener.address.to_string(),
        vantage: listener.vantage.to_string(),
        sees: listener.vantage.coverage().to_owned(),
    });
    shown.collect()
}

/// The rules in force, and a way to write more.
pub struct Rules {
    explicit: Option<PathBuf>,
    standing: ArcSwap<Standing>,
    reloads: Sender<Asked>,
    /// One at a time.
    writing: Mutex<()>,
}

impl Rules {
    /// Those of this configuration; whoever receives reads it anew.
    pub fn new(explicit: Option<&std::path::Path>, config: &Config) -> (Arc<Self>, Receiver<Asked>) {
        let (reloads, asked) = channel(4);
        let standing = ArcSwap::from_pointee(standing(config));
        let explicit = explicit.map(std::path::Path::to_path_buf);
        (Arc::new(Self { explicit, standing, reloads, writing: Mutex::new(()) }), asked)
    }

    /// Another configuration is in force.
    pub fn replace(&self, config: &Config) {
        self.standing.store(Arc::new(standing(config)));
    }

    /// Another configuration is not in force, and why.
    pub fn keep(&self, problem: String) {
        let standing = Standing { problem: Some(problem), ..Standing::clone(&self.standing.load()) };
        self.standing.store(Arc::new(standing));
    }

    fn reload(&self) -> bool {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.reloads.blocking_send(answer).is_ok() && answered.recv_timeout(RELOAD).unwrap_or(false)
    }
}

impl Configuration for Rules {
    fn standing(&self) -> Arc<Standing> {
        self.standing.load_full()
    }

    fn check(&self, rule: &str) -> Result<(String, Vec<Diagnostic>), Rejected> {
        let addition = config::add_rule(self.explicit.as_deref(), rule).map_err(rejected)?;
        Ok((addition.path.display().to_string(), addition.warnings.iter().map(told).collect()))
    }

    fn save(&self, rule: &str) -> Result<Saved, Rejected> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let addition = config::add_rule(self.explicit.as_deref(), rule).map_err(rejected)?;
        let file = addition.path.display().to_string();
        addition.write().map_err(|error| Rejected {
            error: format!("{file} cannot be written: {error}; write the rule there yourself, before the others"),
            diagnostics: Vec::new(),
        })?;
        tracing::info!("a rule was written to {file}, line {}, from the live view", addition.line);
        if !self.reload() {
            let error =
                format!("the rule was written to {file}, but is not in force: the configuration was not read anew");
            return Err(Rejected { error, diagnostics: Vec::new() });
        }
        Ok(Saved { saved: true, file, line: addition.line })
    }
}

fn rejected(refused: config::Refused) -> Rejected {
    Rejected { error: refused.message, diagnostics: refused.faults.iter().map(told).collect() }
}

fn told(fault: &config::Told) -> Diagnostic {
    let config::Told { position, diagnostic } = fault;
    let elsewhere = match (position, diagnostic.position()) {
        (None, Some((file, line, _))) => format!("{file}:{line}: "),
        _ => String::new(),
    };
    let gravity = if diagnostic.gravity == Gravity::Warning { "warning: " } else { "" };
    Diagnostic {
        line: position.map(|(line, _)| line),
        column: position.map(|(_, column)| column),
        message: format!("{gravity}{elsewhere}{}", diagnostic.message),
        help: diagnostic.help.clone(),
    }
}

fn standing(config: &Config) -> Standing {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let partner = |partner: &Arc<crate::policy::Partner>| PartnerInfo {
        name: partner.name.to_string(),
        hosts: partner.hosts.to_string(),
        expires: partner.expires.map(|last| last.to_string()),
        expired: partner.is_expired(today),
    };
    let place = |place: &config::RulePlace| RuleInfo { file: place.file.clone(), line: place.line };
    Standing {
        loaded: Timestamp::now(),
        problem: None,
        policy: Arc::clone(&config.policy),
        places: config.rule_places.iter().map(place).collect(),
        partners: config.partners.iter().map(partner).collect(),
    }
}
