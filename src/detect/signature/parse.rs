//! What do the signature files say, and what is wrong with them?
//!
//! Every fault is pushed to one list with its place; nothing stops at the first one.

use std::{collections::HashMap, ops::Range, str::FromStr};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Class, Signature, SignatureFault, SignatureSet, examples::Example, index::Index};
use crate::detect::{
    finding::{Identifier, InsertedBy, Severity},
    fold::{FoldedName, LONGEST_NAME},
};

/// What a signature table may hold.
const KEYS: &[&str] = &[
    "id",
    "header",
    "carries",
    "severity",
    "inserted_by",
    "class",
    "carriers",
    "countries",
    "source",
    "matches",
    "ignores",
];

/// Reads files, given as name and text.
pub(super) fn load(files: &[(&str, &str)]) -> (SignatureSet, Vec<SignatureFault>, Vec<Example>) {
    let mut reader = Reader::default();
    for &(file, text) in files {
        reader.file = file.to_owned();
        reader.read(text);
    }
    let index = Index::new(reader.names.iter().map(|(name, at)| (name.as_str(), *at)));
    (SignatureSet::new(reader.signatures, index), reader.faults, reader.examples)
}

type Table<'i> = DeTable<'i>;
type Value<'i> = Spanned<DeValue<'i>>;

#[derive(Default)]
struct Reader {
    file: String,
    signatures: Vec<Signature>,
    names: Vec<(String, usize)>,
    /// Ids and folded names seen so far, with the file where they stand.
    seen: HashMap<(&'static str, String), String>,
    faults: Vec<SignatureFault>,
    examples: Vec<Example>,
}

impl Reader {
    fn read(&mut self, text: &str) {
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let help = Some("https://toml.io describes the format".to_owned());
            self.fault(error.span().unwrap_or(0..0), "syntax", error.message().to_owned(), help);
        }
        for (key, value) in document.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("signature", DeValue::Array(tables)) => tables.iter().for_each(|table| self.entry(table)),
                ("signature", _) => self.fault(
                    key.span(),
                    "wrong-type",
                    "`signature` is not a list of tables".into(),
                    Some("write [[signature]]".into()),
                ),
                (other, _) => self.unknown_key(key.span(), other, &["signature"]),
            }
        }
    }

    fn entry(&mut self, entry: &Value<'_>) {
        let DeValue::Table(table) = entry.get_ref() else {
            return self.fault(
                entry.span(),
                "wrong-type",
                "a signature is a table".into(),
                Some("write [[signature]]".into()),
            );
        };
        for (key, _) in table.iter().filter(|(key, _)| !KEYS.contains(&key.get_ref().as_ref())) {
            self.unknown_key(key.span(), key.get_ref(), KEYS);
        }
        let at = self.signatures.len();
        let headers = self.required_list(entry, table, "header");
        let signature = Signature {
            id: self.id(entry, table).into(),
            carries: self.carries(entry, table),
            severity: self.word::<Severity>(table, "severity", words_of(Severity::ALL, Severity::as_str)),
            inserted_by: self
                .word::<InsertedBy>(table, "inserted_by", words_of(InsertedBy::ALL, InsertedBy::as_str))
                .unwrap_or(InsertedBy::Carrier),
            class: self.word::<Class>(table, "class", vec!["name", "family", "opaque", "generic"]).unwrap_or_default(),
            carriers: self.texts(table, "carriers"),
            countries: self.texts(table, "countries"),
            source: self.required_text(entry, table, "source").map(|(text, _)| text).unwrap_or_default(),
        };
        self.signatures.push(signature);
        for (name, span) in &headers {
            self.header(name, span, at);
        }
        if let Some((name, _)) = headers.first() {
            self.collect_examples(entry, table, at, &name.replace('*', "Example"));
        }
    }

    fn id(&mut self, entry: &Value<'_>, table: &Table<'_>) -> String {
        let Some((id, span)) = self.required_text(entry, table, "id") else { return String::new() };
        let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if id.is_empty() || !id.bytes().all(kebab) || id.starts_with('-') || id.ends_with('-') {
            self.fault(
                span.clone(),
                "bad-id",
                format!("`{id}` is not a kebab-case id"),
                Some("use a-z, 0-9 and single dashes".into()),
            );
        }
        self.once("id", id.clone(), span);
        id
    }

    fn carries(&mut self, entry: &Value<'_>, table: &Table<'_>) -> Vec<Identifier> {
        let words = self.required_list(entry, table, "carries");
        let mut carries = Vec::new();
        for (word, span) in words {
            match Identifier::from_str(&word) {
                Ok(identifier) => carries.push(identifier),
                Err(()) => {
                    let known = words_of(Identifier::ALL, Identifier::as_str);
                    self.fault(
                        span,
                        "unknown-identifier",
                        format!("`{word}` is no identifier"),
                        Some(suggest(&word, &known)),
                    );
                }
            }
        }
        carries
    }

    fn header(&mut self, name: &str, span: &Range<usize>, at: usize) {
        let stem = name.strip_suffix('*').unwrap_or(name);
        let least = if stem.len() < name.len() { 4 } else { 1 };
        if !(least..=LONGEST_NAME).contains(&stem.len()) || !stem.bytes().all(is_token_byte) {
            let help = format!(
                "use {least} to {LONGEST_NAME} characters of a field name (RFC 9110 section 5.1); `*` only at the end"
            );
            return self.fault(span.clone(), "bad-header", format!("`{name}` is no field name"), Some(help));
        }
        let folded = FoldedName::new(name.as_bytes()).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
        self.once("header", folded.unwrap_or_default(), span.clone());
        self.names.push((name.to_owned(), at));
    }

    fn collect_examples(&mut self, entry: &Value<'_>, table: &Table<'_>, at: usize, name: &str) {
        let matches = self.required_list(entry, table, "matches");
        let ignores = self.list(table, "ignores").unwrap_or_default();
        for (values, found) in [(matches, true), (ignores, false)] {
            let file = &self.file;
            self.examples.extend(values.into_iter().map(|(value, span)| Example {
                file: file.clone(),
                span,
                signature: at,
                name: name.to_owned(),
                value,
                found,
            }));
        }
    }

    /// A name or an id may stand once in all files.
    fn once(&mut self, what: &'static str, name: String, span: Range<usize>) {
        if let Some(file) = self.seen.get(&(what, name.clone())) {
            let code = if what == "id" { "duplicate-id" } else { "duplicate-header" };
            let message = format!("the {what} `{name}` stands a second time");
            return self.fault(
                span,
                code,
                message,
                Some(format!("it stands in {file} already: take it out of one of them")),
            );
        }
        self.seen.insert((what, name), self.file.clone());
    }

    fn word<T: FromStr>(&mut self, table: &Table<'_>, key: &str, known: Vec<&'static str>) -> Option<T> {
        let (word, span) = self.text(table, key)?;
        let parsed = T::from_str(&word).ok();
        if parsed.is_none() {
            self.fault(span, "unknown-word", format!("`{word}` is no value of `{key}`"), Some(suggest(&word, &known)));
        }
        parsed
    }

    fn required_text(&mut self, entry: &Value<'_>, table: &Table<'_>, key: &str) -> Option<(String, Range<usize>)> {
        if !table.contains_key(key) {
            self.missing(entry, key);
        }
        self.text(table, key)
    }

    fn text(&mut self, table: &Table<'_>, key: &str) -> Option<(String, Range<usize>)> {
        let value = table.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), value.span())),
            _ => {
                self.fault(
                    value.span(),
                    "wrong-type",
                    format!("`{key}` is not a string"),
                    Some("put it in quotes".into()),
                );
                None
            }
        }
    }

    fn required_list(&mut self, entry: &Value<'_>, table: &Table<'_>, key: &str) -> Vec<(String, Range<usize>)> {
        let list = self.list(table, key);
        match (table.get(key), list) {
            (None, _) => self.missing(entry, key),
            (Some(value), Some(list)) if list.is_empty() => {
                self.fault(value.span(), "empty-list", format!("`{key}` is empty"), Some("name at least one".into()));
            }
            (_, list) => return list.unwrap_or_default(),
        }
        Vec::new()
    }

    fn texts(&mut self, table: &Table<'_>, key: &str) -> Vec<String> {
        self.list(table, key).unwrap_or_default().into_iter().map(|(text, _)| text).collect()
    }

    /// The strings of a list; nothing, and a fault, if it is something else.
    fn list(&mut self, table: &Table<'_>, key: &str) -> Option<Vec<(String, Range<usize>)>> {
        let value = table.get(key)?;
        let help = Some("write [\"…\", \"…\"]".to_owned());
        let DeValue::Array(items) = value.get_ref() else {
            self.fault(value.span(), "wrong-type", format!("`{key}` is not a list of strings"), help);
            return None;
        };
        let mut list = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => list.push((text.to_string(), item.span())),
                _ => self.fault(item.span(), "wrong-type", format!("an item of `{key}` is not a string"), help.clone()),
            }
        }
        Some(list)
    }

    fn missing(&mut self, entry: &Value<'_>, key: &str) {
        self.fault(
            entry.span(),
            "missing-key",
            format!("the signature has no `{key}`"),
            Some(format!("add `{key} = …`")),
        );
    }

    fn unknown_key(&mut self, span: Range<usize>, key: &str, known: &[&'static str]) {
        self.fault(span, "unknown-key", format!("there is no key `{key}` here"), Some(suggest(key, known)));
    }

    fn fault(&mut self, span: Range<usize>, code: &'static str, message: String, help: Option<String>) {
        self.faults.push(SignatureFault { file: self.file.clone(), span, code, message, help });
    }
}

impl FromStr for Class {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "name" => Ok(Self::Name),
            "family" => Ok(Self::Family),
            "opaque" => Ok(Self::Opaque),
            "generic" => Ok(Self::Generic),
            _ => Err(()),
        }
    }
}

fn words_of<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|&item| word(item)).collect()
}

/// The nearest known word, or all of them.
fn suggest(word: &str, known: &[&'static str]) -> String {
    let near = known.iter().map(|known| (strsim::jaro_winkler(word, known), known));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((closeness, known)) if closeness > 0.8 => format!("did you mean `{known}`?"),
        _ => format!("one of: {}", known.join(", ")),
    }
}

/// RFC 9110 §5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(&byte)
}
