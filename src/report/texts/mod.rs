//! In which words does a report speak?
//!
//! English is compiled in; another language is a file with the same keys. `{name}` stands for what is put in: a text that has
//! other names than the English one is refused, so that no figure gets lost in translation.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

const ENGLISH: &str = include_str!("en.toml");

/// The words of one language.
#[derive(Clone, Debug)]
pub struct Texts(BTreeMap<String, Vec<String>>);

/// What is wrong with a file of texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// It is no TOML.
    #[error("no TOML: {0}")]
    Syntax(String),
    /// Keys are missing.
    #[error("these texts are missing: {0}")]
    Missing(String),
    /// Keys that no report has.
    #[error("no report has these texts: {0}")]
    Unknown(String),
    /// Another number of texts, or other things to be put in.
    #[error("{key}: the English text has {expected}, this one has {found}")]
    Other {
        /// Which text.
        key: String,
        /// What is to be put in there.
        expected: String,
        /// What was found instead.
        found: String,
    },
}

impl Default for Texts {
    fn default() -> Self {
        match read(ENGLISH) {
            Ok(texts) => Self(texts),
            Err(error) => unreachable!("a test reads the English texts: {error}"),
        }
    }
}

impl Texts {
    /// Reads a translation.
    ///
    /// # Errors
    /// When it is no TOML, lacks a text, has one too many, or does not put in what the English text does.
    pub fn parse(text: &str) -> Result<Self, Unsuitable> {
        let (given, english) = (read(text)?, Self::default().0);
        let missing = names(english.keys().filter(|key| !given.contains_key(*key)));
        if !missing.is_empty() {
            return Err(Unsuitable::Missing(missing));
        }
        let unknown = names(given.keys().filter(|key| !english.contains_key(*key)));
        if !unknown.is_empty() {
            return Err(Unsuitable::Unknown(unknown));
        }
        let other = english.iter().find_map(|(key, words)| {
            let (expected, found) = (shape(words), shape(given.get(key)?));
            (expected != found).then(|| Unsuitable::Other { key: key.clone(), expected, found })
        });
        other.map_or(Ok(Self(given)), Err)
    }

    /// The text of this key.
    pub fn say(&self, key: &str) -> &str {
        self.list(key).first().map_or("", String::as_str)
    }

    /// The texts of this key.
    pub fn list(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// The text of this key, with what is to be put in. What is put in is not looked at again.
    pub fn fill(&self, key: &str, with: &[(&str, &str)]) -> String {
        let mut text = self.say(key);
        let mut out = String::with_capacity(text.len());
        while let Some((before, name, after)) = placeholder(text) {
            out.push_str(before);
            match with.iter().find(|(given, _)| *given == name) {
                Some((_, value)) => out.push_str(value),
                None => out.extend(["{", name, "}"]),
            }
            text = after;
        }
        out + text
    }

    /// The same, by number: the key with `_one` for one.
    pub fn count(&self, key: &str, count: u64, with: &[(&str, &str)]) -> String {
        let one = format!("{key}_one");
        self.fill(if count == 1 { &one } else { key }, with)
    }
}

/// What stands before the next thing to be put in, its name, and what follows.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

fn read(text: &str) -> Result<BTreeMap<String, Vec<String>>, Unsuitable> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| Unsuitable::Syntax(error.message().to_owned()))?;
    let mut texts = BTreeMap::new();
    flatten("", table, &mut texts);
    Ok(texts)
}

fn flatten(prefix: &str, table: Table, texts: &mut BTreeMap<String, Vec<String>>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => flatten(&format!("{key}."), inner, texts),
            Value::Array(list) => {
                texts.insert(key, list.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect());
            }
            value => {
                texts.insert(key, vec![value.as_str().unwrap_or_default().to_owned()]);
            }
        }
    }
}

/// How many texts there are, and what is put into them.
fn shape(texts: &[String]) -> String {
    let mut inside = BTreeSet::new();
    for text in texts {
        let mut rest = text.as_str();
        while let Some((_, name, after)) = placeholder(rest) {
            inside.insert(name);
            rest = after;
        }
    }
    let inside: Vec<_> = inside.into_iter().collect();
    format!("{} text(s) with {{{}}}", texts.len(), inside.join("} {"))
}

fn names<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    keys.map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Identifier;

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        let texts = Texts::default();
        assert_eq!(texts.fill("about", &[("about", "{about} & <b>")]), "Concerning {about} & <b>");
    }

    #[test]
    fn one_is_said_otherwise_than_many() {
        let texts = Texts::default();
        let told =
            |count: u64| texts.count("headline_received", count, &[("what", "It"), ("sites", &count.to_string())]);
        assert_eq!((told(1), told(2)), ("It went to 1 web site.".into(), "It went to 2 web sites.".into()));
    }

    #[test]
    fn every_kind_of_identifier_has_words() {
        let texts = Texts::default();
        for identifier in Identifier::ALL {
            assert!(!texts.say(identifier.as_str()).is_empty(), "{}", identifier.as_str());
        }
    }

    #[test]
    fn a_translation_is_held_to_the_english_texts() {
        assert!(Texts::parse(ENGLISH).is_ok());
        let lacking = ENGLISH.replacen("title = ", "titel = ", 1);
        assert_eq!(Texts::parse(&lacking).unwrap_err(), Unsuitable::Missing("title".into()));
        let more = format!("extra = \"\"\n{ENGLISH}");
        assert_eq!(Texts::parse(&more).unwrap_err(), Unsuitable::Unknown("extra".into()));
        let other = ENGLISH.replacen("Concerning {about}", "Concerning {whom}", 1);
        let told = Texts::parse(&other).unwrap_err().to_string();
        assert_eq!(told, "about: the English text has 1 text(s) with {about}, this one has 1 text(s) with {whom}");
        assert!(matches!(Texts::parse("title = "), Err(Unsuitable::Syntax(_))));
    }
}
