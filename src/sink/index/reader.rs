//! Who may ask the index?
//!
//! One connection for each, which never writes; it can be interrupted by whoever has waited long enough. A line is read
//! from its file.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, InterruptHandle, OptionalExtension};
use ulid::Ulid;

use super::{
    Kind, Wanted,
    entry::{key, time_of},
    schema,
};
use crate::event::EventLine;

/// Two ids of one millisecond are told apart by keys at most so far from each other.
const CLASHES: i64 = 64;
/// For what stands in one block at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// A longer line is none of ours.
const LONGEST: i64 = 16 << 20;

/// Asks the index.
#[derive(Debug)]
pub struct Reader {
    pub(super) database: Connection,
    dir: PathBuf,
    generation: u64,
    files: HashMap<i64, File>,
}

impl Reader {
    pub(super) fn open(dir: &Path, generation: u64) -> rusqlite::Result<Self> {
        Ok(Self { database: schema::open_to_read(dir)?, dir: dir.to_owned(), generation, files: HashMap::new() })
    }

    /// Which database it asks, see [`super::Index::generation`].
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Ends what it is doing, from elsewhere.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.database.get_interrupt_handle()
    }

    /// Forgets open files: they may have been let go.
    pub fn rest(&mut self) {
        self.files.clear();
    }

    /// How many events there are.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn rows(&self) -> rusqlite::Result<u64> {
        // By the minute, which is a thousandth of counting rows.
        let sum: Option<i64> = self.database.query_row("SELECT sum(exchanges) FROM minute", [], |row| row.get(0))?;
        Ok(sum.unwrap_or_default().cast_unsigned())
    }

    /// The line of an event; nothing if it is not there, or no more.
    ///
    /// # Errors
    /// The database does not answer, or the file cannot be read.
    pub fn line(&mut self, id: &str) -> rusqlite::Result<Option<(Vec<u8>, EventLine)>> {
        let Ok(ulid) = Ulid::from_string(id) else { return Ok(None) };
        let first = key(ulid);
        let keys: Vec<i64> = {
            let mut select = self.database.prepare("SELECT key FROM exchange WHERE key BETWEEN ?1 AND ?2")?;
            let last = first.saturating_add(CLASHES);
            select.query_map([first, last], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
        };
        for key in keys {
            if let Some((line, event)) = self.line_at(key)?.filter(|(_, event)| event.id == id) {
                return Ok(Some((line, event)));
            }
        }
        Ok(None)
    }

    /// The line of the event with this key.
    pub(super) fn line_at(&mut self, key: i64) -> rusqlite::Result<Option<(Vec<u8>, EventLine)>> {
        let spot =
            self.database.query_row("SELECT segment, offset, length FROM exchange WHERE key = ?1", [key], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            });
        let Some((segment, offset, length)) = spot.optional()? else { return Ok(None) };
        let Some(file) = self.file(segment)? else { return Ok(None) };
        let Ok(line) = read(file, offset, length) else { return Ok(None) };
        let event = serde_json::from_slice(&line).ok();
        Ok(event.map(|event| (line, event)))
    }

    /// The last time at which this term stood in an event, in milliseconds.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn last(&self, kind: Kind, text: &str) -> rusqlite::Result<Option<i64>> {
        let wanted = Wanted { terms: vec![(kind, vec![text.to_owned()])], ..Wanted::default() };
        let deadline = Instant::now() + PATIENCE;
        Ok(self.keys(&wanted, 1, deadline)?.0.first().map(|key| time_of(*key)))
    }

    fn file(&mut self, segment: i64) -> rusqlite::Result<Option<&File>> {
        if !self.files.contains_key(&segment) {
            let name: Option<String> = self
                .database
                .query_row("SELECT name FROM segment WHERE id = ?1", [segment], |row| row.get(0))
                .optional()?;
            let Some(file) = name.and_then(|name| File::open(self.dir.join(name)).ok()) else { return Ok(None) };
            self.files.insert(segment, file);
        }
        Ok(self.files.get(&segment))
    }
}

fn read(file: &File, offset: i64, length: i64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length.clamp(0, LONGEST)).unwrap_or_default();
    let mut line = vec![0; length];
    file.read_exact_at(&mut line, offset.max(0).cast_unsigned())?;
    Ok(line)
}
