//! Is a report, and the log that it was made from, still what it was?

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{
    folder::SUMS,
    manifest::{Entry, Manifest},
};
use crate::{
    cli::{Failure, Outcome},
    exchange::hex,
    sink::{Chain, Content, State},
};

/// What was looked at, and whether it is what it was.
struct Told {
    what: String,
    said: String,
    is_sound: bool,
}

/// Compares and tells.
pub(super) fn verify(
    made: &Path,
    log: Option<&Path>,
    noted: Option<&str>,
    out: &mut impl Write,
) -> Result<Outcome, Failure> {
    let sums = read(&made.join(SUMS))?;
    let mut told = Vec::new();
    if let Some(noted) = noted {
        let is_sound = hex(&Sha256::digest(&sums)).eq_ignore_ascii_case(noted);
        let said = if is_sound { "is the one whose digest was noted" } else { "is not the one whose digest was noted" };
        told.push(Told::new(SUMS, said, is_sound));
    }
    told.extend(of_report(made, &String::from_utf8_lossy(&sums))?);
    told.extend(of_log(made, log)?);
    let written = told.iter().try_for_each(|told| {
        let mark = if told.is_sound { " " } else { "!" };
        writeln!(out, "{mark} {}: {}", told.what, told.said)
    });
    written.map_err(|error| Failure::because("cannot write the output", error))?;
    match told.iter().filter(|told| !told.is_sound).count() {
        0 => Ok(Outcome::Done),
        1 => Err(Failure::new("this is not what it was: 1 fault")),
        faults => Err(Failure::new(format!("this is not what it was: {faults} faults"))),
    }
}

impl Told {
    fn new(what: impl Into<String>, said: impl Into<String>, is_sound: bool) -> Self {
        Self { what: what.into(), said: said.into(), is_sound }
    }
}

/// Every file that is listed, and every one that is not.
fn of_report(made: &Path, sums: &str) -> Result<Vec<Told>, Failure> {
    let mut listed = BTreeSet::from([SUMS.to_owned()]);
    let mut told = Vec::new();
    for line in sums.lines() {
        let Some((sum, name)) = line.split_once("  ") else {
            told.push(Told::new(SUMS, "holds a line that is none of ours", false));
            continue;
        };
        if name.contains(std::path::is_separator) {
            told.push(Told::new(SUMS, "names a file elsewhere", false));
            continue;
        }
        listed.insert(name.to_owned());
        told.push(match File::open(made.join(name)).and_then(Content::read) {
            Ok(content) if content.sha256() == sum => Told::new(name, "unchanged", true),
            Ok(_) => Told::new(name, "CHANGED", false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Told::new(name, "MISSING", false),
            Err(error) => return Err(Failure::because(format!("cannot read {}", made.join(name).display()), error)),
        });
    }
    let failed = |error| Failure::because(format!("cannot read {}", made.display()), error);
    for entry in fs::read_dir(made).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !listed.contains(&name) {
            told.push(Told::new(name, "put there later", false));
        }
    }
    Ok(told)
}

fn of_log(made: &Path, log: Option<&Path>) -> Result<Vec<Told>, Failure> {
    let path = made.join("manifest.json");
    let manifest: Manifest = match serde_json::from_slice(&read(&path)?) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(vec![Told::new("manifest.json", format!("cannot be read: {error}"), false)]),
    };
    let dir = log.map_or_else(|| PathBuf::from(&manifest.log), Path::to_owned);
    if !dir.is_dir() {
        let said = format!("not compared: {} is not here (say where with --dir)", dir.display());
        return Ok(vec![Told::new("the log", said, true)]);
    }
    let chain = Chain::read(&dir)
        .map_err(|error| Failure::because(format!("cannot read {}", Chain::path(&dir).display()), error))?;
    let mut told = vec![of_chain(&manifest, &chain)];
    for entry in &manifest.segments {
        told.push(of_segment(&dir, entry, &chain)?);
    }
    Ok(told)
}

/// The chain must still lead through where it ended then.
fn of_chain(manifest: &Manifest, chain: &Chain) -> Told {
    let head = &manifest.chain.head;
    let leads_there = manifest.chain.links == 0 || chain.digests.iter().any(|digest| digest == head);
    match (leads_there, chain.broken_at) {
        (true, None) => Told::new(Chain::NAME, "leads through where it ended then", true),
        (true, Some(line)) => Told::new(Chain::NAME, format!("BROKEN at line {line}"), false),
        (false, _) => Told::new(Chain::NAME, "REWRITTEN: it does not lead through where it ended then", false),
    }
}

fn of_segment(dir: &Path, entry: &Entry, chain: &Chain) -> Result<Told, Failure> {
    let path = dir.join(&entry.segment);
    let was_let_go = chain.links.iter().any(|link| link.segment == entry.segment && link.state == State::LetGo);
    Ok(match entry.is_still(&path) {
        Ok(true) => Told::new(&entry.segment, "holds what it held", true),
        Ok(false) => Told::new(&entry.segment, "CHANGED since the report was made", false),
        Err(error) if error.kind() == io::ErrorKind::NotFound && was_let_go => {
            Told::new(&entry.segment, "deleted by clir for its age or for want of room", true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Told::new(&entry.segment, "MISSING", false),
        Err(error) => return Err(Failure::because(format!("cannot read {}", path.display()), error)),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::because(format!("cannot read {}", path.display()), error))
}
