//! Which of the rows are wanted?
//!
//! Words, of which all must hold: `severity:high`, `host:*.example.org` and so on are the filters of `clir log` under their
//! names; any other word stands for itself and is looked for in everything that the event tells, in any case.

use std::error::Error as _;

use clap::{
    Parser,
    error::{ContextKind, ContextValue},
};

use super::row::client;
use crate::{cli::events::Filter, event::EventLine};

/// Keys and the option of `clir log` behind each.
const KEYS: &[(&str, &str)] = &[
    ("severity", "severity"),
    ("sev", "severity"),
    ("identifier", "identifier"),
    ("id", "identifier"),
    ("client", "client"),
    ("host", "host"),
    ("rule", "rule"),
    ("action", "action"),
    ("verdict", "verdict"),
    ("via", "via"),
    ("exchange", "exchange"),
    ("since", "since"),
    ("until", "until"),
];

/// What is looked for. The empty one admits everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    filter: Filter,
    /// In small letters.
    words: Vec<String>,
}

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    filter: Filter,
}

impl Query {
    /// Reads what was typed.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut options = vec!["watch".to_owned()];
        let mut words = Vec::new();
        for word in split(text) {
            let option = word.split_once(':').and_then(|(key, value)| Some((option(key)?, value)));
            match option {
                Some((_, "")) => return Err(format!("{word} wants a value")),
                Some((option, value)) => options.push(format!("--{option}={value}")),
                None => words.push(word.to_lowercase()),
            }
        }
        let Options { filter } = Options::try_parse_from(options).map_err(|error| told(&error))?;
        Ok(Self { filter, words })
    }

    /// Whether the event is wanted.
    pub fn admits(&self, event: &EventLine) -> bool {
        self.filter.admits(event) && self.words.iter().all(|word| has(event, word))
    }
}

fn option(key: &str) -> Option<&'static str> {
    KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, option)| *option)
}

/// At blanks, but not within quotes.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in text.chars() {
        match (character, words.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            (' ', _) if !is_quoted => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `severity:hgh: one of critical, high, medium, low`
fn told(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let option = text(ContextKind::InvalidArg);
    let key = option.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
    let allowed = text(ContextKind::ValidValue);
    let why = error.source().map(ToString::to_string);
    let why = why.unwrap_or_else(|| if allowed.is_empty() { "only once".into() } else { format!("one of {allowed}") });
    format!("{key}:{}: {why}", text(ContextKind::InvalidValue))
}

fn has(event: &EventLine, word: &str) -> bool {
    let is_in = |text: &str| text.to_lowercase().contains(word);
    let [told, rules] = [
        [&event.verdict, &event.method, &event.listener, &event.client].map(String::as_str),
        [client(event), event.error.as_deref().unwrap_or_default(), &event.id, &event.ts],
    ];
    is_in(&event.url())
        || told.into_iter().chain(rules).any(is_in)
        || event.headers.iter().any(|(name, value)| is_in(name) || is_in(value))
        || event.findings.iter().any(|finding| is_in(&finding.identifier) || is_in(&finding.severity))
        || event.actions.iter().any(|action| is_in(&action.rule) || is_in(&action.action))
        || event.tunnel.as_ref().and_then(|tunnel| tunnel.sni.as_deref()).is_some_and(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> EventLine {
        serde_json::from_str(
            r#"{"ts":"2026-11-22T14:02:11Z","client":"192.0.2.7:1","client_name":"kitchen tablet","method":"GET",
            "scheme":"http","host":"www.Example.org","port":80,"target":"/a","headers":[["X-Foo","Bar"]],
            "findings":[{"identifier":"msisdn","severity":"critical"}],"verdict":"forwarded",
            "actions":[{"rule":"strip it","action":"strip"}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn words_and_filters_must_all_hold() {
        let holds = ["", "  ", "BAR", "example foo", "host:*.example.org severity:high", "id:msisdn x-foo", "Sev:low"];
        let more = [
            "client:\"kitchen tablet\"",
            "client:192.0.2.0/24",
            "\"strip it\"",
            "http://www",
            "action:strip",
            "tablet",
        ];
        for text in holds.iter().chain(&more) {
            assert!(Query::parse(text).unwrap().admits(&event()), "{text}");
        }
        for text in ["nowhere", "bar nowhere", "host:example.net", "id:imsi", "client:other", "until:2026-11-21"] {
            assert!(!Query::parse(text).unwrap().admits(&event()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let why = |text: &str| Query::parse(text).unwrap_err();
        assert!(why("severity:hgh").starts_with("severity:hgh: one of "), "{}", why("severity:hgh"));
        assert!(why("severity:hgh").contains("critical"));
        assert_eq!(why("host:"), "host: wants a value");
        assert!(why("client:192.0.2.300").starts_with("client:192.0.2.300: "), "{}", why("client:192.0.2.300"));
        assert!(why("severity:low severity:high").ends_with("only once"), "{}", why("severity:low severity:high"));
        assert!(why("since:never").contains("neither a time"), "{}", why("since:never"));
    }
}
