//! What does one rule say?

use std::{fmt, sync::Arc};

use jiff::civil::Date;

use super::{Action, Condition, Destination, Query, Redaction};
use crate::exchange::{Direction, Host};

/// Fields that frame or route the message (RFC 9110 §6.1, §7.2, §7.6, §10.1.1; RFC 9112 §6): to edit one by a rule
/// would break the message, or make two readers disagree on where it ends.
const STRUCTURAL: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"];

/// Whether a field of this name holds the message together, so that no rule may edit it.
pub fn is_structural(name: &[u8]) -> bool {
    STRUCTURAL.iter().any(|structural| name.eq_ignore_ascii_case(structural.as_bytes()))
}

/// One rule of the policy.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Unique, and what events show.
    pub name: Arc<str>,
    /// Which way the messages go that it is for.
    pub direction: Direction,
    /// What it is about.
    pub when: Condition,
    /// Where it holds.
    pub to: Destination,
    /// Where it does not.
    pub unless: Option<Destination>,
    /// What it does.
    pub action: Action,
    /// Why.
    pub reason: Option<String>,
}

impl Rule {
    /// Whether it is for this message at all.
    pub fn admits(&self, query: &Query<'_>) -> bool {
        self.direction == query.direction
            && self.to.admits(query, !self.action.withholds())
            && !self.unless.as_ref().is_some_and(|exempt| exempt.admits(query, true))
    }

    /// Whether what it does for this host takes a proof that the message goes there.
    pub fn hinges_on(&self, host: &Host, today: Date) -> bool {
        let is_exempt = self.unless.as_ref().is_some_and(|exempt| exempt.names(host, today));
        let is_meant = !self.action.withholds() && self.to.names(host, today);
        is_exempt || is_meant || self.action == Action::Redact(Redaction::Pseudonym)
    }

    /// Whether nothing that goes its way can pass it by, so that later rules are in vain.
    pub fn is_catch_all(&self) -> bool {
        self.when.is_everything() && self.to.is_everywhere() && self.unless.is_none()
    }
}

/// The whole rule on one line: `"name": when severity at least high, unless partner billing: strip`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\": ", self.name)?;
        match self.when.to_string() {
            when if when.is_empty() => f.write_str("any finding")?,
            when => write!(f, "when {when}")?,
        }
        if self.direction == Direction::Response {
            f.write_str(", in responses")?;
        }
        match self.to.to_string() {
            to if to.is_empty() => {}
            to => write!(f, ", to {to}")?,
        }
        if let Some(unless) = &self.unless {
            write!(f, ", unless {unless}")?;
        }
        write!(f, ": {}", self.action)
    }
}

/// `strip`, `redact by pseudonym`, `replace with "…"`, `block with 451`
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep | Self::Strip => f.write_str(self.as_str()),
            Self::Redact(redaction) => write!(f, "redact by {}", redaction.as_str()),
            Self::Replace(text) => write!(f, "replace with \"{}\"", text.escape_ascii()),
            Self::Block(status) => write!(f, "block with {status}"),
        }
    }
}

impl fmt::Display for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Collects `key value or value` clauses and joins them with `and`.
#[derive(Default)]
pub(super) struct Clauses(Vec<String>);

impl Clauses {
    /// A key with one value, if there is one.
    pub(super) fn add(&mut self, key: &str, value: Option<impl fmt::Display>) {
        self.0.extend(value.map(|value| format!("{key} {value}")));
    }

    /// A key with alternatives, if there are any.
    pub(super) fn add_any(&mut self, key: &str, values: &[impl fmt::Display]) {
        if !values.is_empty() {
            let words: Vec<_> = values.iter().map(ToString::to_string).collect();
            self.0.push(format!("{key} {}", words.join(" or ")));
        }
    }
}

impl fmt::Display for Clauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" and "))
    }
}
