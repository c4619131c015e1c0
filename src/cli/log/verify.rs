//! Is the event log still what was written?
//!
//! Compares the segments with the chain beside them. What the chain cannot show is said with the result.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use crate::{
    cli::{Failure, Outcome},
    sink::{Chain, Content, Link, Segment, State, segments},
};

/// What was found out about one segment, or about the chain.
#[derive(Clone, Debug, Serialize)]
struct Told {
    segment: String,
    result: &'static str,
    is_sound: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

/// Verifies the log in this directory and prints what was found.
pub(super) fn verify(
    dir: &Path,
    noted: Option<&str>,
    is_for_people: bool,
    out: &mut impl Write,
) -> Result<Outcome, Failure> {
    let chain = Chain::read(dir)
        .map_err(|error| Failure::because(format!("cannot read {}", Chain::path(dir).display()), error))?;
    let found = segments(dir)
        .map_err(|error| Failure::because(format!("cannot read the event log in {}", dir.display()), error))?;
    let told = [of_chain(&chain, noted), of_links(dir, &chain)?, of_the_rest(&chain, &found)?].concat();
    let printed = if is_for_people { text(out, &chain, &told) } else { jsonl(out, &chain, &told) };
    printed.map_err(|error| Failure::because("cannot write the output", error))?;
    match told.iter().filter(|told| !told.is_sound).count() {
        0 => Ok(Outcome::Done),
        1 => Err(Failure::new("the event log is not what was written: 1 fault")),
        faults => Err(Failure::new(format!("the event log is not what was written: {faults} faults"))),
    }
}

impl Told {
    fn sound(segment: &str, result: &'static str, note: impl Into<String>) -> Self {
        Self { segment: segment.into(), result, is_sound: true, note: note.into() }
    }

    fn fault(segment: &str, result: &'static str, note: impl Into<String>) -> Self {
        Self { is_sound: false, ..Self::sound(segment, result, note) }
    }
}

fn of_chain(chain: &Chain, noted: Option<&str>) -> Vec<Told> {
    let broken = chain.broken_at.map(|line| {
        let note = format!("line {line} does not follow from the line before it; it and all after it prove nothing");
        Told::fault(Chain::NAME, "broken", note)
    });
    let lost = noted.filter(|noted| !chain.digests.iter().any(|digest| digest.eq_ignore_ascii_case(noted))).map(|_| {
        Told::fault(
            Chain::NAME,
            "rewritten",
            "it does not lead through the digest that was noted: it was written anew or cut short",
        )
    });
    broken.into_iter().chain(lost).collect()
}

/// What each segment that has ended looks like now.
fn of_links(dir: &Path, chain: &Chain) -> Result<Vec<Told>, Failure> {
    let gone: HashSet<_> = named(chain, |state| state == State::LetGo).collect();
    let ended = chain.links.iter().filter(|link| link.state != State::LetGo);
    ended.map(|link| if gone.contains(link.segment.as_str()) { Ok(let_go(link)) } else { compare(dir, link) }).collect()
}

fn let_go(link: &Link) -> Told {
    Told::sound(&link.segment, "let go", "deleted by clir because of its age or for want of room")
}

fn compare(dir: &Path, link: &Link) -> Result<Told, Failure> {
    // The name comes out of a file that anybody may have written.
    let path = dir.join(&link.segment);
    if Segment::parse(path.clone()).is_none() || link.segment.contains('/') {
        return Ok(Told::fault(&link.segment, "unknown", "the chain names something that is no segment"));
    }
    let read = File::open(&path).and_then(Content::read);
    let content = match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Told::fault(&link.segment, "missing", "moved or deleted, and not by clir"));
        }
        other => other.map_err(|error| Failure::because(format!("cannot read {}", path.display()), error))?,
    };
    Ok(if content.is(link) { unchanged(link) } else { changed(link, &content) })
}

fn unchanged(link: &Link) -> Told {
    let events = if link.lines == 1 { "1 event" } else { &format!("{} events", link.lines) };
    let since = match link.state {
        State::Found => format!(
            "since {}, when it was found: the process that wrote it was killed, and what was done to it before does not show",
            link.at
        ),
        State::Closed | State::LetGo => format!("since {}", link.at),
    };
    Told::sound(&link.segment, "unchanged", format!("{events}, {since}"))
}

fn changed(link: &Link, content: &Content) -> Told {
    let note = match content.bytes() {
        bytes if bytes == link.bytes => format!("as long as before, but not the same, since {}", link.at),
        bytes => format!("it has {bytes} bytes and had {} at {}", link.bytes, link.at),
    };
    Told::fault(&link.segment, "changed", note)
}

/// Segments that the chain does not know: the last ones may be open, or left behind by a process that was killed.
fn of_the_rest(chain: &Chain, found: &[Segment]) -> Result<Vec<Told>, Failure> {
    let known: HashSet<_> = named(chain, |_| true).collect();
    let newest = found.iter().filter(|segment| known.contains(segment.name())).max();
    let rest = found.iter().filter(|segment| !known.contains(segment.name()));
    rest.map(|segment| {
        let is_open = is_being_written(segment)
            .map_err(|error| Failure::because(format!("cannot read {}", segment.path.display()), error))?;
        Ok(match is_open {
            true => Told::sound(segment.name(), "open", "being written to; nothing is proved until it is ended"),
            false if newest.is_none_or(|newest| segment > newest) => Told::sound(
                segment.name(),
                "not ended",
                "its process was killed, or clir had no chain yet; taken in at the next start",
            ),
            false => Told::fault(
                segment.name(),
                "not in the chain",
                "put there by something other than clir, or its line was lost",
            ),
        })
    })
    .collect()
}

/// The writer holds a lock.
fn is_being_written(segment: &Segment) -> io::Result<bool> {
    match File::open(&segment.path) {
        Ok(file) => Ok(file.try_lock_shared().is_err()),
        Err(error) => Err(error),
    }
}

fn named(chain: &Chain, is: impl Fn(State) -> bool) -> impl Iterator<Item = &str> {
    chain.links.iter().filter(move |link| is(link.state)).map(|link| link.segment.as_str())
}

fn text(out: &mut impl Write, chain: &Chain, told: &[Told]) -> io::Result<()> {
    for told in told {
        let mark = if told.is_sound { " " } else { "!" };
        writeln!(out, "{mark} {}  {}: {}", told.segment, told.result, told.note)?;
    }
    writeln!(out, "chain: {} lines, head {}", chain.links.len(), chain.head())?;
    writeln!(
        out,
        "Note the head somewhere else (print it, send it): `clir log --verify --noted HEAD` then shows whether the whole"
    )?;
    writeln!(
        out,
        "chain was written anew. Without that, who can write to the directory can make another one that holds."
    )?;
    out.flush()
}

fn jsonl(out: &mut impl Write, chain: &Chain, told: &[Told]) -> io::Result<()> {
    for told in told {
        serde_json::to_writer(&mut *out, told)?;
        writeln!(out)?;
    }
    let summary = serde_json::json!({ "chain": chain.links.len(), "head": chain.head(), "is_sound": told.iter().all(|told| told.is_sound) });
    writeln!(out, "{summary}")?;
    out.flush()
}
