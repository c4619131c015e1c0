//! What becomes of the index when files of the event log are let go?
//!
//! What is older than the oldest line that is left goes, in small transactions, so that nobody who asks waits long.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use super::{
    entry::{block_of, time_of},
    write::slot,
};

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
        while forget_some(database, [first, last, *segment])? > 0 {}
        database.execute("DELETE FROM segment WHERE id = ?1", [segment])?;
    }
    let oldest: Option<i64> =
        database.query_row("SELECT min(first) FROM segment WHERE last > 0", [], |row| row.get(0))?;
    forget_before(database, oldest.unwrap_or(i64::MAX))?;
    Ok(true)
}

/// Forgets some of the exchanges between two keys that are of a segment, and says how many.
fn forget_some(database: &mut Connection, [first, last, segment]: [i64; 3]) -> rusqlite::Result<usize> {
    let transaction = database.transaction()?;
    let mut select = transaction.prepare(
        "SELECT key, host, client, combo FROM exchange WHERE key BETWEEN ?1 AND ?2 AND segment = ?3 LIMIT ?4",
    )?;
    let rows = select.query_map([first, last, segment, CHUNK], |row| {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?])
    })?;
    let gone = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let (mut terms, mut combos) = (HashMap::<i64, i64>::new(), HashMap::<i64, i64>::new());
    let mut delete = transaction.prepare("DELETE FROM exchange WHERE key = ?1")?;
    for [key, host, client, combo] in &gone {
        delete.execute([key])?;
        [host, client].into_iter().for_each(|term| *terms.entry(*term).or_default() += 1);
        *combos.entry(*combo).or_default() += 1;
    }
    let mut ask = transaction.prepare("SELECT terms FROM combo WHERE id = ?1")?;
    for (combo, count) in &combos {
        let held: String = ask.query_row([combo], |row| row.get(0))?;
        held.split(',').filter_map(|term| term.parse().ok()).for_each(|term| *terms.entry(term).or_default() += count);
    }
    for (table, counts) in [("term", terms), ("combo", combos)] {
        let mut update =
            transaction.prepare(&format!("UPDATE {table} SET count = max(count - ?2, 0) WHERE id = ?1"))?;
        counts.iter().try_for_each(|(id, count)| update.execute([id, count]).map(drop))?;
    }
    drop((select, delete, ask));
    transaction.commit()?;
    Ok(gone.len())
}

/// Forgets what is older than this key.
fn forget_before(database: &mut Connection, key: i64) -> rusqlite::Result<()> {
    let seconds = time_of(key) / 1000;
    let transaction = database.transaction()?;
    transaction.execute("DELETE FROM minute WHERE at < ?1", [seconds.div_euclid(60) * 60])?;
    for (table, kinds) in [("presence", "1, 2"), ("sighting", "1, 2, 6, 9")] {
        // The kinds are named so that each is a range of the primary key.
        transaction.execute(&format!("DELETE FROM {table} WHERE kind IN ({kinds}) AND slot < ?1"), [slot(seconds)])?;
    }
    transaction.execute("DELETE FROM site WHERE slot < ?1", [slot(seconds)])?;
    transaction.execute("DELETE FROM mark WHERE block < ?1", [block_of(key)])?;
    transaction.execute("DELETE FROM combo WHERE count = 0", [])?;
    // Headers stand in no exchange by themselves: they go when nothing counts them any more.
    transaction.execute(
        "DELETE FROM term WHERE count = 0 AND id NOT IN (SELECT term FROM sighting) AND id NOT IN (SELECT term FROM presence)",
        [],
    )?;
    transaction.commit()
}
