//! How does it survive a restart which sites are there in TLS?
//!
//! In a SQLite database beside the events, of digests only. A database that cannot be used is told and done without: what
//! it knows is found out anew, one look a site.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use rusqlite::{Connection, params};

/// The database's name in the directory of the event log.
const FILE: &str = "upgrades.db";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS site (
        digest BLOB PRIMARY KEY,        -- of the site's name, under the installation's key
        reason TEXT,                    -- why it is not there; nothing if it is
        leads  INTEGER NOT NULL,        -- whether clients are sent there
        until  INTEGER NOT NULL         -- for how long that holds, in seconds since 1970
    ) STRICT;";

/// What is kept of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Of its name.
    pub digest: [u8; 16],
    /// Why it is not there in TLS; nothing if it is.
    pub reason: Option<String>,
    /// Whether clients are sent there.
    pub leads: bool,
    /// For how long that holds, in seconds since 1970.
    pub until: i64,
}

/// Everything that was kept in `dir`.
///
/// # Errors
/// The database cannot be read.
pub fn load(dir: &Path) -> io::Result<Vec<Site>> {
    if !dir.join(FILE).exists() {
        return Ok(Vec::new());
    }
    let database = open(dir)?;
    let mut select = database.prepare("SELECT digest, reason, leads, until FROM site").map_err(io::Error::other)?;
    let rows = select.query_map([], |row| {
        Ok(Site { digest: row.get(0)?, reason: row.get(1)?, leads: row.get(2)?, until: row.get(3)? })
    });
    rows.and_then(Iterator::collect).map_err(io::Error::other)
}

/// Keeps these in `dir`, and nothing else.
///
/// # Errors
/// The database cannot be written.
pub fn store(dir: &Path, sites: &[Site]) -> io::Result<()> {
    let mut database = open(dir)?;
    let mut write = || -> rusqlite::Result<()> {
        let transaction = database.transaction()?;
        transaction.execute("DELETE FROM site", [])?;
        let mut insert = transaction
            .prepare("INSERT OR REPLACE INTO site (digest, reason, leads, until) VALUES (?1, ?2, ?3, ?4)")?;
        for Site { digest, reason, leads, until } in sites {
            insert.execute(params![digest, reason, leads, until])?;
        }
        drop(insert);
        transaction.commit()
    };
    write().map_err(io::Error::other)
}

fn open(dir: &Path) -> io::Result<Connection> {
    let path = dir.join(FILE);
    // SQLite would make it readable for all.
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    let database = Connection::open(&path).map_err(io::Error::other)?;
    database.busy_timeout(Duration::from_secs(1)).map_err(io::Error::other)?;
    database.execute_batch(SCHEMA).map_err(io::Error::other)?;
    Ok(database)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_stored_is_there_again_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path()).unwrap(), []);
        let site = |byte: u8, reason: Option<&str>| Site {
            digest: [byte; 16],
            reason: reason.map(str::to_owned),
            leads: reason.is_none(),
            until: 7,
        };
        store(dir.path(), &[site(1, None), site(2, Some("no-https"))]).unwrap();
        store(dir.path(), &[site(1, Some("slow")), site(3, None)]).unwrap();
        assert_eq!(load(dir.path()).unwrap(), [site(1, Some("slow")), site(3, None)]);
        let mode = std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_database_is_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "no database at all, whatever its name says").unwrap();
        assert!(load(dir.path()).is_err());
    }
}
