//! How does a hit in a value become a finding?

use std::{ops::Range, sync::Arc};

use bytes::Bytes;

use super::{
    Subject,
    finding::{Confidence, Finding, Identifier, Location, Part, Severity},
    origin::{Writer, origin},
};
use crate::exchange::Field;

/// Where something was found, and by whom.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub subject: &'a Subject<'a>,
    pub detector: &'static str,
    pub signature: Option<Arc<str>>,
    pub writer: Writer,
    pub text: Text<'a>,
}

/// The text that a span counts in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text<'a> {
    /// A field line's value.
    Field { index: usize, field: &'a Field },
    /// A field line's name.
    Name { index: usize, field: &'a Field },
    /// The request target.
    Target(&'a [u8]),
}

impl Text<'_> {
    /// Whether it is the target, and if not, which field line.
    pub fn position(self) -> (bool, usize) {
        match self {
            Text::Field { index, .. } | Text::Name { index, .. } => (false, index),
            Text::Target(_) => (true, 0),
        }
    }

    /// Whether it is a name.
    pub fn is_name(self) -> bool {
        matches!(self, Text::Name { .. })
    }
}

impl<'a> Place<'a> {
    /// A field line.
    pub fn field(subject: &'a Subject<'a>, detector: &'static str, index: usize, field: &'a Field) -> Self {
        Self { subject, detector, signature: None, writer: Writer::Anyone, text: Text::Field { index, field } }
    }

    /// A field line's name.
    pub fn name(subject: &'a Subject<'a>, detector: &'static str, index: usize, field: &'a Field) -> Self {
        Self { text: Text::Name { index, field }, ..Self::field(subject, detector, index, field) }
    }

    /// What the phone itself wrote: cookies, targets, referers.
    pub fn own(self) -> Self {
        self.by(Writer::Phone)
    }

    /// The same place, where this one writes.
    pub fn by(self, writer: Writer) -> Self {
        Self { writer, ..self }
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
            Text::Name { index, field } => {
                field.name.get(span.clone())?;
                (field.name.slice(span.clone()), field.name.clone(), self.subject.part, index)
            }
            Text::Target(target) => (Bytes::copy_from_slice(target.get(span.clone())?), Bytes::new(), Part::Target, 0),
        };
        let in_name = self.text.is_name();
        let location = Location { name, direction: self.subject.direction, part, index, in_name };
        let (origin, origin_reason) = origin(self.subject, self.writer);
        Some(Finding {
            identifier,
            severity,
            confidence,
            origin,
            origin_reason,
            location,
            span,
            value,
            detector: self.detector,
            signature: self.signature.clone(),
            evidence: None,
        })
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
