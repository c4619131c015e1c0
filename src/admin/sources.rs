//! What is there to be shown, and who provides it?

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{Live, Metrics};
use crate::{
    policy::Policy,
    sink::{EventLog, index::Index},
};

/// Everything that the server shows.
#[derive(Clone)]
pub struct Sources {
    /// The event log's index.
    pub index: Index,
    /// The event log itself.
    pub log: EventLog,
    /// Where it is.
    pub log_dir: PathBuf,
    /// What happens now.
    pub live: Live,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The rules, and what can be done about them.
    pub configuration: Arc<dyn Configuration>,
    /// What passes unread, and why.
    pub passed: Arc<dyn Passed>,
    /// What was told.
    pub alerts: Arc<dyn Alerts>,
    /// How many connections clients have.
    pub connections: Arc<dyn Fn() -> usize + Send + Sync>,
    /// Where clients connect.
    pub listeners: Vec<ListenerInfo>,
    /// When clir was started.
    pub started: Timestamp,
}

/// A listener, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct ListenerInfo {
    /// Its label.
    pub label: String,
    /// How connections arrive.
    pub kind: String,
    /// Its address and port.
    pub address: String,
    /// Where it stands on the path.
    pub vantage: String,
    /// What can be seen there, and what cannot, in a sentence.
    #[serde(skip)]
    pub sees: String,
}

/// The configuration in force, as far as it is shown.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Since when it is in force.
    pub loaded: Timestamp,
    /// Why a later one is not, if there is one.
    pub problem: Option<String>,
    /// The rules with their counters.
    pub policy: Arc<Policy>,
    /// Where each of them stands, in their order.
    pub places: Vec<RuleInfo>,
    /// The trusted partners.
    pub partners: Vec<PartnerInfo>,
}

/// Where a rule stands.
#[derive(Clone, Debug)]
pub struct RuleInfo {
    /// The file, as it was named.
    pub file: String,
    /// Its line, counted from one.
    pub line: usize,
}

/// A trusted partner.
#[derive(Clone, Debug, Serialize)]
pub struct PartnerInfo {
    /// Its name.
    pub name: String,
    /// Its hosts.
    pub hosts: String,
    /// The last day on which it is one.
    pub expires: Option<String>,
    /// Whether that is over.
    pub expired: bool,
}

/// The configuration, which can be changed. All of it may take a moment: it reads files.
pub trait Configuration: Send + Sync {
    /// What is in force.
    fn standing(&self) -> Arc<Standing>;

    /// The file that a rule would go to, and what would be told of it. Warnings do not reject it.
    ///
    /// # Errors
    /// What is wrong with it, or that there is no such file and what to do.
    fn check(&self, rule: &str) -> Result<(String, Vec<Diagnostic>), Rejected>;

    /// Writes the rule before all others and puts it in force.
    ///
    /// # Errors
    /// What is wrong with it; then nothing was written.
    fn save(&self, rule: &str) -> Result<Saved, Rejected>;
}

/// A rule that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// Always true.
    pub saved: bool,
    /// The file that it stands in.
    pub file: String,
    /// Its first line there, counted from one.
    pub line: usize,
}

/// Why a rule was not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// In a sentence.
    pub error: String,
    /// Fault by fault.
    pub diagnostics: Vec<Diagnostic>,
}

/// A fault in what was written. Lines are those of the text that was handed in, if the fault is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Counted from one; nothing if it is in no line of the text.
    pub line: Option<usize>,
    /// Counted from one.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What passes unread.
pub trait Passed: Send + Sync {
    /// All of it, the newest first.
    fn items(&self) -> Vec<PassedItem>;
    /// Forgets what is known of a client, and there of a host if one is named; says how much that was.
    fn forget(&self, client: &str, host: Option<&str>) -> usize;
}

/// A client, or a client with a host, whose connections pass unread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedItem {
    /// Its address.
    pub client: String,
    /// Its name, if it has one.
    pub client_name: Option<String>,
    /// The host; nothing for all.
    pub host: Option<String>,
    /// Why, in a word or two.
    pub reason: String,
    /// Why, in a sentence.
    pub words: String,
    /// Since when.
    pub since: Timestamp,
    /// When it happened last.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// Until when.
    pub expires: Option<Timestamp>,
}

/// What people were told.
pub trait Alerts: Send + Sync {
    /// The last so many, the newest first.
    fn recent(&self, limit: usize) -> Vec<Alert>;
}

/// Something that people are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// When.
    pub ts: Timestamp,
    /// `first-leak`, `carrier-header-started` or `carrier-header-stopped`.
    pub kind: String,
    /// In a sentence, without any value.
    pub words: String,
    /// The exchange that shows it.
    pub exchange: Option<String>,
}

/// Where nothing passes unread that anybody knows of.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingPassed;

impl Passed for NothingPassed {
    fn items(&self) -> Vec<PassedItem> {
        Vec::new()
    }

    fn forget(&self, _client: &str, _host: Option<&str>) -> usize {
        0
    }
}

/// Where nobody is told anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAlerts;

impl Alerts for NoAlerts {
    fn recent(&self, _limit: usize) -> Vec<Alert> {
        Vec::new()
    }
}
