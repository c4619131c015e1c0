//! Which of a parser's complaints are worth telling?
//!
//! The parser goes on after a fault, so that faults far apart are told together; near one, it mostly trips over its
//! own recovery. One complaint a line is enough, and behind a bracket that is never closed only the first counts.

use std::sync::Arc;

use toml::de::Error;

use super::{
    Code,
    diagnostic::Faults,
    source::{Place, Source},
};

/// Tells what is no TOML in this file.
pub fn tell(source: &Arc<Source>, errors: &[Error], faults: &Faults) {
    for error in causes(source, errors) {
        let place = Place { source: Arc::clone(source), span: error.span().unwrap_or_default() };
        let (message, help) = told(error);
        faults.error(Code::Syntax, &place, message, help);
    }
}

/// The complaints that are probably causes and not consequences.
fn causes<'a>(source: &Source, errors: &'a [Error]) -> Vec<&'a Error> {
    let line = |error: &Error| source.line(error.span().unwrap_or_default().start);
    let mut sorted: Vec<_> = errors.iter().map(|error| (line(error), error)).collect();
    sorted.sort_by_key(|(line, error)| (*line, error.span().unwrap_or_default().start));
    sorted.dedup_by_key(|(line, _)| *line);
    if errors.iter().any(is_unclosed) {
        drop_tail(&mut sorted);
    }
    sorted.into_iter().map(|(_, error)| error).collect()
}

/// What is wrong, and a cure.
fn told(error: &Error) -> (String, &'static str) {
    let message = error.message().replace('\n', ", ");
    let help = if message.contains("string values must be quoted") {
        "put it into quotes: \"…\""
    } else if message.contains("duplicate key") {
        "it stands further up as well; keep one of them"
    } else if is_unclosed(error) || message.contains("missing comma") {
        "a bracket further up is not closed, or a comma is missing"
    } else {
        "https://toml.io describes the format"
    };
    (format!("this is no TOML: {message}"), help)
}

fn is_unclosed(error: &Error) -> bool {
    error.message().contains("unclosed array") || error.message().contains("unclosed inline table")
}

/// Of an unbroken run of lines with complaints at the end, all but the first are consequences.
fn drop_tail(sorted: &mut Vec<(usize, &Error)>) {
    while let [.., (before, _), (last, _)] = sorted.as_slice() {
        if last - before > 2 {
            return;
        }
        sorted.pop();
    }
}
