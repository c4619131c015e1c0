//! Which words does a key take?

use crate::{
    alert,
    config::{
        Code,
        diagnostic::Faults,
        source::At,
        suggest::{hint, quoted},
    },
    detect::{Confidence, Identifier, InsertedBy, Part, Severity},
    event::Values,
    exchange::{Direction, Scheme, Vantage},
    gateway::Quic,
    listen::Kind,
    policy::{Down, InterceptMode, Mode, Redaction, Undecided, Via},
};

/// A closed set of words.
pub trait Word: Copy + 'static {
    /// What the set is called in a message.
    const WHAT: &'static str;
    /// The members with their words.
    fn all() -> Vec<(&'static str, Self)>;
}

macro_rules! word {
    ($what:literal, $type:ty, $members:expr) => {
        impl Word for $type {
            const WHAT: &'static str = $what;

            fn all() -> Vec<(&'static str, Self)> {
                $members.iter().map(|member| (member.as_str(), *member)).collect()
            }
        }
    };
}

word!("severity", Severity, Severity::ALL);
word!("confidence", Confidence, Confidence::ALL);
word!("identifier", Identifier, Identifier::ALL);
word!("origin", InsertedBy, InsertedBy::ALL);
// Rules are about messages: a hello is written down, and cannot be edited without breaking its handshake.
word!("part", Part, [Part::Header, Part::Trailer, Part::Target]);
word!("redaction", Redaction, Redaction::ALL);
word!("scheme", Scheme, [Scheme::Http, Scheme::Https]);
word!("vantage", Vantage, [Vantage::BeyondCarrier, Vantage::BeforeCarrier, Vantage::NoCarrier]);
word!("policy mode", Mode, [Mode::Enforce, Mode::Observe]);
word!("intercept mode", InterceptMode, InterceptMode::ALL);
word!("listener kind", Kind, Kind::ALL);
word!("way with what is undecided", Undecided, [Undecided::Tunnel, Undecided::Refuse]);
word!("way with HTTP/3", Quic, Quic::ALL);
word!("way to log values", Values, [Values::Masked, Values::Full, Values::Names]);

word!("kind of alert", alert::Kind, alert::Kind::ALL);
word!("way", Via, Via::ROUTES);
word!("way out", Down, Down::ALL);

impl Word for Direction {
    const WHAT: &'static str = "direction";

    fn all() -> Vec<(&'static str, Self)> {
        vec![("request", Self::Request), ("response", Self::Response)]
    }
}

/// The member that a word means, or a fault that lists them.
pub fn word<T: Word>(written: &At<String>, faults: &Faults) -> Option<T> {
    let all = T::all();
    if let Some((_, member)) = all.iter().find(|(word, _)| *word == written.value) {
        return Some(*member);
    }
    unknown(written, T::WHAT, all.iter().map(|(word, _)| *word), faults);
    None
}

/// The members that these words mean.
pub fn words<T: Word>(written: &[At<String>], faults: &Faults) -> Vec<T> {
    written.iter().filter_map(|written| word(written, faults)).collect()
}

/// Tells that a word is none of those allowed.
pub fn unknown<'a>(written: &At<String>, what: &str, all: impl IntoIterator<Item = &'a str> + Clone, faults: &Faults) {
    let message = format!("unknown {what} {}", quoted(&written.value));
    let help = hint(&written.value, "one of", all);
    faults.error(Code::UnknownWord, &written.place, message, help);
}
