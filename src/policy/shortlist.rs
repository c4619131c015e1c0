//! Which rules may have a say at all?
//!
//! However many there are: those that name headers are asked for the headers that they name, those that are for hosts only
//! for these hosts, and all others for the identifiers that they are about. What is left is tried in order.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use globset::{Candidate, GlobSet};
use smallvec::SmallVec;

use super::{
    HostSet, Pattern, Query, Rule,
    glob::{GlobFault, compile_all},
};
use crate::{
    detect::Identifier,
    exchange::{Direction, Host},
};

/// The rules of one direction, by what they ask for. Every list of rules is ascending.
pub(super) struct Shortlist {
    /// By the headers that they name.
    headers: Owned,
    /// Of the rest, by the hosts that they are for.
    hosts: Owned,
    addresses: HashMap<IpAddr, Vec<usize>>,
    /// Of the rest, by the identifiers that they are about.
    identifiers: HashMap<Identifier, Vec<usize>>,
    /// Of the rest, those that are about any.
    others: Vec<usize>,
}

/// Patterns as one matcher, and the rule that the pattern at the same index belongs to.
struct Owned {
    set: GlobSet,
    rules: Vec<usize>,
}

impl Owned {
    fn new(patterns: &[(&Pattern, usize)]) -> Result<Self, GlobFault> {
        let set = compile_all(patterns.iter().map(|(pattern, _)| *pattern))?;
        Ok(Self { set, rules: patterns.iter().map(|(_, rule)| *rule).collect() })
    }

    /// Writes the rules of which a pattern matches into `found`, in order.
    fn find(&self, text: &[u8], found: &mut Vec<usize>) {
        found.clear();
        if self.rules.is_empty() {
            return;
        }
        self.set.matches_candidate_into(&Candidate::from_bytes(text), found);
        for pattern in found.iter_mut() {
            *pattern = self.rules.get(*pattern).copied().unwrap_or(usize::MAX);
        }
        found.dedup();
    }
}

impl Shortlist {
    /// Sorts the rules of this direction.
    ///
    /// # Errors
    /// A [`GlobFault`] when the patterns of all rules are too large together.
    pub(super) fn new(rules: &[Rule], direction: Direction) -> Result<Self, GlobFault> {
        let (mut headers, mut hosts, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let (mut addresses, mut identifiers) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction) {
            if !rule.when.headers.is_empty() {
                headers.extend(rule.when.headers.iter().map(|pattern| (pattern, index)));
            } else if let Some(set) = rule.to.hosts.as_ref().filter(|set| !set.is_everything()) {
                hosts.extend(set.names().map(|pattern| (pattern, index)));
                set.addresses().for_each(|address| addresses.entry(address).or_default().push(index));
            } else if rule.when.identifiers.is_empty() {
                others.push(index);
            } else {
                let about: HashSet<_> = rule.when.identifiers.iter().copied().collect();
                about.into_iter().for_each(|kind| identifiers.entry(kind).or_default().push(index));
            }
        }
        Ok(Self { headers: Owned::new(&headers)?, hosts: Owned::new(&hosts)?, addresses, identifiers, others })
    }

    /// Whether no rule names any header.
    pub(super) fn names_no_header(&self) -> bool {
        self.headers.rules.is_empty()
    }

    /// Writes the rules that name this header into `named`.
    pub(super) fn of_header(&self, name: &[u8], named: &mut Vec<usize>) {
        let lower: SmallVec<[u8; 64]> = name.iter().map(u8::to_ascii_lowercase).collect();
        self.headers.find(&lower, named);
    }

    /// The rules that are for the host of this message: the one that its client names, or the address that it goes to.
    pub(super) fn of_host(&self, query: &Query<'_>) -> Vec<usize> {
        if self.hosts.rules.is_empty() && self.addresses.is_empty() {
            return Vec::new();
        }
        let mut rules = self.of_one(&query.context.origin.host);
        if let Some(led) = query.context.led {
            rules.extend(self.of_one(&Host::Ip(led.destination.ip())));
        }
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    fn of_one(&self, host: &Host) -> Vec<usize> {
        let mut rules = Vec::new();
        match host {
            Host::Name(name) => self.hosts.find(HostSet::without_root(name).as_bytes(), &mut rules),
            Host::Ip(address) => {
                let address = address.to_canonical();
                self.hosts.find(address.to_string().as_bytes(), &mut rules);
                rules.extend(self.addresses.get(&address).into_iter().flatten());
            }
        }
        rules
    }

    /// The rules about this kind of identifier that are for any header and any host, and those about every kind.
    pub(super) fn of_identifier(&self, identifier: Identifier) -> [&[usize]; 2] {
        [self.identifiers.get(&identifier).map_or(&[][..], Vec::as_slice), &self.others]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        detect::{Confidence, Finding, InsertedBy, Location, Part, Severity},
        exchange::{Context, Fields, Led, Origin, Scheme, Vantage},
        policy::{Action, Condition, Destination, Mode, Policy},
    };

    const HEADERS: [&str; 3] = ["x-a", "x-*", "x-b"];
    const HOSTS: [&str; 5] = ["a.example", "*.example", "192.0.2.1", "192.0.2.*", "b.example"];
    const KINDS: [Identifier; 2] = [Identifier::Msisdn, Identifier::Imsi];

    fn some<T: Clone>(of: &[T], odds: usize) -> Vec<T> {
        of.iter().filter(|_| fastrand::usize(..odds) == 0).cloned().collect()
    }

    fn rule(number: usize) -> Rule {
        let headers = if fastrand::bool() { some(&HEADERS, 2) } else { Vec::new() };
        let hosts = if fastrand::bool() { some(&HOSTS, 3) } else { Vec::new() };
        let headers = headers.iter().map(|text| Pattern::header(text).unwrap()).collect();
        let severity = fastrand::bool().then_some(Severity::High);
        let when = Condition { headers, severity, identifiers: some(&KINDS, 2), ..Condition::default() };
        let hosts = (!hosts.is_empty()).then(|| HostSet::parse(&hosts).unwrap());
        Rule {
            name: Arc::from(number.to_string()),
            owners: Vec::new(),
            direction: Direction::Request,
            when,
            to: Destination { hosts, ..Destination::default() },
            unless: None,
            action: Action::Strip,
            reason: None,
        }
    }

    fn finding(index: usize) -> Finding {
        let part = if index == 0 { Part::Target } else { Part::Header };
        let index = index.saturating_sub(1);
        Finding {
            identifier: KINDS[fastrand::usize(..2)],
            severity: if fastrand::bool() { Severity::Critical } else { Severity::Low },
            confidence: Confidence::Certain,
            origin: InsertedBy::Carrier,
            origin_reason: "",
            location: Location { name: <_>::default(), direction: Direction::Request, part, index, in_name: false },
            span: 0..1,
            value: "1".into(),
            detector: "test",
            signature: None,
            evidence: None,
        }
    }

    fn context() -> Context {
        let host = ["a.example", "b.example.", "other.test", "192.0.2.1"][fastrand::usize(..4)];
        let led =
            fastrand::bool().then(|| Led { destination: ([192, 0, 2, 2], 80).into(), is_proven: fastrand::bool() });
        Context {
            listener: "test".into(),
            vantage: Vantage::NoCarrier,
            client: ([192, 0, 2, 7], 51344).into(),
            origin: Origin::parse(Scheme::Http, host.as_bytes()).unwrap(),
            led,
            known: <_>::default(),
        }
    }

    /// Whoever tries one rule after the other finds the same one.
    #[test]
    fn nobody_who_has_a_say_is_left_out() {
        for _ in 0..2000 {
            let rules: Vec<_> = (0..fastrand::usize(..8)).map(rule).collect();
            let shortlist = Shortlist::new(&rules, Direction::Request).unwrap();
            let (context, found) = (context(), finding(fastrand::usize(..3)));
            let today = jiff::civil::date(2026, 11, 22);
            let query = Query { direction: Direction::Request, context: &context, method: b"GET", target: b"/", today };
            let name = ["x-A", "y"][found.location.index];
            let is_named = |rule: &Rule| {
                let lower = name.to_ascii_lowercase();
                found.location.part == Part::Header && compile_all(&rule.when.headers).unwrap().is_match(lower.as_str())
            };
            let first = rules.iter().position(|rule| {
                (rule.when.headers.is_empty() || is_named(rule)) && rule.when.admits(&found) && rule.admits(&query)
            });
            let mut named = Vec::new();
            shortlist.of_header(name.as_bytes(), &mut named);
            let [about, others] = shortlist.of_identifier(found.identifier);
            let of_header = if found.location.part == Part::Header { named } else { Vec::new() };
            let lists = [of_header, shortlist.of_host(&query), about.to_vec(), others.to_vec()];
            assert!(lists.iter().all(|list| list.is_sorted()));
            let first_of = |list: &Vec<usize>| {
                let admits = |rule: &Rule| rule.when.admits(&found) && rule.admits(&query);
                list.iter().copied().find(|&index| admits(&rules[index]))
            };
            assert_eq!(lists.iter().filter_map(first_of).min(), first, "{rules:?}");
            let fields: Fields = [("x-A", "1"), ("y", "1")].into_iter().collect();
            let policy = Policy::new(Mode::Enforce, rules.clone()).unwrap();
            let decided = policy.decide(&query, Part::Header, &fields, std::slice::from_ref(&found));
            assert!(first.is_none() || !decided.is_empty());
        }
    }
}
