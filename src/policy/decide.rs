//! Which rule decides?
//!
//! For each finding the first rule that matches it. A rule that names headers and nothing else matches the header
//! itself, and with it every finding inside; it decides the whole field where no earlier rule had a say in one of those
//! findings. Only rules that may have a say are tried, see `shortlist`.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::civil::Date;
use smallvec::SmallVec;

use super::{Rule, glob::GlobFault, rule::is_structural, shortlist::Shortlist};
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
    requests: Shortlist,
    responses: Shortlist,
}

impl Policy {
    /// Compiles the rules.
    ///
    /// # Errors
    /// A [`GlobFault`] when the patterns of all rules are too large together.
    pub fn new(mode: Mode, rules: Vec<Rule>) -> Result<Self, GlobFault> {
        let requests = Shortlist::new(&rules, Direction::Request)?;
        let responses = Shortlist::new(&rules, Direction::Response)?;
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
        let shortlist = self.shortlist(query.direction);
        if findings.is_empty() && shortlist.names_no_header() {
            return Vec::new();
        }
        let here = if findings.is_empty() { Vec::new() } else { shortlist.of_host(query) };
        let mut judge =
            Judge { policy: self, shortlist, query, part, findings, here, named: Vec::new(), decisions: Vec::new() };
        if part == Part::Header {
            judge.target();
        }
        judge.fields(fields);
        for decision in &judge.decisions {
            self.count(decision.rule);
        }
        judge.decisions
    }

    fn shortlist(&self, direction: Direction) -> &Shortlist {
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

/// One run through the rules.
struct Judge<'a> {
    policy: &'a Policy,
    shortlist: &'a Shortlist,
    query: &'a Query<'a>,
    part: Part,
    findings: &'a [Finding],
    /// The rules that are for this host.
    here: Vec<usize>,
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

    fn fields(&mut self, fields: &Fields) {
        let order = self.findings_by_field();
        let mut rest = order.as_slice();
        for (index, field) in fields.iter().enumerate() {
            let here = rest.partition_point(|&finding| self.field_of(finding) <= index);
            let (inside, later) = rest.split_at(here);
            rest = later;
            if self.shortlist.names_no_header() && inside.is_empty() {
                continue;
            }
            self.shortlist.of_header(&field.name, &mut self.named);
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
        let named = if finding.location.part == Part::Target { &[][..] } else { &self.named };
        let [about, others] = self.shortlist.of_identifier(finding.identifier);
        let first = |rules: &[usize]| rules.iter().copied().find(|&rule| self.matches(rule, finding, structural));
        [named, &self.here, about, others].into_iter().filter_map(first).min()
    }

    /// Whether a rule matches the finding, its header apart.
    fn matches(&self, rule: usize, finding: &Finding, structural: bool) -> bool {
        self.policy.rules.get(rule).is_some_and(|rule| {
            rule.when.admits(finding) && !(structural && rule.action.edits()) && rule.admits(self.query)
        })
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
