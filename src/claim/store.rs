//! How are links and admitted addresses kept?
//!
//! In a SQLite database that only its owner can read, and of links only their hashes. Each change is one transaction, for
//! more than one process makes them.

use std::{
    fs::{self, OpenOptions},
    io,
    net::IpAddr,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::{Admitted, Digest, PER_LINK, Refused};

/// The database's name in the directory of the event log.
const FILE: &str = "claims.db";

/// Links that are kept; nobody makes so many by hand.
const LINKS: u32 = 1000;

/// For so many seconds a link that is over still stands in the list.
const REMEMBERED: i64 = 30 * 86_400;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS link (
        id      TEXT PRIMARY KEY,
        digest  BLOB NOT NULL UNIQUE,       -- SHA-256 of the secret
        user    TEXT,                       -- whom it is for
        lasts   INTEGER NOT NULL,           -- for how many seconds it admits
        uses    INTEGER,                    -- how often it may still admit; nothing: without limit
        made    INTEGER NOT NULL,           -- in seconds since 1970, like all times here
        ends    INTEGER NOT NULL,
        revoked TEXT                        -- why it is no longer in force
    ) STRICT;
    CREATE TABLE IF NOT EXISTS admitted (
        place   TEXT NOT NULL,              -- the address, or the first one of its /64
        link    TEXT NOT NULL,
        since   INTEGER NOT NULL,
        until   INTEGER NOT NULL,
        PRIMARY KEY (place, link)
    ) STRICT;";

/// A link as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is called where its secret must not be said.
    pub id: Arc<str>,
    /// Of its secret.
    pub digest: Digest,
    /// Whom it is for.
    pub user: Option<Arc<str>>,
    /// For how many seconds it admits an address.
    pub lasts: i64,
    /// How often it may still admit an address; nothing means as often as one likes.
    pub uses: Option<u32>,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// Until when it can be used, likewise.
    pub ends: i64,
    /// Why it is no longer in force, if so.
    pub revoked: Option<String>,
}

/// What a new link is to be.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// What it is called.
    pub id: String,
    /// Of its secret.
    pub digest: Digest,
    /// Whom it is for.
    pub user: Option<String>,
    /// For how many seconds it admits an address.
    pub lasts: i64,
    /// How often it may admit an address.
    pub uses: Option<u32>,
    /// For how many seconds it can be used.
    pub valid: i64,
}

/// The database.
#[derive(Debug)]
pub struct Store {
    database: Connection,
    /// What SQLite counts of others' changes.
    version: Option<i64>,
}

impl Store {
    /// Opens the database in `dir`, or makes it.
    ///
    /// # Errors
    /// It cannot be opened, or holds something else.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        let is_new = !path.exists();
        // SQLite would make it readable for all.
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        if is_new {
            give_to_owner(dir, &path)?;
        }
        let database = Connection::open(&path).map_err(io::Error::other)?;
        database.busy_timeout(Duration::from_secs(2)).map_err(io::Error::other)?;
        database.execute_batch(SCHEMA).map_err(io::Error::other)?;
        Ok(Self { database, version: None })
    }

    /// Whether another connection has changed anything since this was last asked.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn has_changed(&mut self) -> rusqlite::Result<bool> {
        let version = self.database.query_row("PRAGMA data_version", [], |row| row.get(0))?;
        Ok(self.version.replace(version) != Some(version))
    }

    /// Keeps a new link.
    ///
    /// # Errors
    /// The database does not answer, or holds as many as it may.
    pub fn add(&mut self, link: &NewLink, now: i64) -> io::Result<()> {
        let transaction = self.begin().map_err(io::Error::other)?;
        tidy(&transaction, now).map_err(io::Error::other)?;
        let count: u32 =
            transaction.query_row("SELECT count(*) FROM link", [], |row| row.get(0)).map_err(io::Error::other)?;
        if count >= LINKS {
            return Err(io::Error::other(format!("there are {count} links already: revoke some")));
        }
        let NewLink { id, digest, user, lasts, uses, valid } = link;
        transaction
            .execute(
                "INSERT INTO link (id, digest, user, lasts, uses, made, ends) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![id, digest, user, lasts, uses, now, now.saturating_add(*valid)],
            )
            .map_err(io::Error::other)?;
        transaction.commit().map_err(io::Error::other)
    }

    /// Every link that is in force or was of late, the newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn links(&self, now: i64) -> rusqlite::Result<Vec<Link>> {
        let mut select = self.database.prepare("SELECT * FROM link WHERE ends > ?1 ORDER BY made DESC, id")?;
        select.query_map([now - REMEMBERED], link)?.collect()
    }

    /// Every address that is admitted.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn admitted(&self, now: i64) -> rusqlite::Result<Vec<Admitted>> {
        let mut select = self.database.prepare(
            "SELECT place, link, user, since, until FROM admitted JOIN link ON link.id = admitted.link
             WHERE until > ?1 AND revoked IS NULL ORDER BY until DESC",
        )?;
        select.query_map([now], admitted)?.collect()
    }

    /// Admits a place by the link, or renews that.
    ///
    /// # Errors
    /// The database does not answer; what it says is inside.
    pub fn claim(
        &mut self,
        digest: &Digest,
        place: IpAddr,
        most: u32,
        now: i64,
    ) -> rusqlite::Result<Result<Admitted, Refused>> {
        let transaction = self.begin()?;
        tidy(&transaction, now)?;
        let found = transaction.query_row("SELECT * FROM link WHERE digest = ?1", [digest], link).optional()?;
        let Some(link) = found.filter(|link| link.revoked.is_none() && now < link.ends) else {
            return Ok(Err(Refused::Unknown));
        };
        let known: Option<i64> = transaction
            .query_row(
                "SELECT since FROM admitted WHERE place = ?1 AND link = ?2",
                params![name(place), link.id],
                |row| row.get(0),
            )
            .optional()?;
        if known.is_none()
            && let Err(refused) = make_room(&transaction, &link, most)?
        {
            return Ok(Err(refused));
        }
        let (since, until) = (known.unwrap_or(now), now.saturating_add(link.lasts));
        transaction.execute(
            "INSERT OR REPLACE INTO admitted (place, link, since, until) VALUES (?1, ?2, ?3, ?4)",
            params![name(place), link.id, since, until],
        )?;
        transaction.commit()?;
        Ok(Ok(Admitted { place, link: link.id, user: link.user, since, until }))
    }

    /// Ends a place's admission by the link with this digest.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn leave(&mut self, digest: &Digest, place: IpAddr) -> rusqlite::Result<()> {
        let leave = "DELETE FROM admitted WHERE place = ?1 AND link IN (SELECT id FROM link WHERE digest = ?2)";
        self.database.execute(leave, params![name(place), digest]).map(drop)
    }

    /// Revokes the link of this id, and whom it has admitted. Answers whether there was one in force.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn revoke(&mut self, id: &str, why: &str, now: i64) -> rusqlite::Result<bool> {
        let transaction = self.begin()?;
        let revoke = "UPDATE link SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL AND ends > ?3";
        let count = transaction.execute(revoke, params![id, why, now])?;
        transaction.execute("DELETE FROM admitted WHERE link = ?1", [id])?;
        transaction.commit()?;
        Ok(count > 0)
    }

    /// Takes the right to write at once: two that read first and then want to write would have to fail.
    fn begin(&mut self) -> rusqlite::Result<Transaction<'_>> {
        self.database.transaction_with_behavior(TransactionBehavior::Immediate)
    }
}

/// Takes a use of the link, and makes sure that there is room for one more place.
fn make_room(transaction: &Transaction<'_>, link: &Link, most: u32) -> rusqlite::Result<Result<(), Refused>> {
    if link.uses == Some(0) {
        return Ok(Err(Refused::UsedUp));
    }
    // The oldest of the link's own go first: a phone that is elsewhere now needs them no more.
    transaction.execute(
        "DELETE FROM admitted WHERE link = ?1 AND place NOT IN
             (SELECT place FROM admitted WHERE link = ?1 ORDER BY until DESC, since DESC, rowid DESC LIMIT ?2)",
        params![link.id, PER_LINK - 1],
    )?;
    let count: u32 = transaction.query_row("SELECT count(*) FROM admitted", [], |row| row.get(0))?;
    if count >= most {
        return Ok(Err(Refused::Full));
    }
    transaction.execute("UPDATE link SET uses = uses - 1 WHERE id = ?1", [&link.id])?;
    Ok(Ok(()))
}

/// Forgets what is over.
fn tidy(transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM admitted WHERE until <= ?1", [now])?;
    transaction.execute("DELETE FROM link WHERE ends <= ?1", [now - REMEMBERED]).map(drop)
}

fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        id: row.get("id")?,
        digest: row.get("digest")?,
        user: row.get("user")?,
        lasts: row.get("lasts")?,
        uses: row.get("uses")?,
        made: row.get("made")?,
        ends: row.get("ends")?,
        revoked: row.get("revoked")?,
    })
}

fn admitted(row: &Row<'_>) -> rusqlite::Result<Admitted> {
    let place: String = row.get(0)?;
    let unclear = |error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error));
    Ok(Admitted {
        place: place.parse().map_err(unclear)?,
        link: row.get(1)?,
        user: row.get(2)?,
        since: row.get(3)?,
        until: row.get(4)?,
    })
}

fn name(place: IpAddr) -> String {
    place.to_string()
}

/// What root makes belongs to whoever runs clir: the owner of the directory.
fn give_to_owner(dir: &Path, path: &Path) -> io::Result<()> {
    let (owner, ours) = (fs::metadata(dir)?, fs::metadata(path)?);
    if ours.uid() != 0 || owner.uid() == 0 {
        return Ok(());
    }
    chown(path, Some(owner.uid()), Some(owner.gid()))
}
