//! What does the index look like on disk?
//!
//! Everything in it follows from the lines of the event log: a database that cannot be used is taken away and made anew.
//! An exchange's key is the upper half of its ULID, so keys sort by time; two of one millisecond that agree in 16 random
//! bits as well are told apart by taking the next free key.
//!
//! An event costs one row. What it has in common with many others, its verdict, what was found and done, is a set that it names
//! by a number; and which events a term stands in is told by the blocks of time in which there are any.

use std::{fs, fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

/// The database's name in the directory of the event log.
pub const FILE: &str = "events.db";

/// What `user_version` says of a database whose tables are these.
const VERSION: i64 = 3;

/// For the other side's transaction to end.
const BUSY: Duration = Duration::from_secs(2);

const SCHEMA: &str = "
    CREATE TABLE segment (              -- a file of the event log
        id       INTEGER PRIMARY KEY,
        name     TEXT NOT NULL UNIQUE,
        position INTEGER NOT NULL,      -- up to here it was read
        lines    INTEGER NOT NULL,      -- which were so many lines
        strange  INTEGER NOT NULL,      -- and so many of them are no events of ours, and not in here
        first    INTEGER NOT NULL,      -- the lowest and highest key in it
        last     INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE exchange (
        key     INTEGER PRIMARY KEY,
        segment INTEGER NOT NULL,       -- where its line is
        offset  INTEGER NOT NULL,
        length  INTEGER NOT NULL,
        host    INTEGER NOT NULL,       -- terms
        client  INTEGER NOT NULL,
        combo   INTEGER NOT NULL        -- all its other terms
    ) STRICT;
    CREATE TABLE term (                 -- whatever is asked for: a host, a client, a rule, a verdict
        id    INTEGER PRIMARY KEY,
        kind  INTEGER NOT NULL,
        text  TEXT NOT NULL,
        count INTEGER NOT NULL,         -- of exchanges, to begin with the rarest
        UNIQUE (kind, text)
    ) STRICT;
    CREATE TABLE combo (                -- terms that stand in exchanges together
        id    INTEGER PRIMARY KEY,
        terms TEXT NOT NULL UNIQUE,     -- their ids, with commas between them
        count INTEGER NOT NULL          -- of exchanges
    ) STRICT;
    CREATE TABLE mark (                 -- blocks of time in which a term stands in any exchange
        term  INTEGER NOT NULL,
        block INTEGER NOT NULL,
        PRIMARY KEY (term, block)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE minute (
        at        INTEGER PRIMARY KEY,  -- seconds since 1970
        exchanges INTEGER NOT NULL,
        found     INTEGER NOT NULL,
        leaked    INTEGER NOT NULL,
        tunnels   INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE presence (             -- who was there in a slot of time
        kind INTEGER NOT NULL,
        slot INTEGER NOT NULL,
        term INTEGER NOT NULL,
        PRIMARY KEY (kind, slot, term)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sighting (             -- what was found in a slot of time
        kind     INTEGER NOT NULL,
        slot     INTEGER NOT NULL,
        term     INTEGER NOT NULL,
        found    INTEGER NOT NULL,
        leaked   INTEGER NOT NULL,
        spared   INTEGER NOT NULL,
        severity INTEGER NOT NULL,
        first    INTEGER NOT NULL,      -- milliseconds since 1970
        last     INTEGER NOT NULL,
        PRIMARY KEY (kind, slot, term)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE site (                 -- which host received, or was spared, what
        slot       INTEGER NOT NULL,
        identifier INTEGER NOT NULL,
        host       INTEGER NOT NULL,
        leaked     INTEGER NOT NULL,
        spared     INTEGER NOT NULL,
        severity   INTEGER NOT NULL,
        PRIMARY KEY (slot, identifier, host)
    ) STRICT, WITHOUT ROWID;";

/// Opens the database to write to it; one that cannot be used is made anew.
///
/// # Errors
/// None can be made there.
pub fn open(dir: &Path) -> io::Result<Connection> {
    let path = dir.join(FILE);
    attempt(&path).or_else(|error| {
        tracing::info!("{} is made anew from the event log: {error}", path.display());
        remove(&path)?;
        attempt(&path).map_err(io::Error::other)
    })
}

/// Opens the database to ask it.
///
/// # Errors
/// There is none, or none that can be read.
pub fn open_to_read(dir: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(dir.join(FILE), flags)?;
    database.busy_timeout(BUSY)?;
    // A page cache of at most 4 MiB for each of a few connections.
    database.pragma_update(None, "cache_size", -4096)?;
    Ok(database)
}

/// Whether its tables are those that this version makes.
///
/// # Errors
/// The database does not answer.
pub fn is_ours(database: &Connection) -> rusqlite::Result<bool> {
    Ok(version(database)? == VERSION)
}

fn version(database: &Connection) -> rusqlite::Result<i64> {
    database.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Takes the database away, with what SQLite keeps beside it.
///
/// # Errors
/// It is there and cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    #[error("another version of clir made it")]
    Version,
}

fn attempt(path: &Path) -> Result<Connection, Unusable> {
    // SQLite would make it readable for all; its journals take the mode of the database.
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let database = Connection::open(path)?;
    database.busy_timeout(BUSY)?;
    // What a power cut takes is read anew from the lines: a log ahead of the database, and no wait for the disk.
    let _: String = database.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    database.pragma_update(None, "synchronous", "NORMAL")?;
    // At most 16 MiB of pages; and the log ahead is taken in when it has 32 MiB, not 4: that is when the disk is waited for.
    database.pragma_update(None, "cache_size", -16_384)?;
    database.pragma_update(None, "wal_autocheckpoint", 8192)?;
    match version(&database)? {
        0 => {
            database.execute_batch(SCHEMA)?;
            database.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {}
        _ => return Err(Unusable::Version),
    }
    Ok(database)
}
