//! What does a rule's `action` mean?

use super::{
    reader::{Entry, Reader},
    words,
};
use crate::{
    config::{Code, diagnostic::Faults, source::At},
    policy::{Action, Redaction},
};

/// The status of a plain `block`.
const FORBIDDEN: u16 = 403;
/// Longer replacements than this belong to no header.
const LONGEST_TEXT: usize = 4096;

/// Reads an action: a word, or a table with one word and its detail.
pub fn read(entry: &Entry<'_>, faults: &Faults) -> Option<Action> {
    if entry.is_table() {
        return read_table(entry.table()?, faults);
    }
    let written = entry.string()?;
    match written.value.as_str() {
        "keep" => Some(Action::Keep),
        "strip" => Some(Action::Strip),
        "redact" => Some(Action::Redact(Redaction::Mask)),
        "block" => Some(Action::Block(FORBIDDEN)),
        "replace" => {
            let help = "write action = { replace = \"…\" }";
            faults.error(Code::InvalidAction, &written.place, "`replace` needs the text to put there", help);
            None
        }
        _ => {
            words::unknown(&written, "action", ["keep", "strip", "redact", "replace", "block"], faults);
            None
        }
    }
}

fn read_table(table: Reader<'_>, faults: &Faults) -> Option<Action> {
    let (redact, replace, block) = (table.get("redact"), table.get("replace"), table.get("block"));
    let place = table.place.clone();
    table.finish();
    match (redact, replace, block) {
        (Some(entry), None, None) => words::word(&entry.string()?, faults).map(Action::Redact),
        (None, Some(entry), None) => read_replacement(&entry.string()?, faults),
        (None, None, Some(entry)) => entry.number(400..=599).map(Action::Block),
        _ => {
            let help = "write one of { redact = \"mask\" }, { replace = \"…\" }, { block = 451 }";
            faults.error(Code::InvalidAction, &place, "an action does one thing", help);
            None
        }
    }
}

/// A field value (RFC 9110 §5.5): no control characters but tab, and no space around it, which would not survive.
fn read_replacement(text: &At<String>, faults: &Faults) -> Option<Action> {
    let value = text.value.as_str();
    let fault = if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        "a header's value cannot hold line breaks or other control characters"
    } else if value.trim_matches([' ', '\t']) != value {
        "space around a header's value does not survive the way"
    } else if value.len() > LONGEST_TEXT {
        "the replacement is longer than 4096 bytes"
    } else {
        return Some(Action::Replace(value.to_owned().into()));
    };
    faults.error(Code::InvalidText, &text.place, fault, "write plain text on one line");
    None
}
