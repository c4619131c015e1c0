//! What becomes of the index when files of the event log are let go?
//!
//! What is older than the oldest line that is left goes, in small transactions, so that nobody who asks waits long.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::{entry::time_of, write::slot};

/// Rows that go in one transaction.
const CHUNK: i64 = 5_000;

/// Takes out the segments that are not among these names, and all rows older than what is left. Says whether anything
/// went.
///
/// # Errors
/// The database cannot be written to.
pub fn prune(database: &mut Connection, names: &HashSet<&str>) -> rusqlite::Result<bool> {
    let known: Vec<(i64, String)> = {
        let mut select = database.prepare("SELECT id, name FROM segment")?;
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?
    };
    let gone: Vec<i64> = known.iter().filter(|(_, name)| !names.contains(name.as_str())).map(|(id, _)| *id).collect();
    if gone.is_empty() {
        return Ok(false);
    }
    for segment in &gone {
        let (first, last): (i64, i64) =
            database.query_row("SELECT first, last FROM segment WHERE id = ?1", [segment], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let rows = "DELETE FROM exchange WHERE key IN
                    (SELECT key FROM exchange WHERE key BETWEEN ?1 AND ?2 AND segment = ?3 LIMIT ?4)";
        while database.execute(rows, params![first, last, segment, CHUNK])? > 0 {}
        database.execute("DELETE FROM segment WHERE id = ?1", [segment])?;
    }
    let oldest: Option<i64> =
        database.query_row("SELECT min(first) FROM segment WHERE last > 0", [], |row| row.get(0))?;
    forget_before(database, oldest.unwrap_or(i64::MAX))?;
    Ok(true)
}

/// Forgets what is older than this key.
fn forget_before(database: &mut Connection, key: i64) -> rusqlite::Result<()> {
    let terms: Vec<i64> = {
        let mut select = database.prepare("SELECT id FROM term")?;
        select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
    };
    for some in terms.chunks(256) {
        let transaction = database.transaction()?;
        let mut tags = transaction.prepare("DELETE FROM tag WHERE term = ?1 AND key < ?2")?;
        let mut count = transaction.prepare("UPDATE term SET count = max(count - ?2, 0) WHERE id = ?1")?;
        for term in some {
            let went = tags.execute([*term, key])?;
            if went > 0 {
                count.execute(params![term, i64::try_from(went).unwrap_or(i64::MAX)])?;
            }
        }
        drop((tags, count));
        transaction.commit()?;
    }
    let seconds = time_of(key) / 1000;
    let transaction = database.transaction()?;
    transaction.execute("DELETE FROM minute WHERE at < ?1", [seconds.div_euclid(60) * 60])?;
    for (table, kinds) in [("presence", "1, 2"), ("sighting", "1, 2, 6, 9")] {
        // The kinds are named so that each is a range of the primary key.
        transaction.execute(&format!("DELETE FROM {table} WHERE kind IN ({kinds}) AND slot < ?1"), [slot(seconds)])?;
    }
    transaction.execute("DELETE FROM site WHERE slot < ?1", [slot(seconds)])?;
    // Headers have no tags of their own: they go when nothing counts them any more.
    transaction.execute(
        "DELETE FROM term WHERE count = 0 AND id NOT IN (SELECT term FROM sighting) AND id NOT IN (SELECT term FROM presence)",
        [],
    )?;
    transaction.commit()
}
