//! Why was something found, or nothing?
//!
//! The detectors tell it while they decide. In words, it holds nothing of a value but the code of its country.

use std::{fmt, sync::Arc};

use crate::detect::{
    finding::{Confidence, Identifier},
    value::{Look, Shape},
    vocabulary::Strength,
    words::{Hint, Piece, Reading, Told},
};

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::detect) enum Reason {
    /// Every browser, library or load balancer sends a field of this name.
    Ordinary,
    /// The field is empty.
    Empty,
    /// The name is documented.
    Documented { id: Arc<str>, carries: Vec<Identifier>, source: String },
    /// The name holds a word that tells.
    Word(Word),
    /// Words that say together what none of them says alone.
    Trade(Told),
    /// The key of a pair is documented as the name of a field.
    Borrowed(&'static [Identifier]),
    /// A token beside the word turns it into something else.
    Trapped { word: String, trap: String },
    /// The name holds no word that tells.
    NoWord,
    /// The field has a meaning of its own; what is looked for there.
    Reserved(&'static str),
    /// Something that counts.
    Fits { identifier: Identifier, shape: Shape, confidence: Confidence, grounds: &'static str },
    /// Nothing that counts.
    Fails { wanted: Vec<Identifier>, refusal: Refusal, look: Look },
    /// So much of this message was decoded that this field was looked at in clear only.
    Exhausted,
    /// So much was found here that one finding of each kind covers what else there is.
    Crowd,
    /// One of the user's own identifiers.
    Own(Identifier),
    /// Another detector read it better.
    Covered { identifier: Identifier, better: Identifier },
}

/// A word that tells, as it is written in the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::detect) struct Word {
    word: String,
    strength: Strength,
    kinds: &'static [Identifier],
    raised: Option<String>,
    lowered: Option<String>,
    /// Whether another word says that the value is hashed or encrypted.
    sealed: bool,
}

/// Why a value does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::detect) enum Refusal {
    /// It has no shape of what is looked for.
    Shape,
    /// It would count under a stronger word.
    Unchecked,
    /// It is too short for a number under a word of everyday, or too long.
    Length,
    /// It is a date.
    Date,
    /// It is a clock.
    Clock,
    /// It is shorter than any identifier, or longer than any pair that carries one.
    Size,
    /// It is opaque, under a word that apps and sites use as well.
    Opaque,
    /// A number under a word of everyday, but neither plus sign nor zeros in front.
    Plain,
    /// A number, but no sign that it is one: no plus sign, no encoding.
    Unmarked,
}

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The name of the field, or the key of the pair.
    Name,
    /// The value.
    Value,
}

impl About {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Value => "value",
        }
    }
}

impl Reason {
    /// What was read in this name.
    pub fn of(reading: Reading, name: &[u8]) -> Self {
        match reading {
            Reading::Telling(Hint { strength, kinds, sealed, why: Some(why), .. }) => {
                let beside = |piece: Option<Piece>| piece.map(|piece| piece.of(name));
                let (raised, lowered) = (beside(why.raised), beside(why.lowered));
                Self::Word(Word { word: why.word.of(name), strength, kinds, raised, lowered, sealed })
            }
            Reading::Telling(Hint { kinds, .. }) => Self::Borrowed(kinds),
            Reading::Trapped { word, trap } => Self::Trapped { word: word.of(name), trap: trap.of(name) },
            Reading::Nothing => Self::NoWord,
        }
    }

    /// What it is about.
    pub fn about(&self) -> About {
        match self {
            Self::Ordinary
            | Self::Documented { .. }
            | Self::Word(_)
            | Self::Trade(_)
            | Self::Borrowed(_)
            | Self::Trapped { .. }
            | Self::NoWord
            | Self::Reserved(_) => About::Name,
            Self::Empty
            | Self::Fits { .. }
            | Self::Fails { .. }
            | Self::Exhausted
            | Self::Crowd
            | Self::Own(_)
            | Self::Covered { .. } => About::Value,
        }
    }

    /// Whether nothing was looked for in particular, and what it says is how the value looks.
    pub fn is_about_look(&self) -> bool {
        matches!(self, Self::Fails { wanted, .. } if wanted.is_empty())
    }

    /// Whether somebody who asks why wants to read this of a field in which nothing was found.
    pub fn is_telling(&self) -> bool {
        match self {
            Self::Ordinary | Self::Empty | Self::NoWord | Self::Reserved(_) => false,
            Self::Fails { wanted, look, .. } => !wanted.is_empty() || look.is_striking(),
            Self::Documented { .. }
            | Self::Word(_)
            | Self::Trade(_)
            | Self::Borrowed(_)
            | Self::Trapped { .. }
            | Self::Fits { .. }
            | Self::Exhausted
            | Self::Crowd
            | Self::Own(_)
            | Self::Covered { .. } => true,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordinary => f.write_str("ordinary"),
            Self::Empty => f.write_str("empty"),
            Self::Documented { id, carries, source } => {
                write!(f, "documented for {} as {id} ({source})", list(carries, " and "))
            }
            Self::Word(word) => word.fmt(f),
            Self::Trade(told) => trade(told, f),
            Self::Borrowed(kinds) => write!(f, "documented for {} as the name of a field", list(kinds, " or ")),
            Self::Trapped { word, trap } => {
                write!(f, "\"{word}\" would tell, but beside \"{trap}\" it means something else")
            }
            Self::NoWord => f.write_str("no telling word"),
            Self::Reserved(meaning) => f.write_str(meaning),
            Self::Fits { identifier, shape, confidence, grounds } => {
                write!(f, "{identifier} ({shape}), {confidence}: {grounds}")
            }
            Self::Fails { wanted, refusal, look } => fails(wanted, *refusal, *look, f),
            Self::Exhausted => f.write_str("too much of this message is encoded; looked at in clear only"),
            Self::Crowd => f.write_str("there is more of it here; from there on one finding of each kind covers all"),
            Self::Own(identifier) => write!(f, "{identifier} (one of your own, as registered), certain"),
            Self::Covered { identifier, better } => {
                write!(f, "also reads as {identifier}; {better} is the better reading")
            }
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strength = match self.strength {
            Strength::Strong => "strong",
            Strength::Firm => "firm",
            Strength::Weak => "weak",
            Strength::Faint => "everyday",
        };
        write!(f, "{strength} word \"{}\"", self.word)?;
        if let Some(raised) = &self.raised {
            write!(f, " thanks to \"{raised}\"")?;
        }
        if let Some(lowered) = &self.lowered {
            write!(f, " because of \"{lowered}\"")?;
        }
        let sealed = if self.sealed { " hashed or encrypted" } else { "" };
        write!(f, ", for {}{sealed}", list(self.kinds, " or "))
    }
}

/// `"telenor", a network's, with "user" and "id", for subscriber-id or msisdn`
fn trade(told: &Told, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let quoted = |words: &[String]| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" and ");
    match (told.network.is_empty(), told.words.is_empty()) {
        (true, _) => write!(f, "everyday {}", quoted(&told.words))?,
        (false, true) => write!(f, "{}, a network's", quoted(&told.network))?,
        (false, false) => write!(f, "{}, a network's, with {}", quoted(&told.network), quoted(&told.words))?,
    }
    if told.kinds.is_empty() { Ok(()) } else { write!(f, ", for {}", list(&told.kinds, " or ")) }
}

fn fails(wanted: &[Identifier], refusal: Refusal, look: Look, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let wanted = list(wanted, " or ");
    match refusal {
        Refusal::Shape | Refusal::Unmarked if look == Look::Nothing => write!(f, "{look}"),
        Refusal::Shape => write!(f, "{look}: no shape of {wanted}"),
        Refusal::Unchecked => write!(f, "{look}: under such a word only {wanted} that passes every check counts"),
        Refusal::Length => write!(f, "{look}: too short or too long for {wanted} under such a word"),
        Refusal::Date => write!(f, "{look}: a date and a time of day"),
        Refusal::Clock => write!(f, "{look}"),
        Refusal::Size => write!(f, "{look}: too short or too long to be looked at"),
        Refusal::Opaque => write!(f, "{look}: opaque values count under words that only networks use"),
        Refusal::Plain => write!(f, "{look}: under such a word only a number with plus sign, or zeros for it, counts"),
        Refusal::Unmarked => {
            write!(f, "{look}: under such a name only a phone number with plus sign, or encoded, counts")
        }
    }
}

fn list(identifiers: &[Identifier], between: &str) -> String {
    identifiers.iter().map(|identifier| identifier.as_str()).collect::<Vec<_>>().join(between)
}
