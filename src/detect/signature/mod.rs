//! Which names are documented to carry an identifier?
//!
//! Signatures are data: `config/signatures/*.toml`, one `[[signature]]` table each, with examples that are run. Operators
//! choose field names freely, so the list is never complete; `words` judges the names that are not on it.

mod builtin;
mod examples;
mod index;
mod parse;

#[cfg(test)]
mod tests;

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use index::Index;

use super::finding::{Identifier, InsertedBy, Severity};

/// One documented header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Unique id, kebab-case; stands in findings.
    pub id: Arc<str>,
    /// What its value carries, the most important first.
    pub carries: Vec<Identifier>,
    /// How bad the first of them is here, where that differs from the identifier's own severity.
    pub severity: Option<Severity>,
    /// Who usually inserts it.
    pub inserted_by: InsertedBy,
    /// How much the name itself tells.
    pub class: Class,
    /// Where it was seen: operators or vendors.
    pub carriers: Vec<String>,
    /// ISO 3166 codes of the countries where it was seen.
    pub countries: Vec<String>,
    /// Who documented it.
    pub source: String,
}

/// How much a documented name tells by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Class {
    /// The name says what it carries.
    #[default]
    Name,
    /// An operational field of a vendor's family.
    Family,
    /// The name says nothing.
    Opaque,
    /// Ordinary interfaces use the name as well: only a value of a carrier's shape counts in full, or one that stands
    /// beside other fields of a carrier.
    Generic,
}

/// Every signature, ready to be looked up by name.
#[derive(Clone, Debug)]
pub struct SignatureSet {
    edition: u64,
    signatures: Vec<Signature>,
    index: Index,
}

/// How many sets were made.
static EDITIONS: AtomicU64 = AtomicU64::new(0);

impl SignatureSet {
    fn new(signatures: Vec<Signature>, index: Index) -> Self {
        Self { edition: EDITIONS.fetch_add(1, Ordering::Relaxed), signatures, index }
    }

    /// What no other set of this process has: the signatures of one edition are always the same.
    pub(super) fn edition(&self) -> u64 {
        self.edition
    }

    /// The signatures that are compiled in.
    ///
    /// # Panics
    /// If the compiled-in files are unsound, which a test rules out.
    pub fn builtin() -> Self {
        match parse::load(builtin::FILES) {
            (set, faults, _) if faults.is_empty() => set,
            (_, faults, _) => unreachable!("compiled-in signatures are tested: {faults:?}"),
        }
    }

    /// The compiled-in files, name and TOML text each, for whoever replaces some of them.
    pub fn builtin_files() -> &'static [(&'static str, &'static str)] {
        builtin::FILES
    }

    /// Reads signature files (name and TOML text each), and runs their examples.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    pub fn parse(files: &[(String, String)]) -> Result<Self, Vec<SignatureFault>> {
        let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let (set, mut faults, examples) = parse::load(&files);
        let set = Arc::new(set);
        if faults.is_empty() {
            faults.extend(examples::run(&set, &examples));
        }
        if faults.is_empty() { Ok(Arc::unwrap_or_clone(set)) } else { Err(faults) }
    }

    /// How many signatures there are.
    pub fn len(&self) -> usize {
        self.signatures.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.signatures.is_empty()
    }

    /// All signatures, in the order of their files.
    pub fn iter(&self) -> std::slice::Iter<'_, Signature> {
        self.signatures.iter()
    }

    /// The signature for a field name, however it is cased; `_` counts as `-`, and a CGI-style `HTTP_X_…` as `X-…`.
    #[inline]
    pub fn lookup(&self, name: &[u8]) -> Option<&Signature> {
        self.index.lookup(name).and_then(|at| self.signatures.get(at))
    }
}

/// Something wrong with a signature file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureFault {
    /// The file's name as given.
    pub file: String,
    /// The bytes of its text at fault.
    pub span: Range<usize>,
    /// A stable name for this kind of fault, kebab-case.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}
