//! How do many events get into the index at once?
//!
//! One transaction a batch: what is counted is summed up in memory first, so that a host that stands in a thousand events
//! costs one update.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Statement, Transaction, params};

use super::entry::{Entry, Kind, Sighted};
use crate::event::Fate;

/// Counts are kept for slots of so many seconds: local midnight falls on one everywhere.
pub const SLOT: i64 = 900;

/// So many terms are known without asking; beyond, the cache begins anew.
const CACHED: usize = 50_000;

/// Where an event's line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The segment's number in the database.
    pub segment: i64,
    /// Bytes before the line.
    pub offset: i64,
    /// Bytes of the line, its end included.
    pub length: i64,
}

/// Terms that are known without asking.
#[derive(Debug, Default)]
pub struct Terms {
    known: HashMap<(Kind, String), i64>,
}

/// What a transaction adds up.
#[derive(Debug, Default)]
struct Sums {
    terms: BTreeMap<i64, i64>,
    minutes: BTreeMap<i64, [i64; 4]>,
    presence: BTreeSet<(Kind, i64, i64)>,
    sightings: BTreeMap<(Kind, i64, i64), Tally>,
    sites: BTreeMap<(i64, i64, i64), Tally>,
    keys: Option<(i64, i64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    found: i64,
    leaked: i64,
    spared: i64,
    severity: i64,
    first: i64,
    last: i64,
}

/// Writes these events, and that the segment was read up to `position`.
///
/// # Errors
/// The database does not take them; then none of them is in it.
pub fn write(
    database: &mut Connection,
    terms: &mut Terms,
    entries: &[(Entry, Spot)],
    segment: i64,
    position: i64,
) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    let written = Batch::new(&transaction, terms).and_then(|batch| batch.write(entries, segment, position));
    if written.is_err() {
        // Terms of a transaction that is taken back are gone with it.
        terms.known.clear();
    }
    written?;
    transaction.commit().inspect_err(|_| terms.known.clear())
}

struct Batch<'a> {
    transaction: &'a Transaction<'a>,
    terms: &'a mut Terms,
    sums: Sums,
    exchange: Statement<'a>,
    taken: Statement<'a>,
    tag: Statement<'a>,
}

impl<'a> Batch<'a> {
    fn new(transaction: &'a Transaction<'a>, terms: &'a mut Terms) -> rusqlite::Result<Self> {
        if terms.known.len() > CACHED {
            terms.known.clear();
        }
        Ok(Self {
            exchange: transaction.prepare("INSERT INTO exchange VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?,
            taken: transaction.prepare("SELECT 1 FROM exchange WHERE key = ?1")?,
            tag: transaction.prepare("INSERT OR IGNORE INTO tag VALUES (?1, ?2)")?,
            transaction,
            terms,
            sums: Sums::default(),
        })
    }

    fn write(mut self, entries: &[(Entry, Spot)], segment: i64, position: i64) -> rusqlite::Result<()> {
        for (entry, spot) in entries {
            self.add(entry, spot)?;
        }
        let (first, last) = self.sums.keys.unwrap_or((i64::MAX, 0));
        self.transaction.execute(
            "UPDATE segment SET position = ?2, first = min(first, ?3), last = max(last, ?4) WHERE id = ?1",
            params![segment, position, first, last],
        )?;
        self.sums.store(self.transaction)
    }

    fn add(&mut self, entry: &Entry, spot: &Spot) -> rusqlite::Result<()> {
        let key = self.free(entry.key)?;
        let host = self.term(Kind::Host, &entry.host)?;
        let client = self.term(Kind::Client, &entry.client)?;
        self.exchange.execute(params![key, spot.segment, spot.offset, spot.length, host, client])?;
        let mut all = vec![host, client];
        for (kind, text) in &entry.tags {
            all.push(self.term(*kind, text)?);
        }
        for term in all {
            self.tag.execute([term, key])?;
            *self.sums.terms.entry(term).or_default() += 1;
        }
        let (first, last) = self.sums.keys.unwrap_or((key, key));
        self.sums.keys = Some((first.min(key), last.max(key)));
        self.sums.pass(entry, host, client);
        for sighted in &entry.sighted {
            self.sight(entry, sighted, host, client)?;
        }
        Ok(())
    }

    fn sight(&mut self, entry: &Entry, sighted: &Sighted, host: i64, client: i64) -> rusqlite::Result<()> {
        let identifier = self.term(Kind::Identifier, &sighted.identifier)?;
        let header = self.term(Kind::Header, &sighted.header)?;
        let slot = slot(entry.time / 1000);
        let tally = Tally::of(sighted, entry.time);
        let places =
            [(Kind::Identifier, identifier), (Kind::Header, header), (Kind::Host, host), (Kind::Client, client)];
        for (kind, term) in places {
            self.sums.sightings.entry((kind, slot, term)).or_default().add(tally);
        }
        self.sums.sites.entry((slot, identifier, host)).or_default().add(tally);
        Ok(())
    }

    fn free(&mut self, mut key: i64) -> rusqlite::Result<i64> {
        while self.taken.exists([key])? {
            key += 1;
        }
        Ok(key)
    }

    fn term(&mut self, kind: Kind, text: &str) -> rusqlite::Result<i64> {
        let name = (kind, text.to_owned());
        if let Some(id) = self.terms.known.get(&name) {
            return Ok(*id);
        }
        let known = self.transaction.query_row(
            "SELECT id FROM term WHERE kind = ?1 AND text = ?2",
            params![kind.number(), text],
            |row| row.get(0),
        );
        let id = match known.optional()? {
            Some(id) => id,
            None => {
                self.transaction
                    .execute("INSERT INTO term (kind, text, count) VALUES (?1, ?2, 0)", params![kind.number(), text])?;
                self.transaction.last_insert_rowid()
            }
        };
        self.terms.known.insert(name, id);
        Ok(id)
    }
}

/// The slot of a time in seconds.
pub fn slot(seconds: i64) -> i64 {
    seconds.div_euclid(SLOT) * SLOT
}

impl Tally {
    fn of(sighted: &Sighted, time: i64) -> Self {
        Self {
            found: 1,
            leaked: i64::from(sighted.fate == Fate::Reached),
            spared: i64::from(sighted.fate == Fate::Withheld),
            severity: sighted.severity,
            first: time,
            last: time,
        }
    }

    fn add(&mut self, other: Self) {
        if self.found == 0 {
            *self = other;
            return;
        }
        self.found += other.found;
        self.leaked += other.leaked;
        self.spared += other.spared;
        self.severity = self.severity.max(other.severity);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

impl Sums {
    fn pass(&mut self, entry: &Entry, host: i64, client: i64) {
        let seconds = entry.time / 1000;
        let minute = self.minutes.entry(seconds.div_euclid(60) * 60).or_default();
        let more = [true, !entry.sighted.is_empty(), entry.leaked, entry.is_tunnel].map(i64::from);
        minute.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        self.presence.insert((Kind::Host, slot(seconds), host));
        self.presence.insert((Kind::Client, slot(seconds), client));
    }

    fn store(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut update = transaction.prepare("UPDATE term SET count = count + ?2 WHERE id = ?1")?;
        for (term, count) in &self.terms {
            update.execute([term, count])?;
        }
        let mut minute = transaction.prepare(
            "INSERT INTO minute VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (at) DO UPDATE SET
             exchanges = exchanges + ?2, found = found + ?3, leaked = leaked + ?4, tunnels = tunnels + ?5",
        )?;
        for (at, [exchanges, found, leaked, tunnels]) in &self.minutes {
            minute.execute([at, exchanges, found, leaked, tunnels])?;
        }
        let mut presence = transaction.prepare("INSERT OR IGNORE INTO presence VALUES (?1, ?2, ?3)")?;
        for (kind, slot, term) in &self.presence {
            presence.execute([kind.number(), *slot, *term])?;
        }
        self.store_findings(transaction)
    }

    fn store_findings(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut sighting = transaction.prepare(
            "INSERT INTO sighting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (kind, slot, term) DO UPDATE SET
             found = found + ?4, leaked = leaked + ?5, spared = spared + ?6, severity = max(severity, ?7),
             first = min(first, ?8), last = max(last, ?9)",
        )?;
        for ((kind, slot, term), tally) in &self.sightings {
            let Tally { found, leaked, spared, severity, first, last } = *tally;
            sighting.execute([kind.number(), *slot, *term, found, leaked, spared, severity, first, last])?;
        }
        let mut site = transaction.prepare(
            "INSERT INTO site VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (slot, identifier, host) DO UPDATE SET
             leaked = leaked + ?4, spared = spared + ?5, severity = max(severity, ?6)",
        )?;
        for ((slot, identifier, host), tally) in &self.sites {
            site.execute([*slot, *identifier, *host, tally.leaked, tally.spared, tally.severity])?;
        }
        Ok(())
    }
}
