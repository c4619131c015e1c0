//! In which exchanges do these stand, from the newest on?
//!
//! Of all that is asked for, the rarest leads: the blocks of time in which it stands are walked from the newest on, and each
//! exchange there is held against the rest. A walk that finds little ends when its time is over, with what it has and the place
//! where it goes on.

use std::{collections::HashSet, time::Instant};

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::{
    Kind, Wanted,
    entry::{block_of, block_start, key_at, short},
};

/// The next block of a term, and the exchanges between two keys.
const BLOCK: &str = "SELECT block FROM mark WHERE term = ?1 AND block < ?2 ORDER BY block DESC LIMIT 1";
const ROWS: &str =
    "SELECT key, host, client, combo FROM exchange WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";

/// What is asked once for each block or chunk.
#[cfg(test)]
pub const QUESTIONS: [&str; 2] = [BLOCK, ROWS];

/// With more terms than this, the exchanges themselves are walked.
const LEADERS: usize = 64;
/// Exchanges that are fetched at once.
const CHUNK: usize = 256;

/// Terms of one kind, of which one must stand in an exchange.
pub struct Choice {
    kind: Kind,
    ids: HashSet<i64>,
    /// In how many exchanges, at most.
    pub count: i64,
    /// The combos that hold any of them.
    combos: HashSet<i64>,
}

impl Choice {
    fn new(kind: Kind) -> Self {
        Self { kind, ids: HashSet::new(), count: 0, combos: HashSet::new() }
    }

    /// These terms, as far as there are any.
    pub fn any_of(database: &Connection, kind: Kind, words: &[String]) -> rusqlite::Result<Self> {
        let mut select = database.prepare("SELECT id, count FROM term WHERE kind = ?1 AND text = ?2")?;
        let mut choice = Self::new(kind);
        for word in words {
            let found = select.query_row(params![kind.number(), short(word)], |row| Ok((row.get(0)?, row.get(1)?)));
            if let Some((id, count)) = found.optional()? {
                choice.add(id, count);
            }
        }
        Ok(choice)
    }

    /// All terms of a kind that fit.
    pub fn fitting(database: &Connection, kind: Kind, fits: impl Fn(&str) -> bool) -> rusqlite::Result<Self> {
        let mut choice = Self::new(kind);
        let mut select = database.prepare("SELECT id, count, text FROM term WHERE kind = ?1")?;
        let mut rows = select.query([kind.number()])?;
        while let Some(row) = rows.next()? {
            if row.get_ref(2)?.as_str().is_ok_and(&fits) {
                choice.add(row.get(0)?, row.get(1)?);
            }
        }
        Ok(choice)
    }

    fn add(&mut self, id: i64, count: i64) {
        self.ids.insert(id);
        self.count += count.max(0);
    }

    /// Whether there is nothing to choose from, so that nothing can match.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether it can lead: it is in few terms.
    pub fn can_lead(&self) -> bool {
        self.ids.len() <= LEADERS
    }

    fn fits(&self, exchange: &Exchange) -> bool {
        match self.kind {
            Kind::Host => self.ids.contains(&exchange.host),
            Kind::Client => self.ids.contains(&exchange.client),
            _ => self.combos.contains(&exchange.combo),
        }
    }
}

/// An exchange, as far as it can be asked for.
struct Exchange {
    key: i64,
    host: i64,
    client: i64,
    combo: i64,
}

/// There are as many combos as kinds of exchanges: a few hundred.
pub fn look_up_combos(database: &Connection, choices: &mut [Choice]) -> rusqlite::Result<()> {
    if choices.iter().all(|choice| matches!(choice.kind, Kind::Host | Kind::Client)) {
        return Ok(());
    }
    let mut select = database.prepare("SELECT id, terms FROM combo")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let terms: Vec<i64> = row.get_ref(1)?.as_str()?.split(',').filter_map(|term| term.parse().ok()).collect();
        for choice in choices.iter_mut().filter(|choice| terms.iter().any(|term| choice.ids.contains(term))) {
            choice.combos.insert(id);
        }
    }
    Ok(())
}

/// A walk from the newest on.
pub struct Walk<'a> {
    choices: &'a [Choice],
    leaders: Option<Leaders<'a>>,
    rows: Statement<'a>,
    /// No key below this is asked for.
    from: i64,
    /// Of the block that is walked: its lowest key, and that above all that are left.
    low: i64,
    high: i64,
    /// What of it was fetched, the newest last.
    fetched: Vec<Exchange>,
}

impl<'a> Walk<'a> {
    pub fn new(database: &'a Connection, choices: &'a [Choice], wanted: &Wanted) -> rusqlite::Result<Self> {
        let leading = choices.iter().filter(|choice| choice.can_lead()).min_by_key(|choice| choice.count);
        let end = wanted.to.map_or(i64::MAX, key_at);
        let high = wanted.before.unwrap_or(i64::MAX).min(end);
        let after = wanted.after.unwrap_or(-1).max(wanted.from.map_or(-1, |from| key_at(from) - 1));
        let from = after.saturating_add(1);
        let leaders = leading.map(|choice| Leaders::new(database, choice, high)).transpose()?;
        // With nobody to lead, everything is one block.
        let low = if leaders.is_some() { high } else { from };
        let rows = database.prepare(ROWS)?;
        Ok(Self { choices, leaders, rows, from, low, high, fetched: Vec::new() })
    }

    /// So many keys that fit, and where it goes on.
    pub fn take(&mut self, limit: usize, deadline: Instant) -> rusqlite::Result<(Vec<i64>, Option<i64>)> {
        let mut keys = Vec::new();
        let mut steps = 0_u32;
        while let Some(exchange) = self.next()? {
            if self.is_asked_for(&exchange) {
                keys.push(exchange.key);
            }
            steps += 1;
            let is_late = steps.is_multiple_of(64) && Instant::now() >= deadline;
            if keys.len() == limit || is_late {
                let has_more = self.has_more()?;
                return Ok((keys, Some(exchange.key).filter(|_| has_more)));
            }
        }
        Ok((keys, None))
    }

    /// The next key that fits.
    pub fn next_fitting(&mut self) -> rusqlite::Result<Option<i64>> {
        while let Some(exchange) = self.next()? {
            if self.is_asked_for(&exchange) {
                return Ok(Some(exchange.key));
            }
        }
        Ok(None)
    }

    fn is_asked_for(&self, exchange: &Exchange) -> bool {
        self.choices.iter().all(|choice| choice.fits(exchange))
    }

    fn has_more(&mut self) -> rusqlite::Result<bool> {
        let next = self.next()?;
        Ok(next.map(|exchange| self.fetched.push(exchange)).is_some())
    }

    fn next(&mut self) -> rusqlite::Result<Option<Exchange>> {
        while self.fetched.is_empty() {
            if self.low >= self.high && !self.enter_block()? {
                return Ok(None);
            }
            self.fetch()?;
        }
        Ok(self.fetched.pop())
    }

    /// Goes on to the next block in which there may be something.
    fn enter_block(&mut self) -> rusqlite::Result<bool> {
        let Some(leaders) = &mut self.leaders else { return Ok(false) };
        let Some(block) = leaders.next(block_of(self.from))? else { return Ok(false) };
        self.low = block_start(block).max(self.from);
        self.high = self.high.min(block_start(block + 1));
        Ok(true)
    }

    fn fetch(&mut self) -> rusqlite::Result<()> {
        let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
        let rows = self.rows.query_map([self.low, self.high, limit], |row| {
            Ok(Exchange { key: row.get(0)?, host: row.get(1)?, client: row.get(2)?, combo: row.get(3)? })
        })?;
        self.fetched = rows.collect::<rusqlite::Result<_>>()?;
        // Fewer than asked for are the last.
        self.high = match self.fetched.last() {
            Some(last) if self.fetched.len() == CHUNK => last.key,
            _ => self.low,
        };
        self.fetched.reverse();
        Ok(())
    }
}

/// The blocks in which any of some terms stands.
struct Leaders<'a> {
    select: Statement<'a>,
    /// Each term with its newest block that was not walked.
    terms: Vec<(i64, Option<i64>)>,
}

impl<'a> Leaders<'a> {
    /// Begins at the block that holds what is just below this key.
    fn new(database: &'a Connection, choice: &Choice, high: i64) -> rusqlite::Result<Self> {
        let mut select = database.prepare(BLOCK)?;
        let end = block_of(high.saturating_sub(1)).saturating_add(1);
        let terms = choice.ids.iter().map(|term| Ok((*term, before(&mut select, *term, end)?)));
        let terms = terms.collect::<rusqlite::Result<_>>()?;
        Ok(Self { select, terms })
    }

    /// The next one, from this one on.
    fn next(&mut self, from: i64) -> rusqlite::Result<Option<i64>> {
        let newest = self.terms.iter().filter_map(|(_, block)| *block).max();
        let Some(newest) = newest.filter(|block| *block >= from) else { return Ok(None) };
        for (term, block) in self.terms.iter_mut().filter(|(_, block)| *block == Some(newest)) {
            *block = before(&mut self.select, *term, newest)?;
        }
        Ok(Some(newest))
    }
}

/// The newest block of a term before this one.
fn before(select: &mut Statement<'_>, term: i64, block: i64) -> rusqlite::Result<Option<i64>> {
    select.query_row([term, block], |row| row.get(0)).optional()
}
