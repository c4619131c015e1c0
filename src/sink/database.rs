//! How is a database of clir's own opened?
//!
//! For its owner alone. One that clir cannot have written is moved aside, and begun anew.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::Connection;

/// What a database is to hold.
pub(super) struct Shape<'a> {
    /// What `user_version` says of one whose tables are these.
    pub version: i64,
    /// Makes the tables.
    pub schema: &'a str,
    /// What is lost where it cannot be read, as part of a sentence.
    pub loses: &'a str,
}

/// Why a database is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// What it holds is not what clir wrote.
    #[error("{0}")]
    Content(String),
    /// It cannot be got at, and nobody knows what it holds.
    #[error("{0}")]
    Access(io::Error),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, PermissionDenied, ReadOnly};
        match error.sqlite_error_code() {
            Some(CannotOpen | DatabaseBusy | DatabaseLocked | DiskFull | PermissionDenied | ReadOnly) => {
                Self::Access(io::Error::other(error))
            }
            _ => Self::Content(error.to_string()),
        }
    }
}

/// Opens the database, or makes it, and hands it to `restore`, which takes back what it holds; one that clir cannot have
/// written is moved aside first.
pub(super) fn open(
    path: &Path,
    shape: &Shape<'_>,
    restore: impl Fn(&Connection) -> Result<(), Unusable>,
) -> io::Result<Connection> {
    let opened = load(path, shape, &restore).or_else(|unusable| {
        let Unusable::Content(why) = unusable else { return Err(unusable) };
        let aside = move_aside(path).map_err(Unusable::Access)?;
        let (name, aside, loses) = (path.display(), aside.display(), shape.loses);
        tracing::warn!("{name} cannot be read ({why}); it was moved to {aside}, and {loses}");
        load(path, shape, &restore)
    });
    opened.map_err(|unusable| match unusable {
        Unusable::Access(error) => error,
        Unusable::Content(why) => io::Error::other(why),
    })
}

/// Opens the database, or makes it, and takes back what it holds.
pub(super) fn load(
    path: &Path,
    shape: &Shape<'_>,
    restore: impl Fn(&Connection) -> Result<(), Unusable>,
) -> Result<Connection, Unusable> {
    // SQLite would make it readable for all; its journals take the mode of the database.
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    file.map_err(Unusable::Access)?;
    let database = Connection::open(path)?;
    database.busy_timeout(Duration::from_secs(1))?;
    let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > shape.version {
        return Err(Unusable::Content(format!("a later version of clir made it: {version}")));
    }
    let soundness: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if soundness != "ok" {
        return Err(Unusable::Content(soundness));
    }
    database.execute_batch(shape.schema)?;
    database.pragma_update(None, "user_version", shape.version)?;
    restore(&database)?;
    Ok(database)
}

fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = path.with_extension(format!("db.unreadable-{}", Timestamp::now().as_millisecond()));
    fs::rename(path, &aside)?;
    for journal in ["db-journal", "db-wal", "db-shm"] {
        // Of a database that is gone it could only do harm; mostly there is none.
        let _ = fs::remove_file(path.with_extension(journal));
    }
    Ok(aside)
}
