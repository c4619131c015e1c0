//! Which file is written to now, which are let go, and what happens when nothing can be written?
//!
//! Time is passed in. When writing fails (disk full, read-only, directory gone) that is said once; what comes meanwhile is
//! counted and lost; every few seconds it is tried again, and that it works again is said with the number lost.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{
    Settings,
    append::{append, count, whole_lines},
    chain::{self, Chain, Content},
    segment::{Segment, begin, segments},
};

/// How long nothing is tried after a failure.
const RETRY: SignedDuration = SignedDuration::from_secs(2);

/// The event log's files.
pub(super) struct Journal {
    settings: Settings,
    current: Option<Current>,
    outage: Option<Outage>,
    pruned: Date,
    lost: u64,
    is_chain_broken: bool,
}

/// The file that is written to.
struct Current {
    segment: Segment,
    file: File,
    /// Device and inode, to see that the path still leads to it.
    identity: (u64, u64),
    length: u64,
    /// What was written, for the chain.
    content: Content,
}

/// A time in which nothing can be written.
struct Outage {
    retry_at: Timestamp,
    lost: u64,
    cause: String,
}

impl Current {
    fn begin(dir: &Path, now: Timestamp) -> io::Result<Self> {
        let (segment, file) = begin(dir, now)?;
        let metadata = file.metadata()?;
        Ok(Self { segment, file, identity: (metadata.dev(), metadata.ino()), length: 0, content: Content::default() })
    }

    /// A file whose name was removed takes writes as before, and they are gone with it.
    fn is_in_place(&self) -> bool {
        fs::metadata(&self.segment.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity)
    }
}

impl Journal {
    /// Begins a file and lets old ones go.
    ///
    /// # Errors
    /// When no file can be made there; the error names the path.
    pub(super) fn open(settings: Settings, now: Timestamp) -> io::Result<Self> {
        let current = Some(Current::begin(&settings.dir, now)?);
        let mut journal = Self { settings, current, outage: None, pruned: today(now), lost: 0, is_chain_broken: false };
        journal.prune(now);
        Ok(journal)
    }

    /// Appends whole lines, or counts them as lost.
    pub(super) fn append(&mut self, lines: &[u8], now: Timestamp) {
        if let Some(outage) = self.outage.as_mut().filter(|outage| now < outage.retry_at) {
            outage.lost += count(lines);
            return;
        }
        let mut rest = lines;
        match self.write(&mut rest, now) {
            Ok(()) => self.resume(),
            Err(cause) => self.suspend(&cause, count(rest), now),
        }
    }

    /// Lets old files go when a day has passed, also while nothing happens.
    pub(super) fn tick(&mut self, now: Timestamp) {
        if today(now) != self.pruned {
            self.prune(now);
        }
    }

    /// How many events could not be written.
    pub(super) fn lost(&self) -> u64 {
        self.lost + self.outage.as_ref().map_or(0, |outage| outage.lost)
    }

    /// Why nothing can be written at the moment, if so.
    pub(super) fn problem(&self) -> Option<&str> {
        self.outage.as_ref().map(|outage| outage.cause.as_str())
    }

    /// Ends the current file; one that nothing was written to is taken away.
    pub(super) fn close(mut self, now: Timestamp) {
        if let Some(current) = self.current.take() {
            self.end(&current, now);
        }
    }

    /// Takes what it has written off the front of `rest`.
    fn write(&mut self, rest: &mut &[u8], now: Timestamp) -> io::Result<()> {
        self.tick(now);
        while !rest.is_empty() {
            let limit = self.settings.segment_limit();
            let current = self.ready(now)?;
            let room = usize::try_from(limit.saturating_sub(current.length)).unwrap_or(usize::MAX);
            let fits = match whole_lines(rest, room.min(rest.len())) {
                0 if current.length > 0 => {
                    self.rotate(now)?;
                    continue;
                }
                // A line that is longer than a whole file gets a file of its own.
                0 => memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1),
                fits => fits,
            };
            self.put(rest, fits)?;
        }
        Ok(())
    }

    fn put(&mut self, rest: &mut &[u8], count: usize) -> io::Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let (lines, after) = rest.split_at(count);
        let Err(failed) = append(&mut current.file, current.length, lines) else {
            current.length += count as u64;
            current.content.push(lines);
            *rest = after;
            return Ok(());
        };
        current.length += failed.written as u64;
        current.content.push(lines.get(..failed.written).unwrap_or_default());
        *rest = rest.get(failed.written..).unwrap_or_default();
        let path = current.segment.path.display();
        let cause = io::Error::new(failed.cause.kind(), format!("cannot write to {path}: {}", failed.cause));
        if failed.is_torn {
            self.current = None;
        }
        Err(cause)
    }

    /// The file to write to: of today, and still in its place.
    fn ready(&mut self, now: Timestamp) -> io::Result<&mut Current> {
        if let Some(last) = self.current.take_if(|current| !current.is_in_place()) {
            tracing::warn!("the event log's file was moved or removed; a new one is begun");
            self.end(&last, now);
        }
        let is_of_today = |current: &Current| current.segment.started.date() == today(now);
        if !self.current.as_ref().is_some_and(is_of_today) {
            self.rotate(now)?;
        }
        self.current.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Goes on in a new file. The old one stays open until there is one.
    fn rotate(&mut self, now: Timestamp) -> io::Result<()> {
        let next = Current::begin(&self.settings.dir, now)?;
        if let Some(last) = self.current.replace(next) {
            self.end(&last, now);
        }
        self.prune(now);
        Ok(())
    }

    /// Puts a file that is written to no more into the chain, or takes it away if it is empty.
    fn end(&mut self, last: &Current, now: Timestamp) {
        if last.length > 0 {
            let closed = chain::close(&self.settings.dir, &last.segment, &last.content, now);
            self.chained(closed);
        } else if last.is_in_place() {
            remove(&last.segment.path);
        }
    }

    /// That the chain cannot be written is said once; the log goes on without.
    fn chained(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => self.is_chain_broken = false,
            Err(_) if self.is_chain_broken => {}
            Err(error) => {
                let path = Chain::path(&self.settings.dir);
                tracing::error!("event log: cannot write {}: {error}; later change does not show", path.display());
                self.is_chain_broken = true;
            }
        }
    }

    fn suspend(&mut self, cause: &io::Error, lost: u64, now: Timestamp) {
        let retry_at = now.saturating_add(RETRY).unwrap_or(now);
        if let Some(outage) = &mut self.outage {
            outage.lost += lost;
            outage.retry_at = retry_at;
            return;
        }
        tracing::error!("event log: {cause}; events are lost until that is mended, requests go on");
        self.outage = Some(Outage { retry_at, lost, cause: cause.to_string() });
    }

    fn resume(&mut self) {
        if let Some(outage) = self.outage.take() {
            self.lost += outage.lost;
            tracing::warn!("event log: events are written again; {} were lost meanwhile", outage.lost);
        }
    }

    /// Lets files go that are too old, then the oldest until the rest and a full current file fit.
    fn prune(&mut self, now: Timestamp) {
        self.pruned = today(now);
        let oldest = self.pruned.saturating_sub(i64::from(self.settings.keep_days).days());
        let current = self.current.as_ref().map(|current| current.segment.path.as_path());
        let mut files: Vec<_> = segments(&self.settings.dir)
            .unwrap_or_default()
            .into_iter()
            .filter(|segment| Some(segment.path.as_path()) != current)
            .map(|segment| (fs::metadata(&segment.path).map_or(0, |found| found.len()), segment))
            .collect();
        let budget = self.settings.max_bytes.saturating_sub(self.settings.segment_limit());
        let mut total: u64 = files.iter().map(|(length, _)| length).sum();
        for (length, segment) in files.drain(..) {
            if segment.started.date() < oldest || total > budget {
                let is_gone = remove(&segment.path);
                total -= length;
                if is_gone {
                    let told = chain::let_go(&self.settings.dir, &segment, now);
                    self.chained(told);
                }
            }
        }
    }
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

fn remove(path: &Path) -> bool {
    fs::remove_file(path)
        .inspect_err(|error| tracing::warn!("event log: cannot remove {}: {error}", path.display()))
        .is_ok()
}
