//! What does a name say whose words are everyday ones, beside those of a network?
//!
//! Operators put their brand or the name of a node in front of `user-id`, `acct-no`, `cell`: each of them is everyday, all
//! together are not. The words and the rules are data, `trade.toml`; here a name is cut into them.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use smallvec::SmallVec;

use super::{Folded, Piece, VOCABULARY};
use crate::detect::{
    finding::{Identifier, Severity},
    shelf::Shelf,
};

/// The shortest brand that may be glued to what follows.
const GLUED: usize = 3;

/// The shortest brand that is one anywhere in a name.
const LONG: usize = 4;

/// A longer token is no word.
const TOKEN: usize = 24;

/// A longer word is not glued to others.
const PART: usize = 12;

/// What has to say that a field is a network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Context {
    /// Its own name.
    Name,
    /// Another field of the message is enough.
    Request,
    /// Nothing, if the value proves it.
    Any,
}

/// What the words of these classes say together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    all: Vec<String>,
    #[serde(default)]
    not: Vec<String>,
    kinds: Vec<String>,
    #[serde(default)]
    proven: Option<Vec<String>>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    strong: bool,
    #[serde(default)]
    sure: bool,
    #[serde(default)]
    alone: bool,
    #[serde(default)]
    doubtful: bool,
    #[serde(default)]
    sealed: bool,
    context: Context,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClass {
    name: String,
    words: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    brands: String,
    endings: String,
    unlike: String,
    first: String,
    gear: String,
    traps: String,
    ends: String,
    class: Vec<RawClass>,
    rule: Vec<RawRule>,
}

/// What the words of a name say together.
#[derive(Debug)]
pub(in crate::detect) struct Rule {
    pub(super) all: u64,
    not: u64,
    context: Context,
    sure: bool,
    alone: bool,
    /// Whether it is worth a line in the log only, where nothing says whose field it is.
    pub doubtful: bool,
    /// Whether the words say that the value is hashed.
    pub sealed: bool,
    /// What the value may be, in the order in which it is asked.
    pub kinds: Vec<Identifier>,
    /// Which of them a value that speaks for itself proves, where nothing says whose field it is.
    pub proven: Vec<Identifier>,
    /// How bad it is, where that differs from what the identifier is.
    pub severity: Option<Severity>,
    /// Whether an odd or an opaque value counts.
    pub strong: bool,
}

/// Every word with the classes that it is in; and the rules.
#[derive(Debug)]
pub(super) struct Lexicon {
    pub(super) words: Shelf<u64, 1024>,
    rules: Vec<Rule>,
    /// What an unknown word ends in that is a pseudonym.
    ends: Vec<Box<str>>,
    /// What the names of networks end in.
    endings: Vec<Box<str>>,
    /// Words that end so as well.
    unlike: Vec<Box<str>>,
    /// The class of those.
    telling: u64,
    /// The classes of what runs in a site or on the way to it.
    pub(super) machines: u64,
    /// The class of who asks.
    pub(super) client: u64,
    /// The class of places.
    pub(super) area: u64,
    /// The class of words for access.
    radio: u64,
}

pub(super) const BRAND: u64 = 1;
pub(super) const FIRST: u64 = 1 << 1;
pub(super) const GEAR: u64 = 1 << 2;
pub(super) const TRAP: u64 = 1 << 3;
/// What a token is that cannot be cut into words.
const UNKNOWN: u64 = 1 << 4;
/// The first bit of the classes of the file.
const CLASSES: usize = 5;

/// # Panics
/// If the file is unsound, which a test rules out.
pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| match read(include_str!("trade.toml")) {
    Ok(lexicon) => lexicon,
    Err(fault) => unreachable!("the compiled-in words of the trade are tested: {fault}"),
});

/// What a name says.
#[derive(Clone, Copy, Debug)]
pub(in crate::detect) struct Sense {
    /// What its words say together; nothing where a network is named and the rest is unknown.
    pub rule: Option<&'static Rule>,
    /// Who says that a network writes the field.
    pub said: Said,
    /// Whether the name holds that of a network.
    pub branded: bool,
    /// Whether it begins with that of a network that is a word of everyday as well.
    pub perhaps: bool,
}

/// Who says that a network writes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::detect) enum Said {
    /// Its own name.
    Here,
    /// Nothing but another field of the message whose name begins alike, if there is one.
    Kin,
    /// Nothing but another field of the message, if that does.
    Elsewhere,
    /// As `Elsewhere`; and where nothing does, a value that proves it is enough.
    Nowhere,
}

/// Whether a look at the tokens as they stand is enough to see that a name says nothing: most do not. `plain` if only what
/// describes the network may stand under it.
pub(super) fn is_moot(folded: &Folded, plain: bool) -> bool {
    let classes = |token: &[u8]| LEXICON.word(token).unwrap_or_default();
    let set = folded.tokens().fold(0, |set, token| set | classes(token));
    // The area of a tracking area takes the trap away, and what describes a network speaks without digits.
    let trapped = set & TRAP != 0 && set & (BRAND | FIRST | LEXICON.area) == 0;
    trapped || plain && set & (BRAND | FIRST | GEAR | LEXICON.radio) == 0
}

/// What all the words of a name say together, if they say something in any message.
pub(super) fn together(folded: &Folded, set: u64) -> Option<Sense> {
    let lexicon = &*LEXICON;
    let elsewhere = || folded.tokens().any(|token| VOCABULARY.worlds.has(token));
    if set & TRAP != 0 || set & (BRAND | GEAR) == 0 && elsewhere() {
        return None;
    }
    let rule = lexicon.rules.iter().find(|rule| rule.all & !set == 0 && rule.not & set == 0);
    let doubtful = set & FIRST != 0 && rule.is_none_or(|rule| !rule.sure);
    if set & (BRAND | GEAR) != 0 || set & FIRST != 0 && !doubtful {
        return Some(Sense { rule, said: Said::Here, branded: set & BRAND != 0, perhaps: false });
    }
    let rule = rule.filter(|_| set & UNKNOWN == 0)?;
    if rule.alone {
        return Some(Sense { rule: Some(rule), said: Said::Here, branded: false, perhaps: false });
    }
    let said = match rule.context {
        Context::Name => Said::Kin,
        Context::Request => Said::Elsewhere,
        Context::Any => Said::Nowhere,
    };
    Some(Sense { rule: Some(rule), said, branded: false, perhaps: doubtful })
}

/// Whether a name speaks of a network.
pub(super) fn speaks(folded: &Folded) -> bool {
    LEXICON.read(folded) & (BRAND | FIRST | GEAR) != 0
}

/// Whether a token is made of words that are known here, none of which makes something else of a name.
pub(super) fn knows(token: &[u8]) -> bool {
    LEXICON.classes(token, false) & (UNKNOWN | TRAP) == 0
}

/// Whether a name begins with that of a network, as it stands.
pub(super) fn is_branded(folded: &Folded) -> bool {
    let vendor = folded.vendor().and_then(|vendor| LEXICON.word(folded.piece(vendor)));
    vendor.is_some_and(|classes| classes & (BRAND | FIRST) == BRAND)
        && !folded.tokens().any(|token| LEXICON.word(token).is_some_and(|classes| classes & TRAP != 0))
}

/// Whether a token in front is no word: somebody's name.
pub(super) fn is_name(token: &[u8]) -> bool {
    LEXICON.classes(token, true) & !BRAND == 0 && token.len() > 1
}

impl Lexicon {
    /// The classes of a name's words.
    pub(super) fn read(&self, folded: &Folded) -> u64 {
        let mut set = 0;
        self.each(folded, |_, classes| set |= classes);
        set
    }

    /// Every word of a name with its classes.
    pub(super) fn each(&self, folded: &Folded, mut take: impl FnMut(Piece, u64)) {
        // Filled in place: to move as many costs more than to find most.
        let mut tokens: SmallVec<[Piece; 64]> = SmallVec::new();
        let tells = |token: &Piece| !matches!(folded.piece(*token), b"x" | b"http");
        tokens.extend(folded.pieces(0, folded.len).filter(tells));
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let joined = self.joined(folded, tokens.get(at..).unwrap_or_default(), at == 0);
            let (count, classes) = joined.unwrap_or_else(|| (1, self.classes(folded.piece(*token), at == 0)));
            let end = tokens.get(at + count - 1).map_or(token.end, |last| last.end);
            take(Piece { start: token.start, end }, classes);
            at += count;
        }
    }

    /// `Bell-Canada`, `NetAccess-Id`: several tokens may be one word. What is told of a network stays told: `Wap-Client`
    /// is two words, though it is one as well.
    fn joined(&self, folded: &Folded, tokens: &[Piece], first: bool) -> Option<(usize, u64)> {
        let front = tokens.first()?;
        if self.word(folded.piece(*front)).is_some_and(|classes| classes & GEAR != 0) {
            return None;
        }
        [3, 2].into_iter().find_map(|count| {
            let whole = folded.piece(Piece { start: front.start, end: tokens.get(count - 1)?.end });
            let classes = admitted(self.word(whole)?, whole, first);
            (classes != 0).then_some((count, classes))
        })
    }

    /// The classes of a token, cut into words if it is none itself.
    fn classes(&self, token: &[u8], first: bool) -> u64 {
        if token.iter().all(u8::is_ascii_digit) || token.len() > TOKEN {
            return 0;
        }
        if let Some(classes) = self.word(token) {
            return admitted(classes, token, first);
        }
        // In front, what is unknown is somebody's name.
        let cut = self.cut(token).or_else(|| self.behind_brand(token).filter(|_| first));
        cut.unwrap_or_else(|| if first { self.foreign(token) } else { UNKNOWN | self.ending(token) })
    }

    /// Who is called so: a network, if it ends as their names do.
    fn foreign(&self, token: &[u8]) -> u64 {
        let network = || ends_in(token, &self.endings).any(|end| token.len() > end.len() + 1);
        let other = || self.unlike.iter().any(|word| token == word.as_bytes());
        if network() && !other() { GEAR } else { 0 }
    }

    /// The class of an unknown word that ends as pseudonyms do.
    fn ending(&self, token: &[u8]) -> u64 {
        if ends_in(token, &self.ends).next().is_some() { self.telling } else { 0 }
    }

    /// The classes of what a brand is glued to.
    fn behind_brand(&self, token: &[u8]) -> Option<u64> {
        let is_brand = |word: &[u8]| self.word(word).is_some_and(|classes| classes & (BRAND | FIRST) == BRAND);
        let lens = (GLUED..token.len()).rev();
        let (_, rest) = lens.filter_map(|len| token.split_at_checked(len)).find(|(front, _)| is_brand(front))?;
        Some(BRAND | self.cut(rest)?)
    }

    /// The classes of the fewest words that make the whole token, none of them a brand.
    fn cut(&self, token: &[u8]) -> Option<u64> {
        let mut best: [Option<(usize, u64)>; TOKEN + 1] = [None; TOKEN + 1];
        *best.first_mut()? = Some((0, 0));
        for start in 0..token.len().saturating_sub(1) {
            let Some((words, set)) = best.get(start).copied().flatten() else { continue };
            let rest = token.get(start..)?;
            let fronts = self.words.fronts(rest).filter(|(word, _)| (2..=PART).contains(&word.len()));
            for (word, classes) in fronts {
                let classes = classes & !(BRAND | FIRST | TRAP);
                let end = best.get_mut(start + word.len())?;
                if classes != 0 && end.is_none_or(|(fewest, _)| words + 1 < fewest) {
                    *end = Some((words + 1, set | classes));
                }
            }
        }
        best.get(token.len()).copied().flatten().map(|(_, set)| set)
    }

    fn word(&self, token: &[u8]) -> Option<u64> {
        self.words.get(token).copied()
    }
}

/// Which of these a token ends in. Nearly always the last letter tells that it is none.
fn ends_in<'a>(token: &'a [u8], ends: &'a [Box<str>]) -> impl Iterator<Item = &'a str> {
    let may = |end: &&str| end.as_bytes().last() == token.last();
    ends.iter().map(|end| &**end).filter(may).filter(|end| token.ends_with(end.as_bytes()))
}

/// What a word is where it stands: an ordinary word or a short one is a brand only in front, and there nothing else.
fn admitted(classes: u64, token: &[u8], first: bool) -> u64 {
    let rest = classes & !(BRAND | FIRST);
    match (classes & FIRST != 0, classes & BRAND != 0) {
        (true, _) if first => FIRST,
        (false, true) if first => BRAND,
        (false, true) if token.len() >= LONG => BRAND | rest,
        _ => rest,
    }
}

fn read(text: &str) -> Result<Lexicon, String> {
    let file: File = toml::from_str(text).map_err(|fault| fault.to_string())?;
    let class = |name: &str| {
        let at = file.class.iter().position(|class| class.name == name).ok_or(format!("no class: {name}"))?;
        let shift = u32::try_from(CLASSES + at).map_err(|fault| fault.to_string())?;
        1_u64.checked_shl(shift).ok_or("too many classes".to_owned())
    };
    let set = |names: &[String]| names.iter().try_fold(0, |set, name| class(name).map(|bit| set | bit));
    let mut words: BTreeMap<Box<str>, u64> = BTreeMap::new();
    let mut enter = |text: &str, class: u64| {
        text.split_whitespace().for_each(|word| *words.entry(word.into()).or_default() |= class);
    };
    let fixed = [(&file.brands, BRAND), (&file.first, FIRST), (&file.gear, GEAR), (&file.traps, TRAP)];
    fixed.into_iter().for_each(|(text, class)| enter(text, class));
    for of_file in &file.class {
        enter(&of_file.words, class(&of_file.name)?);
    }
    let rules = file.rule.iter().map(|rule| compile(rule, &set)).collect::<Result<_, String>>()?;
    let list = |text: &str| text.split_whitespace().map(Box::from).collect();
    let (ends, endings, unlike) = (list(&file.ends), list(&file.endings), list(&file.unlike));
    Ok(Lexicon {
        words: Shelf::new(words),
        rules,
        ends,
        endings,
        unlike,
        telling: class("telling")?,
        client: class("client")?,
        area: class("area")?,
        radio: class("radio")?,
        machines: class("node")? | class("machine")?,
    })
}

fn compile(rule: &RawRule, set: &impl Fn(&[String]) -> Result<u64, String>) -> Result<Rule, String> {
    let kind = |kind: &String| kind.parse().map_err(|()| format!("no identifier: {kind}"));
    let severity = |severity: &String| severity.parse().map_err(|()| format!("no severity: {severity}"));
    let kinds: Vec<Identifier> = rule.kinds.iter().map(kind).collect::<Result<_, String>>()?;
    let proven = rule.proven.as_ref().map(|proven| proven.iter().map(kind).collect::<Result<_, String>>());
    Ok(Rule {
        all: set(&rule.all)?,
        not: set(&rule.not)?,
        context: rule.context,
        sure: rule.sure,
        alone: rule.alone,
        doubtful: rule.doubtful,
        sealed: rule.sealed,
        proven: proven.transpose()?.unwrap_or_else(|| kinds.clone()),
        kinds,
        severity: rule.severity.as_ref().map(severity).transpose()?,
        strong: rule.strong,
    })
}
