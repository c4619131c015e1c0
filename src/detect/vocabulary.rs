//! Which words of the telecom trade tell what a field carries?
//!
//! The words are data, `words/vocabulary.toml`; here they are read, once, and made ready to be looked up. Words that may
//! be misspelt are written out with every slip of one letter.

use std::{collections::BTreeSet, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use serde::{Deserialize, Deserializer, de::Error};

use super::finding::Identifier;

/// How much a word tells. Ordered, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Strength {
    /// The word names the identifier: an odd or an opaque value counts as well.
    Strong,
    /// The word is what people call it: a number of the usual length counts, or a hash of one.
    Firm,
    /// The word allows for it: only a value that passes every check counts.
    Weak,
    /// The word is one of everyday: only what is written as nothing but a phone number is counts.
    Faint,
}

/// Which ends of a word must be ends of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Edges {
    /// None: the word is unmistakable.
    Free,
    /// The front, with nothing but `glue` between.
    Front,
    /// Both, with nothing but `glue` in front and `tails` behind.
    Both,
}

/// Words that say the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub strength: Strength,
    edges: Edges,
    /// What values under them may be, the most likely first.
    #[serde(deserialize_with = "identifiers")]
    pub kinds: Vec<Identifier>,
    /// Networks use the words, apps and sites do not.
    #[serde(default)]
    pub network: bool,
    /// Whether they count only beside a word of the trade.
    #[serde(default)]
    pub beside: bool,
    #[serde(default)]
    typos: bool,
    words: String,
}

/// Short words without an order of their own.
#[derive(Debug)]
pub(super) struct Tokens(Vec<Box<str>>);

/// The file as it stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    trade: Tokens,
    person: Tokens,
    sealed: Tokens,
    glue: Tokens,
    tails: Tokens,
    traps: Tokens,
    about: Tokens,
    references: Tokens,
    group: Vec<Group>,
}

/// Every word, ready to be found.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Tokens that only those use who run a mobile network.
    pub trade: Tokens,
    /// Tokens that stand for someone.
    pub person: Tokens,
    /// Words for what hides a value and leaves it the same each time.
    pub sealed: Tokens,
    /// What is glued in front of a word without a separator.
    pub glue: Tokens,
    /// What is glued behind a word without a separator.
    pub tails: Tokens,
    /// Tokens that turn a word of everyday into something else.
    pub traps: Tokens,
    /// Tokens behind a word that speak about the thing.
    pub about: Tokens,
    /// Tokens behind a word of everyday that point at the thing.
    pub references: Tokens,
    groups: Vec<Group>,
    /// For each pattern of the matcher, its group and its edges.
    entries: Vec<(usize, Edges)>,
    /// Finds every word in one pass.
    pub matcher: AhoCorasick,
}

/// The vocabulary that is compiled in.
///
/// # Panics
/// If the file is unsound, which a test rules out.
pub(super) static VOCABULARY: LazyLock<Vocabulary> =
    LazyLock::new(|| match read(include_str!("words/vocabulary.toml")) {
        Ok(vocabulary) => vocabulary,
        Err(fault) => unreachable!("the compiled-in vocabulary is tested: {fault}"),
    });

impl Vocabulary {
    /// The group of a pattern, and which of its ends must be ends of a token.
    pub fn entry(&self, pattern: usize) -> Option<(&Group, Edges)> {
        let (group, edges) = self.entries.get(pattern)?;
        Some((self.groups.get(*group)?, *edges))
    }
}

impl Tokens {
    /// Whether this is one of them; lower case.
    pub fn has(&self, token: &[u8]) -> bool {
        self.0.binary_search_by(|one| (**one).as_bytes().cmp(token)).is_ok()
    }

    /// Whether one of them stands at the end.
    pub fn end(&self, token: &[u8]) -> bool {
        self.0.iter().any(|one| token.ends_with(one.as_bytes()))
    }

    /// Whether up to `most` of them, one behind the other, make the whole text; nothing is made of none.
    pub fn make(&self, text: &[u8], most: usize) -> bool {
        let begins = |one: &&str| one.as_bytes().first() == text.first();
        let rest = |one: &str| text.strip_prefix(one.as_bytes());
        text.is_empty()
            || most > 0
                && self.0.iter().map(|one| &**one).filter(begins).filter_map(rest).any(|rest| self.make(rest, most - 1))
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let tokens: BTreeSet<Box<str>> = text.split_whitespace().map(Box::from).collect();
        Ok(Self(tokens.into_iter().collect()))
    }
}

fn identifiers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Identifier>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let kinds = words.iter().map(|word| word.parse().map_err(|()| D::Error::custom(format!("no identifier: {word}"))));
    kinds.collect()
}

fn read(text: &str) -> Result<Vocabulary, String> {
    let File { trade, person, sealed, glue, tails, traps, about, references, group: groups } =
        toml::from_str(text).map_err(|fault| fault.to_string())?;
    let (words, entries): (Vec<_>, Vec<_>) = groups.iter().enumerate().flat_map(patterns).unzip();
    let mut builder = AhoCorasickBuilder::new();
    let matcher = builder.kind(Some(AhoCorasickKind::DFA)).prefilter(false).build(words);
    let matcher = matcher.map_err(|fault| fault.to_string())?;
    Ok(Vocabulary { trade, person, sealed, glue, tails, traps, about, references, groups, entries, matcher })
}

/// Every spelling of a group's words. A misspelt one counts as a whole token only.
fn patterns((at, group): (usize, &Group)) -> Vec<(String, (usize, Edges))> {
    let words = group.words.split_whitespace().map(|word| (word.to_owned(), (at, group.edges)));
    let slips = group.words.split_whitespace().filter(|_| group.typos).flat_map(slips);
    words.chain(slips.map(|slip| (slip, (at, Edges::Both)))).collect()
}

/// A word with one letter left out, doubled, swapped with the next, or another in its place. Its first and last letters
/// stay: `elephone` and `subscribe` are words of their own.
fn slips(word: &str) -> BTreeSet<String> {
    let inner = 1..word.len().saturating_sub(1);
    let with = |at: usize, len: usize, middle: &str| {
        let (front, back) = (word.get(..at)?, word.get(at + len..)?);
        Some([front, middle, back].concat())
    };
    let slips = inner.flat_map(|at| {
        let letter = word.get(at..=at).unwrap_or_default();
        let swapped: String = word.get(at..at + 2).unwrap_or_default().chars().rev().collect();
        let others = (b'a'..=b'z').map(char::from).filter(|_| word.len() < 8).map(String::from);
        let others = others.filter_map(|other| with(at, 1, &other)).collect::<Vec<_>>();
        let swap = with(at, 2, &swapped).filter(|_| at + 2 < word.len());
        [with(at, 1, ""), with(at, 0, letter), swap].into_iter().flatten().chain(others).collect::<Vec<_>>()
    });
    slips.filter(|slip| slip != word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_sound_and_no_word_stands_twice() {
        let vocabulary = read(include_str!("words/vocabulary.toml")).unwrap();
        let mut seen = std::collections::HashMap::new();
        for (at, group) in vocabulary.groups.iter().enumerate() {
            assert!(!group.kinds.is_empty());
            for word in group.words.split_whitespace() {
                assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{word}");
                let twice = seen.insert((word, group.beside, group.kinds[0]), at);
                assert!(twice.is_none(), "{word} stands twice");
            }
        }
    }

    #[test]
    fn a_slip_of_one_letter_inside_is_written_out() {
        let slips = slips("msisdn");
        for slip in ["msidn", "msisdm", "msidsn", "mssisdn", "misdn"] {
            assert_eq!(slips.contains(slip), slip != "msisdm", "{slip}");
        }
        assert!(!slips.contains("msisdn") && !super::slips("subscriber").contains("subscribe"));
    }

    #[test]
    fn glue_is_taken_apart_within_bounds() {
        let glue = &VOCABULARY.glue;
        assert!(glue.make(b"xuser", 3) && glue.make(b"", 3) && glue.make(b"networkclient", 3));
        assert!(!glue.make(b"acme", 3) && !glue.make(b"xxxx", 3) && !glue.make(b"xuser", 1));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        let text = include_str!("words/vocabulary.toml").replacen("\"msisdn\"", "\"number\"", 1);
        assert!(read(&text).unwrap_err().contains("no identifier: number"));
    }
}
