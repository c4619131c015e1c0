//! Which exchanges are these, newest first?
//!
//! Of all that is asked for, the rarest leads: its keys are walked from the newest on, and the rest is looked up for each.
//! A walk that finds little ends when its time is over, with what it has and the place where it goes on.

use std::{
    collections::{BinaryHeap, HashSet},
    time::Instant,
};

use globset::GlobBuilder;
use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::{
    Kind, Reader, Row,
    entry::{key_at, short},
};

/// The most that is asked for at once.
pub const MOST: usize = 500;
/// With more terms than this, the exchanges themselves are walked.
const LEADERS: usize = 64;
/// Keys that are fetched at once.
const CHUNK: usize = 256;

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

/// Terms of one kind, of which one must stand in an exchange.
struct Choice {
    kind: Kind,
    ids: HashSet<i64>,
    /// In how many exchanges.
    count: i64,
}

impl Reader {
    /// A page of what is asked for.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn page(&mut self, wanted: &Wanted, deadline: Instant) -> rusqlite::Result<Page> {
        let limit = wanted.limit.clamp(1, MOST);
        let (keys, next) = {
            let Some(choices) = choices(&self.database, wanted)? else { return Ok(Page::default()) };
            let mut walk = Walk::new(&self.database, &choices, wanted)?;
            walk.take(limit, deadline)?
        };
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            // A line that was let go meanwhile is no row.
            rows.extend(self.line_at(key)?.map(|(_, event)| Row::of(&event)));
        }
        self.rest();
        Ok(Page { rows, next })
    }
}

/// Nothing if one kind has no term at all, so that nothing can match.
fn choices(database: &Connection, wanted: &Wanted) -> rusqlite::Result<Option<Vec<Choice>>> {
    let mut choices = Vec::new();
    for (kind, pattern) in [(Kind::Host, &wanted.host), (Kind::Client, &wanted.client)] {
        if let Some(pattern) = pattern {
            choices.push(matching(database, kind, pattern)?);
        }
    }
    for (kind, words) in &wanted.terms {
        let mut select = database.prepare("SELECT id, count FROM term WHERE kind = ?1 AND text = ?2")?;
        let mut choice = Choice { kind: *kind, ids: HashSet::new(), count: 0 };
        for word in words {
            let found = select.query_row(params![kind.number(), short(word)], |row| Ok((row.get(0)?, row.get(1)?)));
            if let Some((id, count)) = found.optional()? {
                choice.ids.insert(id);
                choice.count += count_of(count);
            }
        }
        choices.push(choice);
    }
    Ok(choices.iter().all(|choice| !choice.ids.is_empty()).then_some(choices))
}

fn count_of(count: i64) -> i64 {
    count.max(0)
}

/// All terms of a kind in which the text stands, or that fit the pattern.
fn matching(database: &Connection, kind: Kind, pattern: &str) -> rusqlite::Result<Choice> {
    let is_pattern = pattern.contains(['*', '?', '[']);
    let glob = GlobBuilder::new(pattern).case_insensitive(true).build().ok().filter(|_| is_pattern);
    let glob = glob.map(|glob| glob.compile_matcher());
    let lower = pattern.to_lowercase();
    let fits = |text: &str| match &glob {
        // Of a client, the address or the name.
        Some(glob) => {
            glob.is_match(text)
                || text.split_once(' ').is_some_and(|(one, other)| glob.is_match(one) || glob.is_match(other))
        }
        None => text.to_lowercase().contains(&lower),
    };
    let mut choice = Choice { kind, ids: HashSet::new(), count: 0 };
    let mut select = database.prepare("SELECT id, count, text FROM term WHERE kind = ?1")?;
    let mut rows = select.query([kind.number()])?;
    while let Some(row) = rows.next()? {
        if row.get_ref(2)?.as_str().is_ok_and(&fits) {
            choice.ids.insert(row.get(0)?);
            choice.count += count_of(row.get(1)?);
        }
    }
    Ok(choice)
}

/// A walk from the newest on.
struct Walk<'a> {
    leaders: Vec<Leader<'a>>,
    /// The newest key of each leader that has one.
    heads: BinaryHeap<(i64, usize)>,
    others: Vec<&'a Choice>,
    row: Statement<'a>,
    tag: Statement<'a>,
    last: Option<i64>,
}

/// The keys of one term, fetched in chunks.
struct Leader<'a> {
    select: Statement<'a>,
    /// Nothing for all exchanges.
    term: Option<i64>,
    before: i64,
    after: i64,
    fetched: Vec<i64>,
}

impl<'a> Walk<'a> {
    fn new(database: &'a Connection, choices: &'a [Choice], wanted: &Wanted) -> rusqlite::Result<Self> {
        let few = |choice: &&Choice| choice.ids.len() <= LEADERS;
        let leading = choices.iter().filter(few).min_by_key(|choice| choice.count);
        let others = choices.iter().filter(|choice| !leading.is_some_and(|one| std::ptr::eq(one, *choice))).collect();
        let end = wanted.to.map_or(i64::MAX, key_at);
        let before = wanted.before.unwrap_or(i64::MAX).min(end);
        let after = wanted.after.unwrap_or(-1).max(wanted.from.map_or(-1, |from| key_at(from) - 1));
        let terms: Vec<Option<i64>> = match leading {
            Some(choice) => choice.ids.iter().copied().map(Some).collect(),
            None => vec![None],
        };
        let leaders = terms.into_iter().map(|term| Leader::new(database, term, before, after));
        let leaders = leaders.collect::<rusqlite::Result<Vec<_>>>()?;
        let row = database.prepare("SELECT host, client FROM exchange WHERE key = ?1")?;
        let tag = database.prepare("SELECT 1 FROM tag WHERE term = ?1 AND key = ?2")?;
        let mut walk = Self { leaders, heads: BinaryHeap::new(), others, row, tag, last: None };
        (0..walk.leaders.len()).try_for_each(|index| walk.advance(index))?;
        Ok(walk)
    }

    /// So many keys that fit, and where it goes on.
    fn take(&mut self, limit: usize, deadline: Instant) -> rusqlite::Result<(Vec<i64>, Option<i64>)> {
        let mut keys = Vec::new();
        let mut steps = 0_u32;
        while let Some(key) = self.next()? {
            if self.fits(key)? {
                keys.push(key);
            }
            steps += 1;
            let is_late = steps.is_multiple_of(64) && Instant::now() >= deadline;
            if keys.len() == limit || is_late {
                let has_more = !self.heads.is_empty();
                return Ok((keys, Some(key).filter(|_| has_more)));
            }
        }
        Ok((keys, None))
    }

    /// The next key, each once.
    fn next(&mut self) -> rusqlite::Result<Option<i64>> {
        while let Some((key, index)) = self.heads.pop() {
            self.advance(index)?;
            if self.last != Some(key) {
                self.last = Some(key);
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn advance(&mut self, index: usize) -> rusqlite::Result<()> {
        if let Some(leader) = self.leaders.get_mut(index)
            && let Some(key) = leader.next()?
        {
            self.heads.push((key, index));
        }
        Ok(())
    }

    fn fits(&mut self, key: i64) -> rusqlite::Result<bool> {
        let row = self.row.query_row([key], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
        // A tag that outlived its exchange.
        let Some((host, client)) = row.optional()? else { return Ok(false) };
        for choice in &self.others {
            let holds = match choice.kind {
                Kind::Host => choice.ids.contains(&host),
                Kind::Client => choice.ids.contains(&client),
                _ => {
                    let mut has = false;
                    for term in &choice.ids {
                        has = has || self.tag.exists([*term, key])?;
                    }
                    has
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<'a> Leader<'a> {
    fn new(database: &'a Connection, term: Option<i64>, before: i64, after: i64) -> rusqlite::Result<Self> {
        let select = database.prepare(match term {
            Some(_) => "SELECT key FROM tag WHERE term = ?1 AND key < ?2 AND key > ?3 ORDER BY key DESC LIMIT ?4",
            None => "SELECT key FROM exchange WHERE ?1 = 0 AND key < ?2 AND key > ?3 ORDER BY key DESC LIMIT ?4",
        })?;
        Ok(Self { select, term, before, after, fetched: Vec::new() })
    }

    fn next(&mut self) -> rusqlite::Result<Option<i64>> {
        if self.fetched.is_empty() && self.before > self.after {
            let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
            let asked = params![self.term.unwrap_or(0), self.before, self.after, limit];
            let keys = self.select.query_map(asked, |row| row.get(0))?;
            self.fetched = keys.collect::<rusqlite::Result<_>>()?;
            // Fewer than asked for are the last.
            self.before = match self.fetched.last() {
                Some(last) if self.fetched.len() == CHUNK => *last,
                _ => self.after,
            };
            self.fetched.reverse();
        }
        Ok(self.fetched.pop())
    }
}
