//! What does one `[[rule]]` say?

use super::{
    action, destination,
    listener::is_printable,
    matchers,
    reader::{Entry, Reader},
    rules::Scope,
    words,
};
use crate::{
    config::{Code, diagnostic::Faults, source::At, suggest::quoted},
    policy::{Action, Condition, Destination, Pattern, Rule, is_structural},
};

/// Reads one rule; nothing when it has no name or no action. Its name is added to `names` whatever else is wrong.
pub fn read(table: Reader<'_>, scope: &Scope<'_>, names: &mut Vec<At<String>>) -> Option<At<Rule>> {
    let faults = table.faults();
    let name = read_name(&table);
    names.extend(name.clone());
    let action = match table.get("action") {
        Some(entry) => action::read(&entry, faults),
        None => {
            table.missing("action", "one of \"keep\", \"strip\", \"redact\", \"block\", { replace = \"…\" }");
            None
        }
    };
    let direction = table.get("direction").and_then(|entry| entry.string());
    let (when, headers) = table.get("when").and_then(|entry| entry.table()).map(read_condition).unwrap_or_default();
    let to = table.get("to").and_then(|entry| entry.table()).map(|table| destination::read(table, scope));
    let unless = table.get("unless").and_then(|entry| read_unless(&entry, scope));
    let reason = table.get("reason").and_then(|entry| entry.string()).map(|reason| reason.value);
    let direction = direction.and_then(|written| words::word(&written, faults)).unwrap_or_default();
    table.finish();

    let (name, action) = (name?, action?);
    refuse_structural(&headers, &action, faults);
    let rule = Rule {
        name: name.value.into(),
        owners: Vec::new(),
        direction,
        when,
        to: to.unwrap_or_default(),
        unless,
        action,
        reason,
    };
    Some(At { value: rule, place: name.place })
}

fn read_name(table: &Reader<'_>) -> Option<At<String>> {
    let Some(entry) = table.get("name") else {
        table.missing("name", "events show which rule did something by its name");
        return None;
    };
    entry.text().filter(|name| is_printable(name, table.faults()))
}

/// Reads a `when`, and where each of its header patterns stands.
fn read_condition(table: Reader<'_>) -> (Condition, Vec<At<Pattern>>) {
    let faults = table.faults();
    let words = |key| table.get(key).and_then(|entry| entry.words()).unwrap_or_default();
    let headers = matchers::patterns(&words("header"), Pattern::header, faults);
    let condition = Condition {
        severity: read_least(table.get("severity"), faults),
        confidence: read_least(table.get("confidence"), faults),
        identifiers: words::words(&words("identifier"), faults),
        origins: words::words(&words("origin"), faults),
        parts: words::words(&words("part"), faults),
        headers: headers.iter().map(|at| at.value.clone()).collect(),
    };
    table.finish();
    (condition, headers)
}

fn read_least<T: words::Word>(entry: Option<Entry<'_>>, faults: &Faults) -> Option<T> {
    words::word(&entry?.string()?, faults)
}

/// An `unless` without any key would exempt everything, and so switch the rule off.
fn read_unless(entry: &Entry<'_>, scope: &Scope<'_>) -> Option<Destination> {
    let table = entry.table()?;
    if table.is_empty() {
        let help = "leave it out, or say what is exempt: { partner = [\"…\"] }";
        table.faults().error(Code::EmptyValue, &table.place, "this `unless` exempts everything", help);
        return None;
    }
    Some(destination::read(table, scope))
}

fn refuse_structural(headers: &[At<Pattern>], action: &Action, faults: &Faults) {
    let exact = |at: &&At<Pattern>| at.value.is_literal() && is_structural(at.value.as_str().as_bytes());
    for At { value, place } in headers.iter().filter(exact).filter(|_| action.edits()) {
        let message =
            format!("{} holds the message together, and no rule may {} it", quoted(value.as_str()), action.as_str());
        faults.error(Code::StructuralHeader, place, message, "take it off the list; `block` and `keep` may name it");
    }
}
