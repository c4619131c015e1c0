//! What speaks for a finding, and how do findings of one request and of many go together?

use std::sync::Arc;

use super::{client::Sighting, contrast::Exposure, site::Site};
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
    /// Digests of the unrelated sites that it went to, or as many of them as are remembered.
    pub hosts: Vec<u64>,
}

/// Under what circumstances a field was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    pub vantage: Option<Vantage>,
    /// Whether it stands and is spelt as if added by another hand.
    pub is_foreign: bool,
}

/// A value that went to unrelated sites; `is_added` when a contrast says so as well.
pub(super) fn cross_site(sighting: &Sighting, is_added: bool, circumstances: Circumstances) -> Verdict {
    let (origin, reason) = match circumstances {
        _ if sighting.is_inside => {
            (InsertedBy::Handset, "one opaque value to unrelated sites, inside TLS too, where nothing can be added")
        }
        Circumstances { vantage: Some(Vantage::NoCarrier | Vantage::BeforeCarrier), .. } => {
            (InsertedBy::Handset, "one opaque value to unrelated sites, before any carrier could add it")
        }
        _ if is_added => (InsertedBy::Carrier, "one opaque value to unrelated sites, never where nothing can be added"),
        Circumstances { is_foreign: true, .. } => {
            (InsertedBy::Carrier, "one opaque value to unrelated sites, appended in another spelling than the rest")
        }
        _ if sighting.is_common() => {
            (InsertedBy::Unknown, "one opaque value to unrelated sites, from several applications")
        }
        _ => (InsertedBy::Unknown, "one opaque value to unrelated sites"),
    };
    let (count, first, last) = (sighting.count, sighting.first, sighting.last);
    let evidence = Evidence { reason, count, first, last, hosts: digests(&sighting.sites) };
    Verdict { detector: "behaviour-cross-site", severity: Severity::High, origin, evidence }
}

/// A name that stands on cleartext only.
pub(super) fn cleartext_only(exposure: &Exposure, circumstances: Circumstances) -> Verdict {
    let origin = added(circumstances.vantage);
    let reason = "several applications send it to unrelated sites in cleartext, and never inside TLS";
    Verdict::of_a_name("behaviour-cleartext-only", exposure, origin, reason)
}

/// A name that stands on a listener behind the carrier only.
pub(super) fn listener(exposure: &Exposure, circumstances: Circumstances) -> Verdict {
    let origin = added(circumstances.vantage);
    let reason = "several applications send it through the carrier, and never by another way";
    Verdict::of_a_name("behaviour-listener", exposure, origin, reason)
}

/// Whoever added it, it was the carrier only where one stands on the way.
fn added(vantage: Option<Vantage>) -> InsertedBy {
    match vantage {
        Some(Vantage::NoCarrier | Vantage::BeforeCarrier) => InsertedBy::Unknown,
        Some(Vantage::BeyondCarrier) | None => InsertedBy::Carrier,
    }
}

fn digests(sites: &[Site]) -> Vec<u64> {
    sites.iter().map(|site| site.digest).collect()
}

/// What is held of a field.
#[derive(Debug)]
pub(super) struct Verdict {
    detector: &'static str,
    severity: Severity,
    origin: InsertedBy,
    evidence: Evidence,
}

impl Verdict {
    fn of_a_name(detector: &'static str, exposure: &Exposure, origin: InsertedBy, reason: &'static str) -> Self {
        let (count, first, last) = (exposure.count, exposure.first, exposure.last);
        let evidence = Evidence { reason, count, first, last, hosts: digests(&exposure.sites) };
        Self { detector, severity: Severity::Medium, origin, evidence }
    }

    /// The finding; the whole value is covered.
    pub fn finding(self, subject: &Subject<'_>, index: usize, field: &Field) -> Finding {
        let location = Location { name: field.name.clone(), direction: subject.direction, part: Part::Header, index };
        Finding {
            identifier: Identifier::SubscriberId,
            severity: self.severity,
            confidence: Confidence::Likely,
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
        known.confidence = known.confidence.max(finding.confidence);
        if known.origin == InsertedBy::Unknown {
            (known.origin, known.origin_reason) = (finding.origin, finding.origin_reason);
        }
        known.evidence = finding.evidence;
    }
    found.sort_by_key(|finding| (finding.location.part != Part::Target, finding.location.index));
}
