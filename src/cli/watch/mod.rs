//! What is passing just now?
//!
//! A view of the event log in a terminal. It reads the files that `clir log` reads, so it needs no server and no token.
//! [`State`] says what is to be seen and what keys do, `draw` how it looks; here they are joined to a terminal and a log.

mod detail;
mod draw;
mod layout;
mod list;
mod plain;
mod query;
mod row;
mod screen;
mod source;
mod state;
mod statement;

#[cfg(test)]
mod tests;

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};
use ratatui::crossterm::event::Event;

use super::{Failure, Outcome, events::Filter, judgement, terminal};
use crate::exchange::Vantage;
use draw::Theme;
use screen::Screen;
use source::{Batch, Message};
use state::{Change, State};

/// From one picture to the next, at least.
const FRAME: Duration = Duration::from_millis(50);

/// Arguments of `watch`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Directory of the event log [default: the configuration's `log.dir`]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    #[command(flatten)]
    filter: Filter,
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() || terminal::is_dumb() {
        return Err(Failure::new(
            "watch needs a terminal that it can draw on; `clir log --follow` prints the same anywhere",
        ));
    }
    let (dir, vantages) = place(config, arguments)?;
    let filter = arguments.filter.clone().beginning(today());
    let tail = source::tail(&dir, filter.since())?;
    let since = filter.since().map_or_else(String::new, told);
    let (messages, received) = source::channel();
    source::signals(messages.clone()).map_err(|error| Failure::because("signals cannot be waited for", error))?;
    let screen = Screen::open(Theme { has_colours: !terminal::is_monochrome() })
        .map_err(|error| Failure::because("the terminal cannot be drawn on", error))?;
    source::keys(messages.clone());
    let batches = source::events(tail, filter, messages);
    let mut state = State::new(since, screen.size().map_err(gone)?);
    vantages.into_iter().for_each(|vantage| state.statement.stands(vantage));
    Watch { screen, state, received, batches }.run().map(|()| Outcome::Done)
}

/// Where the log is, and from where clir sees what is in it, as far as the configuration is asked.
fn place(config: Option<&Path>, arguments: &Arguments) -> Result<(PathBuf, Vec<Vantage>), Failure> {
    if let Some(dir) = &arguments.dir {
        return Ok((dir.clone(), Vec::new()));
    }
    let config = judgement::configuration(config)?;
    Ok((config.log.dir, config.listeners.iter().map(|listener| listener.vantage).collect()))
}

/// The beginning of the day, in UTC as everything in the log.
fn today() -> Option<Timestamp> {
    Timestamp::now().to_zoned(TimeZone::UTC).start_of_day().ok().map(|start| start.timestamp())
}

/// `2026-11-22`, or `2026-11-22 14:02` where the day had begun.
fn told(since: Timestamp) -> String {
    let since = since.to_zoned(TimeZone::UTC);
    let is_midnight = (since.hour(), since.minute()) == (0, 0);
    since.strftime(if is_midnight { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" }).to_string()
}

fn gone(error: io::Error) -> Failure {
    Failure::because("the terminal has gone", error)
}

struct Watch {
    screen: Screen,
    state: State,
    received: Receiver<Message>,
    batches: Receiver<Batch>,
}

impl Watch {
    /// Until somebody has seen enough. Where nothing happens nothing is done.
    fn run(mut self) -> Result<(), Failure> {
        let mut is_stale = true;
        let mut next = Instant::now();
        loop {
            let now = Instant::now();
            if is_stale && now >= next {
                self.screen.draw(&mut self.state).map_err(gone)?;
                (is_stale, next) = (false, now + FRAME);
            }
            let message = match is_stale {
                true => self.received.recv_timeout(next.saturating_duration_since(Instant::now())),
                false => self.received.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(message) => match self.take(message)? {
                    Change::Nothing => {}
                    Change::Redraw => is_stale = true,
                    Change::End => return Ok(()),
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::new("nothing can be read any more")),
            }
        }
    }

    fn take(&mut self, message: Message) -> Result<Change, Failure> {
        match message {
            Message::Input(Event::Key(key)) => {
                let change = self.state.press(key);
                self.take_in();
                return Ok(change);
            }
            Message::Input(Event::Paste(text)) => self.state.insert(&text),
            Message::Input(Event::Resize(columns, rows)) => self.state.resize(columns, rows),
            Message::Input(_) => return Ok(Change::Nothing),
            Message::Batch => self.take_in(),
            Message::Live => self.state.is_live = true,
            Message::End => return Ok(Change::End),
            Message::Failed(failure) => return Err(failure),
        }
        Ok(Change::Redraw)
    }

    /// What waits, unless it is to wait: then the reader stops as well, and the rest waits in the log.
    fn take_in(&mut self) {
        while !self.state.is_paused
            && let Ok(batch) = self.batches.try_recv()
        {
            self.state.strange += batch.strange;
            batch.events.iter().for_each(|(line, event)| self.state.add(line, event));
        }
        self.state.fit();
    }
}
