//! How does the index learn of what the event log has written?
//!
//! By reading the files, from where it stopped: so it misses nothing, holds nothing back, and can be deleted. The newest
//! file comes first, so that what happens now is not kept waiting by what happened last month.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::PathBuf,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, params};

use super::{
    Row, Shared, Watcher,
    brief::Brief,
    entry::Entry,
    prune, schema,
    write::{Progress, Spot, Terms, write},
};
use crate::{
    event::EventLine,
    sink::segment::{Segment, segments},
};

/// How long more is waited for once there is something: a wake-up for each event would cost more than reading it.
const GATHER: Duration = Duration::from_millis(20);
/// And while nobody looks: each transaction writes some ten pages, and a router's flash memory wears out.
const UNSEEN: Duration = Duration::from_secs(2);
/// How often it is looked whether somebody looks now.
const GLIMPSE: Duration = Duration::from_millis(100);
/// For so long after a question somebody looks.
const ATTENTION: Duration = Duration::from_secs(60);
/// How often all files are looked at, also while nobody says that there is something, and how soon again after a failure.
const IDLE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(1);
/// Events and bytes of one transaction: of what somebody watches, and of everything else.
const LIVE: (usize, usize) = (1_000, 4 << 20);
const MUCH: (usize, usize) = (8_000, 16 << 20);
/// A longer line is none of ours.
const LONGEST: u64 = 16 << 20;

/// The thread's work.
pub struct Follower {
    pub dir: PathBuf,
    pub shared: Arc<Shared>,
    /// Told of each event that is written from now on.
    pub watchers: Vec<Box<dyn Watcher>>,
    /// Files that were there before this process wrote anything: nobody is told of what is in them.
    pub old: HashSet<String>,
    /// When somebody asked last.
    pub asked: Option<Instant>,
}

/// A database, and how far it has come.
struct Index {
    database: Connection,
    terms: Terms,
    /// Of each segment: its number, and how far it was read.
    positions: HashMap<String, (i64, u64)>,
    /// Segments that were read to their ends, and that nobody writes to any more.
    ended: HashSet<String>,
}

impl Follower {
    /// Reads until nobody wakes it any more.
    pub fn run(mut self, wakes: &Receiver<()>) {
        be_modest();
        let mut index = None;
        let mut was_told = false;
        let mut looks_everywhere = true;
        loop {
            match self.turn(&mut index, looks_everywhere) {
                Ok(()) => was_told = false,
                Err(error) => {
                    if !was_told {
                        tracing::warn!("the live view's index lags behind the event log: {error}");
                    }
                    was_told = true;
                    // Whatever is wrong with it, everything in it can be had again.
                    index = None;
                    if is_damaged(&error) && schema::remove(&self.dir.join(schema::FILE)).is_ok() {
                        tracing::warn!("the live view's index was damaged, and is made anew from the event log");
                    }
                }
            }
            looks_everywhere = false;
            match wakes.recv_timeout(if was_told { RETRY } else { IDLE }) {
                Ok(()) => self.gather(),
                Err(RecvTimeoutError::Timeout) => looks_everywhere = true,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while wakes.try_recv().is_ok() {}
            if self.shared.closing.load(Ordering::Acquire) {
                // What was written last is still taken in.
                let _ = self.turn(&mut index, true);
                return;
            }
        }
    }

    fn gather(&mut self) {
        let until = Instant::now() + UNSEEN;
        thread::sleep(GATHER);
        while !self.shared.closing.load(Ordering::Acquire) && !self.is_looked_at() && Instant::now() < until {
            thread::sleep(GLIMPSE);
        }
    }

    fn is_looked_at(&mut self) -> bool {
        let now = Instant::now();
        if self.shared.asked.swap(false, Ordering::Relaxed) {
            self.asked = Some(now);
        }
        self.asked.is_some_and(|asked| now.duration_since(asked) < ATTENTION) || self.is_watched()
    }

    fn is_watched(&self) -> bool {
        self.watchers.iter().any(|watcher| watcher.is_waiting())
    }

    /// Reads what there is.
    fn turn(&mut self, index: &mut Option<Index>, looks_everywhere: bool) -> io::Result<()> {
        let index = match index {
            Some(index) => index,
            None => {
                let opened = Index::open(&self.dir)?;
                // Whoever asks has to open it anew.
                self.shared.generation.fetch_add(1, Ordering::AcqRel);
                index.insert(opened)
            }
        };
        let list = segments(&self.dir)?;
        index.forget(&list).map_err(io::Error::other)?;
        if looks_everywhere {
            index.ended.clear();
        }
        let mut is_behind = true;
        while is_behind {
            is_behind = false;
            for (age, segment) in list.iter().rev().enumerate() {
                if index.ended.contains(segment.name()) {
                    continue;
                }
                let is_done = self.read(index, segment)?;
                is_behind |= !is_done;
                if is_done && age > 0 {
                    index.ended.insert(segment.name().to_owned());
                }
                if !is_done && self.shared.closing.load(Ordering::Acquire) {
                    return Ok(());
                }
                // An old file gives way to the newest after each batch.
                if !is_done && self.old.contains(segment.name()) {
                    break;
                }
            }
            self.tell(index, &list);
        }
        Ok(())
    }

    /// How much is there and how much is not yet.
    fn tell(&self, index: &Index, list: &[Segment]) {
        let open = list.iter().filter(|segment| !index.ended.contains(segment.name()));
        let behind = open.map(|segment| {
            let read = index.positions.get(segment.name()).map_or(0, |(_, read)| *read);
            segment.path.metadata().map_or(0, |file| file.len().saturating_sub(read))
        });
        self.shared.behind.store(behind.sum(), Ordering::Relaxed);
    }

    /// Takes a batch in; answers whether that was all.
    fn read(&mut self, index: &mut Index, segment: &Segment) -> io::Result<bool> {
        let (id, position) = index.segment(segment.name()).map_err(io::Error::other)?;
        let mut file = match File::open(&segment.path) {
            Ok(file) => file,
            // Let go in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length == position {
            return Ok(true);
        }
        if length < position {
            // Not what was read: the whole index is made anew.
            schema::remove(&self.dir.join(schema::FILE))?;
            return Err(io::Error::other(format!("{} has become shorter", segment.path.display())));
        }
        file.seek(SeekFrom::Start(position))?;
        let is_old = self.old.contains(segment.name());
        let size = if is_old || !self.is_looked_at() { MUCH } else { LIVE };
        let batch = Lines::new(BufReader::with_capacity(1 << 16, file), position).batch(id, size)?;
        if batch.end == position {
            return Ok(true);
        }
        write(&mut index.database, &mut index.terms, &batch.entries, batch.progress(id)).map_err(io::Error::other)?;
        index.positions.insert(segment.name().to_owned(), (id, batch.end));
        if !is_old && self.is_watched() {
            self.tell_of(segment, position, batch.end)?;
        }
        Ok(batch.end >= length || !batch.is_full)
    }

    /// Tells watchers of what stands between two places of a file.
    fn tell_of(&mut self, segment: &Segment, from: u64, to: u64) -> io::Result<()> {
        let mut file = File::open(&segment.path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, file), from);
        let mut line = Vec::new();
        while lines.at < to && lines.next(&mut line)? == Found::Line {
            let Ok(event) = serde_json::from_slice::<EventLine>(&line) else { continue };
            let row = Row::of(&event);
            if Entry::of(&event).is_some() {
                self.watchers.iter_mut().for_each(|watcher| watcher.saw(&event, &row));
            }
        }
        Ok(())
    }
}

impl Index {
    fn open(dir: &std::path::Path) -> io::Result<Self> {
        let database = schema::open(dir)?;
        let positions = positions(&database).map_err(io::Error::other)?;
        Ok(Self { database, terms: Terms::default(), positions, ended: HashSet::new() })
    }

    fn segment(&mut self, name: &str) -> rusqlite::Result<(i64, u64)> {
        if let Some(known) = self.positions.get(name) {
            return Ok(*known);
        }
        self.database.execute("INSERT INTO segment VALUES (NULL, ?1, 0, 0, 0, ?2, 0)", params![name, i64::MAX])?;
        let id = self.database.last_insert_rowid();
        self.positions.insert(name.to_owned(), (id, 0));
        Ok((id, 0))
    }

    fn forget(&mut self, list: &[Segment]) -> rusqlite::Result<()> {
        let names: HashSet<&str> = list.iter().map(Segment::name).collect();
        if self.positions.keys().all(|name| names.contains(name.as_str())) {
            return Ok(());
        }
        prune::prune(&mut self.database, &names)?;
        self.terms = Terms::default();
        self.positions.retain(|name, _| names.contains(name.as_str()));
        Ok(())
    }
}

fn positions(database: &Connection) -> rusqlite::Result<HashMap<String, (i64, u64)>> {
    let mut select = database.prepare("SELECT name, id, position FROM segment")?;
    let rows = select
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get::<_, i64>(2)?.try_into().unwrap_or_default()))))?;
    rows.collect()
}

/// Whether the database itself is at fault, and not the disk under it.
fn is_damaged(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rusqlite::Error>());
    let code = cause.and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation))
}

/// Whole lines, from a place in a file on.
struct Lines<R> {
    input: R,
    at: u64,
}

/// What comes next in a file.
#[derive(PartialEq, Eq)]
enum Found {
    /// A whole line.
    Line,
    /// A piece of a line that is none of ours.
    Piece,
    /// Nothing, or the beginning of a line.
    End,
}

/// What was read at once.
struct Batch {
    entries: Vec<(Entry, Spot)>,
    /// Where it ended.
    end: u64,
    /// How many lines there were.
    lines: u64,
    /// Whether there may be more.
    is_full: bool,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R, at: u64) -> Self {
        Self { input, at }
    }

    fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Found> {
        line.clear();
        let read = (&mut self.input).take(LONGEST).read_until(b'\n', line)? as u64;
        let is_whole = line.last() == Some(&b'\n');
        if !is_whole && read < LONGEST {
            return Ok(Found::End);
        }
        self.at += read;
        Ok(if is_whole { Found::Line } else { Found::Piece })
    }

    fn batch(mut self, segment: i64, (most, most_bytes): (usize, usize)) -> io::Result<Batch> {
        let begin = self.at;
        let mut batch = Batch { entries: Vec::new(), end: begin, lines: 0, is_full: true };
        let mut line = Vec::new();
        while batch.entries.len() < most && batch.end - begin < most_bytes as u64 {
            match self.next(&mut line)? {
                Found::Line => batch.take(&line, segment),
                Found::Piece => {}
                Found::End => {
                    batch.is_full = false;
                    break;
                }
            }
            batch.end = self.at;
            batch.lines += 1;
        }
        Ok(batch)
    }
}

impl Batch {
    /// What cannot be read is passed over, as `clir log` does.
    fn take(&mut self, line: &[u8], segment: i64) {
        let Some(entry) = Brief::read(line).and_then(|event| Entry::of(&event)) else { return };
        let spot = Spot { segment, offset: number(self.end), length: number(line.len() as u64) };
        self.entries.push((entry, spot));
    }

    fn progress(&self, segment: i64) -> Progress {
        let strange = self.lines.saturating_sub(self.entries.len() as u64);
        Progress { segment, position: number(self.end), lines: number(self.lines), strange: number(strange) }
    }
}

fn number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Requests come first: on Linux, each thread has a niceness of its own. Where it cannot be had, it is done without.
fn be_modest() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}
