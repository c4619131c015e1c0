//! Do the rules of a policy fit together?

use std::collections::HashSet;

use super::{partner::Partners, reader::Reader, rule};
use crate::{
    config::{Code, Listener, diagnostic::Faults, source::At, suggest::quoted},
    policy::{Clients, Rule},
};

/// What rules may refer to.
pub struct Scope<'a> {
    /// The partners of all files.
    pub partners: &'a Partners,
    /// The listeners.
    pub listeners: &'a [Listener],
    /// The clients that have names.
    pub clients: &'a Clients,
}

/// Reads every `[[rule]]` of a file, and adds the names of all, sound or not, to `names`.
pub fn read_rules(root: &Reader<'_>, scope: &Scope<'_>, names: &mut Vec<At<String>>) -> Vec<At<Rule>> {
    let Some(entry) = root.get("rule") else { return Vec::new() };
    read_tables(entry.tables(), scope, names)
}

/// Reads these rules, wherever they stand.
pub fn read_tables(tables: Vec<Reader<'_>>, scope: &Scope<'_>, names: &mut Vec<At<String>>) -> Vec<At<Rule>> {
    tables.into_iter().filter_map(|table| rule::read(table, scope, names)).collect()
}

/// Tells of names that stand twice.
pub fn check_names(names: &[At<String>], faults: &Faults) {
    let mut seen = HashSet::new();
    for At { value: name, place } in names {
        if !seen.insert(name) {
            let message = format!("there are two rules called {}", quoted(name));
            faults.error(Code::DuplicateName, place, message, "give each its own name: events tell them apart by it");
        }
    }
}

/// Tells of rules that nothing can reach, because an earlier one decides every finding.
pub fn check_reach(rules: &[At<Rule>], faults: &Faults) {
    let mut catch_alls: Vec<&Rule> = Vec::new();
    for At { value: rule, place } in rules {
        let earlier = catch_alls.iter().find(|earlier| earlier.direction == rule.direction);
        if let Some(earlier) = earlier.filter(|_| !rule.when.is_about_headers_only()) {
            let message =
                format!("nothing reaches this rule: {} decides every finding before it", quoted(&earlier.name));
            faults.warning(Code::UnreachableRule, place, message, "move it up, or delete it");
        }
        if rule.is_catch_all() {
            catch_alls.push(rule);
        }
    }
}
