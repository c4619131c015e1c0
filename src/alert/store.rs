//! How do alerts, and what they are judged by, survive a restart?
//!
//! In a SQLite database beside the events: of leaks and places only digests, and the last alerts as they were handed over.
//! Where none can be had, everything is held in memory, and is new after each start.

use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, params};

use super::{
    Alert,
    headers::{Key, Place},
    watch::SEEN,
};

/// The database's name in the directory of the event log.
const FILE: &str = "alerts.db";
/// What `user_version` says of a database whose tables are these.
const VERSION: i64 = 1;
/// Alerts that are kept.
const ALERTS: usize = 1000;
/// Places that are kept: as many as in memory.
const PLACES: i64 = 2048;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS seen (
        key  BLOB PRIMARY KEY,          -- of a leak or a header, under the installation's key
        time INTEGER NOT NULL           -- when first, in seconds since 1970
    ) STRICT;
    CREATE TABLE IF NOT EXISTS place (
        key   BLOB PRIMARY KEY,         -- of a listener and a client, likewise
        last  INTEGER NOT NULL,
        state TEXT NOT NULL             -- JSON: names of headers and how often they were there
    ) STRICT;
    CREATE TABLE IF NOT EXISTS alert (
        id   INTEGER PRIMARY KEY,
        line TEXT NOT NULL              -- JSON, as it was handed over
    ) STRICT;";

/// Something that is known now, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Since this time.
    Seen(Key, i64),
    /// No longer.
    Gone(Key),
}

/// What is kept.
#[derive(Debug)]
pub struct Store {
    database: Option<Connection>,
    /// The last alerts, the newest last.
    last: Vec<Arc<Alert>>,
    was_told: bool,
}

impl Store {
    /// Opens the database in `dir`. What keeps that from working is told.
    pub fn open(dir: &Path) -> Self {
        let path = dir.join(FILE);
        let database = open(&path).inspect_err(|error| {
            let name = path.display();
            tracing::warn!("after each start all alerts are new: {name} cannot be used: {error}");
        });
        let mut store = Self { database: database.ok(), last: Vec::new(), was_told: false };
        store.last = store.read(alerts).into_iter().map(Arc::new).collect();
        store
    }

    /// All that was seen.
    pub fn seen(&self) -> Vec<(Key, i64)> {
        self.read(seen)
    }

    /// All that is known of places.
    pub fn places(&self) -> Vec<(Key, Place)> {
        self.read(places)
    }

    /// The last alerts, the newest first.
    pub fn last(&self, limit: usize) -> Vec<Arc<Alert>> {
        self.last.iter().rev().take(limit).cloned().collect()
    }

    /// Keeps an alert; the oldest makes room.
    pub fn keep(&mut self, alert: &Arc<Alert>) {
        self.last.push(Arc::clone(alert));
        let surplus = self.last.len().saturating_sub(ALERTS);
        self.last.drain(..surplus);
        let line = alert.line();
        self.write(|database| {
            database.execute("INSERT INTO alert (line) VALUES (?1)", [line.trim_end()])?;
            let oldest = "DELETE FROM alert WHERE id <= (SELECT max(id) FROM alert) - ?1";
            database.execute(oldest, [i64::try_from(ALERTS).unwrap_or(i64::MAX)]).map(drop)
        });
    }

    /// Keeps what is known of leaks and headers.
    pub fn remember(&mut self, changes: &[Change]) {
        self.write(|database| {
            for change in changes {
                match change {
                    Change::Seen(key, time) => database
                        .execute("INSERT OR REPLACE INTO seen (key, time) VALUES (?1, ?2)", params![key, time])?,
                    Change::Gone(key) => database.execute("DELETE FROM seen WHERE key = ?1", [key])?,
                };
            }
            Ok(())
        });
    }

    /// Keeps what is known of places.
    pub fn remember_places(&mut self, places: &[(Key, Place)]) {
        self.write(|database| {
            let mut insert = database.prepare("INSERT OR REPLACE INTO place (key, last, state) VALUES (?1, ?2, ?3)")?;
            for (key, place) in places {
                insert.execute(params![key, place.last, serde_json::to_string(place).unwrap_or_default()])?;
            }
            let rest = "DELETE FROM place WHERE key IN (SELECT key FROM place ORDER BY last DESC LIMIT -1 OFFSET ?1)";
            database.execute(rest, [PLACES]).map(drop)
        });
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<Vec<T>>) -> Vec<T> {
        let Some(database) = &self.database else { return Vec::new() };
        read(database).unwrap_or_else(|error| {
            tracing::warn!("{FILE} cannot be read, what it knew is new again: {error}");
            Vec::new()
        })
    }

    fn write(&mut self, write: impl FnOnce(&Connection) -> rusqlite::Result<()>) {
        let Some(database) = &mut self.database else { return };
        let written =
            database.transaction().and_then(|transaction| write(&transaction).and_then(|()| transaction.commit()));
        match written {
            Ok(()) => self.was_told = false,
            Err(error) if !self.was_told => {
                tracing::warn!("{FILE} cannot be written, alerts may come again after a restart: {error}");
                self.was_told = true;
            }
            Err(_) => {} // Told already; the disk may come back.
        }
    }
}

fn seen(database: &Connection) -> rusqlite::Result<Vec<(Key, i64)>> {
    let mut select = database.prepare("SELECT key, time FROM seen ORDER BY time DESC LIMIT ?1")?;
    let limit = i64::try_from(SEEN).unwrap_or(i64::MAX);
    select.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn places(database: &Connection) -> rusqlite::Result<Vec<(Key, Place)>> {
    let mut select = database.prepare("SELECT key, state FROM place ORDER BY last DESC LIMIT ?1")?;
    let rows = select.query_map([PLACES], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let rows: Vec<(Key, String)> = rows.collect::<Result<_, _>>()?;
    // What cannot be read is learnt anew.
    Ok(rows.into_iter().filter_map(|(key, state)| Some((key, serde_json::from_str(&state).ok()?))).collect())
}

fn alerts(database: &Connection) -> rusqlite::Result<Vec<Alert>> {
    let mut select = database.prepare("SELECT line FROM alert ORDER BY id")?;
    let lines: Vec<String> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn open(path: &Path) -> io::Result<Connection> {
    if let Some(dir) = path.parent() {
        // At the first start the event log has not made it yet; it would make the same.
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    // SQLite would make it readable for all.
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let database = Connection::open(path).map_err(io::Error::other)?;
    database.busy_timeout(Duration::from_secs(1)).map_err(io::Error::other)?;
    let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(io::Error::other)?;
    if version > VERSION {
        return Err(io::Error::other(format!("a later version of clir made it: {version}")));
    }
    database.execute_batch(SCHEMA).map_err(io::Error::other)?;
    database.pragma_update(None, "user_version", VERSION).map_err(io::Error::other)?;
    Ok(database)
}
