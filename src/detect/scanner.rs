//! What do all detectors together find in one message?

use std::{cmp::Reverse, mem, sync::Arc};

use smallvec::SmallVec;

use super::{
    Account, DETECTORS, Finding, Found, Identifier, Identities, Part, SignatureSet, Subject, found::is_stretched,
    hello, value,
};

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
        self.run(subject, Found::new(subject, false)).into_parts().0
    }

    /// The same, and why: of every field and of the target.
    pub fn account(&self, subject: &Subject<'_>) -> Account {
        let (findings, notes) = self.run(subject, Found::new(subject, true)).into_parts();
        Account::new(subject, findings, notes)
    }

    /// What the extensions of a ClientHello tell that no client is known to send: type and content of each.
    pub fn hello(&self, extensions: &[(u16, &[u8])]) -> Vec<Finding> {
        if extensions.is_empty() {
            return Vec::new();
        }
        let fields = hello::fields(extensions);
        let subject = hello::subject(&fields);
        let mut found = Found::new(&subject, false);
        self.identities.detect(&subject, &self.signatures, &mut found);
        hello::detect(&subject, &mut found);
        settle(&mut found);
        found.into_parts().0
    }

    fn run(&self, subject: &Subject<'_>, mut found: Found) -> Found {
        for detector in DETECTORS {
            detector.detect(subject, &self.signatures, &mut found);
        }
        self.identities.detect(subject, &self.signatures, &mut found);
        if found.len() > 1 {
            settle(&mut found);
            found.fill(subject);
        }
        found
    }
}

/// Findings that overlap stand together: only those are compared, so that thousands in one field cost no more each.
fn settle(found: &mut Found) {
    found.sort_by_key(|finding| (place(finding), finding.span.start));
    let knots: SmallVec<[usize; 32]> = knots(found).collect();
    let room = Vec::with_capacity(found.len());
    let mut findings = mem::replace(&mut **found, room).into_iter();
    for len in knots {
        if len == 1 {
            found.extend(findings.next());
        } else {
            untie(findings.by_ref().take(len).collect(), found);
        }
    }
}

/// How many findings, one after the other, hang together by overlapping.
fn knots(found: &[Finding]) -> impl Iterator<Item = usize> {
    let mut rest = found;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let mut end = first.span.end;
        let behind = rest.iter().skip(1).position(|finding| {
            let apart = place(finding) != place(first) || finding.span.start >= end;
            end = end.max(finding.span.end);
            apart
        });
        let (knot, others) = rest.split_at(behind.map_or(rest.len(), |at| at + 1));
        rest = others;
        Some(knot.len())
    })
}

/// The surest first; what one of them covers is left out.
fn untie(mut knot: SmallVec<[Finding; 4]>, found: &mut Found) {
    knot.sort_by_key(|finding| {
        (Reverse((finding.confidence, finding.severity)), !value::is_number(finding.identifier), finding.span.start)
    });
    let start = found.len();
    for finding in knot {
        match found.iter().skip(start).find(|better| covers(better, &finding)).map(|better| better.identifier) {
            Some(better) => found.tell_covered(&finding, better),
            None => found.push(finding),
        }
    }
    if let Some(kept) = found.get_mut(start..) {
        kept.sort_by_key(|finding| {
            (finding.span.start, finding.span.end, Reverse(finding.confidence), finding.identifier)
        });
    }
}

fn place(finding: &Finding) -> (bool, usize, bool) {
    (finding.location.part != Part::Target, finding.location.index, !finding.location.in_name)
}

/// What covers several places says nothing of the rest of its bytes.
fn covers(better: &Finding, finding: &Finding) -> bool {
    let overlap = better.span.start < finding.span.end && finding.span.start < better.span.end;
    let same = better.identifier == finding.identifier;
    overlap && !is_stretched(finding) && (same || !is_stretched(better) && contradicts(better, finding))
}

/// The same bytes are one thing: what is the subscriber's number is not a pseudonym as well, nor the account that the
/// number is written in.
fn contradicts(better: &Finding, finding: &Finding) -> bool {
    let around = |a: &Finding, b: &Finding| value::is_number(a.identifier) && b.identifier == Identifier::Account;
    better.span == finding.span || around(better, finding) || around(finding, better)
}
