//! Which rule decides?
//!
//! For each finding the first rule that matches it. A rule that names headers and nothing else matches the header
//! itself, and with it every finding inside; it decides the whole field where no earlier rule had a say in one of those
//! findings. Names of headers are held against the patterns of all rules at once, so a header that no rule names costs
//! one look-up however many rules there are.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use globset::{Candidate, GlobSet};
use jiff::civil::Date;
use smallvec::SmallVec;

use super::{
    Rule,
    glob::{GlobFault, compile_all},
    rule::is_structural,
};
use crate::{
    detect::{Finding, Part},
    exchange::{Context, Direction, Fields, Host},
};

/// Whether decisions are carried out or only written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are carried out.
    #[default]
    Enforce,
    /// They are only written down: nothing that passes is changed.
    Observe,
}

impl Mode {
    /// The word used in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// The circumstances under which a message is judged.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Which way the message goes.
    pub direction: Direction,
    /// Who speaks, through which listener, to whom.
    pub context: &'a Context,
    /// The request's method.
    pub method: &'a [u8],
    /// The request's target: path and query, or the authority for `CONNECT`.
    pub target: &'a [u8],
    /// The day, which decides whether a partner has expired.
    pub today: Date,
}

impl<'a> Query<'a> {
    /// The target's path; nothing for a target that has none, such as that of `CONNECT`.
    pub fn path(&self) -> &'a [u8] {
        if !self.target.starts_with(b"/") {
            return b"";
        }
        self.target.split(|&byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default()
    }
}

/// What a rule matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// The finding at this index.
    Finding(usize),
    /// The field line at this index, as a whole, and with it every finding inside.
    Field(usize),
}

/// One rule's say on one thing. Decisions to keep are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Index of the rule in [`Policy::rules`].
    pub rule: usize,
    /// What it decides on.
    pub matched: Matched,
}

/// The ordered rules, compiled.
pub struct Policy {
    mode: Mode,
    rules: Box<[Rule]>,
    hits: Box<[AtomicU64]>,
    requests: HeaderRules,
    responses: HeaderRules,
}

impl Policy {
    /// Compiles the rules.
    ///
    /// # Errors
    /// A [`GlobFault`] when the header patterns of all rules are too large together.
    pub fn new(mode: Mode, rules: Vec<Rule>) -> Result<Self, GlobFault> {
        let requests = HeaderRules::new(&rules, Direction::Request)?;
        let responses = HeaderRules::new(&rules, Direction::Response)?;
        let hits = rules.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(Self { mode, rules: rules.into(), hits, requests, responses })
    }

    /// Whether decisions are to be carried out.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The rules in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether a rule does something for this host that takes a proof that the message goes there.
    pub fn hinges_on(&self, host: &Host, today: Date) -> bool {
        self.rules.iter().any(|rule| rule.hinges_on(host, today))
    }

    /// How often the rule at this index decided since this policy was loaded.
    pub fn hits(&self, rule: usize) -> u64 {
        self.hits.get(rule).map_or(0, |hits| hits.load(Ordering::Relaxed))
    }

    /// The rules that never decided anything since this policy was loaded.
    pub fn never_matched(&self) -> Vec<&Rule> {
        self.rules.iter().enumerate().filter(|(index, _)| self.hits(*index) == 0).map(|(_, rule)| rule).collect()
    }

    /// Decides on the fields of one part of a message and on the findings in it. `part` says what `fields` are; with
    /// the header section, findings in the target are decided as well, and come first.
    pub fn decide(&self, query: &Query<'_>, part: Part, fields: &Fields, findings: &[Finding]) -> Vec<Decision> {
        let headers = self.headers(query.direction);
        if findings.is_empty() && headers.rules.is_empty() {
            return Vec::new();
        }
        let mut judge = Judge { policy: self, query, part, findings, named: Vec::new(), decisions: Vec::new() };
        if part == Part::Header {
            judge.target();
        }
        judge.fields(headers, fields);
        for decision in &judge.decisions {
            self.count(decision.rule);
        }
        judge.decisions
    }

    fn headers(&self, direction: Direction) -> &HeaderRules {
        match direction {
            Direction::Request => &self.requests,
            Direction::Response => &self.responses,
        }
    }

    fn count(&self, rule: usize) {
        if let Some(hits) = self.hits.get(rule) {
            hits.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The rules alone; the matchers compiled from them are pages long.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("mode", &self.mode).field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// The header patterns of all rules for one direction, as one matcher.
struct HeaderRules {
    set: GlobSet,
    /// The rule that the pattern at the same index belongs to; ascending.
    rules: Vec<usize>,
}

impl HeaderRules {
    fn new(rules: &[Rule], direction: Direction) -> Result<Self, GlobFault> {
        let relevant = || rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction);
        let set = compile_all(relevant().flat_map(|(_, rule)| &rule.when.headers))?;
        let owners = relevant().flat_map(|(index, rule)| rule.when.headers.iter().map(move |_| index));
        Ok(Self { set, rules: owners.collect() })
    }

    /// Writes the rules that name this header into `named`, in order.
    fn named(&self, name: &[u8], named: &mut Vec<usize>) {
        named.clear();
        if self.rules.is_empty() {
            return;
        }
        let lower: SmallVec<[u8; 64]> = name.iter().map(u8::to_ascii_lowercase).collect();
        self.set.matches_candidate_into(&Candidate::from_bytes(lower.as_slice()), named);
        for pattern in named.iter_mut() {
            *pattern = self.rules.get(*pattern).copied().unwrap_or(usize::MAX);
        }
        named.dedup();
    }
}

/// One run through the rules.
struct Judge<'a> {
    policy: &'a Policy,
    query: &'a Query<'a>,
    part: Part,
    findings: &'a [Finding],
    /// The rules that name the field at hand.
    named: Vec<usize>,
    decisions: Vec<Decision>,
}

impl Judge<'_> {
    fn target(&mut self) {
        for (index, finding) in self.findings.iter().enumerate() {
            if finding.location.part == Part::Target
                && let Some(rule) = self.rule_for(finding, false)
            {
                self.decisions.push(Decision { rule, matched: Matched::Finding(index) });
            }
        }
    }

    fn fields(&mut self, headers: &HeaderRules, fields: &Fields) {
        let order = self.findings_by_field();
        let mut rest = order.as_slice();
        for (index, field) in fields.iter().enumerate() {
            let here = rest.partition_point(|&finding| self.field_of(finding) <= index);
            let (inside, later) = rest.split_at(here);
            rest = later;
            if headers.rules.is_empty() && inside.is_empty() {
                continue;
            }
            headers.named(&field.name, &mut self.named);
            self.field(index, is_structural(&field.name), inside);
        }
    }

    fn field(&mut self, index: usize, structural: bool, inside: &[usize]) {
        let whole = self.rule_for_whole(structural);
        let decided: SmallVec<[(usize, usize); 4]> =
            inside.iter().filter_map(|&at| Some((at, self.rule_for(self.findings.get(at)?, structural)?))).collect();
        match whole {
            Some(rule) if decided.iter().all(|&(_, earliest)| earliest >= rule) => {
                self.decisions.push(Decision { rule, matched: Matched::Field(index) });
            }
            _ => self
                .decisions
                .extend(decided.into_iter().map(|(at, rule)| Decision { rule, matched: Matched::Finding(at) })),
        }
    }

    /// The first rule that is about the field at hand and not about findings.
    fn rule_for_whole(&self, structural: bool) -> Option<usize> {
        self.named.iter().copied().find(|&index| {
            self.policy.rules.get(index).is_some_and(|rule| {
                rule.when.is_about_headers_only()
                    && rule.when.admits_part(self.part)
                    && !(structural && rule.action.edits())
                    && rule.admits(self.query)
            })
        })
    }

    /// The first rule that matches the finding, given the rules that name its field.
    fn rule_for(&self, finding: &Finding, structural: bool) -> Option<usize> {
        self.policy.rules.iter().enumerate().position(|(index, rule)| {
            rule.direction == self.query.direction
                && rule.when.admits(finding)
                && (rule.when.headers.is_empty() || self.names(finding, index))
                && !(structural && rule.action.edits())
                && rule.admits(self.query)
        })
    }

    fn names(&self, finding: &Finding, rule: usize) -> bool {
        finding.location.part != Part::Target && self.named.binary_search(&rule).is_ok()
    }

    /// Indices of the findings in this part, in the order of their fields.
    fn findings_by_field(&self) -> SmallVec<[usize; 16]> {
        let in_part = |index: &usize| self.findings.get(*index).is_some_and(|found| found.location.part == self.part);
        let mut order: SmallVec<[usize; 16]> = (0..self.findings.len()).filter(in_part).collect();
        order.sort_by_key(|&index| self.field_of(index));
        order
    }

    fn field_of(&self, finding: usize) -> usize {
        self.findings.get(finding).map_or(usize::MAX, |finding| finding.location.index)
    }
}
