//! Which rows are there, which of them are shown, and which one is chosen?
//!
//! The newest comes first. A choice stays on its row, and its row stays where it is on the screen, while others arrive above.

use std::collections::VecDeque;

use super::{query::Query, row::Row};
use crate::{detect::Severity, event::EventLine};

/// So many rows are kept; the oldest go first.
pub(super) const ROWS: usize = 10_000;
/// Together they take so many bytes at most, for a head may be long.
const BYTES: usize = 64 << 20;

/// The rows of the list.
#[derive(Debug)]
pub(super) struct List {
    rows: VecDeque<Row>,
    bytes: usize,
    next: u64,
    query: Query,
    least: Option<Severity>,
    /// Numbers of the rows that are wanted, the oldest first.
    shown: VecDeque<u64>,
    chosen: Option<u64>,
    is_following: bool,
    /// How many shown rows are above the screen.
    above: usize,
    height: usize,
}

impl Default for List {
    fn default() -> Self {
        Self {
            rows: VecDeque::new(),
            bytes: 0,
            next: 0,
            query: Query::default(),
            least: None,
            shown: VecDeque::new(),
            chosen: None,
            is_following: true,
            above: 0,
            height: 1,
        }
    }
}

impl List {
    /// Takes a row in, at the top.
    pub fn add(&mut self, line: &[u8], event: &EventLine) {
        let row = Row::new(self.next, line, event);
        self.next += 1;
        self.bytes += row.weight();
        if self.admits(&row, event) {
            self.shown.push_back(row.number);
            self.above += usize::from(!self.is_following);
        }
        self.rows.push_back(row);
        while self.rows.len() > ROWS || (self.bytes > BYTES && self.rows.len() > 1) {
            self.let_go();
        }
        self.settle();
    }

    fn let_go(&mut self) {
        let Some(row) = self.rows.pop_front() else { return };
        self.bytes = self.bytes.saturating_sub(row.weight());
        if self.shown.front() == Some(&row.number) {
            self.shown.pop_front();
        }
    }

    fn admits(&self, row: &Row, event: &EventLine) -> bool {
        self.least.is_none_or(|least| row.severity >= Some(least)) && self.query.admits(event)
    }

    /// Shows what these want, and nothing else.
    pub fn want(&mut self, query: Query, least: Option<Severity>) {
        (self.query, self.least) = (query, least);
        let wanted = |row: &&Row| row.event().is_some_and(|event| self.admits(row, &event));
        self.shown = self.rows.iter().filter(wanted).map(|row| row.number).collect();
        self.above = self.index().unwrap_or_default();
        self.settle();
    }

    /// At least so severe.
    pub fn least(&self) -> Option<Severity> {
        self.least
    }

    /// So many rows fit on the screen.
    pub fn resize(&mut self, height: usize) {
        self.height = height.max(1);
        self.settle();
    }

    /// How many rows one page has.
    pub fn page(&self) -> usize {
        self.height.saturating_sub(1).max(1)
    }

    /// Whether the newest is chosen, whichever it is.
    pub fn is_following(&self) -> bool {
        self.is_following
    }

    /// Chooses the newest, from now on.
    pub fn follow(&mut self) {
        self.is_following = true;
        self.settle();
    }

    /// Stays on the chosen row, whatever comes. Whether it followed before.
    pub fn hold(&mut self) -> bool {
        std::mem::replace(&mut self.is_following, false)
    }

    /// Chooses the row so many further down, or up. At the top it follows.
    pub fn step(&mut self, rows: isize) {
        let to = self.index().unwrap_or_default().saturating_add_signed(rows);
        let to = to.min(self.shown.len().saturating_sub(1));
        self.is_following = to == 0;
        self.chosen = self.number(to);
        self.settle();
    }

    /// How many rows there are, and how many of them are shown.
    pub fn counts(&self) -> (usize, usize) {
        (self.rows.len(), self.shown.len())
    }

    /// What is on the screen, from top to bottom, and whether it is chosen.
    pub fn visible(&self) -> impl Iterator<Item = (&Row, bool)> {
        let numbers = self.shown.iter().rev().skip(self.above).take(self.height);
        numbers.filter_map(|number| Some((self.row(*number)?, Some(*number) == self.chosen)))
    }

    /// The chosen row.
    pub fn chosen(&self) -> Option<&Row> {
        self.row(self.chosen?)
    }

    fn row(&self, number: u64) -> Option<&Row> {
        let first = self.rows.front()?.number;
        self.rows.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// Which one from the top is chosen. What is gone has the place of what is next to it.
    fn index(&self) -> Option<usize> {
        let chosen = self.chosen?;
        let at = self.shown.partition_point(|number| *number < chosen);
        Some(self.shown.len().saturating_sub(1).saturating_sub(at))
    }

    fn number(&self, from_top: usize) -> Option<u64> {
        self.shown.iter().rev().nth(from_top).copied()
    }

    /// Puts choice and screen where there are rows.
    fn settle(&mut self) {
        let index = if self.is_following { 0 } else { self.index().unwrap_or_default() };
        self.chosen = self.number(index);
        let lowest = self.shown.len().saturating_sub(self.height);
        self.above = self.above.min(lowest).clamp(index.saturating_sub(self.height - 1), index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(list: &mut List, count: usize, severity: &str) {
        for _ in 0..count {
            let id = list.next;
            let finding = format!(r#"{{"identifier":"msisdn","severity":"{severity}"}}"#);
            let findings = if severity.is_empty() { String::new() } else { finding };
            let line = format!(r#"{{"v":1,"ts":"t","host":"h{id}.example","findings":[{findings}]}}"#);
            list.add(line.as_bytes(), &serde_json::from_str(&line).unwrap());
        }
    }

    fn list(count: usize, height: usize) -> List {
        let mut list = List::default();
        list.resize(height);
        add(&mut list, count, "");
        list
    }

    /// Numbers on the screen, the chosen one with a star.
    fn seen(list: &List) -> String {
        let told = |(row, is_chosen): (&Row, bool)| format!("{}{}", row.number, if is_chosen { "*" } else { "" });
        list.visible().map(told).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_newest_is_chosen_until_somebody_chooses() {
        let mut list = list(5, 3);
        assert_eq!(seen(&list), "4* 3 2");
        add(&mut list, 1, "");
        assert_eq!(seen(&list), "5* 4 3");
        list.step(1);
        add(&mut list, 2, "");
        assert_eq!(seen(&list), "5 4* 3", "what is looked at stays where it is");
        list.step(-1);
        list.step(-1);
        assert_eq!(seen(&list), "6* 5 4");
        assert!(!list.is_following());
        list.follow();
        assert_eq!(seen(&list), "7* 6 5");
    }

    #[test]
    fn pages_and_ends() {
        let mut list = list(10, 4);
        list.step(3);
        assert_eq!(seen(&list), "9 8 7 6*");
        list.step(1);
        assert_eq!(seen(&list), "8 7 6 5*");
        list.step(isize::MAX);
        assert_eq!(seen(&list), "3 2 1 0*");
        list.resize(2);
        assert_eq!(seen(&list), "1 0*");
        list.resize(100);
        assert_eq!(seen(&list), "9 8 7 6 5 4 3 2 1 0*");
        list.step(isize::MIN);
        assert!(list.is_following());
        assert_eq!(seen(&List::default()), "");
    }

    #[test]
    fn memory_is_bounded_by_rows_and_by_bytes() {
        let mut list = list(ROWS + 5, 2);
        assert_eq!(list.counts(), (ROWS, ROWS));
        list.step(isize::MAX);
        add(&mut list, 1, "");
        assert_eq!(seen(&list), "7 6*", "the chosen row was let go, the next to it takes its place");
        let line = format!(r#"{{"v":1,"ts":"t","target":"{}"}}"#, "x".repeat(BYTES / 3));
        for _ in 0..4 {
            list.add(line.as_bytes(), &serde_json::from_str(&line).unwrap());
        }
        assert!(list.bytes <= BYTES && list.counts().0 == 2, "{:?}", list.counts());
    }

    #[test]
    fn a_filter_keeps_the_choice_where_it_can() {
        let mut list = List::default();
        list.resize(3);
        for severity in ["critical", "", "low", "", "high"] {
            add(&mut list, 1, severity);
        }
        list.step(2);
        list.want(Query::default(), Some(Severity::Low));
        assert_eq!(seen(&list), "4 2* 0");
        assert_eq!(list.counts(), (5, 3));
        list.want(Query::parse("h1.example").unwrap(), None);
        assert_eq!(seen(&list), "1*");
        list.want(Query::parse("nowhere").unwrap(), None);
        assert_eq!((seen(&list), list.chosen().is_none()), (String::new(), true));
        add(&mut list, 1, "");
        list.want(Query::default(), None);
        assert_eq!(list.counts(), (6, 6));
        assert!(!seen(&list).is_empty());
    }
}
