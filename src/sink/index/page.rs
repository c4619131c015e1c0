//! Which exchanges are these, newest first?

use std::time::Instant;

use globset::GlobBuilder;
use rusqlite::Connection;

use super::{
    Kind, Reader, Row,
    walk::{Choice, Walk, look_up_combos},
};

/// The most that is asked for at once.
pub const MOST: usize = 500;

/// What is asked for; what is not given, is not asked.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Before this cursor.
    pub before: Option<i64>,
    /// After this cursor: what was added since.
    pub after: Option<i64>,
    /// How many.
    pub limit: usize,
    /// From this time on, in milliseconds.
    pub from: Option<i64>,
    /// Up to this time, not included, in milliseconds.
    pub to: Option<i64>,
    /// Part of the client's address or name, or a pattern of it.
    pub client: Option<String>,
    /// Part of the host, or a pattern of it.
    pub host: Option<String>,
    /// Of each kind, any of these.
    pub terms: Vec<(Kind, Vec<String>)>,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Newest first.
    pub rows: Vec<Row>,
    /// Where it goes on; nothing at the end.
    pub next: Option<i64>,
}

impl Reader {
    /// A page of what is asked for.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn page(&mut self, wanted: &Wanted, deadline: Instant) -> rusqlite::Result<Page> {
        let limit = wanted.limit.clamp(1, MOST);
        let (keys, next) = self.keys(wanted, limit, deadline)?;
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            // A line that was let go meanwhile is no row.
            rows.extend(self.line_at(key)?.map(|(_, event)| Row::of(&event)));
        }
        self.rest();
        Ok(Page { rows, next })
    }

    /// The newest keys of what is asked for, and where it goes on.
    pub(super) fn keys(
        &self,
        wanted: &Wanted,
        limit: usize,
        deadline: Instant,
    ) -> rusqlite::Result<(Vec<i64>, Option<i64>)> {
        let Some(choices) = choices(&self.database, wanted)? else { return Ok(Default::default()) };
        Walk::new(&self.database, &choices, wanted)?.take(limit, deadline)
    }
}

/// Nothing if one kind has no term at all, so that nothing can match.
fn choices(database: &Connection, wanted: &Wanted) -> rusqlite::Result<Option<Vec<Choice>>> {
    let mut choices = Vec::new();
    for (kind, pattern) in [(Kind::Host, &wanted.host), (Kind::Client, &wanted.client)] {
        if let Some(pattern) = pattern {
            choices.push(Choice::fitting(database, kind, fitting(pattern))?);
        }
    }
    for (kind, words) in &wanted.terms {
        choices.push(Choice::any_of(database, *kind, words)?);
    }
    look_up_combos(database, &mut choices)?;
    Ok(choices.iter().all(|choice| !choice.is_empty()).then_some(choices))
}

/// What the text stands in, or what fits it if it is a pattern.
fn fitting(pattern: &str) -> impl Fn(&str) -> bool {
    let is_pattern = pattern.contains(['*', '?', '[']);
    let glob = GlobBuilder::new(pattern).case_insensitive(true).build().ok().filter(|_| is_pattern);
    let glob = glob.map(|glob| glob.compile_matcher());
    let lower = pattern.to_lowercase();
    move |text| match &glob {
        // Of a client, the address or the name.
        Some(glob) => {
            glob.is_match(text)
                || text.split_once(' ').is_some_and(|(one, other)| glob.is_match(one) || glob.is_match(other))
        }
        None => text.to_lowercase().contains(&lower),
    }
}
