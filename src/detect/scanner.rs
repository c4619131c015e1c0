//! What do all detectors together find in one message?

use std::{cmp::Reverse, mem, sync::Arc};

use super::{Account, DETECTORS, Finding, Found, Identifier, Identities, Part, SignatureSet, Subject, value};

/// Runs the detectors. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scanner {
    signatures: Arc<SignatureSet>,
    identities: Arc<Identities>,
}

impl Scanner {
    /// A scanner that knows these signatures.
    pub fn new(signatures: Arc<SignatureSet>) -> Self {
        Self { signatures, identities: Arc::default() }
    }

    /// The same, on the watch for the user's own numbers and addresses as well.
    pub fn with_identities(self, identities: Arc<Identities>) -> Self {
        Self { identities, ..self }
    }

    /// Everything found, in the order in which it stands: target, then fields, then by span. What several detectors
    /// found at one place stands there once per identifier, as the surest of them saw it.
    pub fn scan(&self, subject: &Subject<'_>) -> Vec<Finding> {
        self.run(subject, Found::default()).into_parts().0
    }

    /// The same, and why: of every field and of the target.
    pub fn account(&self, subject: &Subject<'_>) -> Account {
        let (findings, notes) = self.run(subject, Found::asking()).into_parts();
        Account::new(subject, findings, notes)
    }

    fn run(&self, subject: &Subject<'_>, mut found: Found) -> Found {
        for detector in DETECTORS {
            detector.detect(subject, &self.signatures, &mut found);
        }
        self.identities.detect(subject, &self.signatures, &mut found);
        if found.len() > 1 {
            settle(&mut found);
        }
        found
    }
}

fn settle(found: &mut Found) {
    found.sort_by_key(|finding| {
        let sure = Reverse((finding.confidence, finding.severity));
        (place(finding), sure, !value::is_number(finding.identifier), finding.span.start)
    });
    let mut kept: Vec<Finding> = Vec::with_capacity(found.len());
    // Findings of one place stand together; only those are compared.
    let mut start = 0;
    for finding in mem::take(&mut **found) {
        if kept.get(start).is_some_and(|first| place(first) != place(&finding)) {
            start = kept.len();
        }
        match kept.iter().skip(start).find(|better| covers(better, &finding)) {
            Some(better) => found.tell_covered(&finding, better.identifier),
            None => kept.push(finding),
        }
    }
    kept.sort_by_key(|finding| {
        (place(finding), finding.span.start, finding.span.end, Reverse(finding.confidence), finding.identifier)
    });
    **found = kept;
}

fn place(finding: &Finding) -> (bool, usize) {
    (finding.location.part != Part::Target, finding.location.index)
}

fn covers(better: &Finding, finding: &Finding) -> bool {
    let overlap = better.span.start < finding.span.end && finding.span.start < better.span.end;
    overlap && (better.identifier == finding.identifier || contradicts(better, finding))
}

/// The same bytes are one thing: what is the subscriber's number is not a pseudonym as well, nor the account that the
/// number is written in.
fn contradicts(better: &Finding, finding: &Finding) -> bool {
    let around = |a: &Finding, b: &Finding| value::is_number(a.identifier) && b.identifier == Identifier::Account;
    better.span == finding.span || around(better, finding) || around(finding, better)
}
