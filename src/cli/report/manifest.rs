//! What did the files of the log hold when the report was made?

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    cli::Failure,
    report::LogFile,
    sink::{Chain, Content, State, segments},
};

/// The log at the time of a report. Its form is that of `manifest.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub v: u32,
    pub made: Timestamp,
    pub clir: String,
    /// Where the log was.
    pub log: String,
    pub chain: Head,
    pub segments: Vec<Entry>,
}

/// Where the chain ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub head: String,
    pub links: usize,
    pub broken_at: Option<usize>,
}

/// One file of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub segment: String,
    /// `closed`, `found`, or `open` for one that is not in the chain yet.
    pub state: String,
    pub bytes: u64,
    pub lines: u64,
    pub sha256: String,
}

impl Manifest {
    /// Reads every file of the log.
    pub(super) fn of(dir: &Path, chain: &Chain, made: Timestamp) -> Result<Self, Failure> {
        let failed = |path: &Path, error| Failure::because(format!("cannot read {}", path.display()), error);
        let mut entries = Vec::new();
        for segment in segments(dir).map_err(|error| failed(dir, error))? {
            let content = match File::open(&segment.path).and_then(Content::read) {
                // Let go by retention meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(|error| failed(&segment.path, error))?,
            };
            let state = chain.links.iter().rev().find(|link| link.segment == segment.name()).map(|link| link.state);
            entries.push(Entry {
                segment: segment.name().to_owned(),
                state: word(state).to_owned(),
                bytes: content.bytes(),
                lines: content.lines(),
                sha256: content.sha256(),
            });
        }
        let head = Head { head: chain.head().to_owned(), links: chain.links.len(), broken_at: chain.broken_at };
        let log = dir.canonicalize().unwrap_or_else(|_| dir.to_owned()).display().to_string();
        Ok(Self { v: 1, made, clir: env!("CARGO_PKG_VERSION").to_owned(), log, chain: head, segments: entries })
    }

    /// What stands in the report.
    pub(super) fn log_files(&self) -> Vec<LogFile> {
        let file = |entry: &Entry| LogFile {
            name: entry.segment.clone(),
            state: ["closed", "found"].into_iter().find(|state| *state == entry.state).unwrap_or("open"),
            lines: entry.lines,
            sha256: entry.sha256.clone(),
        };
        self.segments.iter().map(file).collect()
    }

    pub(super) fn json(&self) -> Result<Vec<u8>, Failure> {
        let text = serde_json::to_vec_pretty(self);
        text.map_err(|error| Failure::because("cannot write the manifest", error))
    }
}

impl Entry {
    /// Whether the file still begins with what it held then; an ended one holds nothing else.
    pub(super) fn is_still(&self, path: &Path) -> io::Result<bool> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let content = Content::read(file.take(self.bytes))?;
        let may_have_grown = self.state == "open";
        Ok(content.sha256() == self.sha256 && (may_have_grown || length == self.bytes))
    }
}

fn word(state: Option<State>) -> &'static str {
    match state {
        Some(State::Closed) => "closed",
        Some(State::Found) => "found",
        // What was let go is there no more; a file of that name is another.
        Some(State::LetGo) | None => "open",
    }
}
