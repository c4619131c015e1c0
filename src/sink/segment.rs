//! Which files make up the event log?
//!
//! `events-<YYYYMMDDTHHMMSSZ>[-n].jsonl`: one for each start, each day (UTC) and each time the size limit is reached. The
//! stamp tells when a file was begun; `n` tells files of the same second apart.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// One file of the event log. Segments sort by the time at which they were begun.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// When it was begun, to the second.
    pub started: DateTime,
    /// Which one of that second.
    pub number: u32,
    /// Where it is.
    pub path: PathBuf,
}

impl Segment {
    /// The segment of this path, if its name is one.
    pub fn parse(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix("events-")?.strip_suffix(".jsonl")?;
        let (stamp, number) = match name.split_once('-') {
            Some((stamp, number)) => (stamp, number.parse().ok()?),
            None => (name, 0),
        };
        let started = DateTime::strptime(STAMP, stamp).ok()?;
        Some(Self { started, number, path })
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    fn named(dir: &Path, now: Timestamp, number: u32) -> Self {
        let started = now.to_zoned(TimeZone::UTC).datetime();
        let stamp = started.strftime(STAMP);
        let name = if number == 0 { format!("events-{stamp}.jsonl") } else { format!("events-{stamp}-{number}.jsonl") };
        Self { started, number, path: dir.join(name) }
    }
}

/// The segments in a directory, oldest first. Other files are passed over.
///
/// # Errors
/// When the directory cannot be read.
pub fn segments(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir)? {
        segments.extend(Segment::parse(entry?.path()));
    }
    segments.sort();
    Ok(segments)
}

/// Makes the log's directory, for its owner alone, where it is missing.
///
/// # Errors
/// When it cannot be made; says which.
pub fn make_dir(dir: &Path) -> io::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| told("make the directory", dir, error))
}

fn told(what: &str, path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} {}: {error}", path.display()))
}

/// Begins a segment that nobody else writes to, readable by its owner only; makes the directory when it is missing.
pub(super) fn begin(dir: &Path, now: Timestamp) -> io::Result<(Segment, File)> {
    make_dir(dir)?;
    let mut options = OpenOptions::new();
    options.append(true).create_new(true).mode(0o600);
    for number in 0..=u32::MAX {
        let segment = Segment::named(dir, now, number);
        match options.open(&segment.path) {
            Ok(file) => {
                // Tells others that it is being written to. A file system without locks is as good for all but that.
                let _ = file.try_lock();
                return Ok((segment, file));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(told("begin", &segment.path, error)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "no free name for a new file"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T14:02:11.5Z".parse().unwrap()
    }

    #[test]
    fn names_round_trip_and_sort_by_time() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("logs");
        for _ in 0..12 {
            begin(&dir, now()).unwrap();
        }
        fs::write(dir.join("events-20251231T235959Z.jsonl"), "").unwrap();
        for other in ["events-x.jsonl", "events-20261122T140211Z-x.jsonl", "notes.txt", "events-20261122T140211Z.db"] {
            fs::write(dir.join(other), "").unwrap();
        }
        let found = segments(&dir).unwrap();
        let names: Vec<_> = found.iter().map(|segment| segment.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names.len(), 13);
        assert_eq!(
            names[..3],
            ["events-20251231T235959Z.jsonl", "events-20261122T140211Z.jsonl", "events-20261122T140211Z-1.jsonl"]
        );
        assert_eq!(names[12], "events-20261122T140211Z-11.jsonl");
    }

    #[test]
    fn nobody_else_may_read() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("a/logs");
        let (segment, _file) = begin(&dir, now()).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&segment.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_error_names_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = begin(&file.join("logs"), now()).unwrap_err().to_string();
        assert!(error.starts_with("cannot make the directory ") && error.contains("file/logs"), "{error}");
    }
}
