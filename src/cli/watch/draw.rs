//! How does it look?
//!
//! Everything that is said by colour is said by a letter or a word as well.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
};

use super::{
    detail::{self, Mark},
    layout::{self, Layout},
    plain::{columns, cut, cut_front, fit},
    row::Row,
    state::{State, View},
};
use crate::detect::Severity;

/// Widths of the columns that have one.
const TIME: usize = 8;
const CLIENT: usize = 15;
const FOUND: usize = 13;
const DONE: usize = 11;

/// From how many columns on there is room for them, and for whole addresses.
const WITH_CLIENT: usize = 60;
const WITH_FOUND: usize = 76;
const WITH_SCHEME: usize = 100;

/// Whether there are colours. Bold and reverse are none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    /// `NO_COLOR` is not set.
    pub has_colours: bool,
}

/// Draws everything, and says where the cursor belongs.
pub(super) fn draw(state: &State, theme: Theme, buffer: &mut Buffer) -> Option<Position> {
    let layout = layout::of(state);
    title(state, theme, layout.title, buffer);
    let (lines, above) = match &state.view {
        View::List => {
            keys(state, "", layout.keys, buffer);
            return list(state, theme, layout, buffer);
        }
        View::Detail { lines, above, .. } => (lines.iter().map(|line| detail_line(line, theme)).collect(), *above),
        View::Help { above } => {
            let lines: Vec<_> = layout::help(usize::from(state.size.0)).into_iter().map(Line::from).collect();
            (lines, *above)
        }
    };
    keys(state, &page(&lines, above, layout.page, buffer), layout.keys, buffer);
    None
}

fn title(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let how = match () {
        () if state.is_paused => "PAUSED",
        () if !state.is_live => "reading",
        () if state.list.is_following() => "following",
        () => "live",
    };
    let (all, found) = state.statement.counts();
    let exchanges = if all == 1 { "exchange" } else { "exchanges" };
    let strange = match state.strange {
        0 => String::new(),
        1 => ", 1 line of the log is none".to_owned(),
        lines => format!(", {lines} lines of the log are none"),
    };
    let name = " clir watch";
    let what = format!("  {all} {exchanges}{strange}, {found} with findings, since {}", state.since);
    let room = width.saturating_sub(columns(name) + columns(how) + 3);
    let text = format!("{name}{} {how} ", fit(&what, room));
    let style = Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD);
    let style = if state.is_paused { theme.with(style, Color::Yellow) } else { style };
    put(&Line::styled(fit(&text, width), style), area, 0, buffer);
}

/// The keys, as many as there is room for, and what stands at the end of their line.
fn keys(state: &State, end: &str, area: Rect, buffer: &mut Buffer) {
    let room = usize::from(area.width).saturating_sub(columns(end));
    let mut line = Line::from(" ");
    for (key, word) in layout::keys(state) {
        let more = format!(" {word}  ");
        if line.width() + columns(key) + columns(more.trim_end()) > room {
            break;
        }
        line.push_span(Span::styled(*key, Style::new().add_modifier(Modifier::BOLD)));
        line.push_span(Span::from(more));
    }
    line.push_span(" ".repeat(room.saturating_sub(line.width())));
    line.push_span(Span::styled(end, Style::new().add_modifier(Modifier::BOLD)));
    put(&line, area, 0, buffer);
}

fn list(state: &State, theme: Theme, layout: Layout, buffer: &mut Buffer) -> Option<Position> {
    statement(state, theme, layout.statement, buffer);
    let shape = Shape::of(usize::from(state.size.0));
    put(&shape.heads(), layout.heads, 0, buffer);
    for ((row, is_chosen), y) in state.list.visible().zip(0..layout.list.height) {
        let line = shape.line(row, theme);
        let line = if is_chosen { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line };
        put(&line, layout.list, y, buffer);
    }
    if state.list.counts().1 == 0 {
        put(&Line::from(fit(empty(state), usize::from(state.size.0))), layout.list, 0, buffer);
    }
    filter(state, theme, layout.filter, buffer)
}

fn empty(state: &State) -> &'static str {
    match () {
        () if state.is_filtered() && state.list.counts().0 > 0 => {
            " Nothing of what is kept matches; c clears the filter."
        }
        () if !state.is_live => " Reading the log…",
        () => " Waiting for the first exchange. `clir qr` shows a phone the way.",
    }
}

fn statement(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let mut lines = layout::statement(state);
    let room = usize::from(area.height);
    if lines.len() > room {
        lines.truncate(room);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last} …"), usize::from(area.width));
            *last = if last.ends_with('…') { last.clone() } else { format!("{last}…") };
        }
    }
    let style = Style::new().add_modifier(Modifier::BOLD);
    let style = if state.statement.is_bad() { theme.with(style, Color::Red) } else { style };
    for (line, y) in lines.into_iter().zip(0..area.height) {
        put(&Line::styled(line, style), area, y, buffer);
    }
}

fn filter(state: &State, theme: Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.height == 0 {
        return None;
    }
    let width = usize::from(area.width);
    let least = match state.list.least() {
        Some(Severity::Critical) => "critical  ".to_owned(),
        Some(least) => format!("{least} or worse  "),
        None => String::new(),
    };
    let (kept, shown) = state.list.counts();
    let told = match &state.fault {
        Some(fault) => format!("  {fault}"),
        None => format!("  {least}{shown} of {kept} shown "),
    };
    let told = cut(&told, width.saturating_sub(12).max(width / 2));
    let room = width.saturating_sub(columns(&told) + 2);
    let typed = cut_front(&state.filter, room.saturating_sub(1));
    let end = 1 + columns(&typed);
    let style = if state.fault.is_some() { theme.with(Style::new(), Color::Red) } else { Style::new() };
    let spans = vec![Span::from("/"), Span::from(fit(&typed, room)), Span::styled(told, style)];
    put(&Line::from(spans), area, 0, buffer);
    let x = u16::try_from(end).unwrap_or(u16::MAX);
    state.is_typing.then_some(Position::new(area.x.saturating_add(x).min(area.right().saturating_sub(1)), area.y))
}

/// Draws the lines, and tells how many more there are above and below.
fn page(lines: &[Line<'_>], above: usize, area: Rect, buffer: &mut Buffer) -> String {
    for (line, y) in lines.iter().skip(above).zip(0..area.height) {
        put(line, area, y, buffer);
    }
    let below = lines.len().saturating_sub(above + usize::from(area.height));
    let more = |arrow: char, count: usize| if count > 0 { format!("{arrow} {count} more ") } else { String::new() };
    more('↑', above) + &more('↓', below)
}

fn detail_line<'a>(line: &'a detail::Line, theme: Theme) -> Line<'a> {
    let margin = match line.margin {
        Some(severity) => Span::styled(letter(severity), theme.severity(severity)),
        None => Span::from(" "),
    };
    let piece = |piece: &'a detail::Piece| {
        let style = match piece.mark {
            Mark::Plain => Style::new(),
            Mark::Title => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Mark::Found(severity) => theme.severity(severity),
        };
        Span::styled(piece.text.as_str(), style)
    };
    Line::from_iter([margin, Span::from(" ")].into_iter().chain(line.pieces.iter().map(piece)))
}

/// Which columns there are, and how wide those without a fixed width are.
#[derive(Clone, Copy, Debug)]
struct Shape {
    client: usize,
    request: usize,
    found: usize,
    done: usize,
    has_scheme: bool,
}

impl Shape {
    fn of(width: usize) -> Self {
        let client = if width >= WITH_CLIENT { CLIENT } else { 0 };
        let found = if width >= WITH_FOUND { FOUND } else { 0 };
        let done = if width >= WITH_CLIENT { DONE } else { 9 };
        let gaps = 4 + usize::from(client > 0) + usize::from(found > 0);
        let request = width.saturating_sub(1 + TIME + client + found + done + gaps);
        Self { client, request, found, done, has_scheme: width >= WITH_SCHEME }
    }

    fn heads(self) -> Line<'static> {
        let line = self.cells(["", "UTC", "CLIENT", "REQUEST", "FOUND", "DONE"].map(str::to_owned));
        Line::styled(line.concat(), Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED))
    }

    fn line(self, row: &Row, theme: Theme) -> Line<'static> {
        let request = match row.request.split_once(" http://") {
            Some((method, rest)) if !self.has_scheme => format!("{method} {rest}"),
            _ => row.request.to_string(),
        };
        let client =
            if row.client.contains(':') { cut_front(&row.client, self.client) } else { row.client.to_string() };
        let letter = row.severity.map_or(" ", letter).to_owned();
        let cells = [letter, row.time.to_string(), client, request, row.found.to_string(), row.done.to_string()];
        let [letter, time, client, request, found, done] = self.cells(cells).map(Span::from);
        match row.severity {
            Some(severity) => {
                let style = theme.severity(severity);
                let bold = Style::new().add_modifier(Modifier::BOLD);
                let is_bad = severity >= Severity::High && row.done.as_ref() == "forwarded";
                let done = done.style(if is_bad { theme.with(bold, Color::Red) } else { Style::new() });
                Line::from(vec![letter.style(style), time, client, request, found.style(bold), done])
            }
            None => Line::from(vec![letter, time, client, request, found, done]),
        }
    }

    /// Each on its columns, with the gap before it.
    fn cells(self, [letter, time, client, request, found, done]: [String; 6]) -> [String; 6] {
        let cell = |text: String, width: usize| match width {
            0 => String::new(),
            _ => format!(" {}", fit(&text, width)),
        };
        [
            fit(&letter, 1),
            cell(time, TIME),
            cell(client, self.client),
            cell(request, self.request),
            cell(found, self.found),
            cell(done, self.done) + " ",
        ]
    }
}

fn letter(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "C",
        Severity::High => "H",
        Severity::Medium => "M",
        Severity::Low => "L",
    }
}

impl Theme {
    /// Reverse where there are no colours, so that it is seen all the same.
    fn severity(self, severity: Severity) -> Style {
        let (ground, ink) = match severity {
            Severity::Critical => (Color::Red, Color::White),
            Severity::High => (Color::Magenta, Color::White),
            Severity::Medium => (Color::Yellow, Color::Black),
            Severity::Low => (Color::Cyan, Color::Black),
        };
        match self.has_colours {
            true => Style::new().bg(ground).fg(ink),
            false => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    fn with(self, style: Style, ink: Color) -> Style {
        if self.has_colours { style.fg(ink) } else { style }
    }
}

/// A line of an area; nothing where the area has no such line.
fn put(line: &Line<'_>, area: Rect, y: u16, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if y < area.height {
        buffer.set_line(area.x, area.y + y, line, area.width);
    }
}
