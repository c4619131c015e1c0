//! Is the ClientHello that arrived the one that was sent?

use super::{Judge, forms::Difference, trial::findings};
use crate::sniff::anatomy;

/// What differs between the hello that was sent and the one that arrived.
pub(super) fn differences(sent: &[u8], arrived: &[u8], judge: &Judge) -> Vec<Difference> {
    if sent == arrived {
        return Vec::new();
    }
    let (Some(ours), Some(theirs)) = (anatomy(sent), anatomy(arrived)) else {
        return vec![Difference::new("changed", "hello", ":hello").noting("one of the two cannot be read")];
    };
    let mut told = Vec::new();
    for (kind, content) in &theirs.extensions {
        match ours.extensions.iter().find(|(known, _)| known == kind) {
            None => {
                let found = judge.scanner.hello(&[(*kind, content)]);
                let added = Difference::new("added", "hello", kind.to_string()).to(length(content));
                told.push(Difference { findings: findings(&found, judge), ..added });
            }
            Some((_, other)) if other != content => {
                told.push(
                    Difference::new("changed", "hello", kind.to_string()).from(length(other)).to(length(content)),
                );
            }
            Some(_) => {}
        }
    }
    let gone = ours.extensions.iter().filter(|(kind, _)| theirs.extensions.iter().all(|(other, _)| other != kind));
    told.extend(
        gone.map(|(kind, content)| Difference::new("removed", "hello", kind.to_string()).from(length(content))),
    );
    if told.is_empty() {
        let same = ours.ciphers == theirs.ciphers && ours.version == theirs.version;
        let what = if same {
            "its extensions stand in another order, or its records do"
        } else {
            "its suites or version are others"
        };
        told.push(Difference::new("changed", "hello", ":hello").noting(what));
    }
    told
}

fn length(content: &[u8]) -> String {
    format!("{} bytes", content.len())
}
