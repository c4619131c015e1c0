//! What is there to tell of one exchange?
//!
//! Lines of marked text, broken to the width of the screen; how a mark looks is `draw`'s question.

use unicode_width::UnicodeWidthChar as _;

use super::{
    plain::{plain, wrap},
    row::client,
};
use crate::{
    cli::events::{applied, asides, found},
    detect::Severity,
    event::{EventLine, Fate, FindingLine, provenance, unescape},
};

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Fit for a screen.
    pub text: String,
    /// What it is.
    pub mark: Mark,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing in particular.
    Plain,
    /// A heading.
    Title,
    /// What was found.
    Found(Severity),
}

/// A line of the screen: a letter in the margin, and pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The worst of what was found there.
    pub margin: Option<Severity>,
    /// One after the other.
    pub pieces: Vec<Piece>,
}

/// The columns of the margin.
pub(super) const MARGIN: usize = 2;

/// Everything, on lines of so many columns, margin included.
pub(super) fn lines(event: &EventLine, width: usize) -> Vec<Line> {
    let width = width.saturating_sub(MARGIN).max(1);
    let mut page = Page { width, lines: Vec::new() };
    page.text(0, &format!("{} {}", event.method, event.url()));
    page.text(0, &who(event));
    page.text(0, &how(event));
    for aside in asides(event) {
        page.text(2, &aside);
    }
    page.findings(event);
    page.title("Done about it");
    for action in &event.actions {
        page.text(2, &applied(action));
    }
    if event.actions.is_empty() {
        page.text(2, "nothing: no rule had a say");
    }
    page.head(event);
    page.lines
}

fn who(event: &EventLine) -> String {
    let time = event.ts.replace('T', " ").replace('Z', " UTC");
    let name = event.client_name.iter().map(|_| format!(" ({})", event.client)).collect::<String>();
    format!("{time}, from {}{name} through \"{}\" ({})", client(event), event.listener, event.vantage)
}

fn how(event: &EventLine) -> String {
    let status = event.status.map_or_else(String::new, |status| format!(", status {status}"));
    let tenths = event.duration_us / 100;
    let bytes = format!("{} bytes out, {} in", event.request_bytes, event.response_bytes);
    format!("{}{status}, {bytes}, {}.{} ms", event.verdict, tenths / 10, tenths % 10)
}

struct Page {
    width: usize,
    lines: Vec<Line>,
}

impl Page {
    fn text(&mut self, indent: usize, text: &str) {
        self.marked(None, indent, text);
    }

    fn marked(&mut self, margin: Option<Severity>, indent: usize, text: &str) {
        for (at, line) in wrap(&plain(text), self.width.saturating_sub(indent)).into_iter().enumerate() {
            let pieces = vec![Piece { text: " ".repeat(indent) + &line, mark: Mark::Plain }];
            self.lines.push(Line { margin: margin.filter(|_| at == 0), pieces });
        }
    }

    fn title(&mut self, text: &str) {
        let pieces = vec![Piece { text: text.to_owned(), mark: Mark::Title }];
        self.lines.push(Line { margin: None, pieces: Vec::new() });
        self.lines.push(Line { margin: None, pieces });
    }

    fn findings(&mut self, event: &EventLine) {
        self.title("Found");
        for finding in &event.findings {
            self.marked(Some(severity(finding)), 0, &found(event, finding));
            for told in provenance::of_line(finding) {
                self.text(2, &told);
            }
            match event.fate(finding) {
                Fate::Reached => self.text(2, "the site received it"),
                Fate::Withheld => self.text(2, "the site was spared it"),
                // There is no site, or nobody knows.
                Fate::Elsewhere => {}
            }
        }
        if event.findings.is_empty() {
            self.text(2, "nothing");
        }
    }

    /// The head as it was received.
    fn head(&mut self, event: &EventLine) {
        self.title("Head as received");
        let target = marks(event, |finding| finding.location.part == "target");
        let version = format!(" {}", event.version);
        self.field(&format!("{} ", event.method), &event.target, &version, &target);
        for (index, (name, value)) in event.headers.iter().enumerate() {
            let here = |finding: &FindingLine| finding.location.part == "header" && finding.location.index == index;
            self.field(&format!("{name}: "), value, "", &marks(event, here));
        }
        let trailers = event.findings.iter().filter(|finding| finding.location.part == "trailer");
        for finding in trailers {
            self.marked(Some(severity(finding)), 0, &format!("trailer {}", finding.location.name));
        }
    }

    /// One line of the head, broken where the screen ends.
    fn field(&mut self, before: &str, value: &str, after: &str, marks: &[Found]) {
        let margin = marks.iter().map(|mark| mark.severity).max();
        let mut pieces = vec![Piece { text: plain(before), mark: Mark::Plain }];
        pieces.extend(pieces_of(value, marks));
        pieces.push(Piece { text: plain(after), mark: Mark::Plain });
        for (at, pieces) in broken(pieces, self.width).into_iter().enumerate() {
            self.lines.push(Line { margin: margin.filter(|_| at == 0), pieces });
        }
    }
}

/// Which bytes of a value were found.
#[derive(Clone, Copy, Debug)]
struct Found {
    span: (usize, usize),
    severity: Severity,
}

fn marks(event: &EventLine, is_here: impl Fn(&FindingLine) -> bool) -> Vec<Found> {
    let is_asked = |finding: &&FindingLine| finding.location.direction.as_deref() != Some("response");
    let here = event.findings.iter().filter(is_asked).filter(|finding| is_here(finding));
    here.map(|finding| Found { span: finding.span, severity: severity(finding) }).collect()
}

fn severity(finding: &FindingLine) -> Severity {
    finding.severity.parse().unwrap_or(Severity::Low)
}

/// The value with what was found in it. Spans count the bytes that came, of which bullets stand for hidden ones: where that
/// does not come out even, the whole value is marked.
fn pieces_of(value: &str, marks: &[Found]) -> Vec<Piece> {
    let received = unescape(value);
    let text = String::from_utf8_lossy(&received);
    let is_counted = text.chars().all(|character| character.is_ascii() || character == '•');
    let characters: Vec<char> = if is_counted { text.chars().collect() } else { Vec::new() };
    let worst = marks.iter().map(|mark| mark.severity).max();
    if !is_counted || marks.iter().any(|mark| mark.span.0 >= mark.span.1 || mark.span.1 > characters.len()) {
        return vec![Piece { text: plain(value), mark: worst.map_or(Mark::Plain, Mark::Found) }];
    }
    let mark = |at: usize| {
        let here = marks.iter().filter(|mark| (mark.span.0..mark.span.1).contains(&at));
        here.map(|mark| mark.severity).max().map_or(Mark::Plain, Mark::Found)
    };
    let mut pieces: Vec<Piece> = Vec::new();
    for (at, character) in characters.into_iter().enumerate() {
        match pieces.last_mut().filter(|piece| piece.mark == mark(at)) {
            Some(piece) => piece.text.push(character),
            None => pieces.push(Piece { text: character.into(), mark: mark(at) }),
        }
    }
    pieces.iter_mut().for_each(|piece| piece.text = plain(&piece.text));
    pieces
}

/// The pieces on lines of so many columns; what goes on is set in.
fn broken(pieces: Vec<Piece>, width: usize) -> Vec<Vec<Piece>> {
    let indent = if width > 8 { 4 } else { 0 };
    let mut lines = vec![Vec::new()];
    let mut used = 0;
    for Piece { text, mark } in pieces {
        let mut piece = String::new();
        for character in text.chars() {
            let columns = character.width().unwrap_or(0);
            if used + columns > width {
                push(&mut lines, std::mem::take(&mut piece), mark);
                lines.push(vec![Piece { text: " ".repeat(indent), mark: Mark::Plain }]);
                used = indent;
            }
            piece.push(character);
            used += columns;
        }
        push(&mut lines, piece, mark);
    }
    lines
}

fn push(lines: &mut [Vec<Piece>], text: String, mark: Mark) {
    if let Some(line) = lines.last_mut().filter(|_| !text.is_empty()) {
        line.push(Piece { text, mark });
    }
}
