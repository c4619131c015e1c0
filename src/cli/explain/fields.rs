//! How is told, field by field, why something was found or nothing?
//!
//! Fields of which there is nothing to tell share one line. Names and keys are shown, values never.

use std::collections::BTreeMap;

use super::wrap::wrap;
use crate::{
    detect::{self, Entry, Finding, Note, Part, Verdict},
    event::Redactor,
};

/// A key with so many digits may be a number itself.
const DIGITS: usize = 6;

/// A longer key is no word.
const LONGEST: usize = 40;

/// Keys of a field that tell nothing are counted, and so many of them named.
const KEYS: usize = 6;

/// Shows names and keys.
pub(super) struct Fields<'a> {
    pub account: &'a detect::Account,
    pub redactor: &'a Redactor,
    /// Whether keys are shown that may be values.
    pub show_values: bool,
}

impl Fields<'_> {
    /// A paragraph for each field of which there is something to tell, and one line for the rest.
    pub fn lines(&self) -> Vec<String> {
        let is_quiet = |entry: &&Entry| entry.verdict == Verdict::Quiet;
        let mut lines = vec!["Field by field:".to_owned()];
        for entry in self.account.entries.iter().filter(|entry| !is_quiet(entry)) {
            lines.push(format!("  {}: {}", self.name(entry), self.verdict(entry)));
            lines.extend(self.reasons(entry).into_iter().flat_map(|(what, why)| wrap("    ", &what, &why)));
        }
        let quiet: Vec<_> = self.account.entries.iter().filter(is_quiet).map(|entry| self.name(entry)).collect();
        if !quiet.is_empty() {
            lines.extend(wrap("  ", "nothing telling in", &quiet.join(", ")));
        }
        lines
    }

    /// The field's name as it may be shown.
    pub fn name(&self, entry: &Entry) -> String {
        match entry.part {
            Part::Target => "the target".into(),
            _ => self.shown(&entry.name),
        }
    }

    /// What a reason is about, and the reason: of the whole field, then key by key.
    pub fn reasons(&self, entry: &Entry) -> Vec<(String, String)> {
        let (whole, pairs): (Vec<_>, Vec<_>) = entry.notes.iter().partition(|note| note.key.is_empty());
        let is_worth = |note: &&&Note| !note.is_aside();
        let mut reasons: Vec<_> =
            whole.iter().filter(is_worth).map(|note| (note.about().as_str().into(), note.to_string())).collect();
        reasons.extend(self.pairs(&pairs));
        reasons.dedup();
        reasons
    }

    fn pairs(&self, notes: &[&Note]) -> Vec<(String, String)> {
        let mut keys: Vec<&[u8]> = Vec::new();
        let mut by_key: BTreeMap<&[u8], Vec<&Note>> = BTreeMap::new();
        for note in notes {
            let told = by_key.entry(&note.key).or_default();
            if told.is_empty() {
                keys.push(&note.key);
            }
            told.push(note);
        }
        let (telling, quiet): (Vec<&[u8]>, Vec<&[u8]>) = keys
            .into_iter()
            .partition(|key| by_key.get(key).is_some_and(|told| told.iter().any(|note| note.is_telling())));
        let told = |key: &&[u8]| by_key.get(key).map(|told| self.pair(key, told));
        let mut reasons: Vec<_> = telling.iter().filter_map(told).flatten().collect();
        reasons.extend(self.untold(&quiet));
        reasons
    }

    fn pair(&self, key: &[u8], notes: &[&Note]) -> Vec<(String, String)> {
        let about = format!("\"{}\"", self.shown(key));
        notes.iter().map(|note| (about.clone(), note.to_string())).collect()
    }

    fn untold(&self, keys: &[&[u8]]) -> Option<(String, String)> {
        let named: Vec<_> = keys.iter().take(KEYS).map(|key| self.shown(key)).collect();
        let more = keys.len().saturating_sub(KEYS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!keys.is_empty()).then(|| ("nothing telling under".to_owned(), named.join(", ") + &more))
    }

    fn verdict(&self, entry: &Entry) -> String {
        let findings: Vec<&Finding> = entry.findings.iter().filter_map(|at| self.account.findings.get(*at)).collect();
        if findings.is_empty() {
            return "nothing".into();
        }
        let found: Vec<_> =
            findings.iter().map(|finding| format!("{} ({})", finding.identifier, finding.confidence)).collect();
        found.join(", ")
    }

    /// A name or a key, unless it may be a value that stands in the wrong place.
    fn shown(&self, name: &[u8]) -> String {
        let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
        if !self.show_values && (name.len() > LONGEST || digits >= DIGITS) {
            return format!("({} bytes)", name.len());
        }
        self.redactor.text(&String::from_utf8_lossy(name), &self.account.findings)
    }
}
