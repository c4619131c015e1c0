//! How does a later change to the event log show?
//!
//! `events.chain` beside the segments has a line for each that has ended: its length, its SHA-256, and the SHA-256 of the line
//! before, so that no line can be changed, taken out or put in without all that follow it. Nothing in it is keyed: anybody can
//! verify it. Against somebody who writes the whole chain anew helps only what was noted elsewhere: see [`Chain::head`].

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::segment::{Segment, segments};
use crate::exchange::hex;

/// What stands for the line before the first.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Longer lines than this are none of ours.
const LONGEST: u64 = 4096;

/// A line of the chain: what became of one segment. Field names are part of the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The version of this form: 1.
    pub v: u32,
    /// When the line was written.
    pub at: Timestamp,
    /// The file's name.
    pub segment: String,
    /// What happened.
    pub state: State,
    /// The segment's length in bytes.
    pub bytes: u64,
    /// How many lines it has.
    pub lines: u64,
    /// SHA-256 of the segment, in hex.
    pub sha256: String,
    /// SHA-256 of the line before, its end included, in hex.
    pub previous: String,
}

/// What happened to a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was ended by the process that wrote it; the digest is of what that process wrote.
    Closed,
    /// It was found at a later start, left behind by a process that was killed; the digest is of what was found.
    Found,
    /// It was deleted because of its age or for want of room. No digest.
    LetGo,
}

/// What a segment holds.
#[derive(Clone, Debug, Default)]
pub struct Content {
    bytes: u64,
    lines: u64,
    digest: Sha256,
}

impl Content {
    /// Takes what was appended.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.digest.update(bytes);
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(mut input: impl Read) -> io::Result<Self> {
        let mut content = Self::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => return Ok(content),
                Ok(count) => content.push(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether this is what the link says.
    pub fn is(&self, link: &Link) -> bool {
        (self.bytes, self.lines, self.sha256()) == (link.bytes, link.lines, link.sha256.clone())
    }

    /// How many bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many lines.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// SHA-256 in hex.
    pub fn sha256(&self) -> String {
        hex(&self.digest.clone().finalize())
    }
}

/// A chain as it was read, sound or not.
#[derive(Debug)]
pub struct Chain {
    /// Its lines, oldest first.
    pub links: Vec<Link>,
    /// SHA-256 of each line, its end included, in hex.
    pub digests: Vec<String>,
    /// The first line (from 1) that is no link, or that does not follow from the line before it.
    pub broken_at: Option<usize>,
}

impl Chain {
    /// The name of its file in the log's directory.
    pub const NAME: &str = "events.chain";

    /// Reads the chain in a log's directory. A torn last line, which a process that was killed may leave, is passed over.
    ///
    /// # Errors
    /// When there is a file and it cannot be read.
    pub fn read(dir: &Path) -> io::Result<Self> {
        let mut chain = Self { links: Vec::new(), digests: Vec::new(), broken_at: None };
        let file = match File::open(dir.join(Self::NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(chain),
            other => other?,
        };
        let mut input = BufReader::new(file);
        let mut line = Vec::new();
        while input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            if !chain.push(&line) {
                chain.broken_at = Some(chain.digests.len() + 1);
                break;
            }
            line.clear();
        }
        if line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
            chain.broken_at = Some(chain.digests.len() + 1);
        }
        Ok(chain)
    }

    fn push(&mut self, line: &[u8]) -> bool {
        let link = serde_json::from_slice::<Link>(line).ok().filter(|link| link.previous == self.head());
        let is_sound = link.is_some();
        if let Some(link) = link {
            self.links.push(link);
            self.digests.push(hex(&Sha256::digest(line)));
        }
        is_sound
    }

    /// The digest that stands for the whole chain: who has noted it elsewhere sees whether the chain still leads there.
    pub fn head(&self) -> &str {
        self.digests.last().map_or(NOTHING, String::as_str)
    }

    /// Where the chain is in this directory.
    pub fn path(dir: &Path) -> PathBuf {
        dir.join(Self::NAME)
    }
}

/// Adds a segment that the caller has written and ended.
pub(super) fn close(dir: &Path, segment: &Segment, content: &Content, now: Timestamp) -> io::Result<()> {
    Ending::open(dir)?.append(segment, State::Closed, content, now)
}

/// Adds that a segment was deleted.
pub(super) fn let_go(dir: &Path, segment: &Segment, now: Timestamp) -> io::Result<()> {
    Ending::open(dir)?.append(segment, State::LetGo, &Content::default(), now)
}

/// Adds what processes that were killed have left behind. Segments that are being written to are locked.
pub(super) fn adopt(dir: &Path, now: Timestamp) -> io::Result<()> {
    let chain = Chain::read(dir)?;
    let is_known = |name: &str| chain.links.iter().any(|link| link.segment == name);
    for segment in segments(dir)?.iter().filter(|segment| !is_known(segment.name())) {
        let file = File::open(&segment.path)?;
        let is_left_behind = file.try_lock_shared().is_ok() && file.metadata()?.len() > 0;
        if is_left_behind {
            Ending::open(dir)?.append(segment, State::Found, &Content::read(&file)?, now)?;
        }
    }
    Ok(())
}

/// The chain's file, locked against other processes, at the place where the next line belongs.
struct Ending {
    file: File,
    previous: String,
}

impl Ending {
    fn open(dir: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(Chain::path(dir))?;
        file.lock()?;
        let length = file.metadata()?.len();
        let from = length.saturating_sub(2 * LONGEST);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        (&file).take(2 * LONGEST).read_to_end(&mut tail)?;
        let whole = memchr::memrchr(b'\n', &tail).map_or(0, |at| at + 1);
        let end = from + whole as u64;
        if end < length {
            file.set_len(end)?;
        }
        file.seek(SeekFrom::Start(end))?;
        let lines = tail.get(..whole).unwrap_or_default();
        let last = lines.split_inclusive(|byte| *byte == b'\n').next_back();
        Ok(Self { file, previous: last.map_or_else(|| NOTHING.to_owned(), |line| hex(&Sha256::digest(line))) })
    }

    fn append(mut self, segment: &Segment, state: State, content: &Content, now: Timestamp) -> io::Result<()> {
        let sha256 = if state == State::LetGo { String::new() } else { content.sha256() };
        let link = Link {
            v: 1,
            at: now,
            segment: segment.name().to_owned(),
            state,
            bytes: content.bytes,
            lines: content.lines,
            sha256,
            previous: self.previous,
        };
        let mut line = serde_json::to_vec(&link)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T14:02:11Z".parse().unwrap()
    }

    fn segment(dir: &Path, number: u32, text: &str) -> (Segment, Content) {
        let path = dir.join(format!("events-20261122T140211Z-{number}.jsonl"));
        fs::write(&path, text).unwrap();
        (Segment::parse(path).unwrap(), Content::read(text.as_bytes()).unwrap())
    }

    fn chain_of_three(dir: &Path) {
        for number in 1..=3 {
            let (segment, content) = segment(dir, number, &"{}\n".repeat(number as usize));
            close(dir, &segment, &content, now()).unwrap();
        }
    }

    #[test]
    fn each_line_covers_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        chain_of_three(dir.path());
        let chain = Chain::read(dir.path()).unwrap();
        assert_eq!((chain.links.len(), chain.broken_at), (3, None));
        assert_eq!(chain.links[0].previous, NOTHING);
        assert_eq!(chain.links[2].previous, chain.digests[1]);
        assert_eq!((chain.links[2].bytes, chain.links[2].lines), (9, 3));
        // What `sha256sum` says of the second file.
        assert_eq!(chain.links[1].sha256, hex(&Sha256::digest("{}\n{}\n")));
    }

    #[test]
    fn any_change_of_a_line_breaks_what_follows() {
        let dir = tempfile::tempdir().unwrap();
        chain_of_three(dir.path());
        let text = fs::read_to_string(Chain::path(dir.path())).unwrap();
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let changed = text.replacen("\"bytes\":3", "\"bytes\":4", 1);
        let without_the_first = lines[1..].concat();
        let swapped = [lines[1], lines[0], lines[2]].concat();
        for (text, broken_at) in [(changed, 2), (without_the_first, 1), (swapped, 1)] {
            fs::write(Chain::path(dir.path()), text).unwrap();
            assert_eq!(Chain::read(dir.path()).unwrap().broken_at, Some(broken_at));
        }
    }

    #[test]
    fn a_torn_line_is_passed_over_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        chain_of_three(dir.path());
        let mut file = OpenOptions::new().append(true).open(Chain::path(dir.path())).unwrap();
        file.write_all(b"{\"v\":1,\"at\"").unwrap();
        assert_eq!(Chain::read(dir.path()).unwrap().broken_at, None);
        let (fourth, content) = segment(dir.path(), 4, "{}\n");
        close(dir.path(), &fourth, &content, now()).unwrap();
        let chain = Chain::read(dir.path()).unwrap();
        assert_eq!((chain.links.len(), chain.broken_at), (4, None));
    }

    #[test]
    fn what_was_left_behind_is_taken_in_once_and_what_is_written_to_is_not() {
        let dir = tempfile::tempdir().unwrap();
        segment(dir.path(), 1, "{}\n{\"torn");
        segment(dir.path(), 2, "");
        let (written, _) = segment(dir.path(), 3, "{}\n");
        let open = File::open(&written.path).unwrap();
        open.lock().unwrap();
        adopt(dir.path(), now()).unwrap();
        adopt(dir.path(), now()).unwrap();
        let links = Chain::read(dir.path()).unwrap().links;
        assert_eq!(links.len(), 1);
        assert_eq!((links[0].state, links[0].lines, links[0].bytes), (State::Found, 1, 9));
    }

    #[test]
    fn a_file_that_is_no_chain_is_told_by_its_line() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(Chain::path(dir.path()), "x".repeat(10_000)).unwrap();
        assert_eq!(Chain::read(dir.path()).unwrap().broken_at, Some(1));
    }
}
