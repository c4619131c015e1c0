//! Which lines has the log, and which has it now that were not there before?

use std::{
    fs::File,
    io::{self, BufReader, Seek as _},
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
    sink::{Segment, segments},
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
        Self { dir: dir.into(), since, sieve: Sieve::default(), current: None }
    }

    /// Begins before the first line that may be asked for; what certainly is not need not be visited.
    pub(in crate::cli) fn of(dir: &Path, filter: &Filter) -> Self {
        Self { sieve: filter.sieve(), ..Self::new(dir, filter.since()) }
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
                Ok(file) => self.current = Some(Current::new(segment, file)),
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

/// An object, that is: serde would read an array as the fields in their order.
fn is_event(line: &[u8]) -> bool {
    line.starts_with(b"{") && serde_json::from_slice::<Versioned>(line).is_ok()
}
