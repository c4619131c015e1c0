//! How does a hit in a value become a finding?

use std::{ops::Range, sync::Arc};

use bytes::Bytes;

use super::{
    Subject,
    finding::{Confidence, Finding, Identifier, InsertedBy, Location, Part, Severity},
};
use crate::exchange::{Direction, Field};

/// Where something was found, and by whom.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub subject: &'a Subject<'a>,
    pub detector: &'static str,
    pub signature: Option<Arc<str>>,
    pub origin: InsertedBy,
    pub text: Text<'a>,
}

/// The text that a span counts in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text<'a> {
    /// A field line's value.
    Field { index: usize, field: &'a Field },
    /// The request target.
    Target(&'a [u8]),
}

impl<'a> Place<'a> {
    /// A field line.
    pub fn field(subject: &'a Subject<'a>, detector: &'static str, index: usize, field: &'a Field) -> Self {
        let origin = if subject.cleartext { InsertedBy::Unknown } else { handset(subject) };
        Self { subject, detector, signature: None, origin, text: Text::Field { index, field } }
    }

    /// What the phone itself wrote: cookies, targets, referers.
    pub fn own(self) -> Self {
        let origin = handset(self.subject);
        Self { origin, ..self }
    }

    /// The finding; nothing if the span lies outside of the text, which would be a detector's bug.
    pub fn finding(
        &self,
        identifier: Identifier,
        severity: Severity,
        confidence: Confidence,
        span: Range<usize>,
    ) -> Option<Finding> {
        let (value, name, part, index) = match self.text {
            Text::Field { index, field } => {
                field.value.get(span.clone())?;
                (field.value.slice(span.clone()), field.name.clone(), self.subject.part, index)
            }
            Text::Target(target) => (Bytes::copy_from_slice(target.get(span.clone())?), Bytes::new(), Part::Target, 0),
        };
        let location = Location { name, direction: self.subject.direction, part, index };
        let (origin, detector, signature) = (self.origin, self.detector, self.signature.clone());
        let evidence = None;
        Some(Finding { identifier, severity, confidence, origin, location, span, value, detector, signature, evidence })
    }
}

/// In a response it is not the phone that wrote.
fn handset(subject: &Subject<'_>) -> InsertedBy {
    match subject.direction {
        Direction::Request => InsertedBy::Handset,
        Direction::Response => InsertedBy::Unknown,
    }
}

/// How bad it is that a site learns an identifier of this kind.
pub(super) fn severity_of(identifier: Identifier) -> Severity {
    match identifier {
        Identifier::Msisdn
        | Identifier::Imsi
        | Identifier::Imei
        | Identifier::Iccid
        | Identifier::Account
        | Identifier::Location => Severity::Critical,
        Identifier::SubscriberId | Identifier::Acr => Severity::High,
        Identifier::ClientIp => Severity::Medium,
        Identifier::Device | Identifier::Network => Severity::Low,
    }
}
