//! Which words of the telecom trade tell what a field carries?
//!
//! The words are data, `words/vocabulary.toml`; here they are read, once, and made ready to be looked up.

use std::{collections::BTreeSet, sync::LazyLock};

use aho_corasick::{Anchored, automaton::Automaton, dfa::DFA};
use serde::{Deserialize, Deserializer, de::Error};

use super::{
    finding::Identifier,
    fronts::{Fronts, bit},
    shelf::Shelf,
};

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
    /// Both, with nothing but `glue` in front and `tails` behind.
    Both,
}

/// Where in a name an unknown token makes another trade's word of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// Behind the word: `MDN-Render-Id`. In front stands whoever writes it.
    Behind,
    /// Anywhere: `Grid-Cell-Id`.
    Anywhere,
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
    /// Which tokens, if they are unknown, make another trade's word of it.
    #[serde(default)]
    pub contested: Option<Scope>,
    #[serde(default)]
    typos: bool,
    words: String,
}

/// Short words without an order of their own.
#[derive(Debug)]
pub(super) struct Tokens {
    shelf: Shelf<(), 32>,
    /// How long the longest is.
    longest: usize,
}

/// The file as it stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    trade: Tokens,
    person: Tokens,
    sealed: Tokens,
    numbers: Tokens,
    holders: Tokens,
    network: Tokens,
    company: Tokens,
    glue: Tokens,
    tails: Tokens,
    traps: Tokens,
    worlds: Tokens,
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
    /// Words for a number, beside a word for whose it is.
    pub numbers: Tokens,
    /// What a field is called that holds several things.
    pub holders: Tokens,
    /// What else networks speak of, in the name of such a field.
    pub network: Tokens,
    /// What a gateway writes beside a number.
    pub company: Tokens,
    /// What is glued in front of a word without a separator.
    pub glue: Tokens,
    /// What is glued behind a word without a separator.
    pub tails: Tokens,
    /// Tokens that turn a word of everyday into something else.
    pub traps: Tokens,
    /// Tokens of trades that use words of this one for things of their own.
    pub worlds: Tokens,
    /// Tokens behind a word that speak about the thing.
    pub about: Tokens,
    /// Tokens behind a word of everyday that point at the thing.
    pub references: Tokens,
    groups: Vec<Group>,
    /// For each pattern of the matcher, its group and its edges.
    entries: Vec<(usize, Edges)>,
    /// Words that count misspelt as well, with their groups.
    misspellable: Vec<(Box<str>, usize)>,
    /// For each letter, the second and third letters of those of them that begin with it, bit n for the nth.
    nexts: [u32; 26],
    /// Which letters follow each other in words.
    fronts: Fronts,
    /// Finds every word in one pass.
    matcher: DFA,
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

    /// Where the words stand in a folded text, and the pattern of each: in the order in which they end. Walked by hand, which
    /// costs a quarter of what the searches of the crate do on texts as short.
    pub fn words_in(&self, text: &[u8]) -> impl Iterator<Item = (usize, usize, usize)> {
        let matcher = &self.matcher;
        let mut state = matcher.start_state(Anchored::No).ok();
        let ends = text.iter().enumerate().filter_map(move |(at, &byte)| {
            let next = matcher.next_state(Anchored::No, state?, byte);
            state = Some(next);
            (matcher.is_special(next) && matcher.is_match(next)).then_some((at + 1, next))
        });
        ends.flat_map(move |(end, state)| {
            let patterns = (0..matcher.match_len(state)).map(move |at| matcher.match_pattern(state, at));
            patterns.map(move |pattern| (end - matcher.pattern_len(pattern), end, pattern.as_usize()))
        })
    }

    /// Whether a token beside a word leaves it what it is.
    pub fn knows(&self, token: &[u8]) -> bool {
        let lists = [&self.trade, &self.person, &self.holders, &self.network, &self.sealed];
        let glued = || self.glue.make(token, 2) || self.tails.make(token, 2);
        lists.iter().any(|list| list.has(token)) || glued()
    }

    /// Whether a word may stand in this name, misspelt or not; if not, none does.
    pub fn may_stand_in(&self, name: &[u8]) -> bool {
        self.fronts.may_stand_in(name)
    }

    /// The word that stands at the front of a text with one letter wrong, and how long it is there. Its first and last
    /// letters are right: `elephone` and `subscribe` are words of their own.
    pub fn misspelt(&self, text: &[u8]) -> Option<(&Group, usize)> {
        let [first, second, third, _, _, ..] = *text else { return None };
        // With one letter wrong, one of the next two is one of the word's.
        let nexts = self.nexts.get(usize::from(first.wrapping_sub(b'a')))?;
        if nexts & (bit(second) | bit(third)) == 0 {
            return None;
        }
        let alike = self.misspellable.iter().filter(|(word, _)| word.as_bytes().first() == text.first());
        alike
            .filter_map(|(word, at)| Some((self.groups.get(*at)?, slip(text, word.as_bytes())?)))
            .max_by_key(|(_, len)| *len)
    }
}

/// How many letters of the text are the word with one letter left out, added, swapped with the next, or another.
fn slip(text: &[u8], word: &[u8]) -> Option<usize> {
    let same = text.iter().zip(word).take_while(|(a, b)| a == b).count();
    let rest = word.get(same + 1..).filter(|_| same > 0)?;
    let follows = |from: usize, what: &[u8]| text.get(from..).is_some_and(|behind| behind.starts_with(what));
    let swapped = || {
        let (here, behind) = (text.get(same..same + 2)?, word.get(same..same + 2)?);
        (here.first() == behind.last() && here.last() == behind.first()).then_some(())?;
        follows(same + 2, word.get(same + 2..)?).then_some(word.len())
    };
    let added = || follows(same + 1, word.get(same..)?).then_some(word.len() + 1);
    let left_out = || (!rest.is_empty() && follows(same, rest)).then_some(word.len() - 1);
    let another = || (!rest.is_empty() && follows(same + 1, rest)).then_some(word.len());
    swapped().or_else(added).or_else(another).or_else(left_out)
}

impl Tokens {
    fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let words: BTreeSet<Box<str>> = words.map(Box::from).collect();
        let longest = words.iter().map(|word| word.len()).max().unwrap_or(0);
        Self { shelf: Shelf::new(words.into_iter().map(|word| (word, ()))), longest }
    }

    /// Whether this is one of them; lower case.
    pub fn has(&self, token: &[u8]) -> bool {
        self.shelf.get(token).is_some()
    }

    /// These and the others.
    fn with(&self, others: &Self) -> Self {
        Self::of(self.shelf.iter().chain(others.shelf.iter()))
    }

    /// Whether one of them stands at the end.
    pub fn end(&self, token: &[u8]) -> bool {
        let mut starts = token.len().saturating_sub(self.longest)..token.len();
        starts.any(|at| token.get(at..).is_some_and(|end| self.has(end)))
    }

    /// Whether up to `most` of them, one behind the other, make the whole text; nothing is made of none.
    pub fn make(&self, text: &[u8], most: usize) -> bool {
        let mut rests = self.shelf.fronts(text).filter_map(|(one, ())| text.get(one.len()..));
        text.is_empty() || most > 0 && rests.any(|rest| self.make(rest, most - 1))
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(String::deserialize(deserializer)?.split_whitespace()))
    }
}

fn identifiers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Identifier>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let kinds = words.iter().map(|word| word.parse().map_err(|()| D::Error::custom(format!("no identifier: {word}"))));
    kinds.collect()
}

fn read(text: &str) -> Result<Vocabulary, String> {
    let file: File = toml::from_str(text).map_err(|fault| fault.to_string())?;
    let (words, entries): (Vec<_>, Vec<_>) = file.group.iter().enumerate().flat_map(patterns).unzip();
    let long = file.group.iter().enumerate().filter(|(_, group)| group.typos).flat_map(patterns);
    let misspellable: Vec<_> = long.map(|(word, (at, _))| (Box::from(word), at)).collect();
    let fronts = Fronts::of(&words, misspellable.iter().map(|(word, _)| &**word));
    let matcher = DFA::builder().prefilter(false).build(words);
    Ok(Vocabulary {
        glue: file.glue.with(&file.numbers),
        tails: file.tails.with(&file.numbers),
        trade: file.trade,
        person: file.person,
        sealed: file.sealed,
        numbers: file.numbers,
        holders: file.holders,
        network: file.network,
        company: file.company,
        traps: file.traps,
        worlds: file.worlds,
        about: file.about,
        references: file.references,
        groups: file.group,
        entries,
        nexts: nexts(&misspellable),
        fronts,
        misspellable,
        matcher: matcher.map_err(|fault| fault.to_string())?,
    })
}

fn nexts(words: &[(Box<str>, usize)]) -> [u32; 26] {
    let mut nexts = [0; 26];
    for (word, _) in words {
        if let [first, second, third, ..] = *word.as_bytes()
            && let Some(set) = nexts.get_mut(usize::from(first.wrapping_sub(b'a')))
        {
            *set |= bit(second) | bit(third);
        }
    }
    nexts
}

/// A group's words, each with its place and edges.
fn patterns((at, group): (usize, &Group)) -> impl Iterator<Item = (&str, (usize, Edges))> {
    group.words.split_whitespace().map(move |word| (word, (at, group.edges)))
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
    fn a_slip_of_one_letter_inside_is_seen() {
        for (text, len) in [("msidn", 5), ("misdnx", 5), ("msidsn", 6), ("msisbn", 6), ("mssisdnid", 7)] {
            assert_eq!(slip(text.as_bytes(), b"msisdn"), Some(len), "{text}");
        }
        for text in ["subscribe", "subscribed", "subscriber", "subscription", "subsriers", "ubscriber", ""] {
            assert_eq!(slip(text.as_bytes(), b"subscriber"), None, "{text}");
        }
    }

    #[test]
    fn no_word_is_turned_away_misspelt_or_not() {
        let vocabulary = &*VOCABULARY;
        let words = vocabulary.groups.iter().flat_map(|group| group.words.split_whitespace());
        for word in words {
            for name in [word.to_owned(), format!("X_{}-9", word.to_uppercase()), format!("my{word}")] {
                assert!(vocabulary.may_stand_in(name.as_bytes()), "{name}");
            }
        }
        for (word, _) in &vocabulary.misspellable {
            for at in 1..word.len() - 1 {
                let (front, rest) = word.split_at(at);
                let swapped = format!("{front}{}{}{}", &rest[1..2], &rest[..1], &rest[2..]);
                for wrong in [
                    format!("{front}{}", &rest[1..]),
                    format!("{front}q{}", &rest[1..]),
                    format!("{front}7{rest}"),
                    swapped,
                ] {
                    let read = vocabulary.misspelt(wrong.as_bytes()).is_some();
                    assert!(!read || vocabulary.may_stand_in(format!("x-{wrong}").as_bytes()), "{wrong}");
                }
            }
        }
        assert!(
            ["session", "_ga", "lang", "OptanonConsent"].iter().any(|key| !vocabulary.may_stand_in(key.as_bytes()))
        );
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
