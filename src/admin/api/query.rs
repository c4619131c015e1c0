//! What do a question's parameters say?

use std::collections::BTreeMap;

use axum::http::Uri;
use jiff::Timestamp;

use crate::admin::reply::Fault;

/// Longer than this is no filter.
const LONGEST: usize = 1024;

/// The parameters of a question. Each is asked for once; what is left is a mistake.
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Those of a URL.
    ///
    /// # Errors
    /// One stands twice, or is too long.
    pub fn of(uri: &Uri) -> Result<Self, Fault> {
        let mut all = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if value.len() > LONGEST || key.len() > LONGEST {
                return Err(Fault::bad("a parameter is too long"));
            }
            if all.insert(key.to_string(), value.into_owned()).is_some() {
                return Err(Fault::bad(format!("`{key}` stands twice")));
            }
        }
        Ok(Self(all))
    }

    /// A text; an empty one is none.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.0.remove(key).filter(|value| !value.is_empty())
    }

    /// A number within limits.
    ///
    /// # Errors
    /// It is none, or beyond them.
    pub fn number(&mut self, key: &str, range: std::ops::RangeInclusive<i64>, default: i64) -> Result<i64, Fault> {
        let Some(text) = self.text(key) else { return Ok(default) };
        let (least, most) = (range.start(), range.end());
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| Fault::bad(format!("`{key}` is a number from {least} to {most}")))
    }

    /// A moment.
    ///
    /// # Errors
    /// It is none.
    pub fn time(&mut self, key: &str) -> Result<Option<Timestamp>, Fault> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let moment = text.parse().map(Some);
        moment.map_err(|_| Fault::bad(format!("`{key}` is a time as 2026-11-22T14:02:11Z")))
    }

    /// One of these words.
    ///
    /// # Errors
    /// It is another.
    pub fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Fault> {
        let Some(text) = self.text(key) else { return Ok(None) };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*value));
        }
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        Err(Fault::bad(format!("`{key}` is one of {}", known.join(", "))))
    }

    /// Whether all was asked for.
    ///
    /// # Errors
    /// Something was not.
    pub fn finish(self) -> Result<(), Fault> {
        match self.0.into_keys().next() {
            Some(key) => Err(Fault::bad(format!("there is no parameter `{key}` here"))),
            None => Ok(()),
        }
    }
}
