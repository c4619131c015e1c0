//! What is to be seen now, and what does a key change about it?
//!
//! No screen, no file, no clock: lines and keys come in, [`super::draw`] looks at what has come of them.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{
    detail::{self, Line},
    layout,
    list::List,
    plain::plain,
    query::Query,
    statement::Statement,
};
use crate::{detect::Severity, event::EventLine};

/// Nobody types more than this.
const LONGEST: usize = 400;

/// What a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    Nothing,
    /// Something looks different.
    Redraw,
    /// The person has seen enough.
    End,
}

/// What is in front.
#[derive(Debug)]
pub(super) enum View {
    /// The list of exchanges.
    List,
    /// One exchange.
    Detail {
        /// It stays, even when its row goes.
        event: Box<EventLine>,
        /// It, on the screen's width.
        lines: Vec<Line>,
        /// How many lines are above the screen.
        above: usize,
        /// Whether the list followed before, and will again.
        has_followed: bool,
    },
    /// What the keys do.
    Help {
        /// How many lines are above the screen.
        above: usize,
    },
}

/// Everything that there is to see.
#[derive(Debug)]
pub(super) struct State {
    /// The rows.
    pub list: List,
    /// The truth about everything that has passed since `since`.
    pub statement: Statement,
    /// From when on events are read, for people.
    pub since: String,
    /// What is in front.
    pub view: View,
    /// What stands in the filter's line.
    pub filter: String,
    /// Whether keys go into that line.
    pub is_typing: bool,
    /// What is wrong with the filter.
    pub fault: Option<String>,
    /// Whether nothing is taken in.
    pub is_paused: bool,
    /// Whether everything that is there has been read.
    pub is_live: bool,
    /// Lines of the log that are no events.
    pub strange: u64,
    /// Columns and rows of the screen.
    pub size: (u16, u16),
}

impl State {
    /// Nothing has come yet.
    pub fn new(since: String, size: (u16, u16)) -> Self {
        let mut state = Self {
            list: List::default(),
            statement: Statement::default(),
            since,
            view: View::List,
            filter: String::new(),
            is_typing: false,
            fault: None,
            is_paused: false,
            is_live: false,
            strange: 0,
            size,
        };
        state.fit();
        state
    }

    /// Takes in a line of the log and what it holds.
    pub fn add(&mut self, line: &[u8], event: &EventLine) {
        self.statement.add(event);
        self.list.add(line, event);
    }

    /// The screen has another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.size = (columns, rows);
        let width = usize::from(columns);
        if let View::Detail { event, lines, .. } = &mut self.view {
            *lines = detail::lines(event, width);
        }
        self.scroll(0);
        self.fit();
    }

    /// Lets the list know how much room it has: what is around it may have grown.
    pub fn fit(&mut self) {
        let rows = layout::of(self).list.height;
        self.list.resize(usize::from(rows));
    }

    /// Does what the key is for.
    pub fn press(&mut self, key: KeyEvent) -> Change {
        if key.kind == KeyEventKind::Release {
            return Change::Nothing;
        }
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let change = match (key.code, &self.view) {
            (KeyCode::Char('c'), _) if is_control => Change::End,
            (code, View::List) if self.is_typing => self.typed(code, is_control),
            (code, View::List) => self.in_list(code),
            (code, View::Detail { .. }) => self.in_detail(code),
            (code, View::Help { .. }) => self.in_help(code),
        };
        self.fit();
        change
    }

    fn in_list(&mut self, code: KeyCode) -> Change {
        let page = isize::try_from(self.list.page()).unwrap_or(isize::MAX);
        match code {
            KeyCode::Char('q') => return Change::End,
            KeyCode::Up | KeyCode::Char('k') => self.list.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.list.step(1),
            KeyCode::PageUp => self.list.step(-page),
            KeyCode::PageDown | KeyCode::Char(' ') => self.list.step(page),
            KeyCode::Home | KeyCode::Char('g' | 'f') => self.list.follow(),
            KeyCode::End | KeyCode::Char('G') => self.list.step(isize::MAX),
            KeyCode::Enter | KeyCode::Right | KeyCode::Char('l') => return self.open(),
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Char('s') => self.next_severity(),
            KeyCode::Char('p') => self.is_paused = !self.is_paused,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.view = View::Help { above: 0 },
            KeyCode::Esc | KeyCode::Char('c') => self.clear(),
            _ => return Change::Nothing,
        }
        Change::Redraw
    }

    fn in_detail(&mut self, code: KeyCode) -> Change {
        match code {
            KeyCode::Char('q') | KeyCode::Esc | KeyCode::Left | KeyCode::Backspace | KeyCode::Enter => {
                if let View::Detail { has_followed: true, .. } = self.view {
                    self.list.follow();
                }
                self.view = View::List;
                Change::Redraw
            }
            KeyCode::Char('n') => self.neighbour(1),
            KeyCode::Char('b') => self.neighbour(-1),
            KeyCode::Char('?') => {
                self.view = View::Help { above: 0 };
                Change::Redraw
            }
            _ => self.scrolled(code),
        }
    }

    fn in_help(&mut self, code: KeyCode) -> Change {
        match code {
            KeyCode::Char('q' | '?' | 'h') | KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) => {
                self.view = View::List;
                Change::Redraw
            }
            _ => self.scrolled(code),
        }
    }

    fn scrolled(&mut self, code: KeyCode) -> Change {
        let page = isize::try_from(layout::of(self).page.height.saturating_sub(1).max(1)).unwrap_or(1);
        match code {
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll(page),
            KeyCode::Home | KeyCode::Char('g') => self.scroll(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.scroll(isize::MAX),
            _ => return Change::Nothing,
        }
        Change::Redraw
    }

    fn scroll(&mut self, lines: isize) {
        let height = usize::from(layout::of(self).page.height);
        let help = layout::help(usize::from(self.size.0)).len();
        let (above, count) = match &mut self.view {
            View::List => return,
            View::Detail { above, lines, .. } => (above, lines.len()),
            View::Help { above } => (above, help),
        };
        *above = above.saturating_add_signed(lines).min(count.saturating_sub(height));
    }

    fn open(&mut self) -> Change {
        let Some(event) = self.list.chosen().and_then(super::row::Row::event) else { return Change::Nothing };
        let lines = detail::lines(&event, usize::from(self.size.0));
        let has_followed = self.list.hold();
        self.view = View::Detail { event: Box::new(event), lines, above: 0, has_followed };
        Change::Redraw
    }

    fn neighbour(&mut self, rows: isize) -> Change {
        self.list.step(rows);
        self.open()
    }

    fn next_severity(&mut self) {
        let least = match self.list.least() {
            None => Some(Severity::Low),
            Some(Severity::Low) => Some(Severity::Medium),
            Some(Severity::Medium) => Some(Severity::High),
            Some(Severity::High) => Some(Severity::Critical),
            Some(Severity::Critical) => None,
        };
        self.want(least);
    }

    fn typed(&mut self, code: KeyCode, is_control: bool) -> Change {
        match code {
            // What cannot be read is not left behind.
            KeyCode::Enter if self.fault.is_none() => self.is_typing = false,
            KeyCode::Esc => {
                self.is_typing = false;
                self.clear();
            }
            KeyCode::Backspace => {
                self.filter.pop();
                self.want(self.list.least());
            }
            KeyCode::Char('u') if is_control => {
                self.filter.clear();
                self.want(self.list.least());
            }
            KeyCode::Char(character) if !is_control => self.insert(&character.to_string()),
            KeyCode::Up => self.list.step(-1),
            KeyCode::Down => self.list.step(1),
            _ => return Change::Nothing,
        }
        Change::Redraw
    }

    /// Text that was typed or pasted. Elsewhere than in the filter's line it has no meaning.
    pub fn insert(&mut self, text: &str) {
        if self.is_typing && self.filter.len() + text.len() <= LONGEST {
            self.filter += &plain(text.lines().next().unwrap_or_default());
            self.want(self.list.least());
        }
    }

    fn clear(&mut self) {
        self.filter.clear();
        self.want(None);
    }

    /// Filters anew. What cannot be read leaves the list as it is.
    fn want(&mut self, least: Option<Severity>) {
        self.fault = match Query::parse(&self.filter) {
            Ok(query) => {
                self.list.want(query, least);
                None
            }
            Err(fault) => Some(plain(&fault)),
        };
    }

    /// Whether something is filtered out.
    pub fn is_filtered(&self) -> bool {
        !self.filter.is_empty() || self.list.least().is_some()
    }
}
