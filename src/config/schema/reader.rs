//! How is a table read so that every fault in it is told?
//!
//! A reader hands out the values of one table by key and remembers which keys it was asked for; whatever is left over
//! when it is done is an unknown key. A value of the wrong type is told and then counts as not there.

use std::{cell::RefCell, ops::RangeInclusive, path::PathBuf, sync::Arc, time::Duration};

use jiff::{SignedDuration, civil::Date};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::config::{
    Code,
    diagnostic::Faults,
    source::{At, Place, Source},
    suggest::{hint, quoted},
};

/// What every reader of one file shares.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The file.
    pub source: &'a Arc<Source>,
    /// Where faults go.
    pub faults: &'a Faults,
}

/// Reads one table.
pub struct Reader<'a> {
    desk: Desk<'a>,
    title: String,
    table: &'a DeTable<'a>,
    /// Where the table begins.
    pub place: Place,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Reader<'a> {
    /// Reads a whole file.
    pub fn root(desk: Desk<'a>, table: &'a DeTable<'a>) -> Self {
        Self::new(desk, String::new(), table, 0..0)
    }

    fn new(desk: Desk<'a>, title: String, table: &'a DeTable<'a>, span: std::ops::Range<usize>) -> Self {
        let place = Place { source: Arc::clone(desk.source), span };
        Self { desk, title, table, place, known: RefCell::default() }
    }

    /// What the table is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where faults go.
    pub fn faults(&self) -> &'a Faults {
        self.desk.faults
    }

    /// The value of a key, if it is there.
    pub fn get(&self, key: &'static str) -> Option<Entry<'a>> {
        self.known.borrow_mut().push(key);
        let (_, value) = self.table.get_key_value(key)?;
        let title = if self.title.is_empty() { key.to_owned() } else { format!("{}.{key}", self.title) };
        Some(Entry { desk: self.desk, title, value })
    }

    /// Tells that a key is missing.
    pub fn missing(&self, key: &str, help: &str) {
        let message = format!("`{key}` is missing from this `{}`", self.title);
        self.desk.faults.error(Code::MissingKey, &self.place, message, help);
    }

    /// Whether nothing stands in the table.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Tells every key that nobody asked for.
    pub fn finish(self) {
        let mut known = self.known.into_inner();
        known.sort_unstable();
        known.dedup();
        for (key, _) in self.table.iter().filter(|(key, _)| !known.contains(&&**key.get_ref())) {
            let place = Place { source: Arc::clone(self.desk.source), span: key.span() };
            let table = if self.title.is_empty() { String::new() } else { format!(" in `{}`", self.title) };
            let message = format!("unknown key {}{table}", quoted(key.get_ref()));
            let help = hint(key.get_ref(), "the keys here are", known.iter().copied());
            self.desk.faults.error(Code::UnknownKey, &place, message, help);
        }
    }
}

/// One key's value.
pub struct Entry<'a> {
    desk: Desk<'a>,
    title: String,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Entry<'a> {
    /// Where the value stands.
    pub fn place(&self) -> Place {
        Place { source: Arc::clone(self.desk.source), span: self.value.span() }
    }

    /// A string.
    pub fn string(&self) -> Option<At<String>> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(At { value: text.to_string(), place: self.place() }),
            _ => self.wrong_type("a string", "put it into quotes: \"…\""),
        }
    }

    /// A string with something in it.
    pub fn text(&self) -> Option<At<String>> {
        let text = self.string()?;
        if text.value.trim().is_empty() {
            let message = format!("`{}` is empty", self.title);
            self.desk.faults.error(Code::EmptyValue, &text.place, message, "write something between the quotes");
            return None;
        }
        Some(text)
    }

    /// A path; a relative one is relative to `base`.
    pub fn path(&self, base: &std::path::Path) -> Option<PathBuf> {
        Some(base.join(self.text()?.value))
    }

    /// A list of strings, which may be empty.
    pub fn strings(&self) -> Option<Vec<At<String>>> {
        let DeValue::Array(array) = self.value.get_ref() else {
            let written = matches!(self.value.get_ref(), DeValue::String(_)).then_some("put it into brackets: [\"…\"]");
            return self.wrong_type("a list of strings", written.unwrap_or("write [\"…\", \"…\"]"));
        };
        let entries = array.iter().map(|value| Entry { desk: self.desk, title: self.title.clone(), value });
        Some(entries.filter_map(|entry| entry.string()).collect())
    }

    /// One string, or a list of at least one.
    pub fn words(&self) -> Option<Vec<At<String>>> {
        match self.value.get_ref() {
            DeValue::String(_) => Some(vec![self.string()?]),
            DeValue::Array(array) if array.is_empty() => {
                let message = format!("`{}` is an empty list, which matches nothing", self.title);
                self.desk.faults.error(
                    Code::EmptyValue,
                    &self.place(),
                    message,
                    "leave the key out to match everything",
                );
                None
            }
            DeValue::Array(_) => self.strings(),
            _ => self.wrong_type("a string or a list of strings", "write [\"…\", \"…\"]"),
        }
    }

    /// A whole number in a range.
    pub fn number<T: TryFrom<i64>>(&self, range: RangeInclusive<i64>) -> Option<T> {
        let help = format!("write a number from {} to {}, without quotes", range.start(), range.end());
        let DeValue::Integer(integer) = self.value.get_ref() else {
            return self.wrong_type("a whole number", help);
        };
        let number = i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok();
        match number.filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok()) {
            Some(number) => Some(number),
            None => {
                let message = format!("`{}` is out of range", self.title);
                self.desk.faults.error(Code::OutOfRange, &self.place(), message, help);
                None
            }
        }
    }

    /// A list of whole numbers in a range.
    pub fn numbers<T: TryFrom<i64>>(&self, range: RangeInclusive<i64>) -> Option<Vec<T>> {
        let DeValue::Array(array) = self.value.get_ref() else {
            return self.wrong_type("a list of whole numbers", "write [1, 2]");
        };
        let entries = array.iter().map(|value| Entry { desk: self.desk, title: self.title.clone(), value });
        Some(entries.filter_map(|entry| entry.number(range.clone())).collect())
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong_type("`true` or `false`", "write true or false, without quotes"),
        }
    }

    /// A duration such as `"30s"` or `"1h 30m"`, at most `longest`.
    pub fn duration(&self, longest: Duration) -> Option<Duration> {
        let help = "a number with a unit, such as \"500ms\", \"30s\", \"2m\", \"1h\" or \"7d\"";
        let DeValue::String(text) = self.value.get_ref() else {
            return self.wrong_type("a string with a duration", help);
        };
        let Some(duration) = in_days(text).or_else(|| text.parse().ok()) else {
            let message = format!("{} is not a duration", quoted(text));
            self.desk.faults.error(Code::InvalidDuration, &self.place(), message, help);
            return None;
        };
        match Duration::try_from(duration)
            .ok()
            .filter(|length| *length >= Duration::from_millis(1) && *length <= longest)
        {
            Some(duration) => Some(duration),
            None => {
                let message = format!("`{}` is out of range", self.title);
                let help = format!("from 1ms to {}h", longest.as_secs() / 3600);
                self.desk.faults.error(Code::OutOfRange, &self.place(), message, help);
                None
            }
        }
    }

    /// A day, as TOML's own local date or as a string.
    pub fn date(&self) -> Option<Date> {
        let text = match self.value.get_ref() {
            DeValue::Datetime(date) if date.time.is_none() => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => return self.wrong_type("a date", "write a day without time or quotes, such as 2027-01-31"),
        };
        match text.parse() {
            Ok(date) => Some(date),
            Err(_) => self.wrong_type("a date", "write a day without time or quotes, such as 2027-01-31"),
        }
    }

    /// A table.
    pub fn table(&self) -> Option<Reader<'a>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Some(Reader::new(self.desk, self.title.clone(), table, self.value.span())),
            DeValue::Array(_) => self.wrong_type("a table", format!("write [{0}] once, not [[{0}]]", self.title)),
            _ => self.wrong_type("a table", "write { key = \"…\" }, or its keys below [a head of their own]"),
        }
    }

    /// A list of tables.
    pub fn tables(&self) -> Vec<Reader<'a>> {
        let help = format!("write [[{}]], with two brackets on each side, once for each", self.title);
        let DeValue::Array(array) = self.value.get_ref() else {
            self.wrong_type::<()>("a list of tables", help);
            return Vec::new();
        };
        let entries = array.iter().map(|value| Entry { desk: self.desk, title: self.title.clone(), value });
        let read = |entry: Entry<'a>| match entry.value.get_ref() {
            DeValue::Table(_) => entry.table(),
            _ => entry.wrong_type("a table", help.clone()),
        };
        entries.filter_map(read).collect()
    }

    /// Whether the value is a list.
    pub fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// Whether the value is a table.
    pub fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// Tells that the value has the wrong type.
    pub fn wrong_type<T>(&self, expected: &str, help: impl Into<crate::config::diagnostic::Help>) -> Option<T> {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{}`: expected {expected}, found {found}", self.title);
        self.desk.faults.error(Code::WrongType, &self.place(), message, help);
        None
    }
}

/// `"7d"`: days are no unit of a duration elsewhere, since some have another length than others; here each has 24 hours.
fn in_days(text: &str) -> Option<SignedDuration> {
    let days: i64 = text.strip_suffix('d')?.parse().ok()?;
    Some(SignedDuration::from_secs(days.checked_mul(86_400)?))
}
