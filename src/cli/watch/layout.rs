//! What stands where on a screen of any size?

use ratatui::layout::Rect;

use super::{
    plain::{self, wrap},
    state::{State, View},
};

/// The parts of the screen. What has no room is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// What this is, and how it stands.
    pub title: Rect,
    /// What has passed.
    pub statement: Rect,
    /// What the columns are.
    pub heads: Rect,
    /// The rows.
    pub list: Rect,
    /// What is looked for.
    pub filter: Rect,
    /// The keys.
    pub keys: Rect,
    /// What takes the place of everything between title and keys.
    pub page: Rect,
}

/// Where everything stands now.
pub(super) fn of(state: &State) -> Layout {
    let (columns, rows) = state.size;
    let line = |y: u16, height: u16| Rect::new(0, y, columns, height);
    let title = u16::from(rows >= 2);
    let keys = u16::from(rows >= 3);
    let between = rows - title - keys;
    let filter = u16::from((state.is_typing || state.is_filtered()) && between >= 2);
    let statement = if between >= 5 { statement_rows(state).min(between / 3).max(1) } else { 0 };
    let heads = u16::from(between >= 5);
    let list = between - filter - statement - heads;
    let below = title + statement;
    Layout {
        title: line(0, title),
        statement: line(title, statement),
        heads: line(below, heads),
        list: line(below + heads, list),
        filter: line(below + heads + list, filter),
        keys: line(rows - keys, keys),
        page: line(title, between),
    }
}

/// Four lines at most: what has passed is of more use than more words about it.
fn statement_rows(state: &State) -> u16 {
    let most = if state.size.1 >= 20 { 4 } else { 2 };
    u16::try_from(statement(state).len()).unwrap_or(most).min(most)
}

/// The statement, broken to the screen's width.
pub(super) fn statement(state: &State) -> Vec<String> {
    wrap(&state.statement.text(), usize::from(state.size.0).saturating_sub(2))
        .into_iter()
        .map(|line| format!(" {line}"))
        .collect()
}

/// The keys that have a meaning now, the most useful first.
pub(super) fn keys(state: &State) -> &'static [(&'static str, &'static str)] {
    match &state.view {
        View::List if state.is_typing => &[("Enter", "done"), ("Esc", "clear"), ("Ctrl-U", "empty"), ("↑↓", "choose")],
        View::List => &[
            ("q", "quit"),
            ("?", "help"),
            ("/", "filter"),
            ("Enter", "open"),
            ("s", "severity"),
            ("p", "pause"),
            ("f", "follow"),
            ("↑↓", "choose"),
            ("c", "clear"),
        ],
        View::Detail { .. } => &[
            ("q", "back"),
            ("?", "help"),
            ("↑↓", "scroll"),
            ("n", "next"),
            ("b", "before"),
            ("Space", "page"),
            ("g G", "ends"),
        ],
        View::Help { .. } => &[("q", "back"), ("↑↓", "scroll")],
    }
}

/// What help says.
const HELP: &[&str] = &[
    "One line for each exchange or tunnel, the newest first. The letter in front is the worst severity of what was found:",
    "  C critical   number, IMSI, IMEI, ICCID, account, precise location",
    "  H high       a stable pseudonym; an encrypted or hashed number",
    "  M medium     session, charging id, address inside the carrier",
    "  L low        bearer, roaming, gateway, device profile",
    "Times are UTC. Of addresses in cleartext http:// is left out where there is little room. The last column says what a \
     rule did, or else how it ended: `forwarded` beside something found means that the site received it.",
    "",
    "Keys",
    "  ↑ ↓ k j      choose; PgUp, PgDn, Space, Home, End as usual",
    "  Enter        open: head as received, what was found, what was done; n next, b the one before",
    "  f g Home     follow: stay on the newest",
    "  p            pause: nothing is taken in; what comes meanwhile waits in the log",
    "  s            severity: any, low, medium, high, critical and worse",
    "  c Esc        clear filter and severity",
    "  q Ctrl-C     quit",
    "",
    "Filter: / and then words, all of which must hold. A word is looked for in address, client, headers, rules; with a key \
     it is a filter of `clir log`:",
    "  severity:high  identifier:msisdn  client:\"kitchen tablet\"  host:*.example.org",
    "  action:strip  verdict:tunnelled  rule:strip*  via:exit  since:1h  until:  exchange:",
    "",
    "The statement on top counts sites that received what names you (severity high or critical, more than possible), and \
     sites that were spared it, in everything that was read. Kept are the last 10,000 exchanges.",
];

/// What help says, on lines of so many columns. What explains a key stays beside it.
pub(super) fn help(columns: usize) -> Vec<String> {
    let width = columns.saturating_sub(2);
    let broken = |text: &&str| {
        let body = text.trim_start();
        let indent = text.len() - body.len();
        let (key, rest) = body.split_once("   ").filter(|_| indent > 0).unwrap_or(("", body));
        let hang = if key.is_empty() { indent } else { text.len() - rest.trim_start().len() - wide(key) };
        let lines = wrap(rest.trim_start(), width.saturating_sub(hang)).into_iter().enumerate();
        let start = |at: usize| if at == 0 { format!(" {}{}", " ".repeat(indent), key) } else { " ".to_owned() };
        lines
            .map(|(at, line)| {
                let start = start(at);
                let gap = (hang + 1).saturating_sub(plain::columns(&start));
                format!("{start}{}{line}", " ".repeat(gap))
            })
            .collect::<Vec<_>>()
    };
    HELP.iter().flat_map(broken).collect()
}

/// How many bytes more than columns it has.
fn wide(text: &str) -> usize {
    text.len().saturating_sub(plain::columns(text))
}
