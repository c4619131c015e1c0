//! Does each signature find what it says it finds, and nothing in what it says to ignore?

use std::{ops::Range, sync::Arc};

use super::{Signature, SignatureFault, SignatureSet};
use crate::{
    detect::{Part, Scanner, Subject},
    exchange::{Direction, Fields},
};

/// One example of a signature file.
#[derive(Debug)]
pub(super) struct Example {
    pub file: String,
    pub span: Range<usize>,
    pub signature: usize,
    /// A name the signature applies to.
    pub name: String,
    pub value: String,
    pub found: bool,
}

/// The faults of the examples that do not hold.
pub(super) fn run(set: &Arc<SignatureSet>, examples: &[Example]) -> Vec<SignatureFault> {
    let scanner = Scanner::new(Arc::clone(set));
    examples.iter().filter(|example| !holds(set, &scanner, example)).map(fault).collect()
}

fn holds(set: &SignatureSet, scanner: &Scanner, example: &Example) -> bool {
    let fields: Fields = [(example.name.clone(), example.value.clone())].into_iter().collect();
    let subject =
        Subject { direction: Direction::Request, part: Part::Header, target: None, fields: &fields, cleartext: true };
    let signature = set.signatures.get(example.signature);
    let found = scanner.scan(&subject).into_iter().any(|finding| {
        let own = |signature: &Signature| finding.signature.as_ref() == Some(&signature.id);
        signature.is_some_and(|signature| own(signature) && signature.carries.contains(&finding.identifier))
    });
    found == example.found
}

fn fault(example: &Example) -> SignatureFault {
    let (code, message, help) = if example.found {
        (
            "example-not-found",
            "this value is listed under `matches`, and nothing is found in it",
            "correct the value or `carries`",
        )
    } else {
        (
            "example-not-ignored",
            "this value is listed under `ignores`, and something is found in it",
            "correct the value, or move it to `matches`",
        )
    };
    SignatureFault {
        file: example.file.clone(),
        span: example.span.clone(),
        code,
        message: message.into(),
        help: Some(help.into()),
    }
}
