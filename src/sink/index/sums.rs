//! How much was there of everything?
//!
//! By minutes and quarters of an hour, never by the events themselves.

use rusqlite::{Connection, Row, params};

use super::{
    Kind, Reader,
    entry::severity,
    write::{SLOT, slot},
};
use crate::detect::Severity;

const TIMELINE: &str = "SELECT at, exchanges, found, leaked FROM minute WHERE at >= ?1 AND at < ?2";
const COUNTS: &str = "SELECT text, severity, found, leaked, spared, first, last FROM
             (SELECT term, max(severity) severity, sum(found) found, sum(leaked) leaked, sum(spared) spared,
              min(first) first, max(last) last FROM sighting WHERE kind = ?1 AND slot >= ?2 AND slot < ?3
              GROUP BY term ORDER BY leaked DESC, found DESC, term LIMIT ?4) JOIN term ON id = term
             ORDER BY leaked DESC, found DESC, text";
const TOTALS: &str =
    "SELECT coalesce(sum(exchanges), 0), coalesce(sum(found), 0), coalesce(sum(leaked), 0), coalesce(sum(tunnels), 0)
             FROM minute WHERE at >= ?1 AND at < ?2";
const PRESENT: &str = "SELECT count(DISTINCT term) FROM presence WHERE kind = ?1 AND slot >= ?2 AND slot < ?3";
const RECEIVED: &str = "SELECT text, max(severity), sum(leaked > 0), sum(leaked = 0 AND spared > 0) FROM
         (SELECT identifier, host, max(severity) severity, sum(leaked) leaked, sum(spared) spared FROM site
          WHERE slot >= ?1 AND slot < ?2 GROUP BY identifier, host)
         JOIN term ON id = identifier GROUP BY identifier ORDER BY max(severity) DESC, 3 DESC, 4 DESC, text";

/// Everything that is asked here.
#[cfg(test)]
pub const QUESTIONS: [&str; 5] = [TIMELINE, COUNTS, TOTALS, PRESENT, RECEIVED];

/// A stretch of time in seconds since 1970; the end does not belong to it.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its beginning.
    pub from: i64,
    /// Its end.
    pub to: i64,
}

/// How much there was within one step of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its beginning, in seconds since 1970.
    pub at: i64,
    /// Exchanges.
    pub exchanges: i64,
    /// Those in which something was found.
    pub found: i64,
    /// Those of which something found went on to the site.
    pub leaked: i64,
}

/// By what things are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the interface")]
pub enum By {
    Identifier,
    Header,
    Host,
    Client,
}

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The thing.
    pub key: String,
    /// The worst of it.
    pub severity: Option<Severity>,
    /// Findings.
    pub found: i64,
    /// Those that went on to a site.
    pub leaked: i64,
    /// Those that a rule kept from it.
    pub spared: i64,
    /// Milliseconds since 1970.
    pub first: i64,
    /// Milliseconds since 1970.
    pub last: i64,
}

/// How many sites received an identifier, and how many were spared it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The identifier's word.
    pub identifier: String,
    /// The worst of it.
    pub severity: Option<Severity>,
    /// Sites that received it at least once.
    pub received: i64,
    /// Sites that would have, and never did.
    pub spared: i64,
}

/// What there was in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the interface")]
pub struct Summary {
    pub exchanges: i64,
    pub with_findings: i64,
    pub leaked: i64,
    pub tunnels: i64,
    pub hosts: i64,
    pub clients: i64,
    pub identifiers: Vec<Received>,
}

impl Span {
    /// From the beginning of the slot to its end, as counts are kept.
    fn slots(self) -> [i64; 2] {
        [slot(self.from), if self.to > i64::MAX - SLOT { self.to } else { slot(self.to + SLOT - 1) }]
    }
}

impl Reader {
    /// What there was, step by step; steps in which nothing was are there too.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn timeline(&self, span: Span, step: i64) -> rusqlite::Result<Vec<Bucket>> {
        let step = step.max(60);
        let count = (span.to - span.from + step - 1).div_euclid(step).max(0);
        let bucket = |index: i64| Bucket { at: span.from + index * step, exchanges: 0, found: 0, leaked: 0 };
        let mut buckets: Vec<_> = (0..count).map(bucket).collect();
        let mut select = self.database.prepare(TIMELINE)?;
        let mut rows = select.query([span.from.div_euclid(60) * 60, span.to])?;
        while let Some(row) = rows.next()? {
            let index = (row.get::<_, i64>(0)? - span.from).max(0).div_euclid(step);
            let Some(bucket) = usize::try_from(index).ok().and_then(|index| buckets.get_mut(index)) else { continue };
            bucket.exchanges += row.get::<_, i64>(1)?;
            bucket.found += row.get::<_, i64>(2)?;
            bucket.leaked += row.get::<_, i64>(3)?;
        }
        Ok(buckets)
    }

    /// The time of the first event, in seconds.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn beginning(&self) -> rusqlite::Result<Option<i64>> {
        self.database.query_row("SELECT min(at) FROM minute", [], |row| row.get(0))
    }

    /// What was found, by one kind of thing, the most leaked first.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn counts(&self, by: By, span: Span, limit: usize) -> rusqlite::Result<Vec<Counted>> {
        let kind = match by {
            By::Identifier => Kind::Identifier,
            By::Header => Kind::Header,
            By::Host => Kind::Host,
            By::Client => Kind::Client,
        };
        let mut select = self.database.prepare(COUNTS)?;
        let [from, to] = span.slots();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let counted = |row: &Row<'_>| {
            Ok(Counted {
                key: row.get(0)?,
                severity: severity(row.get(1)?),
                found: row.get(2)?,
                leaked: row.get(3)?,
                spared: row.get(4)?,
                first: row.get(5)?,
                last: row.get(6)?,
            })
        };
        select.query_map(params![kind.number(), from, to, limit], counted)?.collect()
    }

    /// What there was in all.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn summary(&self, span: Span) -> rusqlite::Result<Summary> {
        let database = &self.database;
        let mut summary = database.query_row(TOTALS, [span.from.div_euclid(60) * 60, span.to], |row| {
            Ok(Summary {
                exchanges: row.get(0)?,
                with_findings: row.get(1)?,
                leaked: row.get(2)?,
                tunnels: row.get(3)?,
                ..Summary::default()
            })
        })?;
        summary.hosts = present(database, Kind::Host, span)?;
        summary.clients = present(database, Kind::Client, span)?;
        summary.identifiers = received(database, span)?;
        Ok(summary)
    }
}

fn present(database: &Connection, kind: Kind, span: Span) -> rusqlite::Result<i64> {
    let [from, to] = span.slots();
    database.query_row(PRESENT, [kind.number(), from, to], |row| row.get(0))
}

/// A site that received something once is no site that was spared.
fn received(database: &Connection, span: Span) -> rusqlite::Result<Vec<Received>> {
    let mut select = database.prepare(RECEIVED)?;
    let rows = select.query_map(span.slots(), |row| {
        Ok(Received {
            identifier: row.get(0)?,
            severity: severity(row.get(1)?),
            received: row.get(2)?,
            spared: row.get(3)?,
        })
    })?;
    rows.collect()
}
