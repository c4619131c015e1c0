//! Which lines has the log, and which has it now that were not there before?

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Seek as _, SeekFrom},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use super::{Filter, sieve::Sieve};
use crate::{
    cli::{
        Failure,
        capture::lines::{self, Line},
    },
    sink::{
        Segment,
        index::{Spots, spots},
        segments,
    },
};

/// What stands on a line.
pub(in crate::cli) enum Read<'a> {
    /// An event, with the line's end.
    Event(&'a [u8]),
    /// Something else: in which file, on which line.
    Strange(&'a Path, u64),
}

/// What is done with a line.
type Visit<'a> = dyn FnMut(Read<'_>) -> Result<(), Failure> + 'a;

/// Reads a log's files one after the other, and remembers where it stopped.
pub(in crate::cli) struct Tail {
    dir: PathBuf,
    since: Option<Timestamp>,
    sieve: Sieve,
    /// What the index knows of each file.
    known: HashMap<String, Spots>,
    current: Option<Current>,
}

struct Current {
    segment: Segment,
    input: BufReader<File>,
    number: u64,
    /// A line whose end has not been written yet.
    buffer: Vec<u8>,
}

/// What every event has.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that they are there is what makes an event")]
struct Versioned {
    v: u32,
    ts: String,
}

impl Tail {
    /// Begins before the first line; files that ended before `since` are not opened.
    pub(in crate::cli) fn new(dir: &Path, since: Option<Timestamp>) -> Self {
        Self { dir: dir.into(), since, sieve: Sieve::default(), known: HashMap::new(), current: None }
    }

    /// Begins before the first line that may be asked for; what certainly is not need not be visited.
    pub(in crate::cli) fn of(dir: &Path, filter: &Filter) -> Self {
        Self { sieve: filter.sieve(), known: known(dir, filter), ..Self::new(dir, filter.since()) }
    }

    /// Reads every whole line that has come since the last call, in all files.
    pub(in crate::cli) fn advance(&mut self, visit: &mut Visit<'_>) -> Result<(), Failure> {
        loop {
            // The list is taken first: nothing is appended to a file once there is a newer one.
            let next = self.next()?;
            if let Some(current) = &mut self.current {
                current.read(&self.sieve, visit)?;
            }
            let Some(segment) = next else { return Ok(()) };
            match File::open(&segment.path) {
                Ok(file) => {
                    let mut current = Current::new(segment, file);
                    if let Some(spots) = self.known.remove(current.segment.name()) {
                        current.leap(&spots, &self.sieve, visit)?;
                    }
                    self.current = Some(current);
                }
                // Let go by retention since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.current.is_some() => return Ok(()),
                Err(error) => {
                    return Err(Failure::because(format!("cannot read {}", segment.path.display()), error));
                }
            }
        }
    }

    /// The file after the current one.
    fn next(&self) -> Result<Option<Segment>, Failure> {
        let failed = |error| Failure::because(format!("cannot read the event log in {}", self.dir.display()), error);
        let all = segments(&self.dir).map_err(failed)?;
        let ended = self.since.map_or(0, |since| {
            let since = since.to_zoned(TimeZone::UTC).datetime();
            all.iter().skip(1).take_while(|next| next.started < since).count()
        });
        let is_newer = |segment: &Segment| self.current.as_ref().is_none_or(|current| *segment > current.segment);
        Ok(all.into_iter().skip(ended).find(is_newer))
    }
}

impl Current {
    fn new(segment: Segment, file: File) -> Self {
        Self { segment, input: BufReader::with_capacity(1 << 16, file), number: 0, buffer: Vec::new() }
    }

    /// Visits what the index says is asked for, in the part of the file that it knows, and goes on behind that. Where what
    /// stands there is not what the index says, everything is read.
    fn leap(&mut self, spots: &Spots, sieve: &Sieve, visit: &mut Visit<'_>) -> Result<(), Failure> {
        let mut line = Vec::new();
        let file = self.input.get_ref();
        let is_sound =
            ends_line(file, spots.position) && spots.wanted.iter().all(|spot| is_line(file, *spot, &mut line));
        if !is_sound {
            return Ok(());
        }
        for spot in &spots.wanted {
            if is_line(self.input.get_ref(), *spot, &mut line) && !sieve.excludes(&line) {
                visit(Read::Event(&line))?;
            }
        }
        self.number = spots.lines;
        self.input.seek(SeekFrom::Start(spots.position)).map(drop).map_err(|error| self.failed(error))
    }

    fn read(&mut self, sieve: &Sieve, visit: &mut Visit<'_>) -> Result<(), Failure> {
        loop {
            let read = lines::next(&mut self.input, &mut self.buffer).map_err(|error| self.failed(error))?;
            match read {
                // What is torn stays in the buffer: its end may still come.
                Line::End | Line::Torn => return self.begin_anew_if_cut().map_err(|error| self.failed(error)),
                Line::Whole if sieve.excludes(&self.buffer) => {}
                Line::Whole if is_event(&self.buffer) => visit(Read::Event(&self.buffer))?,
                Line::Whole | Line::TooLong => visit(Read::Strange(&self.segment.path, self.number + 1))?,
            }
            self.number += 1;
            self.buffer.clear();
        }
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::because(format!("cannot read {}", self.segment.path.display()), error)
    }

    /// clir only appends, but another program may empty a file that it has copied: what is written there then is new.
    fn begin_anew_if_cut(&mut self) -> io::Result<()> {
        if self.input.get_ref().metadata()?.len() < self.input.stream_position()? {
            self.input.rewind()?;
            self.number = 0;
            self.buffer.clear();
        }
        Ok(())
    }
}

/// What the index knows, if there is one that can be asked.
fn known(dir: &Path, filter: &Filter) -> HashMap<String, Spots> {
    let asked = filter.asked();
    if asked.is_empty() {
        return HashMap::new();
    }
    spots(dir, &asked).ok().flatten().unwrap_or_default()
}

/// Whether a line ends just before this place.
fn ends_line(file: &File, at: u64) -> bool {
    let mut end = [0];
    at == 0 || file.read_exact_at(&mut end, at - 1).is_ok() && end == *b"\n"
}

/// Whether an event stands there, as one whole line, which is read.
fn is_line(file: &File, (offset, length): (u64, u64), line: &mut Vec<u8>) -> bool {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(lines::LONGEST);
    line.resize(length, 0);
    ends_line(file, offset)
        && file.read_exact_at(line, offset).is_ok()
        && memchr::memchr(b'\n', line).is_some_and(|end| end + 1 == length)
        && is_event(line)
}

/// An object, that is: serde would read an array as the fields in their order.
fn is_event(line: &[u8]) -> bool {
    line.starts_with(b"{") && serde_json::from_slice::<Versioned>(line).is_ok()
}
