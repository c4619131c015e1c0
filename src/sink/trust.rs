//! How does it survive a restart which clients trust our authority, and how does a command change that while clir runs?
//!
//! In a SQLite database beside the events, written by a thread of its own; requests touch nothing but memory. A command
//! takes out of the database what is to be forgotten, and leaves a note of it. SQLite tells the thread that somebody else
//! has written (`PRAGMA data_version`); it looks several times a second, and does in memory what the note says before it
//! writes again.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    database::{self, Shape, Unusable},
    keeping::Keeping,
};
use crate::policy::{
    HostSet,
    trust::{Acquaintance, Forget, Kept, TrustTable, TrustTimes, Who},
};

/// The database's name in the directory of the event log.
const FILE: &str = "trust.db";

const SHAPE: Shape<'_> = Shape {
    version: 1,
    schema: "
        CREATE TABLE IF NOT EXISTS client (
            who   TEXT PRIMARY KEY,         -- a network card, an address, or a user
            last  INTEGER NOT NULL,         -- last heard of, in milliseconds since 1970
            state TEXT NOT NULL             -- JSON: its trust, its programs, its hosts
        ) STRICT;
        CREATE TABLE IF NOT EXISTS forget ( -- what a command has asked a running clir to forget
            id   INTEGER PRIMARY KEY AUTOINCREMENT,
            who  TEXT,                      -- of this client, or of all
            host TEXT                       -- about hosts of this pattern, or everything
        ) STRICT;",
    loses: "clients have to show anew that they trust the authority",
};

/// How often the thread looks whether there is something to do.
const INTERVAL: Duration = Duration::from_millis(250);
/// How often what is too old is forgotten.
const ROUND: Duration = Duration::from_hours(1);
/// Clients kept: as many as in memory.
const CLIENTS: i64 = 2048;
/// Clients of whom something may wait for the disk.
const WAITING: usize = 4096;

/// The thread that stores; to be closed at the end.
#[derive(Debug)]
pub struct TrustKeeper(Keeping);

impl TrustKeeper {
    /// Puts what is stored in `dir`, which must exist, into the table, and starts the thread that stores what changes.
    /// Where no database can be had, that is told, and what is learnt lasts as long as the process.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn open(dir: &Path, table: Arc<TrustTable>, times: TrustTimes) -> io::Result<Self> {
        let path = dir.join(FILE);
        let store = database::open(&path, &SHAPE, |database| restore(database, &table)).inspect_err(|error| {
            let name = path.display();
            tracing::warn!("who trusts the authority will be forgotten at the end: {name} cannot be used: {error}");
        });
        table.forget_strangers(&times, Timestamp::now().as_millisecond());
        let work = Work { table, times, store: store.ok(), waiting: HashMap::new(), seen: None };
        Keeping::start("trust", |closing| work.run(closing)).map(Self)
    }

    /// Stores what has not been stored. Gives up after a few seconds, and says so, when the disk does not answer.
    pub fn close(self) {
        self.0.close("who trusts the authority");
    }
}

/// What the thread has in hand.
struct Work {
    table: Arc<TrustTable>,
    times: TrustTimes,
    /// Nothing where no database can be had.
    store: Option<Connection>,
    /// What could not be stored yet, the newest of each client.
    waiting: HashMap<Who, Option<Acquaintance>>,
    /// What SQLite said of the database when it was last looked at.
    seen: Option<i64>,
}

impl Work {
    fn run(mut self, closing: &Receiver<()>) {
        let (mut was_told, mut round) = (false, Instant::now());
        loop {
            let is_last = closing.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout);
            let is_round = round.elapsed() >= ROUND;
            if is_round {
                round = Instant::now();
                self.table.forget_strangers(&self.times, Timestamp::now().as_millisecond());
            }
            match self.turn(is_last || is_round) {
                Ok(()) => was_told = false,
                Err(error) if !was_told => {
                    tracing::warn!("who trusts the authority cannot be stored: {error}");
                    was_told = true;
                }
                Err(_) => {} // Told already; the disk may come back.
            }
            if is_last {
                return;
            }
        }
    }

    fn turn(&mut self, with_all: bool) -> rusqlite::Result<()> {
        let Some(database) = &mut self.store else { return Ok(()) };
        let version: i64 = database.query_row("PRAGMA data_version", [], |row| row.get(0))?;
        let changed = self.table.take_changed(Timestamp::now().as_millisecond(), with_all);
        self.waiting.extend(changed.into_iter().map(by_client));
        if self.waiting.len() > WAITING {
            // The disk has not answered for long, and there is no telling how long it will not.
            self.waiting.clear();
        }
        if self.seen == Some(version) && self.waiting.is_empty() {
            return Ok(());
        }
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if take_notes(&transaction, &self.table)? {
            // In the place of what was taken before, and may hold what is to be forgotten.
            let changed = self.table.take_changed(Timestamp::now().as_millisecond(), false);
            self.waiting.extend(changed.into_iter().map(by_client));
        }
        store(&transaction, self.waiting.iter())?;
        transaction.commit()?;
        self.waiting.clear();
        self.seen = Some(version);
        Ok(())
    }
}

/// Does what commands have asked for. Answers whether they have.
fn take_notes(transaction: &Transaction<'_>, table: &TrustTable) -> rusqlite::Result<bool> {
    let mut select = transaction.prepare("SELECT who, host FROM forget ORDER BY id")?;
    let notes = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let notes: Vec<(Option<String>, Option<String>)> = notes.collect::<Result<_, _>>()?;
    for (who, host) in &notes {
        match note(who.as_deref(), host.as_deref()) {
            Some(forget) => {
                table.forget(&forget);
                tracing::info!("clients, or hosts that pass for them, are forgotten, as a command has asked for");
            }
            None => tracing::warn!("a note of what is to be forgotten cannot be read"),
        }
    }
    drop(select);
    if !notes.is_empty() {
        transaction.execute("DELETE FROM forget", [])?;
    }
    Ok(!notes.is_empty())
}

fn note(who: Option<&str>, host: Option<&str>) -> Option<Forget> {
    let who = who.map(str::parse::<Who>).transpose().ok()?;
    let hosts = host.map(|host| HostSet::parse(&[host])).transpose().ok()?;
    Some(Forget { who, hosts })
}

fn by_client(kept: Kept) -> (Who, Option<Acquaintance>) {
    match kept {
        Kept::As(who, known) => (who, Some(known)),
        Kept::Gone(who) => (who, None),
    }
}

fn store<'a>(
    transaction: &Transaction<'_>,
    changed: impl Iterator<Item = (&'a Who, &'a Option<Acquaintance>)>,
) -> rusqlite::Result<()> {
    let mut delete = transaction.prepare("DELETE FROM client WHERE who = ?1")?;
    let mut insert = transaction.prepare("INSERT OR REPLACE INTO client (who, last, state) VALUES (?1, ?2, ?3)")?;
    for (who, known) in changed {
        match known {
            None => delete.execute([who.to_string()])?,
            Some(known) => insert.execute(params![who.to_string(), known.last, written(known)?])?,
        };
    }
    transaction.execute(
        "DELETE FROM client WHERE who IN (SELECT who FROM client ORDER BY last DESC LIMIT -1 OFFSET ?1)",
        [CLIENTS],
    )?;
    Ok(())
}

fn written(known: &Acquaintance) -> rusqlite::Result<String> {
    serde_json::to_string(known).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn restore(database: &Connection, table: &TrustTable) -> Result<(), Unusable> {
    // A command that came while clir did not run has done it all itself.
    database.execute("DELETE FROM forget", [])?;
    clients(database)?.into_iter().for_each(|Client { who, known }| table.restore(who, known));
    Ok(())
}

/// A client, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Which.
    pub who: Who,
    /// What is known of it.
    pub known: Acquaintance,
}

fn clients(database: &Connection) -> Result<Vec<Client>, Unusable> {
    let mut select = database.prepare("SELECT who, state FROM client ORDER BY last")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let read = |row: rusqlite::Result<(String, String)>| {
        let (who, state) = row?;
        let who = who.parse().map_err(|_| Unusable::Content("it names a client as nobody does".into()))?;
        let known = serde_json::from_str(&state).map_err(|error| Unusable::Content(error.to_string()))?;
        Ok(Client { who, known })
    };
    rows.map(read).collect()
}

/// Every client that is stored in `dir`, the one heard of last at the end; a clir that runs stores what changes within a
/// second.
///
/// # Errors
/// The database cannot be read.
pub fn read(dir: &Path) -> io::Result<Vec<Client>> {
    let path = dir.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    opened(&path).and_then(|database| clients(&database)).map_err(io::Error::other)
}

/// What a command wants forgotten.
#[derive(Clone, Copy, Debug)]
pub struct Forgetting<'a> {
    /// Of these clients; of all where there are none.
    pub clients: Option<&'a [Who]>,
    /// About the hosts of this pattern, or everything.
    pub host: Option<&'a str>,
}

/// Takes out of the database in `dir` what is to be forgotten, and leaves a note of it for a clir that runs. Answers how
/// many clients or hosts that were.
///
/// # Errors
/// The database cannot be written.
pub fn forget(dir: &Path, forgetting: &Forgetting<'_>) -> io::Result<usize> {
    let path = dir.join(FILE);
    if !path.exists() {
        return Ok(0);
    }
    let forgotten = opened(&path).and_then(|mut database| forget_in(&mut database, forgetting));
    forgotten.map_err(io::Error::other)
}

fn opened(path: &Path) -> Result<Connection, Unusable> {
    database::load(path, &SHAPE, |_| Ok(()))
}

fn forget_in(database: &mut Connection, forgetting: &Forgetting<'_>) -> Result<usize, Unusable> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let table = TrustTable::default();
    clients(&transaction)?.into_iter().for_each(|Client { who, known }| table.restore(who, known));
    let whose: Vec<_> = match forgetting.clients {
        Some(clients) => clients.iter().cloned().map(Some).collect(),
        None => vec![None],
    };
    let mut forgotten = 0;
    for who in whose {
        let text = who.as_ref().map(Who::to_string);
        let forget = note(text.as_deref(), forgetting.host);
        let forget = forget.ok_or_else(|| Unusable::Content("this is no pattern of hosts".into()))?;
        forgotten += table.forget(&forget);
        transaction.execute("INSERT INTO forget (who, host) VALUES (?1, ?2)", params![text, forgetting.host])?;
    }
    let changed: HashMap<_, _> = table.take_changed(i64::MIN, false).into_iter().map(by_client).collect();
    store(&transaction, changed.iter())?;
    transaction.commit()?;
    Ok(forgotten)
}

#[cfg(test)]
mod tests;
