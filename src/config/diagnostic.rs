//! How is a fault told?
//!
//! With a stable code, the file, line and column, the line itself with a caret, and a cure. All faults are collected
//! and told together: nobody wants to mend a file one run at a time.

use std::{cell::RefCell, collections::HashSet, fmt, io::IsTerminal, ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{
    Code,
    source::{Place, Source},
};

/// So many are rendered; a file that is no configuration at all would otherwise fill the screen for minutes.
const MOST_RENDERED: usize = 100;

/// Whether a fault prevents the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    /// It does.
    Error,
    /// It does not, but is probably not meant.
    Warning,
}

/// One fault.
#[derive(Clone)]
pub struct Diagnostic {
    /// Its kind.
    pub code: &'static str,
    /// Whether it prevents the start.
    pub gravity: Gravity,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    place: Option<Place>,
}

impl Diagnostic {
    /// `file:line:column` of its first character, counted from one, unless it is about no place in a file.
    pub fn position(&self) -> Option<(&str, usize, usize)> {
        let place = self.place.as_ref()?;
        let before = place.source.text.get(..place.span.start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = place.source.line(place.span.start) + 1;
        Some((&place.source.name, line, before.get(line_start..)?.chars().count() + 1))
    }

    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.gravity {
            Gravity::Error => Level::ERROR,
            Gravity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&self.message).id(self.code);
        let excerpt = self.place.as_ref().map(Excerpt::new);
        let snippet = excerpt.as_ref().map(|excerpt| {
            Snippet::source(excerpt.text)
                .line_start(excerpt.line)
                .path(excerpt.name)
                .annotation(AnnotationKind::Primary.span(excerpt.span.clone()))
        });
        let help = self.help.as_ref().map(|help| Level::HELP.message(help));
        let group = match snippet {
            Some(snippet) => title.element(snippet).elements(help),
            None => title.elements(help),
        };
        renderer.render(&[group])
    }
}

/// The first of the lines that a place lies on, as they may be quoted.
struct Excerpt<'a> {
    name: &'a str,
    text: &'a str,
    line: usize,
    span: Range<usize>,
}

impl<'a> Excerpt<'a> {
    fn new(place: &'a Place) -> Self {
        let text = place.source.quotable.as_str();
        let at = floor(text, place.span.start);
        let (before, after) = text.split_at(at);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(text.len(), |length| at + length);
        let line = place.source.line(at) + 1;
        let last = floor(text, place.span.end.clamp(at, end));
        Self {
            name: &place.source.name,
            text: text.get(start..end).unwrap_or_default(),
            line,
            span: at - start..last - start,
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

/// Collects faults while a configuration is read.
#[derive(Default)]
pub struct Faults {
    list: RefCell<Vec<Diagnostic>>,
}

impl Faults {
    /// A fault that prevents the start.
    pub fn error<'a>(
        &self,
        code: Code,
        at: impl Into<Option<&'a Place>>,
        message: impl Into<String>,
        help: impl Into<Help>,
    ) {
        self.push(code.as_str(), Gravity::Error, at.into().cloned(), message.into(), help.into().0);
    }

    /// Something that is probably not meant.
    pub fn warning<'a>(
        &self,
        code: Code,
        at: impl Into<Option<&'a Place>>,
        message: impl Into<String>,
        help: impl Into<Help>,
    ) {
        self.push(code.as_str(), Gravity::Warning, at.into().cloned(), message.into(), help.into().0);
    }

    /// A fault with any code and place, as other rooms tell them.
    pub fn push(
        &self,
        code: &'static str,
        gravity: Gravity,
        place: Option<Place>,
        message: String,
        help: Option<String>,
    ) {
        self.list.borrow_mut().push(Diagnostic { code, gravity, message, help, place });
    }

    /// Whether anything prevents the start so far.
    pub fn has_errors(&self) -> bool {
        self.list.borrow().iter().any(|fault| fault.gravity == Gravity::Error)
    }

    /// Drops what was found on lines that are no TOML anyway: it would only be a consequence.
    pub fn drop_consequences(&self, source: &Arc<Source>, broken: &[Range<usize>]) {
        let lines: HashSet<usize> =
            broken.iter().flat_map(|span| (source.line(span.start)..=source.line(span.end)).take(64)).collect();
        self.list.borrow_mut().retain(|fault| {
            let place = fault.place.as_ref().filter(|place| Arc::ptr_eq(&place.source, source));
            let on_broken_line = place.is_some_and(|place| lines.contains(&source.line(place.span.start)));
            fault.code == Code::Syntax.as_str() || !on_broken_line
        });
    }

    /// Hands the collection over, in the order of the files and of the lines in them.
    pub fn into_report(self) -> Report {
        let mut diagnostics = self.list.into_inner();
        let mut files: Vec<*const Source> = Vec::new();
        let mut key = |fault: &Diagnostic| {
            let Some(place) = &fault.place else { return (0, 0) };
            let file = Arc::as_ptr(&place.source);
            let known = files.iter().position(|&other| other == file);
            let order = known.unwrap_or_else(|| {
                files.push(file);
                files.len() - 1
            });
            (order + 1, place.span.start)
        };
        diagnostics.sort_by_cached_key(&mut key);
        Report { diagnostics }
    }
}

/// Advice, or none.
pub struct Help(Option<String>);

impl From<()> for Help {
    fn from((): ()) -> Self {
        Self(None)
    }
}

impl From<&str> for Help {
    fn from(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
}

impl From<String> for Help {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

impl From<Option<String>> for Help {
    fn from(text: Option<String>) -> Self {
        Self(text)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Default)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// How many faults there are, warnings included.
    pub fn len(&self) -> usize {
        self.diagnostics.len()
    }

    /// Whether there is no fault.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// How many prevent the start.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|fault| fault.gravity == Gravity::Error).count()
    }

    /// The faults in order.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// `5 errors, 1 warning`
    pub fn summary(&self) -> String {
        let counted = |count: usize, word: &str| match count {
            0 => None,
            1 => Some(format!("1 {word}")),
            _ => Some(format!("{count} {word}s")),
        };
        let errors = self.errors();
        let parts = [counted(errors, "error"), counted(self.len() - errors, "warning")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// All faults as text, each followed by a blank line; in colour if `colour`.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let shown = self.diagnostics.iter().take(MOST_RENDERED);
        let mut text: String = shown.map(|fault| fault.render(&renderer) + "\n\n").collect();
        if let Some(more) = self.len().checked_sub(MOST_RENDERED).filter(|&more| more > 0) {
            text.push_str(&format!("… and {more} more\n\n"));
        }
        text
    }

    /// Prints all faults on standard error, in colour where that is a terminal and nobody asked for none.
    pub fn print(&self) {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        eprint!("{}", self.render(wanted && std::io::stderr().is_terminal()));
    }
}

/// All faults, without colours.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report {}
