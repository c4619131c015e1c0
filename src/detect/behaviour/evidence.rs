//! What speaks for a finding, and how do findings of one request and of many go together?

use std::sync::Arc;

use super::{client::Sighting, contrast, shape::Shape, site::Site};
use crate::{
    detect::{Confidence, Finding, Identifier, InsertedBy, Location, Part, Severity, Subject},
    exchange::{Field, Vantage},
};

/// What was seen in the course of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Why it is a finding, and why its origin is what it is; for people.
    pub reason: &'static str,
    /// In how many requests.
    pub count: u32,
    /// When for the first time, in seconds since 1970.
    pub first: i64,
    /// When for the last time.
    pub last: i64,
    /// The unrelated sites that it went to, or as many of them as are remembered.
    pub hosts: Vec<Seen>,
}

/// A site that something went to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Of the registrable domain, under the installation's key.
    pub digest: u64,
    /// The domain itself, where it may be told and was seen since the start.
    pub name: Option<Arc<str>>,
}

/// What is held of a field.
#[derive(Debug)]
pub(super) struct Verdict {
    detector: &'static str,
    identifier: Identifier,
    severity: Severity,
    confidence: Confidence,
    origin: InsertedBy,
    evidence: Evidence,
}

/// A value that went to unrelated sites; `by_name` is what the name alone has shown.
pub(super) fn cross_site(
    (sighting, confidence): (&Sighting, Confidence),
    by_name: Option<&Verdict>,
    vantage: Option<Vantage>,
) -> Verdict {
    let (origin, reason) = match vantage {
        _ if sighting.is_inside => {
            (InsertedBy::Handset, "one opaque value to unrelated sites, inside TLS too, where nothing can be added")
        }
        Some(Vantage::NoCarrier | Vantage::BeforeCarrier) => {
            (InsertedBy::Handset, "one opaque value to unrelated sites, before any carrier could add it")
        }
        _ if by_name.is_some_and(|name| name.detector == CLEARTEXT_ONLY) => {
            (InsertedBy::Carrier, "one opaque value to unrelated sites, never where nothing can be added")
        }
        _ if sighting.is_foreign() => {
            (InsertedBy::Carrier, "one opaque value to unrelated sites, appended in another spelling than the rest")
        }
        _ if sighting.is_beyond_apps => {
            (InsertedBy::Carrier, "one opaque value to unrelated sites, where a browser lets no page put any")
        }
        _ if sighting.is_common() => {
            (InsertedBy::Unknown, "one opaque value to unrelated sites, from several applications")
        }
        _ => (InsertedBy::Unknown, "one opaque value to unrelated sites"),
    };
    // The name and the value, told apart from each other, say the same.
    let is_sure = by_name.is_some() && !sighting.is_inside;
    Verdict {
        detector: "behaviour-cross-site",
        identifier: Identifier::SubscriberId,
        severity: Severity::High,
        confidence: if is_sure { Confidence::Certain } else { confidence },
        origin,
        evidence: Evidence {
            reason,
            count: sighting.count,
            first: sighting.first,
            last: sighting.last,
            hosts: seen(&sighting.sites),
        },
    }
}

const CLEARTEXT_ONLY: &str = "behaviour-cleartext-only";

/// A name that stands on cleartext only, or always stands or is spelt as if another hand had added it.
pub(super) fn by_name(shown: contrast::Shown<'_>, shape: Shape, vantage: Option<Vantage>) -> Option<Verdict> {
    if shown.is_missing_elsewhere {
        let reason = "sent to unrelated sites in cleartext, and never inside TLS";
        return Some(Verdict::of_a_name(CLEARTEXT_ONLY, shown, reason, shape, vantage));
    }
    // Before any carrier there is no other hand than the phone's. Words are often somebody's after all.
    let is_possible = matches!(vantage, Some(Vantage::BeyondCarrier) | None) && shape != Shape::Plain;
    let reason = "sent to unrelated sites, always appended in another spelling than the rest";
    (shown.is_by_another_hand && is_possible)
        .then(|| Verdict::of_a_name("behaviour-position", shown, reason, shape, vantage))
}

/// A name that stands on a listener behind the carrier only.
pub(super) fn listener(shown: contrast::Shown<'_>, shape: Shape, vantage: Option<Vantage>) -> Verdict {
    let reason = "sent to unrelated sites through the carrier, and never by another way";
    Verdict::of_a_name("behaviour-listener", shown, reason, shape, vantage)
}

/// Whoever added it, it was the carrier only where one stands on the way.
fn added(vantage: Option<Vantage>) -> InsertedBy {
    match vantage {
        Some(Vantage::NoCarrier | Vantage::BeforeCarrier) => InsertedBy::Unknown,
        Some(Vantage::BeyondCarrier) | None => InsertedBy::Carrier,
    }
}

fn seen(sites: &[Site]) -> Vec<Seen> {
    sites.iter().map(|site| Seen { digest: site.digest, name: site.name.clone() }).collect()
}

impl Verdict {
    /// Of a plain value only that it was added is known: it says by which way the request came.
    fn of_a_name(
        detector: &'static str,
        shown: contrast::Shown<'_>,
        reason: &'static str,
        shape: Shape,
        vantage: Option<Vantage>,
    ) -> Self {
        let contrast::Shown { exposure, .. } = shown;
        let (identifier, severity) = match shape {
            Shape::Plain => (Identifier::Network, Severity::Low),
            Shape::Number | Shape::Pseudonym => (Identifier::SubscriberId, Severity::Medium),
        };
        let (count, first, last) = (exposure.count, exposure.first, exposure.last);
        let evidence = Evidence { reason, count, first, last, hosts: seen(&exposure.sites) };
        Self { detector, identifier, severity, confidence: Confidence::Likely, origin: added(vantage), evidence }
    }

    /// The finding; the whole value is covered.
    pub fn finding(self, subject: &Subject<'_>, index: usize, field: &Field) -> Finding {
        let (name, part) = (field.name.clone(), Part::Header);
        let location = Location { name, direction: subject.direction, part, index, in_name: false };
        Finding {
            identifier: self.identifier,
            severity: self.severity,
            confidence: self.confidence,
            origin: self.origin,
            origin_reason: self.evidence.reason,
            location,
            span: 0..field.value.len(),
            value: field.value.clone(),
            detector: self.detector,
            signature: None,
            evidence: Some(Arc::new(self.evidence)),
        }
    }
}

/// Puts what many requests show to what this one shows. Where a field was found out already, and is no less severe, it
/// only becomes surer; otherwise it becomes a finding of its own.
pub fn join(found: &mut Vec<Finding>, shown: Vec<Finding>) {
    if shown.is_empty() {
        return;
    }
    for finding in shown {
        let same = |known: &&mut Finding| {
            known.location == finding.location && known.severity >= finding.severity && known.evidence.is_none()
        };
        let Some(known) = found.iter_mut().find(same) else {
            found.push(finding);
            continue;
        };
        // What a look at one message and a look at many say, each for itself, is as good as certain.
        let agree = known.confidence.min(finding.confidence) >= Confidence::Likely;
        known.confidence = if agree { Confidence::Certain } else { known.confidence.max(finding.confidence) };
        if known.origin == InsertedBy::Unknown {
            (known.origin, known.origin_reason) = (finding.origin, finding.origin_reason);
        }
        known.evidence = finding.evidence;
    }
    found.sort_by_key(|finding| (finding.location.part != Part::Target, finding.location.index));
}
