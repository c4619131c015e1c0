//! What has passed?
//!
//! Reads the event log's files in the order in which they were begun, filters, and prints. A torn last line, which a
//! process that was killed may leave, is passed over; any other line that is no event is told on standard error.

pub(super) mod har;
mod text;
mod verify;

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::{
    Failure, Outcome,
    events::{Filter, Read, Tail},
    judgement,
};
use crate::event::{EventLine, guarded};

/// How often `--follow` looks for more.
const POLL: Duration = Duration::from_millis(200);

/// How many events `--follow` begins with.
const FOLLOWED: usize = 10;

/// Arguments of `log`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Directory of the event log [default: the configuration's `log.dir`]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Only the last N events that match
    #[arg(long, value_name = "N")]
    last: Option<usize>,

    /// Go on with what comes, after the last 10 events (or what --last or --since says)
    #[arg(long, short)]
    follow: bool,

    /// How events are printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,

    /// Compare the files with the chain of digests beside them: what was changed, taken away or put there since it was
    /// written is named, and the exit code is 1. Reads every file whole; filters do not apply
    #[arg(long, conflicts_with_all = ["last", "follow"])]
    verify: bool,

    /// With --verify: the head of the chain that was printed earlier; the chain must still lead through it
    #[arg(long, value_name = "HEAD", requires = "verify")]
    noted: Option<String>,

    #[command(flatten)]
    filter: Filter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people: a line for each event, an indented one for each finding and action
    Text,
    /// The log's own lines
    Jsonl,
    /// An HTTP Archive 1.2, with what clir found under `_clir`
    Har,
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    if arguments.follow && arguments.output == Output::Har {
        return Err(Failure::new("an HTTP Archive has an end: --output har does not go with --follow"));
    }
    let dir = directory(config, arguments)?;
    if arguments.verify {
        return verified(&dir, arguments);
    }
    let printed = print(&dir, arguments, &mut BufWriter::new(io::stdout().lock()));
    printed.map(|()| Outcome::Done)
}

fn verified(dir: &Path, arguments: &Arguments) -> Result<Outcome, Failure> {
    if arguments.output == Output::Har {
        return Err(Failure::new("--verify tells its result as text or jsonl"));
    }
    let is_for_people = arguments.output == Output::Text;
    verify::verify(dir, arguments.noted.as_deref(), is_for_people, &mut BufWriter::new(io::stdout().lock()))
}

/// The configuration is not asked for where the directory is given.
fn directory(config: Option<&Path>, arguments: &Arguments) -> Result<PathBuf, Failure> {
    match &arguments.dir {
        Some(dir) => Ok(dir.clone()),
        None => Ok(judgement::configuration(config)?.log.dir),
    }
}

fn print(dir: &Path, arguments: &Arguments, out: &mut impl Write) -> Result<(), Failure> {
    let told = |error| Failure::because("cannot write the output", error);
    let mut printer = Printer { output: arguments.output, count: 0, out };
    let mut tail = Tail::of(dir, &arguments.filter);
    let last = arguments.last.or((arguments.follow && arguments.filter.since().is_none()).then_some(FOLLOWED));
    let mut kept = VecDeque::new();
    tail.advance(&mut |read| {
        let Some((line, event)) = matching(read, &arguments.filter) else { return Ok(()) };
        let Some(last) = last else { return printer.event(line, &event).map_err(told) };
        kept.push_back((line.to_vec(), event));
        kept.drain(..kept.len().saturating_sub(last));
        Ok(())
    })?;
    kept.iter().try_for_each(|(line, event)| printer.event(line, event)).map_err(told)?;
    if !arguments.follow {
        return printer.finish().map_err(told);
    }
    loop {
        printer.out.flush().map_err(told)?;
        thread::sleep(POLL);
        tail.advance(&mut |read| {
            let matching = matching(read, &arguments.filter);
            matching.map_or(Ok(()), |(line, event)| printer.event(line, &event).map_err(told))
        })?;
    }
}

/// The line and its event, if it is one that was asked for. What is no event is told.
fn matching<'a>(read: Read<'a>, filter: &Filter) -> Option<(&'a [u8], EventLine)> {
    match read {
        Read::Event(line) => {
            let event = serde_json::from_slice(line).ok().filter(|event| filter.admits(event))?;
            Some((line, event))
        }
        Read::Strange(path, number) => {
            eprintln!("clir: {}:{number}: not an event, passed over", path.display());
            None
        }
    }
}

/// Prints events.
struct Printer<W> {
    output: Output,
    count: usize,
    out: W,
}

impl<W: Write> Printer<W> {
    fn event(&mut self, line: &[u8], event: &EventLine) -> io::Result<()> {
        let is_first = self.count == 0;
        self.count += 1;
        match self.output {
            Output::Text => text::write(&mut self.out, event),
            Output::Jsonl => self.out.write_all(&guarded(line)),
            Output::Har => har::write(&mut self.out, event, line, is_first),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.output == Output::Har {
            har::finish(&mut self.out, self.count == 0)?;
        }
        self.out.flush()
    }
}
