//! How is told, field by field, why something was found or nothing?
//!
//! Fields of which there is nothing to tell share one line. Names and keys are shown, values never.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    cli::wrap::wrap,
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
            lines.extend(self.reasons(entry).into_iter().flat_map(|(what, why)| wrap(4, &format!("{what}: {why}"))));
        }
        let quiet: Vec<_> = self.account.entries.iter().filter(is_quiet).map(|entry| self.name(entry)).collect();
        if !quiet.is_empty() {
            lines.extend(wrap(2, &format!("nothing telling in: {}", quiet.join(", "))));
        }
        lines
    }

    /// The field's name as it may be shown.
    fn name(&self, entry: &Entry) -> String {
        match entry.part {
            Part::Target => "the target".into(),
            _ => self.shown(&entry.name),
        }
    }

    /// What a reason is about, and the reason: of the whole field, then key by key.
    fn reasons(&self, entry: &Entry) -> Vec<(String, String)> {
        let (whole, pairs): (Vec<_>, Vec<_>) =
            entry.notes.iter().filter(|note| !note.is_aside()).partition(|note| note.key.is_empty());
        let mut reasons: Vec<_> =
            whole.into_iter().map(|note| (note.about().as_str().to_owned(), note.to_string())).collect();
        reasons.extend(self.pairs(&pairs));
        reasons.dedup();
        reasons
    }

    /// The keys that tell, each with all that there is to say of it, and then the others.
    fn pairs(&self, notes: &[&Note]) -> Vec<(String, String)> {
        let by_key = by_key(notes);
        let (telling, quiet): (Vec<_>, Vec<_>) =
            by_key.into_iter().partition(|(_, notes)| notes.iter().any(|note| note.is_telling()));
        let told = telling.into_iter().map(|(key, notes)| {
            let why: Vec<_> = notes.iter().map(ToString::to_string).collect();
            (format!("\"{}\"", self.shown(key)), why.join("; "))
        });
        let quiet: Vec<_> = quiet.into_iter().map(|(key, _)| key).collect();
        told.chain(self.untold(&quiet)).collect()
    }

    /// An object for each field, the target's first if there is one.
    pub fn json(&self) -> Value {
        let entries = self.account.entries.iter();
        entries
            .map(|entry| {
                json!({
                    "part": entry.part,
                    "name": self.shown(&entry.name),
                    "index": entry.index,
                    "verdict": entry.verdict.as_str(),
                    "reasons": entry.notes.iter().map(|note| self.reason(note)).collect::<Vec<_>>(),
                })
            })
            .collect()
    }

    fn reason(&self, note: &Note) -> Value {
        let key = Some(&note.key).filter(|key| !key.is_empty()).map(|key| self.shown(key));
        json!({ "about": note.about().as_str(), "key": key, "reason": note.to_string() })
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

/// The reasons of each key, in the order of the keys.
fn by_key<'n>(notes: &[&'n Note]) -> Vec<(&'n [u8], Vec<&'n Note>)> {
    let mut places = HashMap::new();
    let mut keys: Vec<(&[u8], Vec<&Note>)> = Vec::new();
    for &note in notes {
        let place = *places.entry(&note.key).or_insert(keys.len());
        match keys.get_mut(place) {
            Some((_, told)) => told.push(note),
            None => keys.push((&note.key, vec![note])),
        }
    }
    keys
}
