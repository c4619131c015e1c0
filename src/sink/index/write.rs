//! How do many events get into the index at once?
//!
//! One transaction a batch, and one row an event: what is counted is summed up in memory first, so that a host that stands in
//! a thousand events costs one update.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use rusqlite::{Connection, OptionalExtension, Statement, Transaction, params};

use super::entry::{Entry, Kind, Sighted, block_of};
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

/// What was read of a segment at once, apart from its events.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The segment's number in the database.
    pub segment: i64,
    /// Where the next line begins.
    pub position: i64,
    /// Lines that were read.
    pub lines: i64,
    /// Lines of them that are no events of ours.
    pub strange: i64,
}

/// Terms that are known without asking.
#[derive(Debug, Default)]
pub struct Terms {
    known: HashMap<Kind, HashMap<String, i64>>,
    combos: HashMap<Vec<(Kind, String)>, Combo>,
}

/// Terms that stand in exchanges together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Combo {
    id: i64,
    terms: Arc<[i64]>,
}

/// What a transaction adds up.
#[derive(Debug, Default)]
struct Sums {
    /// How many exchanges there are of one kind in one block and slot.
    alike: HashMap<(i64, i64, i64, i64, Combo), i64>,
    minutes: BTreeMap<i64, [i64; 4]>,
    /// What was found: slot, identifier, header, host, client.
    found: HashMap<[i64; 5], Tally>,
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

/// Writes these events, and how far the segment was read.
///
/// # Errors
/// The database does not take them; then none of them is in it.
pub fn write(
    database: &mut Connection,
    terms: &mut Terms,
    entries: &[(Entry, Spot)],
    progress: Progress,
) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    let written = Batch::new(&transaction, terms).and_then(|batch| batch.write(entries, progress));
    if written.is_err() {
        // Terms of a transaction that is taken back are gone with it.
        *terms = Terms::default();
    }
    written?;
    transaction.commit().inspect_err(|_| *terms = Terms::default())
}

struct Batch<'a> {
    transaction: &'a Transaction<'a>,
    terms: &'a mut Terms,
    sums: Sums,
    exchange: Statement<'a>,
}

impl<'a> Batch<'a> {
    fn new(transaction: &'a Transaction<'a>, terms: &'a mut Terms) -> rusqlite::Result<Self> {
        if terms.known.values().map(HashMap::len).sum::<usize>() > CACHED || terms.combos.len() > CACHED {
            *terms = Terms::default();
        }
        let exchange = transaction.prepare("INSERT OR IGNORE INTO exchange VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        Ok(Self { exchange, transaction, terms, sums: Sums::default() })
    }

    fn write(mut self, entries: &[(Entry, Spot)], progress: Progress) -> rusqlite::Result<()> {
        for (entry, spot) in entries {
            self.add(entry, spot)?;
        }
        let (first, last) = self.sums.keys.unwrap_or((i64::MAX, 0));
        self.transaction.execute(
            "UPDATE segment SET position = ?2, lines = lines + ?3, strange = strange + ?4, first = min(first, ?5),
             last = max(last, ?6) WHERE id = ?1",
            [progress.segment, progress.position, progress.lines, progress.strange, first, last],
        )?;
        self.sums.store(self.transaction)
    }

    fn add(&mut self, entry: &Entry, spot: &Spot) -> rusqlite::Result<()> {
        let host = self.term(Kind::Host, &entry.host)?;
        let client = self.term(Kind::Client, &entry.client)?;
        let combo = self.combo(&entry.tags)?;
        let mut key = entry.key;
        while self.exchange.execute([key, spot.segment, spot.offset, spot.length, host, client, combo.id])? == 0 {
            // Somebody has it already.
            key += 1;
        }
        let (first, last) = self.sums.keys.unwrap_or((key, key));
        self.sums.keys = Some((first.min(key), last.max(key)));
        let slot = slot(entry.time / 1000);
        self.sums.pass(entry);
        *self.sums.alike.entry((block_of(key), slot, host, client, combo)).or_default() += 1;
        for sighted in &entry.sighted {
            let identifier = self.term(Kind::Identifier, &sighted.identifier)?;
            let header = self.term(Kind::Header, &sighted.header)?;
            let found = self.sums.found.entry([slot, identifier, header, host, client]).or_default();
            found.add(Tally::of(sighted, entry.time));
        }
        Ok(())
    }

    fn combo(&mut self, tags: &[(Kind, String)]) -> rusqlite::Result<Combo> {
        if let Some(known) = self.terms.combos.get(tags) {
            return Ok(known.clone());
        }
        let terms = tags.iter().map(|(kind, text)| self.term(*kind, text)).collect::<rusqlite::Result<Arc<[i64]>>>()?;
        let written = terms.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let ask = "SELECT id FROM combo WHERE terms = ?1";
        let id = match self.transaction.query_row(ask, [&written], |row| row.get(0)).optional()? {
            Some(id) => id,
            None => {
                self.transaction.execute("INSERT INTO combo (terms, count) VALUES (?1, 0)", [&written])?;
                self.transaction.last_insert_rowid()
            }
        };
        let combo = Combo { id, terms };
        self.terms.combos.insert(tags.to_vec(), combo.clone());
        Ok(combo)
    }

    fn term(&mut self, kind: Kind, text: &str) -> rusqlite::Result<i64> {
        let names = self.terms.known.entry(kind).or_default();
        if let Some(id) = names.get(text) {
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
        names.insert(text.to_owned(), id);
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
    fn pass(&mut self, entry: &Entry) {
        let minute = self.minutes.entry((entry.time / 1000).div_euclid(60) * 60).or_default();
        let more = [true, !entry.sighted.is_empty(), entry.leaked, entry.is_tunnel].map(i64::from);
        minute.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }

    fn store(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        self.store_terms(transaction)?;
        let mut minute = transaction.prepare(
            "INSERT INTO minute VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (at) DO UPDATE SET
             exchanges = exchanges + ?2, found = found + ?3, leaked = leaked + ?4, tunnels = tunnels + ?5",
        )?;
        for (at, [exchanges, found, leaked, tunnels]) in &self.minutes {
            minute.execute([at, exchanges, found, leaked, tunnels])?;
        }
        self.store_findings(transaction)
    }

    /// How often each term was there, in which blocks, and who was there at all.
    fn store_terms(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let (mut counts, mut combos) = (BTreeMap::<i64, i64>::new(), BTreeMap::<i64, i64>::new());
        let (mut marks, mut presence) = (BTreeSet::new(), BTreeSet::new());
        for ((block, slot, host, client, combo), count) in &self.alike {
            *combos.entry(combo.id).or_default() += count;
            for term in combo.terms.iter().chain([host, client]) {
                *counts.entry(*term).or_default() += count;
                marks.insert([*term, *block]);
            }
            presence.extend([[Kind::Host.number(), *slot, *host], [Kind::Client.number(), *slot, *client]]);
        }
        for (table, counts) in [("term", counts), ("combo", combos)] {
            let mut update = transaction.prepare(&format!("UPDATE {table} SET count = count + ?2 WHERE id = ?1"))?;
            counts.iter().try_for_each(|(id, count)| update.execute([id, count]).map(drop))?;
        }
        let mut mark = transaction.prepare("INSERT OR IGNORE INTO mark VALUES (?1, ?2)")?;
        marks.iter().try_for_each(|row| mark.execute(*row).map(drop))?;
        let mut insert = transaction.prepare("INSERT OR IGNORE INTO presence VALUES (?1, ?2, ?3)")?;
        presence.iter().try_for_each(|row| insert.execute(*row).map(drop))
    }

    fn store_findings(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut sightings = BTreeMap::<[i64; 3], Tally>::new();
        let mut sites = BTreeMap::<[i64; 3], Tally>::new();
        for ([slot, identifier, header, host, client], tally) in &self.found {
            let places =
                [(Kind::Identifier, identifier), (Kind::Header, header), (Kind::Host, host), (Kind::Client, client)];
            for (kind, term) in places {
                sightings.entry([kind.number(), *slot, *term]).or_default().add(*tally);
            }
            sites.entry([*slot, *identifier, *host]).or_default().add(*tally);
        }
        let mut sighting = transaction.prepare(
            "INSERT INTO sighting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (kind, slot, term) DO UPDATE SET
             found = found + ?4, leaked = leaked + ?5, spared = spared + ?6, severity = max(severity, ?7),
             first = min(first, ?8), last = max(last, ?9)",
        )?;
        for ([kind, slot, term], tally) in &sightings {
            let Tally { found, leaked, spared, severity, first, last } = *tally;
            sighting.execute([*kind, *slot, *term, found, leaked, spared, severity, first, last])?;
        }
        let mut site = transaction.prepare(
            "INSERT INTO site VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (slot, identifier, host) DO UPDATE SET
             leaked = leaked + ?4, spared = spared + ?5, severity = max(severity, ?6)",
        )?;
        for ([slot, identifier, host], tally) in &sites {
            site.execute([*slot, *identifier, *host, tally.leaked, tally.spared, tally.severity])?;
        }
        Ok(())
    }
}
