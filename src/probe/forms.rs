//! What does a probe leave behind for machines?
//!
//! Version 1 of the form (`DESIGN.md` tells it): it may gain keys, what is here keeps its name and its meaning.

use serde::Serialize;
use serde_json::Value;

/// Everything that was tried, and what follows.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `clir-probe`.
    pub kind: &'static str,
    /// The version of this form: 1.
    pub v: u32,
    /// The version of clir.
    pub clir: &'static str,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended.
    pub ended: String,
    /// By how many milliseconds this machine's clock was ahead of the reflector's.
    pub offset_ms: Option<i64>,
    /// What follows.
    pub verdict: Verdict,
    /// What was and what was not looked at, sentence by sentence.
    pub coverage: Vec<String>,
    /// One for each request.
    pub trials: Vec<Trial>,
}

/// What follows from all trials.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Something was put there that identifies.
    pub identifies: bool,
    /// Fields that were sent as bait were taken away or overwritten.
    pub engine: bool,
    /// Anything at all differs.
    pub differs: bool,
    /// Whether anything could be tried.
    pub tested: bool,
    /// The same in words.
    pub statement: String,
}

/// One request and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// What was tried, such as `GET, first request`.
    pub name: String,
    /// To which reflector: `http://reflector.example:80`.
    pub reflector: String,
    /// The address that it was sent to.
    pub address: String,
    /// Through which interface, where one was chosen.
    pub interface: Option<String>,
    /// Through which proxy.
    pub via: Option<String>,
    /// Whether it went inside TLS.
    pub tls: bool,
    /// When, RFC 3339.
    pub at: String,
    /// The fields that were sent, in order and spelling.
    pub sent: Vec<(String, String)>,
    /// The fields that arrived; nothing where that is not known.
    pub arrived: Option<Vec<(String, String)>>,
    /// The address that the reflector saw.
    pub source: Option<String>,
    /// Why it could not be tried.
    pub error: Option<String>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// For the report's clock.
    #[serde(skip)]
    pub offset_ms: Option<i64>,
    /// Names of fields that were sent as bait.
    #[serde(skip)]
    pub canaries: &'static [&'static str],
}

/// One thing that is not as it was sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// `added`, `removed`, `changed`, `recased` or `reordered`.
    pub kind: &'static str,
    /// `request`, `response`, `body` or `hello`.
    pub side: &'static str,
    /// The field; `:method`, `:target`, `:version`, `:status`, `:body`, `:answer`, `:request`, or an extension's number.
    pub name: String,
    /// As it was sent.
    pub before: Option<String>,
    /// As it arrived; what was put there on the way shows its ends only, unless it was asked for.
    pub after: Option<String>,
    /// More in words.
    pub note: Option<String>,
    /// What it tells of whom, as in an event.
    pub findings: Vec<Value>,
}

impl Difference {
    /// One without values.
    pub(super) fn new(kind: &'static str, side: &'static str, name: impl Into<String>) -> Self {
        let (before, after, note) = (None, None, None);
        Self { kind, side, name: name.into(), before, after, note, findings: Vec::new() }
    }

    #[must_use]
    pub(super) fn from(mut self, before: impl Into<String>) -> Self {
        self.before = Some(before.into());
        self
    }

    #[must_use]
    pub(super) fn to(mut self, after: impl Into<String>) -> Self {
        self.after = Some(after.into());
        self
    }

    #[must_use]
    pub(super) fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
