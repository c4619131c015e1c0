//! What is a rule about?

use std::fmt;

use super::{Pattern, rule::Clauses};
use crate::detect::{Confidence, Finding, Identifier, InsertedBy, Part, Severity};

/// The `when` of a rule: everything that is given must hold. An empty condition holds for every finding.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// At least this bad.
    pub severity: Option<Severity>,
    /// At least this sure.
    pub confidence: Option<Confidence>,
    /// One of these kinds; none given means any.
    pub identifiers: Vec<Identifier>,
    /// Put there by one of these; none given means anyone.
    pub origins: Vec<InsertedBy>,
    /// In one of these parts; none given means any.
    pub parts: Vec<Part>,
    /// In a field whose name matches one of these; none given means anywhere. The names are matched for all rules at
    /// once, so [`Condition::admits`] leaves them out.
    pub headers: Vec<Pattern>,
}

impl Condition {
    /// Whether it names headers and says nothing about findings: then it holds for the header itself.
    pub fn is_about_headers_only(&self) -> bool {
        let about_findings = self.severity.is_some()
            || self.confidence.is_some()
            || !self.identifiers.is_empty()
            || !self.origins.is_empty();
        !self.headers.is_empty() && !about_findings
    }

    /// Whether it holds for every finding and every rule after it is in vain, as far as conditions go.
    pub fn is_everything(&self) -> bool {
        let bounded = self.severity.is_some_and(|least| least > Severity::Low)
            || self.confidence.is_some_and(|least| least > Confidence::Possible);
        let listed = !self.identifiers.is_empty() || !self.origins.is_empty() || !self.parts.is_empty();
        !bounded && !listed && self.headers.is_empty()
    }

    /// Whether the finding is of the kind that is asked for, its field's name apart.
    pub fn admits(&self, finding: &Finding) -> bool {
        self.severity.is_none_or(|least| finding.severity >= least)
            && self.confidence.is_none_or(|least| finding.confidence >= least)
            && any_or_in(&self.identifiers, &finding.identifier)
            && any_or_in(&self.origins, &finding.origin)
            && self.admits_part(finding.location.part)
    }

    /// Whether this part of a message is asked for.
    pub fn admits_part(&self, part: Part) -> bool {
        any_or_in(&self.parts, &part)
    }
}

fn any_or_in<T: PartialEq>(list: &[T], item: &T) -> bool {
    list.is_empty() || list.contains(item)
}

/// `severity at least high and header x-up-*`
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut clauses = Clauses::default();
        clauses.add("severity at least", self.severity);
        clauses.add("confidence at least", self.confidence);
        clauses.add_any("identifier", &self.identifiers);
        clauses.add_any("header", &self.headers);
        clauses.add_any("origin", &self.origins);
        clauses.add_any("part", &self.parts);
        clauses.fmt(f)
    }
}
