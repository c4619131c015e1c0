//! What is told in an alert?

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use crate::detect::Severity;

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A site received an identifier that it had not received before.
    FirstLeak,
    /// A carrier inserts a header that it did not insert before.
    CarrierHeaderStarted,
    /// A header that a carrier always inserted is missing.
    CarrierHeaderStopped,
    /// So many alerts were held back.
    Summary,
    /// Somebody tries out whether alerts arrive.
    Test,
}

impl Kind {
    /// Those that one can ask for.
    pub const ALL: &'static [Self] = &[Self::FirstLeak, Self::CarrierHeaderStarted, Self::CarrierHeaderStopped];

    /// The word in configuration and alerts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstLeak => "first-leak",
            Self::CarrierHeaderStarted => "carrier-header-started",
            Self::CarrierHeaderStopped => "carrier-header-stopped",
            Self::Summary => "summary",
            Self::Test => "test",
        }
    }
}

/// An alert as it is handed over: one JSON object, in which what does not apply is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The form of this object.
    pub v: u32,
    /// When it became known.
    #[serde(serialize_with = "in_milliseconds")]
    pub ts: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// In a sentence, without any value.
    pub words: String,
    /// The id of the event that shows it.
    pub exchange: Option<String>,
    /// What more there is to say.
    #[serde(flatten)]
    pub details: Details,
}

/// What does not stand in every alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are those of events")]
pub struct Details {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub listener: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vantage: String,
    /// The client's address, without its port.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identifier: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub confidence: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// The field that it stood in; `:path` for the target.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub header: String,
    /// What was found, masked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// As in the event.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// `ever` when no site had received it before, `site` when only this one had not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub first: String,
    /// How many alerts were held back since the last summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_back: Option<u64>,
}

impl Alert {
    /// An alert that says this.
    pub fn new(ts: Timestamp, kind: Kind, words: impl Into<String>) -> Self {
        Self { v: 1, ts, kind, words: words.into(), exchange: None, details: Details::default() }
    }

    /// How bad it is, where that is known.
    pub fn severity(&self) -> Option<Severity> {
        self.details.severity.parse().ok()
    }

    /// Whether no site had received it before.
    pub fn is_first_ever(&self) -> bool {
        self.details.first == "ever"
    }

    /// The object, on a line of its own.
    pub fn line(&self) -> String {
        // A struct of strings and numbers can be written.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

fn in_milliseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}
